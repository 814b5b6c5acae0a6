"""The provider's desk: only its own referrals, and no name before its acceptance."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from auth import access
from auth.policy import Standing
from casework.models.case import Case, Consent, Survivor
from core import db
from core.audit import AuditRow
from core.errors import Forbidden, Invalid, NotVisible, Stale, WrongStage
from referrals.commands import care, provider
from referrals.models import Need, Referral
from referrals.queries.referrals import inbox, referral_page
from referrals.stages import NOT_NOW
from tests.referrals.conftest import CONTACT, NAME, REQUEST, a_minute_on, listed


def seen(play, referral_id, who="pia"):
    actor = getattr(play.cast, who)
    with db.transaction(actor):
        return referral_page(actor, referral_id)


def names(play, referral_id, who="pia"):
    page = seen(play, referral_id, who)
    return [page.name, page.contact, page.request]


def done(**changes):
    return {"status": "completed", "outcome": "received", "done_at": a_minute_on()} | (
        changes
    )


def test_before_acceptance_the_provider_sees_codes_and_holds_no_key(play):
    referral_id = play.refer()
    page = seen(play, referral_id)
    assert names(play, referral_id) == [None, None, None]
    assert not page.is_open
    assert (page.line.kind, page.line.age_band, page.line.language) == (
        "medical",
        "25_59",
        "en",
    )
    assert page.line.area == "Nairobi, Eastern Africa"
    assert play.clinic not in play.holders(referral_id)
    assert play.clinic in play.holders(referral_id, gated=True)
    with db.transaction(play.cast.pia):
        assert not play.cast.pia.keyring.boxes(play.case_id, referral_id)


def test_with_its_acceptance_the_provider_sees_the_minimum_and_no_more(play):
    referral_id = play.accepted()
    assert names(play, referral_id) == [NAME, CONTACT, REQUEST]
    assert play.clinic in play.holders(referral_id)
    with db.transaction(play.cast.pia) as session:
        assert not play.cast.pia.keyring.boxes(play.case_id)
        for model in (Case, Survivor, Consent, Need):
            assert not session.scalars(select(model)).all(), model
        others = text(
            "SELECT count(*) FROM standings WHERE case_id = :case"
            " AND referral_id IS DISTINCT FROM :id"
        )
        ids = {"case": play.case_id, "id": referral_id}
        assert session.scalar(others, ids) == 0


def test_a_read_is_recorded_before_the_name_is_shown_and_only_then(play):
    referral_id = play.refer()
    pia = play.cast.pia

    def reads():
        with db.transaction(pia) as session:
            mine = select(AuditRow).where(
                AuditRow.case_id == play.case_id, AuditRow.action == "case:read"
            )
            return len(session.scalars(mine).all())

    seen(play, referral_id)
    assert reads() == 0
    play.do("pia", provider.accept_referral, referral_id)
    seen(play, referral_id)
    assert reads() == 1


def test_the_provider_sees_nothing_of_the_case(play):
    page = seen(play, play.accepted())
    assert page.case is None
    fields = vars(page.line).values()
    assert play.case_id not in fields
    assert seen(play, page.row.id, "salma").case.id == play.case_id


def test_the_provider_finds_only_her_own_referrals(play, other_service):
    mine = play.refer()
    foreign = play.refer(service=str(other_service))
    found = listed(play.cast.pia)
    with db.transaction(play.cast.pia) as session:
        assert session.get(Referral, foreign) is None
        grants = text("SELECT count(*) FROM key_grants WHERE referral_id = :id")
        assert session.scalar(grants, {"id": foreign}) == 0
    assert mine in found
    assert foreign not in found
    for act in (provider.accept_referral, provider.receive_referral):
        with pytest.raises(NotVisible):
            play.do("pia", act, foreign)
    with pytest.raises(NotVisible):
        seen(play, foreign)


@pytest.mark.parametrize(
    "who", ["ines", "omar", "amina", "cora", "lena", "theo", "adam"]
)
def test_nobody_else_sees_a_referral(play, who):
    referral_id = play.accepted()
    with pytest.raises(NotVisible):
        seen(play, referral_id, who)
    with pytest.raises(NotVisible), db.transaction(getattr(play.cast, who)):
        inbox(getattr(play.cast, who))


def test_the_care_officer_finds_what_she_sent(play):
    referral_id = play.accepted()
    assert referral_id in listed(play.cast.salma)
    play.do("salma", care.withdraw_referral, referral_id, why="revoke")
    assert referral_id not in listed(play.cast.salma)
    assert referral_id in listed(play.cast.salma, closed=True)


def test_a_provider_who_is_barred_from_the_case_sees_nothing(play):
    referral_id = play.accepted()
    with db.transaction(play.cast.cora):
        pia = play.cast.pia.id
        access.give(play.case_id, pia, Standing.BARRED, "named_in_it")
    with pytest.raises(NotVisible):
        seen(play, referral_id)
    with pytest.raises(NotVisible):
        play.do("pia", provider.report_service, referral_id, **done())


def test_only_the_provider_answers_and_only_care_withdraws(play):
    referral_id = play.refer()
    with pytest.raises(Forbidden):
        play.do("salma", provider.accept_referral, referral_id)
    play.do("pia", provider.accept_referral, referral_id)
    with pytest.raises(Forbidden):
        play.do("pia", care.withdraw_referral, referral_id, why="revoke")


def test_a_rejection_carries_its_reason_and_never_gives_a_key(play):
    referral_id = play.refer()
    play.do("pia", provider.reject_referral, referral_id, reason="no_capacity")
    row = play.row(referral_id)
    assert (row.status, row.reject_reason) == ("rejected", "no_capacity")
    assert seen(play, referral_id, "salma").reason == "No capacity now"
    assert play.clinic not in play.holders(referral_id)
    assert play.clinic not in play.holders(referral_id, gated=True)


def test_receipt_is_confirmed_once_and_the_answer_follows(play):
    referral_id = play.refer()
    play.do("pia", provider.receive_referral, referral_id)
    row = play.row(referral_id)
    assert (row.status, row.answered_at) == ("received", None)
    assert row.received_at
    with pytest.raises(WrongStage):
        play.do("pia", provider.receive_referral, referral_id)
    play.do("pia", provider.accept_referral, referral_id)


def test_a_referral_is_accepted_once_and_its_gate_opens_once(play):
    referral_id = play.accepted()
    with pytest.raises(WrongStage):
        play.do("pia", provider.accept_referral, referral_id)
    with db.transaction(play.cast.theo) as session:
        mine = select(AuditRow).where(AuditRow.case_id == play.case_id)
        actions = [row.action for row in session.scalars(mine)]
    assert actions.count("referral:accepted") == actions.count("key:released") == 1


@pytest.mark.parametrize("why", ["withdrawn", "ran out", "ran out, and was swept"])
def test_nothing_opens_to_a_service_to_which_the_survivor_agrees_no_longer(play, why):
    referral_id = play.refer()
    if why == "withdrawn":
        play.consent("withdrawn")
    else:
        play.run_out("expired" if "swept" in why else None)
    with pytest.raises(WrongStage) as problem:
        play.do("pia", provider.accept_referral, referral_id)
    assert problem.value.status == 409
    assert problem.value.message == NOT_NOW
    assert play.row(referral_id).status == "sent"
    assert names(play, referral_id) == [None, None, None]
    assert not play.opened("pia", referral_id)


def test_a_report_is_sealed_for_care_and_the_provider(play):
    referral_id = play.accepted()
    body = done(status="in_progress", outcome=None, report="First visit went well")
    play.do("pia", provider.report_service, referral_id, **body)
    play.do("pia", provider.report_service, referral_id, **done(report="All done"))
    page = seen(play, referral_id, "salma")
    told = [(each.status, each.outcome, each.text) for each in page.reports]
    assert told == [
        ("in_progress", None, "First visit went well"),
        ("completed", "received", "All done"),
    ]
    with play.world.owner() as connection:
        stored = connection.execute(text("SELECT text FROM service_reports"))
        assert all(b"visit" not in bytes(row.text or b"") for row in stored)


def test_a_completion_needs_an_outcome_and_keeps_its_time(play):
    referral_id = play.accepted()
    with pytest.raises(Invalid) as problem:
        play.do("pia", provider.report_service, referral_id, **done(outcome=None))
    assert "outcome" in problem.value.fields
    body = done(status="in_progress")
    with pytest.raises(Invalid) as problem:
        play.do("pia", provider.report_service, referral_id, **body)
    assert "outcome" in problem.value.fields
    at = a_minute_on()
    play.do("pia", provider.report_service, referral_id, **done(done_at=at))
    row = play.row(referral_id)
    assert (row.status, row.outcome, row.completed_at) == ("completed", "received", at)


def test_a_report_cannot_come_before_the_referral_was_sent(play):
    referral_id = play.accepted()
    early = play.row(referral_id).sent_at - timedelta(minutes=2)
    with pytest.raises(Invalid) as problem:
        play.do("pia", provider.report_service, referral_id, **done(done_at=early))
    assert "done_at" in problem.value.fields


def test_words_wait_for_the_key_and_codes_do_not(play):
    referral_id = play.accepted()
    play.bar("provider_2")
    with pytest.raises(Invalid) as problem:
        play.do("pia", provider.report_service, referral_id, **done(report="Words"))
    assert "report" in problem.value.fields
    body = done(outcome="not_reached")
    play.do("pia", provider.report_service, referral_id, **body)
    assert play.row(referral_id).status == "completed"


@pytest.mark.parametrize(
    ("act", "body"),
    [
        (provider.accept_referral, {}),
        (provider.reject_referral, {"reason": "too_far"}),
        (provider.receive_referral, {}),
        (provider.report_service, done()),
    ],
)
def test_what_has_ended_is_not_overwritten(play, act, body):
    referral_id = play.accepted()
    play.do("pia", provider.report_service, referral_id, **done())
    with pytest.raises(WrongStage):
        play.do("pia", act, referral_id, **body)
    with pytest.raises(WrongStage):
        play.do("salma", care.withdraw_referral, referral_id, why="revoke")
    assert play.row(referral_id).outcome == "received"


def test_a_referral_that_changed_meanwhile_is_not_answered_blindly(play):
    referral_id = play.refer()
    version = play.row(referral_id).version_id
    play.do("pia", provider.receive_referral, referral_id, version=version)
    with pytest.raises(Stale):
        play.do("pia", provider.accept_referral, referral_id, version=version)
