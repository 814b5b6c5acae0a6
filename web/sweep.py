"""The sweep of every package, in the one order in which each finds what it needs."""

from collections.abc import Callable
from datetime import UTC, datetime

from auth import desks
from auth.actor import SWEEP
from casework import sweeping
from core import db
from referrals import loading


def end_places(at: datetime) -> None:
    """End deputies' places and absences whose time is over."""
    with db.transaction(SWEEP, at):
        desks.end_expired()


# What ends by itself first, then the keys that waited for it, then the time limits.
STEPS: tuple[Callable[[datetime], object], ...] = (
    end_places,
    sweeping.end_standings,
    sweeping.end_consents,
    loading.expire,
    sweeping.hold_back_strays,
    sweeping.watch_keys,
    loading.watch_keys,
)


def sweep(now: datetime | None = None) -> int:
    """End what ends by itself and note every time limit that passed; return how many.

    Run it as often as you like, and several at once.
    """
    at = now or datetime.now(UTC)
    for step in STEPS:
        step(at)
    return sweeping.sweep(at)
