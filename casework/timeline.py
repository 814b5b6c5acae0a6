"""What happened: the event, its audit row and every clock, in one transaction."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from auth.models import Office
from casework import clocks
from casework.models.case import Case
from casework.models.progress import CaseEvent
from casework.sla import About
from core import audit, db
from core.calendar import OfficeCalendar
from core.events import Event, track_of

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendar_of(office: Office) -> OfficeCalendar:
    """Return the zone, weekend and holidays that an office's clocks follow."""
    weekend = frozenset(WEEKDAYS.index(day) for day in office.weekend)
    return OfficeCalendar(ZoneInfo(office.zone), weekend, office.country)


def about(case: Case) -> About:
    """Return the facts of a case that its clocks look at."""
    return About(
        kind=case.kind,
        danger=case.danger == "yes",
        urgent=case.urgent,
        reachable=case.reachable,
        incident_at=case.incident_at,
        received_at=case.received_at,
    )


@dataclass(frozen=True)
class Entry:
    """An event to record; it occurred now unless it says when. `facts` are codes."""

    event: Event
    about_id: uuid.UUID | None = None
    occurred_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def record(
    event: Event,
    case: Case,
    *,
    about_id: uuid.UUID | None = None,
    occurred_at: datetime | None = None,
    **facts: Any,
) -> None:
    """Write an event of a case, its audit row, and tell every clock.

    `facts` are codes and ids. An event that occurred before it was recorded keeps
    both moments.
    """
    record_all(case, [Entry(event, about_id, occurred_at, facts)])


def record_all(case: Case, entries: Sequence[Entry]) -> None:
    """Write several events of a case in their order, as `record` writes one.

    They go to the database together: a report that is filed is half a dozen events.
    """
    calendar = calendar_of(db.session().get_one(Office, case.office_id))
    known = about(case)
    happened = [
        clocks.Happening(
            event=entry.event,
            case_id=case.id,
            episode=case.episode,
            about=known,
            calendar=calendar,
            occurred_at=entry.occurred_at or db.now(),
            about_id=entry.about_id,
        )
        for entry in entries
    ]
    _write(happened, [entry.facts for entry in entries])


def write(happening: clocks.Happening, facts: Mapping[str, Any]) -> None:
    """Write the event's row and its audit row, and tell the clocks."""
    _write([happening], [facts])


def _write(
    happened: Sequence[clocks.Happening], facts: Sequence[Mapping[str, Any]]
) -> None:
    db.add(*map(_row, happened, facts))
    details = map(_detail, happened, facts)
    events = [happening.event for happening in happened]
    audit.record_all(happened[0].case_id, zip(events, details, strict=True))
    clocks.tell(*happened)


def _row(happening: clocks.Happening, facts: Mapping[str, Any]) -> CaseEvent:
    return CaseEvent(
        id=uuid.uuid4(),
        case_id=happening.case_id,
        referral_id=happening.referral_id,
        about_id=happening.about_id,
        event=happening.event,
        track=track_of(happening.event),
        actor_id=db.actor().id,
        occurred_at=happening.occurred_at,
        facts=dict(facts),
    )


def _detail(happening: clocks.Happening, facts: Mapping[str, Any]) -> dict[str, Any]:
    ids = {"about": happening.about_id, "referral": happening.referral_id}
    return {name: value for name, value in ids.items() if value} | {**facts}
