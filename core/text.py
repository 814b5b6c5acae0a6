"""Text that people send and read: messages to translate, and what we accept."""

import re
import unicodedata
from itertools import groupby
from typing import Any, Self

from marshmallow import ValidationError

TEXT_LIMIT = 10_000
NARRATIVE_LIMIT = 50_000
MARKS_ON_ONE_LETTER = 30

# Control characters, direction overrides and isolates, halves of surrogate pairs.
# The marks U+200E and U+200F stay: Arabic text mixed with Latin needs them.
CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
HIDDEN = re.compile(f"[{CONTROLS}]")
HIDDEN_IN_LINE = re.compile(f"[{CONTROLS}\t\r\n\u2028\u2029]")
NEW_LINE = re.compile("\r\n?|[\u2028\u2029]")
DIGITS = re.compile(r"[+-]?\d{1,18}")


def N_(msgid: str) -> str:  # noqa: N802 - what extraction tools look for
    """Mark `msgid` for extraction; whoever shows it translates it."""
    return msgid


class Message(str):
    """English text that remembers its msgid and values, to be translated later."""

    msgid: str
    values: dict[str, Any]

    def __new__(cls, msgid: str, **values: Any) -> Self:
        """`msgid` with its values filled in, in English."""
        message = super().__new__(cls, msgid % values if values else msgid)
        message.msgid, message.values = msgid, values
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return _message, (self.msgid, self.values)


def _message(msgid: str, values: dict[str, Any]) -> Message:
    return Message(msgid, **values)


def refuse(msgid: str, **values: Any) -> ValidationError:
    """The error that says `msgid`, which names the remedy."""
    return ValidationError(Message(msgid, **values))


def tidy(value: str, limit: int = TEXT_LIMIT, multiline: bool = False) -> str:
    """The text as we keep it; ValidationError if it cannot be kept."""
    text = value.strip(" \t\r\n")
    _check_length(text, limit)
    _check_hidden(text, HIDDEN if multiline else HIDDEN_IN_LINE)
    _check_marks(text)
    text = unicodedata.normalize("NFC", NEW_LINE.sub("\n", text)).strip()
    _check_length(text, limit)
    return text


def _check_length(text: str, limit: int) -> None:
    if len(text) > limit:
        raise refuse(
            N_("Shorten this to %(limit)s characters or fewer; it has %(length)s."),
            limit=f"{limit:,}",
            length=f"{len(text):,}",
        )


def _check_hidden(text: str, hidden: re.Pattern[str]) -> None:
    if found := hidden.search(text):
        code = f"U+{ord(found[0]):04X}"
        if found[0] in "\t\r\n\u2028\u2029":
            raise refuse(N_("Write this on one line, without tabs."))
        raise refuse(
            N_(
                "Remove the hidden character %(code)s (number %(place)s of this"
                " answer) and send it again."
            ),
            code=code,
            place=found.start() + 1,
        )


def _check_marks(text: str) -> None:
    # Sorting a very long run of marks takes quadratic time in normalisation.
    if text.isascii():
        return
    runs = groupby(text, key=lambda letter: unicodedata.combining(letter) > 0)
    if any(marked and len(list(run)) > MARKS_ON_ONE_LETTER for marked, run in runs):
        raise refuse(N_("Remove the pile of accents from one of the letters."))


def whole(value: Any) -> int | None:
    """The whole number meant, in any script's digits; None if it is none."""
    if isinstance(value, str) and DIGITS.fullmatch(value.strip()):
        return int(value)
    return value if type(value) is int else None
