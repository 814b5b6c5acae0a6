"""The sweep: notes what ran out, ends what ends by itself, and starts what follows."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select

from auth import access, keys
from auth.actor import SWEEP
from auth.models import Office
from casework import cases
from casework.clocks import Due, Happening, breach, start_late, started_by_breach
from casework.commands.care import expire_consents
from casework.models.case import Case
from casework.models.progress import ClockRow
from casework.timeline import about, calendar_of, record
from core import audit, db
from core.events import Event
from vault.models import KeyWork

AT_ONCE = 100


def end_standings(at: datetime) -> None:
    """End the standings whose time is over, with the keys that went with them."""
    while _ended(at):
        pass


def _ended(at: datetime) -> bool:
    with db.transaction(SWEEP, at):
        over = access.end_expired(AT_ONCE)
        for case in _cases(over):
            cases.settle(SWEEP, case)
    return bool(over)


def end_consents(at: datetime) -> None:
    """End the consents whose time is over, with the keys that hung on them."""
    while _withdrawn(at):
        pass


def _withdrawn(at: datetime) -> bool:
    with db.transaction(SWEEP, at):
        return bool(expire_consents(AT_ONCE))


def hold_back_strays(at: datetime) -> None:
    """Put behind the gate what somebody holds of a case where they do not stand."""
    with db.transaction(SWEEP, at):
        keys.hold_back_strays()


def watch_keys(at: datetime) -> None:
    """Put a clock on keys that wait to be renewed since somebody left a desk."""
    running = (
        select(ClockRow.id)
        .where(
            ClockRow.case_id == KeyWork.case_id,
            ClockRow.code == "keys.renew",
            ClockRow.stopped_at.is_(None),
        )
        .exists()
    )
    unwatched = (
        select(KeyWork.case_id)
        .where(KeyWork.renew, KeyWork.referral_id.is_(None), ~running)
        .distinct()
        .limit(AT_ONCE)
    )
    with db.transaction(SWEEP, at) as session:
        for case in _cases(session.scalars(unwatched)):
            record(Event.KEYS_TO_RENEW, case)


def _cases(ids: Iterable[uuid.UUID]) -> list[Case]:
    """Return cases, their chains held in an order in which nobody waits in a circle."""
    listed = sorted(set(ids))
    audit.hold(listed)
    rows = db.session().scalars(select(Case).where(Case.id.in_(listed)))
    return sorted(rows, key=lambda case: case.id)


def sweep(now: datetime | None = None) -> int:
    """Note every clock that ran out by `now` and return how many there were.

    Run it as often as you like, and several at once: each breach is noted by one of
    them, and a clock that it starts may have run out as well.
    """
    at, found = now or datetime.now(UTC), 0
    while count := _sweep(at):
        found += count
    return found


def _sweep(at: datetime) -> int:
    with db.transaction(SWEEP, at):
        noted = breach(at)
        for due in noted:
            _start_followers(due)
    return len(noted)


def _start_followers(due: Due) -> None:
    rules = started_by_breach(due.code)
    if not rules:
        return
    session = db.session()
    case = session.get_one(Case, due.case_id)
    happening = Happening(
        event=Event.CLOCK_BREACHED,
        case_id=case.id,
        episode=case.episode,
        about=about(case),
        calendar=calendar_of(session.get_one(Office, case.office_id)),
        occurred_at=due.due_at,
    )
    for rule in rules:
        if rule.applies(happening.about):
            start_late(rule, happening)
