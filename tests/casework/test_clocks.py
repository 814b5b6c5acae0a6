"""The engine of the clocks: to the second, once, and about the right thing."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from auth.actor import SWEEP
from casework import clocks, timeline
from casework.clocks import Happening, State, extend, pause, resume, state
from casework.commands.intake import file_report
from casework.models.case import Case, Survivor
from casework.models.progress import ClockRow
from casework.sla import CLOCKS, Absent
from core import db
from core.calendar import OfficeCalendar
from core.events import Event
from tests.reports import WOMAN

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = START + timedelta(days=4)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# Long ago, so that the sweeps here find no clock of another test.
PAST = datetime(2011, 5, 2, 9, tzinfo=UTC)


def a_clock(**changes):
    values = {
        "id": uuid.uuid4(),
        "code": "assess.decide",
        "started_at": START,
        "first_due_at": DUE,
        "due_at": DUE,
        "at_risk_at": DUE - DAY,
        "attention_at": DUE,
        "paused_seconds": 0,
        "extensions": 0,
    }
    return ClockRow(**{**values, **changes})


# What a clock stands at


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(), State.RUNNING),
        (3 * DAY - SECOND, State.RUNNING),
        (3 * DAY, State.AT_RISK),
        (4 * DAY - SECOND, State.AT_RISK),
        (4 * DAY, State.AT_RISK),
        (4 * DAY + SECOND, State.OVERDUE),
        (400 * DAY, State.OVERDUE),
    ],
    ids=str,
)
def test_an_open_clock_stands_as_the_second_says(after, expected):
    assert state(a_clock(), START + after) is expected


@pytest.mark.parametrize(
    ("stopped", "expected"),
    [(DUE - SECOND, State.MET), (DUE, State.MET), (DUE + SECOND, State.MET_LATE)],
    ids=str,
)
def test_a_stopped_clock_was_met_or_met_late_by_the_second(stopped, expected):
    for now in (START, DUE, DUE + 900 * DAY):
        assert state(a_clock(stopped_at=stopped), now) is expected


@pytest.mark.parametrize(
    ("cancelled", "expected"),
    [(DUE, State.NOT_APPLICABLE), (DUE + SECOND, State.OVERDUE)],
    ids=str,
)
def test_a_clock_that_ended_unmet_stays_overdue_if_it_was(cancelled, expected):
    assert state(a_clock(cancelled_at=cancelled), DUE + 900 * DAY) is expected


def test_what_does_not_apply_is_never_late():
    row = a_clock(not_applicable=Absent.NO_CHANNEL)
    assert state(row, DUE + 900 * DAY) is State.NOT_APPLICABLE


def test_nothing_is_stored_that_could_go_stale():
    row = a_clock()
    assert state(row, DUE) is not state(row, DUE + SECOND)
    assert not {"state", "overdue", "standing"} & set(ClockRow.__table__.columns.keys())


# Pauses and extensions


def test_a_pause_stops_the_time_and_what_was_left_is_left():
    row = a_clock()
    pause(row, "waiting_for_survivor", START + DAY)
    assert state(row, DUE + DAY) is State.PAUSED
    assert row.attention_at is None
    resume(row, START + 11 * DAY)
    assert (row.due_at, row.paused_seconds) == (DUE + 10 * DAY, 10 * 86_400)
    assert row.attention_at == row.due_at
    assert row.first_due_at == DUE
    assert state(row, DUE + 10 * DAY) is State.AT_RISK
    assert state(row, DUE + 10 * DAY + SECOND) is State.OVERDUE


def test_two_pauses_add_up():
    row = a_clock()
    for start in (1, 8):
        pause(row, "waiting_for_survivor", START + start * DAY)
        resume(row, START + (start + 2) * DAY)
    assert row.due_at == DUE + 4 * DAY
    assert row.paused_seconds == 4 * 86_400


def test_a_pause_after_the_breach_notes_no_second_one():
    row = a_clock(breach_noted_at=DUE + SECOND, attention_at=None)
    pause(row, "waiting_for_survivor", DUE + DAY)
    resume(row, DUE + 2 * DAY)
    assert row.attention_at is None


def test_an_extension_moves_the_due_time_and_keeps_the_first():
    row = a_clock(breach_noted_at=DUE + SECOND, attention_at=None)
    extend(row, DUE + 4 * DAY)
    assert (row.due_at, row.first_due_at, row.extensions) == (DUE + 4 * DAY, DUE, 1)
    assert row.at_risk_at == DUE + 2 * DAY
    assert (row.attention_at, row.breach_noted_at) == (row.due_at, None)


def test_an_extension_of_a_paused_clock_waits_for_it_to_run_on():
    row = a_clock()
    pause(row, "waiting_for_survivor", START)
    extend(row, DUE + DAY)
    assert row.attention_at is None
    resume(row, START + DAY)
    assert row.attention_at == row.due_at == DUE + 2 * DAY


# What events do


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina, PAST):
        filed = filing(received_at=PAST, incident_at=PAST - timedelta(hours=50))
        return file_report(cast.amina, filed).id


def happen(actor, case_id, event, at=PAST + DAY, **more):
    with db.transaction(actor, at) as session:
        timeline.record(event, session.get_one(Case, case_id), **more)


def rows(actor, case_id, code):
    with db.transaction(actor) as session:
        query = select(ClockRow).where(
            ClockRow.case_id == case_id, ClockRow.code == code
        )
        return list(session.scalars(query.order_by(ClockRow.started_at)))


def only(actor, case_id, code):
    (row,) = rows(actor, case_id, code)
    return row


def test_a_report_starts_its_clocks_from_when_it_was_received(cast, filing):
    told = PAST - timedelta(hours=30)
    with db.transaction(cast.amina, PAST):
        filed = filing(received_at=told, incident_at=None)
        case_id = file_report(cast.amina, filed).id
    forward = only(cast.amina, case_id, "intake.forward")
    assert forward.started_at == told
    assert forward.stopped_at == PAST
    assert state(forward, PAST) is State.MET_LATE


def test_clinical_clocks_count_from_the_incident(cast, case_id):
    row = only(cast.salma, case_id, "care.clinical_72h")
    assert row.started_at == PAST - timedelta(hours=50)
    assert row.due_at == PAST + timedelta(hours=22)
    assert row.stopped_at is None


def test_danger_gives_two_hours(cast, filing):
    with db.transaction(cast.amina, PAST):
        filed = filing(received_at=PAST, incident_at=None, danger="yes")
        case_id = file_report(cast.amina, filed).id
    row = only(cast.amina, case_id, "safety.triage")
    assert row.due_at == PAST + timedelta(hours=2)


def test_a_clock_of_an_unreachable_reporter_is_there_as_not_applicable(cast, filing):
    with db.transaction(cast.amina, PAST):
        filed = filing(received_at=PAST, incident_at=None, safe_contact=None)
        case_id = file_report(cast.amina, filed).id
    row = only(cast.amina, case_id, "intake.acknowledge")
    assert row.not_applicable == Absent.NO_CHANNEL
    assert row.attention_at is None


def test_a_stop_keeps_when_it_occurred_and_when_it_was_recorded(cast, case_id):
    occurred = PAST + timedelta(hours=5)
    happen(cast.amina, case_id, Event.REPORT_ACKNOWLEDGED, occurred_at=occurred)
    row = only(cast.amina, case_id, "intake.acknowledge")
    assert row.stopped_at == occurred
    assert row.stop_recorded_at == PAST + DAY
    assert row.stopped_by == Event.REPORT_ACKNOWLEDGED
    assert row.attention_at is None


def test_a_clock_is_met_once_and_a_final_state_is_not_overwritten(cast, case_id):
    first = PAST + timedelta(hours=5)
    happen(cast.amina, case_id, Event.SAFETY_TRIAGED, occurred_at=first)
    happen(cast.amina, case_id, Event.SAFETY_TRIAGED, occurred_at=PAST + 9 * DAY)
    assert only(cast.amina, case_id, "safety.triage").stopped_at == first


def test_a_step_taken_twice_starts_no_second_clock_beside_the_first(cast, case_id):
    for _ in range(2):
        happen(cast.amina, case_id, Event.RECONTACT_AGREED)
        happen(cast.amina, case_id, Event.REPORT_ACKNOWLEDGED)
    assert only(cast.amina, case_id, "survivor.update").started_at == PAST + DAY
    assert only(cast.amina, case_id, "reporter.feedback")


def test_a_clock_may_run_again_after_it_ended(cast, case_id):
    happen(cast.amina, case_id, Event.RECONTACT_AGREED)
    happen(cast.amina, case_id, Event.RECONTACT_ENDED)
    happen(cast.amina, case_id, Event.RECONTACT_AGREED, at=PAST + 3 * DAY)
    first, second = rows(cast.salma, case_id, "survivor.update")
    assert first.cancelled_at == PAST + DAY
    assert second.cancelled_at is None


def test_a_repeating_clock_starts_again_from_its_stop_about_the_same(cast, case_id):
    with db.transaction(cast.salma) as session:
        survivor = session.scalar(select(Survivor.id).filter_by(case_id=case_id))
    happen(cast.salma, case_id, Event.RECONTACT_AGREED, about_id=survivor)
    at = PAST + 20 * DAY
    happen(cast.salma, case_id, Event.SURVIVOR_UPDATED, at, about_id=survivor)
    # An event of the whole case stops it too; it goes on about the same survivor.
    happen(cast.salma, case_id, Event.SURVIVOR_UPDATED, at + DAY)
    found = rows(cast.salma, case_id, "survivor.update")
    assert [row.stopped_at for row in found] == [at, at + DAY, None]
    assert [row.started_at for row in found] == [PAST + DAY, at, at + DAY]
    assert {row.about_id for row in found} == {survivor}


def test_a_paused_clock_that_is_stopped_ran_no_longer_than_it_did(cast, case_id):
    with db.transaction(cast.cora, PAST) as session:
        row = session.scalar(
            select(ClockRow).filter_by(case_id=case_id, code="assess.decide")
        )
        due = row.due_at
        pause(row, "waiting_for_survivor", PAST + DAY)
    at = due + 10 * DAY
    happen(cast.ines, case_id, Event.ASSESSMENT_DECIDED, at)
    row = only(cast.cora, case_id, "assess.decide")
    assert row.paused_at is None
    assert state(row, at) is State.MET
    assert row.due_at > due


def test_two_survivors_have_clocks_of_their_own(cast, filing):
    with db.transaction(cast.amina, PAST):
        two = filing(received_at=PAST, incident_at=None, people=(WOMAN, WOMAN))
        case_id = file_report(cast.amina, two).id
    with db.transaction(cast.salma) as session:
        one, other = session.scalars(select(Survivor.id).filter_by(case_id=case_id))
    happen(cast.salma, case_id, Event.CARE_ACCEPTED, about_id=one)
    stopped = {
        row.about_id: row.stopped_at for row in rows(cast.salma, case_id, "care.assign")
    }
    assert stopped == {one: PAST + DAY, other: None}


def test_an_event_of_one_referral_leaves_another_alone(cast, case_id):
    one, other = uuid.uuid4(), uuid.uuid4()
    with db.transaction(cast.salma, PAST) as session:
        case = session.get_one(Case, case_id)
        for referral in (one, other):
            clocks.tell(about_referral(case, Event.REFERRAL_SENT, referral))
        clocks.tell(about_referral(case, Event.REFERRAL_ACCEPTED, one))
        # The case's own events are not the referral's.
        timeline.record(Event.CASE_CLOSED, case)
        found = session.scalars(
            select(ClockRow).where(ClockRow.referral_id.in_([one, other]))
        ).all()
        stands = {
            (r.code, r.referral_id): (r.stopped_at, r.cancelled_at) for r in found
        }
    assert stands == {
        ("referral.respond", one): (PAST, None),
        ("referral.respond", other): (None, None),
        ("referral.reach", one): (None, None),
    }


def about_referral(case, event, referral):
    return Happening(
        event=event,
        case_id=case.id,
        episode=1,
        about=timeline.about(case),
        calendar=OfficeCalendar(ZoneInfo("UTC")),
        occurred_at=db.now(),
        referral_id=referral,
    )


def test_closing_ends_what_no_longer_applies_and_care_goes_on(cast, case_id):
    happen(cast.cora, case_id, Event.CASE_CLOSED)
    with db.transaction(cast.salma) as session:
        care = session.scalars(select(ClockRow).filter_by(case_id=case_id)).all()
    ended = {row.code for row in care if row.cancelled_at}
    assert {"safety.triage", "assess.decide"} <= ended
    assert not {"care.assign", "care.offer", "care.clinical_72h"} & ended
    assert only(cast.cora, case_id, "stock.ageing").stopped_at == PAST + DAY


def test_a_new_episode_has_clocks_of_its_own_and_the_old_stay_as_they_ended(
    cast, case_id
):
    happen(cast.ines, case_id, Event.ASSESSMENT_DECIDED)
    with db.transaction(cast.cora, PAST + 9 * DAY) as session:
        case = session.get_one(Case, case_id)
        case.episode = 2
        timeline.record(Event.CASE_RECEIVED, case)
    first, second = rows(cast.cora, case_id, "assess.decide")
    assert (first.episode, first.stopped_at) == (1, PAST + DAY)
    assert (second.episode, second.stopped_at) == (2, None)


def test_investigators_move_clocks_that_they_do_not_see(cast, case_id):
    """An event stops every clock that listens, whoever caused it."""
    assert rows(cast.ines, case_id, "safety.triage") == []
    happen(cast.ines, case_id, Event.CASE_CLOSED)
    assert only(cast.amina, case_id, "safety.triage").cancelled_at == PAST + DAY


def test_a_running_clock_keeps_the_version_of_its_rule(cast, case_id):
    row = only(cast.ines, case_id, "assess.decide")
    assert row.rule_version == CLOCKS["assess.decide"].version


# The sweep


def test_two_sweeps_at_once_note_each_breach_once(cast, filing):
    with db.transaction(cast.amina, PAST):
        for _ in range(5):
            file_report(cast.amina, filing(received_at=PAST, incident_at=None))
    start, at = Barrier(2), PAST + timedelta(hours=25)

    def sweep(_):
        with db.transaction(SWEEP, at):
            start.wait()
            return [due.id for due in clocks.breach(at)]

    with ThreadPoolExecutor(2) as pool:
        noted = Counter(id for found in pool.map(sweep, range(2)) for id in found)
    assert noted
    assert set(noted.values()) == {1}


def test_a_sweep_takes_so_many_at_a_time_and_the_longest_overdue_first(cast, filing):
    at = PAST - 1000 * DAY
    with db.transaction(cast.amina, at):
        file_report(cast.amina, filing(received_at=at, incident_at=None))
    with db.transaction(SWEEP, at + 40 * DAY):
        found = [clocks.breach(at + 40 * DAY, limit=1) for _ in range(3)]
    dues = [due.due_at for batch in found for due in batch]
    assert len(dues) == 3
    assert dues == sorted(dues)


def test_a_clock_on_which_someone_works_is_left_to_the_next_sweep(cast, filing):
    at = PAST - 2000 * DAY
    with db.transaction(cast.amina, at):
        case_id = file_report(cast.amina, filing(received_at=at, incident_at=None)).id
    later = at + timedelta(hours=25)
    with db.transaction(cast.cora) as session:
        query = select(ClockRow).filter_by(case_id=case_id, code="safety.triage")
        session.scalar(query.with_for_update())
        with db.transaction(SWEEP, later):
            codes = {due.code for due in clocks.breach(later)}
    assert "care.assign" in codes
    assert "safety.triage" not in codes
    with db.transaction(SWEEP, later):
        assert {due.code for due in clocks.breach(later)} == {"safety.triage"}


def test_a_step_and_a_sweep_on_one_case_never_wait_in_a_circle(cast, filing):
    """Steps hold the case's chain, then its clocks: the sweep does so as well."""
    at = PAST - 3000 * DAY
    with db.transaction(cast.amina, at):
        case_id = file_report(cast.amina, filing(received_at=at, incident_at=None)).id
    later, start = at + timedelta(hours=25), Barrier(2)

    def step():
        with db.transaction(cast.amina, later) as session:
            case = session.get_one(Case, case_id)
            timeline.record(Event.CASE_TAKEN, case)
            start.wait()
            timeline.record(Event.SAFETY_TRIAGED, case)

    def sweep():
        start.wait()
        with db.transaction(SWEEP, later):
            return {due.code for due in clocks.breach(later)}

    with ThreadPoolExecutor(2) as pool:
        stepping, sweeping = pool.submit(step), pool.submit(sweep)
        stepping.result()
        assert "safety.triage" not in sweeping.result()


def test_a_paused_or_ended_clock_never_runs_out(cast, case_id):
    with db.transaction(cast.cora, PAST) as session:
        for row in session.scalars(select(ClockRow).filter_by(case_id=case_id)):
            if row.stopped_at is None:
                pause(row, "waiting_for_survivor", PAST)
    with db.transaction(SWEEP, PAST + 900 * DAY):
        while found := clocks.breach(PAST + 900 * DAY):
            assert case_id not in {due.case_id for due in found}
