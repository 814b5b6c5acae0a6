"""Time limits are soft: moved with a reason by the lead, and counted."""

import uuid
from typing import Any

from auth.actor import Actor
from auth.policy import May
from casework import cases, clocks, timeline
from casework.models.progress import ClockRow
from core import db
from core.errors import Invalid
from core.events import Event, Track
from core.text import N_


def extend_clock(actor: Actor, case_id: uuid.UUID, body: dict[str, Any]) -> None:
    """Move a running clock's due time; the first due time stays on record.

    What protects a survivor is never put off.

    :raises Invalid: for a clock that does not run, or an earlier time.
    """
    case = cases.load(actor, May.SET_TIME, case_id)
    row = db.session().get(ClockRow, uuid.UUID(body["clock"]))
    if row is None or not _may_move(row, case_id):
        raise Invalid(clock=N_("Choose a time limit from the list."))
    if body["due_at"] <= row.due_at:
        raise Invalid(due_at=N_("Choose a moment after the present due time."))
    clocks.extend(row, body["due_at"])
    timeline.record(Event.CLOCK_EXTENDED, case, clock=row.code, why=body["why"])


def _may_move(row: ClockRow, case_id: uuid.UUID) -> bool:
    runs = row.stopped_at is None and row.cancelled_at is None
    return row.case_id == case_id and row.track == Track.ACCOUNTABILITY and runs
