"""The engine of the clocks: starts and stops them on events, and sweeps what is due.

What a clock stands at is a pure function of its row and the moment, never stored.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from casework.models.progress import ClockRow
from casework.sla import AT_RISK_SHARE, CLOCKS, About, Absent, Anchor, Clock
from casework.vocabulary import Word
from core import audit, db
from core.calendar import OfficeCalendar, at_risk_from, due_at
from core.events import Event
from core.text import N_


class State(Word):
    """What a clock stands at."""

    RUNNING = "running", N_("Running")
    AT_RISK = "at_risk", N_("Due soon")
    OVERDUE = "overdue", N_("Overdue")
    MET = "met", N_("Met")
    MET_LATE = "met_late", N_("Met late")
    PAUSED = "paused", N_("Paused")
    NOT_APPLICABLE = "not_applicable", N_("Does not apply")


def state(row: ClockRow, now: datetime) -> State:
    """Return what a clock stands at; to the second, not in whole days."""
    if row.not_applicable:
        return State.NOT_APPLICABLE
    if row.stopped_at is not None:
        return State.MET if row.stopped_at <= row.due_at else State.MET_LATE
    if row.cancelled_at is not None:
        in_time = row.cancelled_at <= row.due_at
        return State.NOT_APPLICABLE if in_time else State.OVERDUE
    if row.paused_at is not None:
        return State.PAUSED
    if now > row.due_at:
        return State.OVERDUE
    return State.AT_RISK if now >= row.at_risk_at else State.RUNNING


@dataclass(frozen=True)
class Happening:
    """An event as the clocks hear it."""

    event: Event
    case_id: uuid.UUID
    episode: int
    about: About
    calendar: OfficeCalendar
    occurred_at: datetime
    referral_id: uuid.UUID | None = None
    about_id: uuid.UUID | None = None


def tell(*happenings: Happening) -> None:
    """Stop, end and start every clock that listens to these events of one case.

    A clock hears every event of its case, also from someone who may not see it. One
    that runs already, about the same thing, is not started beside itself.
    """
    with db.serving(db.actor().service or "clocks"):
        rows = _running(happenings[0].case_id)
        for happening in happenings:
            rows += _tell(happening, rows)


def _tell(happening: Happening, rows: Iterable[ClockRow]) -> list[ClockRow]:
    """Let clocks hear one event; return those that it starts."""
    heard = [row for row in rows if _is_open(row) and _concerns(row, happening)]
    started = [new for row in heard for new in _hear(row, happening)]
    running = {_thing(row.code, row) for row in heard if _is_open(row)}
    for rule in CLOCKS.values():
        starts = rule.starts is happening.event and rule.applies(happening.about)
        if starts and _thing(rule.code, happening) not in running:
            started += _begin(rule, happening)
    return started


def _is_open(row: ClockRow) -> bool:
    ended = row.stopped_at or row.cancelled_at or row.not_applicable
    return ended is None


def _thing(code: str, of: ClockRow | Happening) -> tuple[object, ...]:
    return code, of.referral_id, of.about_id, of.episode


def _begin(rule: Clock, happening: Happening) -> list[ClockRow]:
    """Start a clock; one that may have started without this event, only once.

    Where it does not apply, neither does what would follow on it: both are there.
    """
    if rule.fallback:
        return start_late(rule, happening)
    row = _start(rule, happening)
    following = started_by_breach(rule.code) if row.not_applicable else ()
    return [row, *(_start(each, happening) for each in following)]


def _hear(row: ClockRow, happening: Happening) -> list[ClockRow]:
    """Stop or end a clock on an event; return what starts again in its place."""
    rule = CLOCKS[row.code]
    if happening.event in rule.stops:
        _stop(row, happening)
        if rule.repeats:
            about_id = row.about_id or happening.about_id
            return [_start(rule, replace(happening, about_id=about_id))]
    elif happening.event in rule.ends:
        _cancel(row, happening.occurred_at)
    return []


def _running(case_id: uuid.UUID) -> list[ClockRow]:
    rows = db.session().scalars(
        select(ClockRow).where(
            ClockRow.case_id == case_id,
            ClockRow.stopped_at.is_(None),
            ClockRow.cancelled_at.is_(None),
            ClockRow.not_applicable.is_(None),
        )
    )
    return list(rows)


def _concerns(row: ClockRow, happening: Happening) -> bool:
    """Return whether a clock is about the same thing as an event."""
    if happening.referral_id is not None:
        return row.referral_id == happening.referral_id
    if happening.about_id is not None and row.about_id is not None:
        return row.about_id == happening.about_id
    return row.referral_id is None


def _stop(row: ClockRow, happening: Happening) -> None:
    if row.paused_at is not None:
        resume(row, happening.occurred_at)
    row.stopped_at = happening.occurred_at
    row.stopped_by = happening.event
    row.stop_recorded_at = db.now()
    row.attention_at = None


def _cancel(row: ClockRow, at: datetime) -> None:
    if row.paused_at is not None:
        resume(row, at)
    row.cancelled_at = at
    row.attention_at = None


def _start(rule: Clock, happening: Happening) -> ClockRow:
    about = happening.about
    start = {
        Anchor.EVENT: happening.occurred_at,
        Anchor.RECEIPT: about.received_at,
        Anchor.INCIDENT: about.incident_at or happening.occurred_at,
    }[rule.anchor]
    due = due_at(start, rule.limit_for(about), happening.calendar)
    possible = rule.possible(about)
    row = ClockRow(
        id=uuid.uuid4(),
        case_id=happening.case_id,
        referral_id=happening.referral_id,
        about_id=happening.about_id,
        code=rule.code,
        rule_version=rule.version,
        track=rule.track,
        episode=happening.episode,
        started_at=start,
        first_due_at=due,
        due_at=due,
        at_risk_at=at_risk_from(start, due, AT_RISK_SHARE),
        not_applicable=None if possible else Absent.NO_CHANNEL,
        attention_at=due if possible else None,
    )
    db.session().add(row)
    return row


def extend(row: ClockRow, due: datetime) -> None:
    """Move a running clock's due time; the first one stays, and it is counted."""
    row.due_at = due
    row.at_risk_at = at_risk_from(row.started_at, due, AT_RISK_SHARE)
    row.extensions += 1
    row.attention_at = None if row.paused_at else due
    row.breach_noted_at = None


