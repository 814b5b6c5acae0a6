"""The sweep: notes what ran out, and starts what falls back on it."""

from datetime import UTC, datetime

from auth.actor import SWEEP
from auth.models import Office
from casework.clocks import Due, Happening, breach, start_late, started_by_breach
from casework.models.case import Case
from casework.timeline import about, calendar_of
from core import db
from core.events import Event


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
