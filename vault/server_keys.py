"""Where the server's keys are. Each is read anew when needed, and kept nowhere else.

The pepper is mixed into every password; the gate is wrapped around grants that must
not open yet.
"""

from collections.abc import Mapping

from vault import uris

_kept: dict[str, str] = {}
_environment: dict[str, str] = {}


def use(environment: Mapping[str, str], *, pepper: str, gate: str) -> None:
    """Point this process at the server's keys, by their addresses."""
    _kept.update(pepper=pepper, gate=gate)
    _environment.clear()
    _environment.update(environment)


def pepper() -> bytes:
    """Return the pepper that is mixed into every password derivation."""
    return uris.load(_kept["pepper"], _environment)


def gate() -> bytes:
    """Return the root of the key that gated grants are wrapped under."""
    return uris.load(_kept["gate"], _environment)
