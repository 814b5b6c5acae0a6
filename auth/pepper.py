"""Where the server's pepper is. It is read anew each time, and kept nowhere else."""

from vault import uris

_kept_at: dict[str, str] = {}


def use(uri: str) -> None:
    """Point this process at the pepper."""
    _kept_at["uri"] = uri


def load() -> bytes:
    """Return the pepper that is mixed into every password derivation."""
    return uris.load(_kept_at["uri"])