def pause(row: ClockRow, reason: str, at: datetime) -> None:
    """Stop the time of a clock, for a listed reason."""
    row.paused_at, row.pause_reason, row.attention_at = at, reason, None


def resume(row: ClockRow, at: datetime) -> None:
    """Let a paused clock run on: what was left before is left now."""
    assert row.paused_at is not None
    away = max(at - row.paused_at, timedelta())
    row.paused_seconds += int(away.total_seconds())
    row.due_at, row.at_risk_at = row.due_at + away, row.at_risk_at + away
    row.paused_at = row.pause_reason = None
    row.attention_at = None if row.breach_noted_at else row.due_at


@dataclass(frozen=True)
class Due:
    """A clock that the sweep found past its due time."""

    id: uuid.UUID
    case_id: uuid.UUID
    code: str
    due_at: datetime


def breach(at: datetime, limit: int = 500) -> list[Due]:
    """Note every clock that ran out by `at`, once, however many sweeps run at once.

    One conditional UPDATE decides who acts; rows locked by another are left to it.
    Chains are held before rows, as in every step on a case: nobody waits in a circle.
    """
    late = (ClockRow.attention_at < at, ClockRow.breach_noted_at.is_(None))
    first = select(ClockRow.id, ClockRow.case_id).where(*late)
    waiting = db.session().execute(first.order_by(ClockRow.attention_at).limit(limit))
    cases = {row.id: row.case_id for row in waiting}
    audit.hold(cases.values())
    free = select(ClockRow.id).where(ClockRow.id.in_(cases), *late)
    rows = db.session().execute(
        update(ClockRow)
        .where(ClockRow.id.in_(free.with_for_update(skip_locked=True)))
        .values(attention_at=None, breach_noted_at=at)
        .returning(ClockRow.id, ClockRow.case_id, ClockRow.code, ClockRow.due_at)
        .execution_options(synchronize_session=False)
    )
    found = [Due(*row) for row in rows]
    for due in found:
        detail = {"clock": due.code, "id": due.id}
        audit.record(due.case_id, Event.CLOCK_BREACHED, case_id=due.case_id, **detail)
    return found


def started_by_breach(code: str) -> Iterable[Clock]:
    """Return the rules whose start falls back on the breach of another clock."""
    return [rule for rule in CLOCKS.values() if rule.fallback == code]


def start_late(rule: Clock, happening: Happening) -> list[ClockRow]:
    """Start a clock whose step before was skipped, unless it has run."""
    has_run = select(ClockRow.id).where(
        ClockRow.case_id == happening.case_id,
        ClockRow.code == rule.code,
        ClockRow.episode == happening.episode,
    )
    if db.session().scalar(has_run) is not None:
        return []
    row = _start(rule, happening)
    db.session().flush()
    return [row]
