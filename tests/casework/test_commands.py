"""Steps that the journey does not take: clinical care, measures, refusals."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework.cases import survivors
from casework.clocks import state
from casework.commands import care, desk, inquiry, outcome, protect, time
from casework.commands.intake import file_report
from casework.models.progress import ClockRow, InterimMeasure
from casework.vocabulary import Kind
from core import db
from core.errors import Invalid, WrongStage
from tests.reports import GIRL


@pytest.fixture
def act():
    """Take one step: `act(actor, command, case_id, **body)`."""

    def take(actor, command, case_id, **body):
        with db.transaction(actor):
            return command(actor, case_id, body)

    return take


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing(kind=Kind.SEXUAL_ABUSE)).id


@pytest.fixture
def survivor(cast, case_id):
    with db.transaction(cast.salma):
        return {"survivor": str(survivors(case_id)[0].id)}


def clocks(actor, case_id, code):
    with db.transaction(actor) as session:
        wanted = select(ClockRow).where(
            ClockRow.case_id == case_id, ClockRow.code == code
        )
        rows = session.scalars(wanted.order_by(ClockRow.started_at)).all()
        return [str(state(row, db.now())) for row in rows]


def test_clinical_care_stops_its_own_clock_only(act, cast, case_id, survivor, now):
    what = {"what": ["care:post_exposure_settled"], "answer": "received"}
    act(cast.salma, care.record_clinical, case_id, done_at=now, **what, **survivor)
    assert clocks(cast.salma, case_id, "care.clinical_72h") == ["met"]
    assert clocks(cast.salma, case_id, "care.clinical_120h") == ["running"]


def test_an_offer_that_is_declined_is_an_offer(act, cast, case_id, survivor):
    act(cast.salma, care.record_offer, case_id, answer="declined", **survivor)
    assert clocks(cast.salma, case_id, "care.offer") == ["met"]


def test_updates_repeat_until_contact_is_refused(act, cast, case_id, survivor):
    decision = {"purpose": "recontact", "given_by": "self", **survivor}
    act(cast.salma, care.record_consent, case_id, status="given", **decision)
    act(cast.salma, care.update_survivor, case_id, answer="attempted", **survivor)
    assert clocks(cast.salma, case_id, "survivor.update") == ["met", "running"]
    act(cast.salma, care.record_consent, case_id, status="withdrawn", **decision)
    assert clocks(cast.salma, case_id, "survivor.update") == ["met", "not_applicable"]


def test_a_young_child_does_not_consent_alone(act, cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing(people=(GIRL,))).id
    with db.transaction(cast.salma):
        girl = str(survivors(case_id)[0].id)
    body = {"survivor": girl, "purpose": "service_referral", "status": "given"}
    with pytest.raises(Invalid) as refused:
        act(cast.salma, care.record_consent, case_id, given_by="self", **body)
    assert "given_by" in refused.value.fields
    act(cast.salma, care.record_consent, case_id, given_by="caregiver", **body)


def test_intake_leaves_the_end_of_an_agreement_to_care(act, cast, case_id, survivor):
    body = {"purpose": "service_referral", "given_by": "self", **survivor}
    with pytest.raises(Invalid) as refused:
        act(cast.amina, care.record_consent, case_id, status="withdrawn", **body)
    assert "status" in refused.value.fields


def test_a_care_note_is_kept_for_care(act, cast, case_id, survivor):
    act(cast.salma, care.add_care_note, case_id, note="Mornings.", **survivor)


def test_a_survivor_of_another_case_is_refused(act, cast, case_id, filing):
    with db.transaction(cast.amina):
        other = file_report(cast.amina, filing()).id
    with db.transaction(cast.salma):
        stranger = str(survivors(other)[0].id)
    with pytest.raises(Invalid):
        act(cast.salma, care.accept_care, case_id, survivor=stranger)


def test_a_measure_is_reviewed_and_ended(act, cast, case_id, now):
    taken = {"kind": "no_contact", "in_place_at": now}
    act(cast.ines, protect.take_measure, case_id, **taken)
    with db.transaction(cast.ines) as session:
        measure = session.scalar(
            select(InterimMeasure).where(InterimMeasure.case_id == case_id)
        )
    review = {"measure": str(measure.id)}
    act(cast.ines, protect.review_measure, case_id, stays=True, **review)
    assert clocks(cast.ines, case_id, "protection.review") == ["met", "running"]
    act(cast.ines, protect.review_measure, case_id, stays=False, **review)
    ended = clocks(cast.ines, case_id, "protection.review")
    assert ended == ["met", "met", "not_applicable"]
    with pytest.raises(Invalid):
        act(cast.ines, protect.review_measure, case_id, stays=True, **review)


def test_no_measure_needed_starts_no_clock(act, cast, case_id, now):
    none = {"kind": "none_needed", "in_place_at": now}
    act(cast.ines, protect.take_measure, case_id, **none)
    assert clocks(cast.ines, case_id, "protection.review") == []


def test_nobody_is_acknowledged_who_cannot_be_reached(act, cast, filing, now):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing(safe_contact=None)).id
    with pytest.raises(Invalid):
        act(cast.amina, desk.acknowledge, case_id, done_at=now, channel="sms")
    assert clocks(cast.amina, case_id, "intake.acknowledge") == ["not_applicable"]
    assert clocks(cast.amina, case_id, "reporter.feedback") == ["not_applicable"]


def test_feedback_follows_the_acknowledgement(act, cast, case_id, now):
    act(cast.amina, desk.acknowledge, case_id, done_at=now, channel="sms")
    act(cast.amina, desk.give_feedback, case_id, done_at=now)
    assert clocks(cast.amina, case_id, "reporter.feedback") == ["met"]


def test_a_lead_bars_others_but_steps_back_herself(act, cast, case_id, world):
    own = str(world.made.people["cora"])
    with pytest.raises(Invalid):
        act(cast.cora, desk.bar_person, case_id, person=own, why="named_in_it")
    ines = str(world.made.people["ines"])
    act(cast.cora, desk.bar_person, case_id, person=ines, why="close_to_someone")
    with db.transaction(cast.ines):
        assert not cast.ines.keyring.boxes(case_id)


def test_intake_is_handed_over_once_and_with_an_answer(act, cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing(already_referred="unknown")).id
    with pytest.raises(Invalid):
        act(cast.amina, desk.hand_over, case_id, confirmed=True)
    answers = {"danger": "no", "medical_needed": "no", "offered": False}
    act(cast.amina, desk.record_triage, case_id, referred="declined", **answers)
    act(cast.amina, desk.hand_over, case_id, confirmed=True)
    with pytest.raises(WrongStage):
        act(cast.amina, desk.hand_over, case_id, confirmed=True)


def test_a_partner_takes_only_its_own_people_and_only_if_able(act, cast, case_id):
    with pytest.raises(WrongStage):
        act(cast.ines, inquiry.hand_to_partner, case_id, capacity=True)


def test_a_partner_that_is_not_able_is_handed_nothing(act, cast, filing):
    with db.transaction(cast.amina):
        contracted = filing(subject_category="implementing_partner")
        case_id = file_report(cast.amina, contracted).id
    with pytest.raises(Invalid):
        act(cast.ines, inquiry.hand_to_partner, case_id, capacity=False)


def test_a_case_goes_to_legal_straight_from_assessment(act, cast, case_id, now):
    act(cast.ines, inquiry.send_to_legal, case_id, confirmed=True)
    assert clocks(cast.ines, case_id, "assess.decide") == ["met"]
    decision = {"measures": ["none"], "decided_at": now, "grounds": "No ground."}
    act(cast.lena, outcome.record_decision, case_id, **decision)


def test_a_note_needs_an_investigation_and_a_report_a_stage(act, cast, case_id):
    body = {"finding": "substantiated", "summary": "…", "to_legal": False}
    with pytest.raises(WrongStage):
        act(cast.ines, inquiry.issue_report, case_id, **body)


def test_a_clock_that_protects_a_survivor_is_not_put_off(act, cast, case_id, now):
    with db.transaction(cast.cora) as session:
        row = session.scalar(
            select(ClockRow).where(
                ClockRow.case_id == case_id, ClockRow.code == "care.assign"
            )
        )
    later = {"due_at": row.due_at + timedelta(days=1), "why": "workload"}
    with pytest.raises(Invalid):
        act(cast.cora, time.extend_clock, case_id, clock=str(row.id), **later)
