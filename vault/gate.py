"""The server's gate around a grant that must not open yet, or not any more.

What is behind it stays sealed to its holder: the gate alone opens nothing, and
neither does the holder's key without it.
"""

from vault import server_keys
from vault.crypto import bind, decrypt, derive, encrypt


def close(sealed: bytes, *place: object) -> bytes:
    """Wrap a sealed key; it is bound to its place."""
    return encrypt(_key(), sealed, bind("gate", *place))


def lift(wrapped: bytes, *place: object) -> bytes:
    """Unwrap a sealed key whose condition is met.

    :raises Tampered: where it was not wrapped here, for this place.
    """
    return decrypt(_key(), wrapped, bind("gate", *place))


def _key() -> bytes:
    return derive(server_keys.gate(), "gate")
