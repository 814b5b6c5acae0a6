"""Steps at the end of a case, and with its time."""

import uuid
from collections.abc import Mapping

from flask_babel import gettext
from sqlalchemy import select

from auth.actor import Actor
from auth.policy import May
from casework.commands import outcome, time
from casework.models.progress import ClockRow
from casework.schemas import outcome as forms
from casework.sla import CLOCKS
from casework.steps.making import case_step, choosing, is_open, movable
from core import db
from core.events import Track
from core.steps import Step
from core.text import N_


def _running_clocks(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    rows = db.session().scalars(
        select(ClockRow)
        .where(
            ClockRow.case_id == case_id,
            ClockRow.track == Track.ACCOUNTABILITY,
            ClockRow.stopped_at.is_(None),
            ClockRow.cancelled_at.is_(None),
            ClockRow.not_applicable.is_(None),
        )
        .order_by(ClockRow.due_at)
    )
    return {
        str(row.id): f"{gettext(CLOCKS[row.code].label)} ({row.due_at:%Y-%m-%d})"
        for row in rows
    }


STEPS: tuple[Step, ...] = (
    case_step(
        "record_decision",
        N_("Record the decision"),
        May.DECIDE_LEGALLY,
        outcome.record_decision,
        forms.RecordDecision,
        when=movable("record_decision"),
        guarded=True,
    ),
    case_step(
        "extend_clock",
        N_("Extend a time limit"),
        May.SET_TIME,
        time.extend_clock,
        choosing(forms.ExtendClock, "clock", _running_clocks),
        when=is_open,
    ),
    case_step(
        "close_case",
        N_("Close the case"),
        May.CLOSE,
        outcome.close_case,
        forms.CloseCase,
        when=movable("close_case"),
        guarded=True,
    ),
    case_step(
        "reopen_case",
        N_("Reopen the case"),
        May.REOPEN,
        outcome.reopen_case,
        forms.ReopenCase,
        when=movable("reopen_case"),
        guarded=True,
    ),
)
