"""What the desk that took a report does: triage, acknowledge, hand over, bar."""

import uuid
from typing import Any

from auth import access, keys
from auth.actor import Actor
from auth.policy import Compartment, May, Standing
from casework import cases, timeline
from casework.facts import facts_of
from casework.models.progress import CareNote
from casework.vocabulary import ReferredAnswer
from core import db
from core.errors import Invalid, WrongStage
from core.events import Event
from core.text import N_

Body = dict[str, Any]


def record_triage(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that immediate safety and needs were looked at, and what was found."""
    case = cases.load(actor, May.TRIAGE, case_id, body)
    if case.handed_over_at is not None:
        raise WrongStage
    case.danger = body["danger"]
    case.medical_needed = body["medical_needed"]
    note = body.get("note")
    if note:
        box = keys.box_for(actor, case_id, Compartment.CARE, facts_of(case))
        row = CareNote(id=uuid.uuid4(), case_id=case_id, author_id=actor.id)
        row.text = box.seal(CareNote.text, row.id, note)
        db.add(row)
    timeline.record(Event.SAFETY_TRIAGED, case, danger=case.danger)
    _offer(case, body)


def _offer(case: Any, body: Body) -> None:
    for survivor in cases.survivors(case.id):
        survivor.referred = body["referred"]
        if body["offered"]:
            timeline.record(
                Event.ASSISTANCE_OFFERED, case, about_id=survivor.id, by="intake"
            )


def acknowledge(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that the reporter was told that the report arrived."""
    case = cases.load(actor, May.ACKNOWLEDGE, case_id)
    if not case.reachable:
        raise Invalid(done_at=N_("Nobody can be reached here: no contact was left."))
    done_at = body["done_at"]
    timeline.record(
        Event.REPORT_ACKNOWLEDGED, case, occurred_at=done_at, channel=body["channel"]
    )


def give_feedback(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that the reporter was told what was done with the report."""
    case = cases.load(actor, May.ACKNOWLEDGE, case_id)
    timeline.record(Event.FEEDBACK_GIVEN, case, occurred_at=body["done_at"])


def hand_over(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """End the intake desk's work: from here on it keeps the thread and the codes.

    :raises Invalid: before the referral question is answered.
    """
    case = cases.load(actor, May.HAND_OVER, case_id, body)
    if case.handed_over_at is not None:
        raise WrongStage
    rows = cases.survivors(case_id)
    if any(row.referred == ReferredAnswer.UNKNOWN for row in rows):
        raise Invalid(
            confirmed=N_("First record whether each survivor was referred to services.")
        )
    case.handed_over_at = db.now()
    timeline.record(Event.HANDED_OVER, case)
    cases.settle(actor, case)


def declare_conflict(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Step back from a case because of a conflict of interest; at once, for good."""
    case = cases.load(actor, May.DECLARE_CONFLICT, case_id)
    assert actor.id
    timeline.record(Event.CONFLICT_DECLARED, case, why=body["why"])
    access.give(case_id, actor.id, Standing.BARRED, body["why"])
    cases.settle(actor, case)
    keys.hold_back_barred(case_id, actor.id)


def bar_person(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Bar a person from a case: wins over every standing, from the next request."""
    case = cases.load(actor, May.BAR, case_id)
    person_id = uuid.UUID(body["person"])
    if person_id == actor.id:
        raise Invalid(person=N_("To step back yourself, declare a conflict."))
    timeline.record(Event.PERSON_BARRED, case, why=body["why"])
    access.give(case_id, person_id, Standing.BARRED, body["why"])
    cases.settle(actor, case)
    keys.hold_back_barred(case_id, person_id)
