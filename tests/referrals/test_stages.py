"""The table of statuses: every way that is in it, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.vocabulary import ReferralStatus as Status
from core.errors import WrongStage
from referrals.stages import FINAL, MOVES, OPEN, WITHDRAWALS, can, target

WAYS = {
    ("draft", "send", "sent"),
    ("sent", "receive", "received"),
    ("sent", "accept", "accepted"),
    ("received", "accept", "accepted"),
    ("sent", "reject", "rejected"),
    ("received", "reject", "rejected"),
    ("accepted", "start", "in_progress"),
    ("accepted", "complete", "completed"),
    ("in_progress", "complete", "completed"),
    ("sent", "no_answer", "revoked"),
    ("received", "no_answer", "revoked"),
    *{
        (source, move, end)
        for source in ("draft", "sent", "received", "accepted", "in_progress")
        for move, end in (
            ("revoke", "revoked"),
            ("withdraw_consent", "consent_withdrawn"),
            ("enter_in_error", "entered_in_error"),
            ("expire", "expired"),
        )
    },
}


def test_the_table_holds_these_ways_and_no_other():
    found = {
        (str(status), name, str(target(name, status)))
        for status in Status
        for name in MOVES
        if can(name, status)
    }
    assert found == WAYS


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("name", MOVES)
def test_a_final_status_is_never_overwritten(status, name):
    with pytest.raises(WrongStage):
        target(name, status)


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=8))
def test_whatever_is_tried_a_referral_that_ended_stays_ended(names):
    status, ended = Status.DRAFT, None
    for name in names:
        try:
            status = target(name, status)
        except WrongStage:
            continue
        assert ended is None
        ended = status if status in FINAL else None


def test_every_status_is_open_or_final():
    assert {*OPEN, *FINAL} == set(Status)
    assert not OPEN & FINAL


def test_every_withdrawal_is_a_move_of_the_care_officer():
    assert all(MOVES[name].may == "care" for name in WITHDRAWALS)


def test_that_a_consent_ran_out_is_nobody_s_to_choose():
    assert "expire" not in WITHDRAWALS
