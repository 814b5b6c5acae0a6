"""Which items are one submission delivered twice."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from casework.cfm.answers import cleaned

LONGEST_KEY = 100


def submission_key(item: Any) -> str:
    """The submission's own mark: `_uuid`, else `meta/instanceID`, else its content.

    Without a mark only an item that is the same to the letter, `_id` included, is
    taken for a second delivery: two reports are never merged on likeness.
    """
    if isinstance(item, Mapping):
        for name in ("_uuid", "meta/instanceID"):
            if key := _mark(item.get(name)):
                return key
    return f"sha256:{fingerprint(item)}"


def _mark(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    mark = cleaned(value)[0].casefold().removeprefix("uuid:")
    return f"uuid:{mark}" if 0 < len(mark) <= LONGEST_KEY else None


def fingerprint(value: Any) -> str:
    """SHA-256 of a JSON value, the order of its keys apart; any depth, any text."""
    digest, waiting = sha256(), [value]
    while waiting:
        each = waiting.pop()
        digest.update(_atom(each))
        if isinstance(each, Mapping):
            for key in sorted(each, key=str):
                waiting += [each[key], key]
        elif isinstance(each, list):
            waiting += each
    return digest.hexdigest()


def _atom(value: Any) -> bytes:
    # The length goes first, so that no two values run together into one.
    if isinstance(value, Mapping | list):
        return f"{type(value).__name__}{len(value)};".encode()
    text = hex(value) if type(value) is int else str(value)
    content = text.encode("utf-8", "surrogatepass")
    return f"{type(value).__name__}{len(content)};".encode() + content
