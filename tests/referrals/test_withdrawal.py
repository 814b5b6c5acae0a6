"""Ending a referral takes the key in the same transaction; so does consent."""

import pytest
from sqlalchemy import func, select

from casework.commands.care import accept_care
from casework.facts import consents
from casework.models.progress import CareNote
from core import db
from core.errors import Invalid, WrongStage
from referrals.commands import care, provider
from referrals.models import Referral
from referrals.queries.referrals import referral_page
from tests.referrals.conftest import NOTE, a_minute_on
from vault.models import KeyGrant


@pytest.mark.parametrize(
    ("why", "status"),
    [
        ("revoke", "revoked"),
        ("withdraw_consent", "consent_withdrawn"),
        ("enter_in_error", "entered_in_error"),
    ],
)
def test_a_withdrawal_takes_the_providers_key_at_once(play, why, status):
    referral_id = play.accepted()
    assert play.clinic in play.holders(referral_id)
    salma = play.cast.salma
    with db.transaction(salma) as session:
        care.withdraw_referral(salma, referral_id, {"why": why})
        clinics = select(func.count()).where(
            KeyGrant.referral_id == referral_id, KeyGrant.holder_id == play.clinic
        )
        assert session.scalar(clinics) == 0
    assert play.clinic not in play.holders(referral_id)
    with db.transaction(play.cast.pia):
        page = referral_page(play.cast.pia, referral_id)
    assert (page.line.status, page.name, page.is_open) == (status, None, False)


def test_only_an_unanswered_referral_is_given_up_for_want_of_an_answer(play):
    referral_id = play.refer()
    play.do("salma", care.withdraw_referral, referral_id, why="no_answer")
    assert play.row(referral_id).status == "revoked"
    with pytest.raises(WrongStage):
        play.do("pia", provider.accept_referral, referral_id)
    answered = play.accepted()
    with pytest.raises(WrongStage):
        play.do("salma", care.withdraw_referral, answered, why="no_answer")


def test_consent_withdrawn_ends_every_open_referral_of_that_survivor(play):
    first, second, ended = play.accepted(), play.refer(), play.refer()
    play.do("pia", provider.reject_referral, ended, reason="too_far")
    salma = play.cast.salma
    body = {"survivor": str(play.survivor_id), "given_by": "self"}
    with db.transaction(salma) as session:
        care.withdraw_consent(salma, play.case_id, body)
        assert session.scalar(
            select(func.count()).where(KeyGrant.holder_id == play.clinic)
            .where(KeyGrant.case_id == play.case_id)
        ) == 0  # fmt: skip
    assert play.row(first).status == "consent_withdrawn"
    assert play.row(second).status == "consent_withdrawn"
    assert play.row(ended).status == "rejected"
    with db.transaction(salma):
        decided = consents(play.case_id)[play.survivor_id, "service_referral"]
    assert (decided.status, decided.given_by) == ("withdrawn", "self")
    with pytest.raises(Invalid):
        play.refer()


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("withdrawn", "consent_withdrawn"),
        ("refused", "consent_withdrawn"),
        ("expired", "expired"),
    ],
)
def test_any_decision_that_ends_consent_ends_referrals(play, status, becomes):
    referral_id = play.accepted()
    play.consent(status, command=care.record_consent)
    assert play.row(referral_id).status == becomes
    assert play.clinic not in play.holders(referral_id)


def test_another_decision_leaves_referrals_alone(play):
    referral_id = play.accepted()
    play.consent("given", command=care.record_consent)
    assert play.row(referral_id).status == "accepted"
    assert play.clinic in play.holders(referral_id)


def test_referrals_of_another_case_stay(play, another):
    referral_id = play.accepted()
    body = {"survivor": str(another.survivor_id), "given_by": "self"}
    play.do("salma", care.withdraw_consent, another.case_id, **body)
    assert play.row(referral_id).status == "accepted"
    with pytest.raises(Invalid):
        play.do("salma", care.withdraw_consent, play.case_id, **body)


def test_keys_given_on_the_case_do_not_bring_the_providers_key_back(play):
    referral_id = play.accepted()
    play.do("salma", care.withdraw_referral, referral_id, why="revoke")
    survivor = str(play.survivor_id)
    play.do("salma", accept_care, play.case_id, survivor=survivor)
    assert play.clinic not in play.holders(referral_id)


def test_a_follow_up_is_noted_for_care_alone(play):
    referral_id = play.accepted()
    body = {"reached": False, "done_at": a_minute_on(), "note": NOTE}
    play.do("salma", care.record_follow_up, referral_id, **body)
    assert play.row(referral_id).reached_at is None
    with db.transaction(play.cast.salma) as session:
        row = session.scalar(select(CareNote).where(CareNote.case_id == play.case_id))
        box = play.cast.salma.keyring.boxes(play.case_id)["care", 1]
        assert box.open(CareNote.text, row.id, row.text) == NOTE
    with db.transaction(play.cast.pia) as session:
        assert not session.scalars(select(CareNote)).all()


def test_a_service_is_reached_once_and_the_first_time_counts(play):
    referral_id = play.accepted()
    at = a_minute_on()
    body = {"reached": True, "done_at": at}
    play.do("salma", care.record_follow_up, referral_id, **body)
    again = {"reached": True, "done_at": a_minute_on()}
    play.do("salma", care.record_follow_up, referral_id, **again)
    assert play.row(referral_id).reached_at == at


def test_there_is_no_follow_up_before_acceptance(play):
    referral_id = play.refer()
    body = {"reached": True, "done_at": a_minute_on()}
    with pytest.raises(WrongStage):
        play.do("salma", care.record_follow_up, referral_id, **body)
    with db.transaction(play.cast.salma) as session:
        assert session.get(Referral, referral_id).reached_at is None
