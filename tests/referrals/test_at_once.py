"""Two people act on one referral at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from core import audit, db
from core.errors import WrongStage
from referrals import loading
from referrals.commands import care, provider
from referrals.models import ServiceReport
from tests.referrals.conftest import a_minute_on
from vault.boxes import version_of


def test_who_waits_for_a_referral_holds_no_part_of_it_and_then_sees_what_was_done(play):
    referral_id, salma = play.refer(), play.cast.salma
    with ThreadPoolExecutor(1) as pool:
        with db.transaction(salma):
            audit.hold([play.case_id])
            accepting = pool.submit(
                play.do, "pia", provider.accept_referral, referral_id
            )
            wait_for_a_lock(play)
            care.withdraw_referral(salma, referral_id, {"why": "revoke"})
        with pytest.raises(WrongStage):
            accepting.result()
    assert play.row(referral_id).status == "revoked"
    assert play.opened("pia", referral_id) == set()


def test_nothing_is_sealed_under_a_key_that_is_being_renewed(play):
    referral_id, salma = play.accepted(), play.cast.salma
    play.bar("care_2")
    report = {"status": "completed", "outcome": "received", "done_at": a_minute_on()}
    with ThreadPoolExecutor(1) as pool:
        with db.transaction(salma):
            loading.open_one(salma, referral_id)
            body = {**report, "report": "All is well"}
            reporting = pool.submit(
                play.do, "pia", provider.report_service, referral_id, **body
            )
            wait_for_a_lock(play)
            assert not reporting.done()
        reporting.result()
    with db.transaction(salma) as session:
        mine = select(ServiceReport).where(ServiceReport.referral_id == referral_id)
        assert version_of(session.scalars(mine).one().text) == 2
    assert [each.text for each in play.look("salma", referral_id).reports] == [
        "All is well"
    ]
    assert [each.text for each in play.look("pia", referral_id).reports] == [
        "All is well"
    ]


def wait_for_a_lock(play) -> None:
    """Return once somebody in this database waits for somebody else."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    for _ in range(200):
        with play.world.owner() as connection:
            if connection.scalar(waiting):
                return
            connection.execute(text("SELECT pg_sleep(0.02)"))
    raise AssertionError("nobody waits")
