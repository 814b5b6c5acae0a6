"""Where the server's pepper is. It is read anew each time, and kept nowhere else."""

from collections.abc import Mapping

from vault import uris

_kept: list[tuple[str, Mapping[str, str]]] = []


def use(uri: str, environment: Mapping[str, str]) -> None:
    """Point this process at the pepper."""
    _kept[:] = [(uri, environment)]


def load() -> bytes:
    """Return the pepper that is mixed into every password derivation."""
    uri, environment = _kept[0]
    return uris.load(uri, environment)
