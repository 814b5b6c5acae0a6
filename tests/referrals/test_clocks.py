"""The clocks of a referral: what starts them, what stops them, when they are due."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from casework.clocks import State, state
from casework.models.progress import CaseEvent, ClockRow
from core import db
from referrals.commands import care, provider
from tests.referrals.conftest import listed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def clocks(play, referral_id, who="salma"):
    with db.transaction(getattr(play.cast, who)) as session:
        rows = session.scalars(
            select(ClockRow).where(ClockRow.referral_id == referral_id)
        )
        return {row.code: row for row in rows}


@pytest.mark.parametrize(
    ("urgent", "code", "hours"),
    [(True, "referral.respond_urgent", 24), (False, "referral.respond", 72)],
)
def test_sending_starts_the_clock_of_the_answer(play, urgent, code, hours):
    found = clocks(play, play.refer(urgent=urgent, at=START))
    assert set(found) == {code}
    assert found[code].due_at == START + hours * HOUR


def test_the_provider_sees_the_clock_and_no_other_clock_of_the_case(play):
    referral_id = play.refer()
    assert set(clocks(play, referral_id, "pia")) == {"referral.respond"}
    with db.transaction(play.cast.pia) as session:
        rows = session.scalars(
            select(ClockRow.referral_id).where(ClockRow.case_id == play.case_id)
        )
        assert set(rows) == {referral_id}
    line = listed(play.cast.pia)[referral_id]
    assert line.clock.code == "referral.respond"


@pytest.mark.parametrize(("after", "standing"), [(71, State.MET), (73, State.MET_LATE)])
def test_an_answer_stops_it_and_acceptance_starts_the_next(play, after, standing):
    referral_id, at = play.refer(at=START), START + after * HOUR
    play.do("pia", provider.accept_referral, referral_id, at)
    found = clocks(play, referral_id)
    assert state(found["referral.respond"], at) == standing
    assert found["referral.reach"].due_at == at + 7 * DAY


def test_a_rejection_stops_the_answer_and_starts_nothing(play):
    referral_id = play.refer(at=START)
    play.do(
        "pia", provider.reject_referral, referral_id, START + HOUR, reason="too_far"
    )
    found = clocks(play, referral_id)
    assert set(found) == {"referral.respond"}
    assert state(found["referral.respond"], START + DAY) == State.MET


def test_confirming_receipt_leaves_the_clock_running(play):
    referral_id = play.refer(at=START)
    play.do("pia", provider.receive_referral, referral_id, START + HOUR)
    found = clocks(play, referral_id)["referral.respond"]
    assert state(found, START + 2 * HOUR) == State.RUNNING


def test_the_survivor_reaching_the_service_stops_the_second_clock(play):
    referral_id = play.refer(at=START)
    play.do("pia", provider.accept_referral, referral_id, START + HOUR)
    reached = START + 2 * DAY
    play.do(
        "salma",
        care.record_follow_up,
        referral_id,
        START + 3 * DAY,
        reached=True,
        done_at=reached,
    )
    row = clocks(play, referral_id)["referral.reach"]
    assert (row.stopped_at, row.stop_recorded_at) == (reached, START + 3 * DAY)
    assert row.stopped_by == "referral:reached"


def test_not_reached_leaves_the_second_clock_running(play):
    referral_id = play.refer(at=START)
    play.do("pia", provider.accept_referral, referral_id, START + HOUR)
    body = {"reached": False, "done_at": START + DAY}
    play.do("salma", care.record_follow_up, referral_id, START + DAY, **body)
    row = clocks(play, referral_id)["referral.reach"]
    assert state(row, START + DAY) == State.RUNNING


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_the_provider_too_says_that_the_service_was_reached(play, status):
    referral_id = play.refer(at=START)
    play.do("pia", provider.accept_referral, referral_id, START + HOUR)
    outcome = {"outcome": "received"} if status == "completed" else {}
    body = {"status": status, "done_at": START + DAY, **outcome}
    play.do("pia", provider.report_service, referral_id, START + DAY, **body)
    row = clocks(play, referral_id)["referral.reach"]
    assert row.stopped_by == "referral:reached"
    assert play.row(referral_id).reached_at == START + DAY


def test_a_withdrawal_ends_the_clocks(play):
    referral_id = play.refer(at=START)
    play.do("pia", provider.accept_referral, referral_id, START + HOUR)
    play.do("salma", care.withdraw_referral, referral_id, START + DAY, why="revoke")
    row = clocks(play, referral_id)["referral.reach"]
    assert state(row, START + 30 * DAY) == State.NOT_APPLICABLE


def test_clocks_of_one_referral_leave_those_of_another_alone(play):
    first, second = play.refer(at=START), play.refer(at=START)
    play.do("pia", provider.accept_referral, first, START + HOUR)
    assert (
        state(clocks(play, second)["referral.respond"], START + HOUR) == State.RUNNING
    )


def test_what_happened_is_told_by_codes(play):
    referral_id = play.accepted()
    with db.transaction(play.cast.pia) as session:
        rows = session.scalars(
            select(CaseEvent)
            .where(CaseEvent.case_id == play.case_id)
            .order_by(CaseEvent.occurred_at)
        ).all()
    assert [row.event for row in rows] == ["referral:sent", "referral:accepted"]
    assert all(row.referral_id == referral_id and row.facts == {} for row in rows)
