"""Server keys by URI: `file:PATH` and `env:NAME`; never in the database."""

import secrets
from collections.abc import Mapping
from pathlib import Path

SIZE = 32


class NoKey(Exception):
    """The key that a URI names is not there, or is too weak to use."""


def load(uri: str, environment: Mapping[str, str] | None = None) -> bytes:
    """Return the key that `uri` names: at least 32 bytes.

    :raises NoKey: where there is none; nothing falls back.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "file":
        key = _from_file(Path(rest))
    elif scheme == "env" and environment is not None:
        key = _from_hex(environment.get(rest, ""), uri)
    else:
        raise NoKey(f"{scheme}: is not a kind of key address known here")
    if len(key) < SIZE:
        raise NoKey(f"the key of {scheme}: is shorter than {SIZE} bytes")
    return key


def _from_file(path: Path) -> bytes:
    try:
        return _from_hex(path.read_text().strip(), path.name)
    except OSError as error:
        raise NoKey(f"no key in the file {path.name}") from error


def _from_hex(value: str, name: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise NoKey(f"the key {name} is not written in hexadecimal") from error


def make(uri: str) -> bool:
    """Make the key of a `file:` URI if there is none; return whether one was made."""
    scheme, _, rest = uri.partition(":")
    path = Path(rest)
    if scheme != "file" or path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(secrets.token_hex(SIZE))
    return True
