"""A file of complaint-form submissions: what it holds, or why it cannot be read."""

import json
from pathlib import Path
from typing import Any

from core.text import N_, Message

MOST_BYTES = 200_000_000
LONGEST_NUMBER = 30


class Unreadable(Exception):
    """The file is no export; `message` says why and what to do."""

    def __init__(self, msgid: str, **values: Any) -> None:
        self.message = Message(msgid, **values)
        super().__init__(self.message)


def load(path: str | Path) -> list[Any]:
    """The items of a Kobo API v2 export, or of a bare JSON list; else Unreadable."""
    return parse(_bytes(path))


def parse(content: bytes) -> list[Any]:
    """The items that a file's content holds; else Unreadable."""
    return _items(_parsed(_decoded(content)))


def _bytes(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise Unreadable(N_("There is no such file. Check its name.")) from None
    except (OSError, ValueError) as error:
        raise Unreadable(
            N_("The file cannot be opened: %(reason)s."), reason=_reason(error)
        ) from None
    if len(content) > MOST_BYTES:
        raise Unreadable(N_("The file is larger than 200 MB. Export it in parts."))
    return content


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "its name is not one"


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(N_("The file is not UTF-8 text. Export it as JSON.")) from None
    if not text.strip():
        raise Unreadable(N_("The file is empty. Export it again."))
    return text


def _parsed(text: str) -> Any:
    # Control characters inside texts are let through: the reader of the item takes
    # them out and says so, rather than losing the whole file.
    try:
        return json.loads(text, strict=False, parse_int=_number, parse_constant=str)
    except json.JSONDecodeError as error:
        raise Unreadable(
            N_(
                "The file is not JSON: %(reason)s, line %(line)s, column %(column)s."
                " Export it again."
            ),
            reason=error.msg,
            line=error.lineno,
            column=error.colno,
        ) from None
    except RecursionError:
        raise Unreadable(
            N_("The file is nested too deeply to be an export. Export it again.")
        ) from None


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits


def _items(document: Any) -> list[Any]:
    items = document.get("results") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise Unreadable(
            N_(
                "The file holds no submissions: it needs a list, or an object with a"
                " list under “results”, as the form’s server exports it."
            )
        )
    return items
