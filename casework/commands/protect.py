"""Interim measures: protection while a case is open, reviewed at intervals."""

import uuid
from typing import Any

from auth.actor import Actor
from auth.policy import May
from casework import cases, timeline
from casework.models.progress import InterimMeasure
from casework.vocabulary import InterimMeasure as Measure
from core import db
from core.errors import Invalid
from core.events import Event
from core.text import N_

Body = dict[str, Any]


def take_measure(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record an interim measure; one that is in place is reviewed at intervals."""
    case = cases.load(actor, May.PROTECT, case_id)
    row = InterimMeasure(
        id=uuid.uuid4(),
        case_id=case_id,
        kind=body["kind"],
        in_place_at=body["in_place_at"],
        recorded_by=actor.id,
    )
    none = body["kind"] == Measure.NONE_NEEDED
    row.ended_at = row.in_place_at if none else None
    db.add(row)
    if not none:
        timeline.record(Event.MEASURE_TAKEN, case, about_id=row.id, kind=body["kind"])


def review_measure(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that a measure was reviewed, and whether it stays."""
    case = cases.load(actor, May.PROTECT, case_id)
    row = db.session().get(InterimMeasure, uuid.UUID(body["measure"]))
    if row is None or row.case_id != case_id or row.ended_at is not None:
        raise Invalid(measure=N_("Choose a measure from the list."))
    row.reviewed_at = db.now()
    timeline.record(Event.MEASURE_REVIEWED, case, about_id=row.id)
    if not body["stays"]:
        row.ended_at = db.now()
        timeline.record(Event.MEASURE_ENDED, case, about_id=row.id)
