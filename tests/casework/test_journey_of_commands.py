"""A case from intake to closure, command by command, under row security."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from sqlalchemy import select

from casework.cases import survivors
from casework.clocks import State, state
from casework.commands import care, desk, inquiry, outcome, protect, time
from casework.commands.intake import file_report
from casework.models.case import Case
from casework.models.progress import ClockRow
from casework.queries.cases import case_page, events_since, my_cases
from casework.queries.readers import who_looked
from casework.vocabulary import Kind, PersonnelCategory
from core import db
from core.errors import Forbidden, Invalid, NotHeld, NotVisible, Stale, WrongStage


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
        return file_report(cast.amina, filing()).id


@pytest.fixture
def survivor_id(cast, case_id):
    with db.transaction(cast.salma):
        return str(survivors(case_id)[0].id)


def clock(actor, case_id, code):
    with db.transaction(actor) as session:
        row = session.scalar(
            select(ClockRow)
            .where(ClockRow.case_id == case_id, ClockRow.code == code)
            .order_by(ClockRow.started_at.desc(), ClockRow.stopped_at.desc())
        )
        return state(row, datetime.now(UTC)) if row else None


def triage(act, cast, case_id, **changes):
    body = {"danger": "no", "medical_needed": "no", "referred": "yes", "offered": True}
    act(cast.amina, desk.record_triage, case_id, **{**body, **changes})


def investigated(act, cast, case_id, to_legal=False):
    act(cast.ines, inquiry.take_case, case_id, confirmed=True)
    act(cast.ines, inquiry.open_investigation, case_id, urgent=False, plan="Listen.")
    act(
        cast.ines,
        inquiry.issue_report,
        case_id,
        finding="substantiated",
        summary="It happened.",
        lessons="Two people at each door.",
        to_legal=to_legal,
    )


def test_a_complaint_goes_from_intake_to_closure(act, cast, case_id, survivor_id, now):
    triage(act, cast, case_id, note="She prefers mornings.")
    assert clock(cast.amina, case_id, "safety.triage") == State.MET
    act(cast.amina, desk.acknowledge, case_id, done_at=now, channel="in_person")
    act(cast.amina, desk.hand_over, case_id, confirmed=True)
    act(cast.salma, care.accept_care, case_id, survivor=survivor_id)
    assert clock(cast.salma, case_id, "care.assign") == State.MET
    investigated(act, cast, case_id, to_legal=True)
    act(
        cast.ines,
        protect.take_measure,
        case_id,
        kind="reassignment",
        in_place_at=now,
    )
    assert clock(cast.ines, case_id, "protection.review") == State.RUNNING
    assert clock(cast.ines, case_id, "investigate.report") == State.MET
    with db.transaction(cast.lena):
        assert "It happened." in case_page(cast.lena, case_id).opened.words.values()
    with pytest.raises(Forbidden):
        act(cast.ines, outcome.record_decision, case_id, measures=["dismissal"])
    act(
        cast.lena,
        outcome.record_decision,
        case_id,
        measures=["dismissal"],
        decided_at=now,
        grounds="The report bears it out.",
    )
    assert clock(cast.salma, case_id, "survivor.outcome") == State.RUNNING
    with pytest.raises(Invalid) as refused:
        act(cast.ines, outcome.close_case, case_id, reason="outcome_decided")
    assert "untold" in refused.value.fields
    act(
        cast.salma,
        care.tell_outcome,
        case_id,
        survivor=survivor_id,
        how="told",
        done_at=now + timedelta(seconds=1),
        words="He has lost his post.",
    )
    assert clock(cast.salma, case_id, "survivor.outcome") == State.MET
    act(cast.ines, outcome.close_case, case_id, reason="outcome_decided")
    with db.transaction(cast.cora) as session:
        case = session.get_one(Case, case_id)
        assert (case.stage, case.finding) == ("closed", "substantiated")
    assert clock(cast.ines, case_id, "stock.ageing") == State.MET


def test_each_sees_only_their_part_of_a_case(act, cast, case_id, survivor_id):
    triage(act, cast, case_id, note="She prefers mornings.")
    investigated(act, cast, case_id)
    seen = {}
    for name in ("amina", "ines", "salma", "cora"):
        actor = getattr(cast, name)
        with db.transaction(actor):
            seen[name] = set(case_page(actor, case_id).opened.words.values())
    name, account, plan = "Rita of the reports", "help had a price", "Listen."
    assert name in seen["amina"]
    assert name in seen["salma"]
    assert name not in seen["ines"]
    assert any(account in words for words in seen["ines"])
    assert not any(account in words for words in seen["salma"])
    assert plan in seen["ines"]
    assert plan not in seen["cora"]
    assert "It happened." in seen["cora"]
    assert "It happened." not in seen["ines"]
    assert "She prefers mornings." in seen["salma"]
    assert "She prefers mornings." not in seen["cora"]


def test_consent_gives_investigators_the_name_and_withdrawal_takes_it(
    act, cast, case_id, survivor_id
):
    consent = {
        "survivor": survivor_id,
        "purpose": "share_identity_with_investigators",
        "given_by": "self",
    }
    act(cast.salma, care.record_consent, case_id, status="given", **consent)
    with db.transaction(cast.ines):
        words = case_page(cast.ines, case_id).opened.words.values()
        assert "Rita of the reports" in words
    act(cast.salma, care.record_consent, case_id, status="withdrawn", **consent)
    with db.transaction(cast.ines):
        words = case_page(cast.ines, case_id).opened.words.values()
        assert "Rita of the reports" not in words


def test_a_report_goes_to_legal_later_only_by_who_can_open_it(act, cast, case_id):
    investigated(act, cast, case_id)
    with pytest.raises(NotHeld):
        act(cast.ines, inquiry.send_to_legal, case_id, confirmed=True)
    act(cast.cora, inquiry.send_to_legal, case_id, confirmed=True)
    with db.transaction(cast.lena):
        words = case_page(cast.lena, case_id).opened.words.values()
    assert "It happened." in words
    assert "Rita of the reports" not in words


def test_the_lead_assigns_within_the_desk_that_has_the_case(act, cast, case_id, world):
    people = world.made.people
    with pytest.raises(Invalid):
        act(cast.cora, inquiry.assign_case, case_id, person=str(people["omar"]))
    act(cast.cora, inquiry.assign_case, case_id, person=str(people["ines"]))
    with db.transaction(cast.cora) as session:
        assert session.get_one(Case, case_id).taken_by == people["ines"]


def test_a_report_is_issued_once(act, cast, case_id):
    investigated(act, cast, case_id)
    again = {"finding": "unsubstantiated", "summary": "Or not.", "to_legal": False}
    with pytest.raises(WrongStage):
        act(cast.ines, inquiry.issue_report, case_id, **again)


def test_after_hand_over_intake_keeps_thread_and_codes(act, cast, case_id):
    triage(act, cast, case_id)
    act(cast.amina, desk.hand_over, case_id, confirmed=True)
    with db.transaction(cast.amina):
        page = case_page(cast.amina, case_id)
    assert page.opens == {"thread"}
    assert not page.opened.words
    with pytest.raises(WrongStage):
        triage(act, cast, case_id)


def test_a_conflict_shuts_the_case_at_once(act, cast, case_id):
    act(cast.ines, desk.declare_conflict, case_id, why="close_to_someone")
    with db.transaction(cast.ines), pytest.raises(NotVisible):
        case_page(cast.ines, case_id)
    with db.transaction(cast.ines):
        assert not cast.ines.keyring.boxes(case_id)
    with db.transaction(cast.investigator_2):
        boxes = cast.investigator_2.keyring.boxes(case_id)
        assert ("report", 1) in boxes


def test_the_person_complained_of_is_barred_by_staff_number(cast, filing, world):
    with db.transaction(cast.amina):
        mallory = world.made.people["mallory"]
        case_id = file_report(cast.amina, filing(accounts=[mallory])).id
    with db.transaction(cast.mallory) as session:
        assert session.get(Case, case_id) is None
        assert not cast.mallory.keyring.boxes(case_id)
    with db.transaction(cast.amina):
        assert cast.amina.keyring.boxes(case_id)


def test_a_conflicted_report_goes_past_the_usual_desk(cast, filing):
    with db.transaction(cast.bruno):
        case_id = file_report(cast.bruno, filing(conflicted=True)).id
    with db.transaction(cast.amina) as session:
        assert session.get(Case, case_id) is None
    with db.transaction(cast.ines) as session:
        assert session.get(Case, case_id) is None
    with db.transaction(cast.omar) as session:
        assert session.get(Case, case_id) is not None


def test_harassment_takes_the_informal_road_only_by_choice(act, cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing(kind=Kind.SEXUAL_HARASSMENT)).id
    with pytest.raises(Invalid):
        act(cast.ines, inquiry.choose_informal, case_id, chosen=False)
    act(cast.ines, inquiry.choose_informal, case_id, chosen=True)
    assert clock(cast.ines, case_id, "assess.decide") == State.MET


def test_exploitation_has_no_informal_road(act, cast, case_id):
    with pytest.raises(WrongStage):
        act(cast.ines, inquiry.choose_informal, case_id, chosen=True)


def test_a_contractor_takes_the_partner_road(act, cast, filing, now):
    with db.transaction(cast.amina):
        category = PersonnelCategory.THIRD_PARTY_CONTRACTOR
        case_id = file_report(cast.amina, filing(subject_category=category)).id
    act(cast.ines, inquiry.hand_to_partner, case_id, capacity=True)
    assert clock(cast.ines, case_id, "partner.accept") == State.RUNNING
    later = now + timedelta(minutes=1)
    did = {"what": "partner:accepted", "done_at": later}
    act(cast.partner_1, inquiry.record_partner, case_id, **did)
    assert clock(cast.ines, case_id, "partner.accept") == State.MET
    assert clock(cast.ines, case_id, "partner.progress") == State.RUNNING
    did = {"what": "partner:progressed", "done_at": later + timedelta(minutes=1)}
    act(cast.ines, inquiry.record_partner, case_id, **did)
    assert clock(cast.ines, case_id, "partner.progress") == State.RUNNING
    with db.transaction(cast.partner_1):
        words = case_page(cast.partner_1, case_id).opened.words.values()
    assert "Mallory of the stores" in words
    assert "Rita of the reports" not in words


def test_a_stale_form_changes_nothing(act, cast, case_id):
    with db.transaction(cast.ines) as session:
        seen = session.get_one(Case, case_id).version_id
    act(cast.investigator_2, inquiry.take_case, case_id, version=seen)
    with pytest.raises(Stale):
        act(cast.ines, inquiry.take_case, case_id, version=seen)
    with db.transaction(cast.ines):
        since = datetime.now(UTC) - timedelta(minutes=1)
        assert "investigation:taken" in events_since(case_id, since)


def test_a_reopened_case_is_a_new_episode(act, cast, case_id):
    act(
        cast.ines,
        outcome.close_case,
        case_id,
        reason="insufficient_information",
        untold="told_later",
    )
    act(cast.cora, outcome.reopen_case, case_id, why="new_information")
    with db.transaction(cast.cora) as session:
        case = session.get_one(Case, case_id)
        assert (case.stage, case.episode, case.closed_at) == ("assessment", 2, None)
    with db.transaction(cast.ines) as session:
        episodes = session.scalars(
            select(ClockRow.episode)
            .where(ClockRow.case_id == case_id, ClockRow.code == "assess.decide")
            .order_by(ClockRow.episode)
        )
        assert list(episodes) == [1, 2]


def test_an_extension_keeps_the_first_due_time(act, cast, case_id, now):
    with db.transaction(cast.cora) as session:
        row = session.scalar(
            select(ClockRow).where(
                ClockRow.case_id == case_id, ClockRow.code == "assess.decide"
            )
        )
    due = row.due_at + timedelta(days=10)
    act(
        cast.cora,
        time.extend_clock,
        case_id,
        clock=str(row.id),
        due_at=due,
        why="quality_of_work",
    )
    with db.transaction(cast.cora) as session:
        moved = session.get_one(ClockRow, row.id)
        assert (moved.due_at, moved.first_due_at) == (due, row.first_due_at)
        assert moved.extensions == 1


def test_the_list_names_what_one_stands_on_and_the_lead_sees_who_looked(cast, case_id):
    with db.transaction(cast.ines):
        pages = (my_cases(cast.ines, page=page) for page in range(100))
        listed = (line.case.id for lines in takewhile(bool, pages) for line in lines)
        assert case_id in listed
        case_page(cast.ines, case_id)
    with db.transaction(cast.cora):
        looks = who_looked(cast.cora, case_id)
    assert looks[0].name == "Ines"
    assert "report" in looks[0].compartments
    with db.transaction(cast.ines), pytest.raises(Forbidden):
        who_looked(cast.ines, case_id)
