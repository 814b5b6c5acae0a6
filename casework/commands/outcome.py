"""The end of a case: decision, closure, reopening."""

import uuid
from typing import Any

from auth import keys
from auth.actor import Actor
from auth.policy import Compartment, May
from casework import cases, timeline
from casework.facts import facts_of
from casework.models.case import Case
from casework.models.progress import DecisionRow
from casework.stages import Stage
from casework.vocabulary import ClosureReason, Finding, Road
from core import db
from core.errors import Invalid
from core.events import Event
from core.text import N_

Body = dict[str, Any]


def record_decision(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record Legal's decision and the measures taken; the outcome is due to be told."""
    case = cases.load(actor, May.DECIDE_LEGALLY, case_id, body)
    cases.move(case, "record_decision")
    row = DecisionRow(
        id=uuid.uuid4(),
        case_id=case_id,
        episode=case.episode,
        measures=body["measures"],
        decided_at=body["decided_at"],
        decided_by=actor.id,
    )
    box = keys.box_for(actor, case_id, Compartment.FINAL, facts_of(case))
    row.grounds = box.seal(DecisionRow.grounds, row.id, body.get("grounds"))
    db.add(row)
    timeline.record(Event.DECISION_RECORDED, case, occurred_at=body["decided_at"])
    owe_outcome(case)


def owe_outcome(case: Case) -> None:
    """Start the clock of every survivor who has not been told the outcome."""
    for survivor in cases.survivors(case.id):
        if survivor.outcome_told is None:
            timeline.record(Event.OUTCOME_DUE, case, about_id=survivor.id)


def close_case(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Close a case.

    :raises Invalid: while a survivor's outcome is untold and no reason is given.
    """
    case = cases.load(actor, May.CLOSE, case_id, body)
    untold = [row for row in cases.survivors(case_id) if row.outcome_told is None]
    why = body.get("untold")
    if untold and why is None:
        raise Invalid(
            untold=N_("A survivor has not been told the outcome. Say why not yet.")
        )
    if case.stage == Stage.ASSESSMENT:
        timeline.record(Event.ASSESSMENT_DECIDED, case, road=Road.CLOSED)
    if case.stage in (Stage.LEGAL_REVIEW, Stage.DECIDED) or untold:
        _owe_once(case)
    cases.move(case, "close_case")
    case.closed_at = db.now()
    case.closure_reason = ClosureReason(body["reason"])
    case.finding = case.finding or Finding.NOT_INVESTIGATED
    timeline.record(Event.CASE_CLOSED, case, reason=case.closure_reason, untold=why)


def _owe_once(case: Case) -> None:
    """Outcomes fall due at the decision, or at closure where there was none."""
    if case.stage != Stage.DECIDED:
        owe_outcome(case)


def reopen_case(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Reopen a closed case as a new episode; the old clocks stay as they ended."""
    case = cases.load(actor, May.REOPEN, case_id, body)
    cases.move(case, "reopen_case")
    case.episode += 1
    case.closed_at = case.closure_reason = case.finding = None
    for survivor in cases.survivors(case_id):
        survivor.outcome_told = None
    timeline.record(Event.CASE_REOPENED, case, why=body["why"])
    timeline.record(Event.CASE_RECEIVED, case)
