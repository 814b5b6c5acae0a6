"""The investigators' work: take, confirm, decide the road, note, report."""

import uuid
from typing import Any

from auth import access, keys
from auth.actor import Actor
from auth.policy import Compartment, DeskKind, May, Standing
from auth.routing import route
from casework import cases, timeline
from casework.facts import facts_of
from casework.models.case import Case
from casework.models.progress import FindingRow, Note
from casework.sla import CONTRACTED
from casework.stages import Stage
from casework.vocabulary import Road
from core import db
from core.errors import Invalid, NotHeld, WrongStage
from core.events import Event
from core.text import N_
from vault import holders
from vault.keyring import held_boxes

Body = dict[str, Any]
INQUIRY = frozenset({Stage.INVESTIGATION, Stage.PARTNER_INVESTIGATION})


def take_case(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Take a case as its investigator."""
    case = cases.load(actor, May.TAKE, case_id, body)
    assert actor.id
    case.taken_by = actor.id
    access.give(case_id, actor.id, Standing.INVESTIGATOR, "took_it")
    timeline.record(Event.CASE_TAKEN, case)
    cases.settle(actor, case)


def assign_case(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Choose the investigator of a case among the desk that has it.

    :raises Invalid: for anybody else.
    """
    case = cases.load(actor, May.ASSIGN, case_id, body)
    chosen = uuid.UUID(body["person"])
    if chosen not in investigators(case_id):
        raise Invalid(person=N_("Choose a person from the list."))
    case.taken_by = chosen
    access.give(case_id, chosen, Standing.INVESTIGATOR, "assigned")
    timeline.record(Event.CASE_ASSIGNED, case, person=body["person"])
    cases.settle(actor, case)


def investigators(case_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the members of the investigation desks that stand on a case."""
    desks = access.holders(case_id, Standing.INVESTIGATOR)
    return set().union(*holders.members(desks).values())


def confirm_referral(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Confirm whether each survivor was referred to services."""
    case = cases.load(actor, May.CONFIRM_REFERRAL, case_id)
    timeline.record(Event.REFERRAL_CONFIRMED, case, answer=body["answer"])


def open_investigation(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Decide the assessment: an investigation opens, with a compartment of its own."""
    case = cases.load(actor, May.DECIDE, case_id, body)
    cases.move(case, "open_investigation")
    case.urgent = body["urgent"]
    _decided(case, Road.INVESTIGATION)
    timeline.record(Event.INVESTIGATION_OPENED, case)
    _write_note(actor, case, body["plan"])


def hand_to_partner(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Decide the assessment: the partner's own investigators take it, able to.

    :raises Invalid: where their capacity was not confirmed.
    """
    case = cases.load(actor, May.DECIDE, case_id, body)
    if case.category not in CONTRACTED:
        raise WrongStage
    if not body["capacity"]:
        raise Invalid(
            capacity=N_(
                "A partner that cannot investigate safely is not handed a case."
            )
        )
    cases.move(case, "hand_to_partner")
    desk_id = route(case.office_id, DeskKind.PARTNER, case.conflicted)
    access.give(case_id, desk_id, Standing.PARTNER_INVESTIGATOR, "handed_to_partner")
    _decided(case, Road.PARTNER_INVESTIGATION)
    timeline.record(Event.PARTNER_HANDED, case)
    cases.settle(actor, case)


def choose_informal(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Decide the assessment: the informal road, on the affected person's choice.

    :raises Invalid: where it was not their choice.
    """
    case = cases.load(actor, May.DECIDE, case_id, body)
    if not body["chosen"]:
        raise Invalid(
            chosen=N_("The informal road is open only where the affected person chose.")
        )
    cases.move(case, "choose_informal")
    _decided(case, Road.INFORMAL)
    timeline.record(Event.INFORMAL_CHOSEN, case)


def _decided(case: Case, road: Road) -> None:
    timeline.record(Event.ASSESSMENT_DECIDED, case, road=road)


def add_note(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Add a note to the investigation file."""
    case = cases.load(actor, May.INVESTIGATE, case_id)
    _write_note(actor, case, body["text"])
    timeline.record(Event.NOTE_ADDED, case)


def _write_note(actor: Actor, case: Case, text: str) -> None:
    box = keys.box_for(actor, case.id, Compartment.INVESTIGATION, facts_of(case))
    row = Note(id=uuid.uuid4(), case_id=case.id, author_id=actor.id)
    row.text = box.seal(Note.text, row.id, text)
    db.add(row)


def issue_report(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record the finding and seal the report of investigation for those who go on.

    Who goes to Legal is decided with it: afterwards its writer cannot open it, and
    nobody gives what they do not hold.
    """
    case = cases.load(actor, May.INVESTIGATE, case_id, body)
    _require_inquiry(case)
    if body["to_legal"]:
        _let_legal_in(case)
    case.finding = body["finding"]
    row = FindingRow(
        id=uuid.uuid4(),
        case_id=case_id,
        episode=case.episode,
        finding=body["finding"],
        issued_by=actor.id,
    )
    box = keys.box_for(actor, case_id, Compartment.FINAL, facts_of(case))
    row.summary = box.seal(FindingRow.summary, row.id, body["summary"])
    row.lessons = box.seal(FindingRow.lessons, row.id, body.get("lessons"))
    db.add(row)
    event = {
        "investigation": Event.REPORT_ISSUED,
        "partner_investigation": Event.PARTNER_REPORTED,
    }[case.stage]
    timeline.record(event, case, finding=case.finding)
    if body["to_legal"]:
        _to_legal(actor, case)


def _require_inquiry(case: Case) -> None:
    if case.stage not in INQUIRY or case.finding is not None:
        raise WrongStage


def record_partner(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that the partner accepted the case, or reports progress."""
    case = cases.load(actor, May.MONITOR_PARTNER, case_id)
    if case.stage != "partner_investigation":
        raise WrongStage
    timeline.record(Event(body["what"]), case, occurred_at=body["done_at"])


def send_to_legal(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Send the case to Legal for review.

    :raises Invalid: where an investigation has not reported yet.
    :raises NotHeld: where there is a report that the actor cannot open.
    """
    case = cases.load(actor, May.SEND_TO_LEGAL, case_id, body)
    if case.stage != Stage.ASSESSMENT and case.finding is None:
        raise Invalid(confirmed=N_("Issue the report with its finding first."))
    if case.finding is not None and not _holds_final(actor, case):
        raise NotHeld
    if case.stage == Stage.ASSESSMENT:
        _decided(case, Road.LEGAL_REVIEW)
    _let_legal_in(case)
    _to_legal(actor, case)


def _holds_final(actor: Actor, case: Case) -> bool:
    held = held_boxes(actor.keyring, case.id)
    return any(name == Compartment.FINAL for name, _ in held)


def _let_legal_in(case: Case) -> None:
    desk_id = route(case.office_id, DeskKind.LEGAL, case.conflicted)
    access.give(case.id, desk_id, Standing.LEGAL_OFFICER, "sent_to_legal")


def _to_legal(actor: Actor, case: Case) -> None:
    cases.move(case, "send_to_legal")
    timeline.record(Event.LEGAL_RECEIVED, case)
    cases.settle(actor, case)
