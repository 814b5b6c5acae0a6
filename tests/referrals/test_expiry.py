"""A consent that ran out ends the referrals under it, and two sweeps do it once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from auth.actor import SWEEP
from casework.clocks import State, state
from casework.models.progress import CaseEvent, ClockRow
from core import db
from core.errors import Stale, WrongStage
from referrals import loading
from referrals.commands import care, provider
from referrals.models import Referral, ServiceReport
from tests.referrals.conftest import NAME, a_minute_on
from tests.referrals.pages import shown, words


def events(play, referral_id):
    with db.transaction(play.cast.salma) as session:
        mine = select(CaseEvent.event).where(CaseEvent.referral_id == referral_id)
        return sorted(session.scalars(mine))


def clock(play, referral_id, code):
    with db.transaction(play.cast.salma) as session:
        mine = select(ClockRow).where(ClockRow.referral_id == referral_id)
        return session.scalars(mine.where(ClockRow.code == code)).one()


def test_a_consent_that_ran_out_ends_every_open_referral_and_no_other(play, another):
    waiting, accepted, ended = play.refer(), play.accepted(), play.refer()
    play.do("pia", provider.reject_referral, ended, reason="too_far")
    case_id, survivor_id = play.case_id, play.survivor_id
    play.case_id, play.survivor_id = another.case_id, another.survivor_id
    elsewhere = play.accepted()
    play.case_id, play.survivor_id = case_id, survivor_id
    play.run_out()
    loading.expire()
    found = [play.row(each).status for each in (waiting, accepted, ended, elsewhere)]
    assert found == ["expired", "expired", "rejected", "accepted"]
    for each in (waiting, accepted):
        assert events(play, each).count("referral:withdrawn") == 1
        assert play.clinic not in play.holders(each)
    now = datetime.now(UTC)
    reach = clock(play, accepted, "referral.reach")
    assert state(reach, now) == State.NOT_APPLICABLE
    keys = clock(play, accepted, "referral.keys")
    assert state(keys, now) == State.RUNNING
    assert keys.due_at - keys.started_at == timedelta(days=7)


def test_that_its_time_is_over_is_enough_where_no_row_says_so_yet(play):
    referral_id = play.accepted()
    play.run_out(None)
    loading.expire()
    assert play.row(referral_id).status == "expired"


def test_a_consent_that_was_taken_back_elsewhere_is_called_what_it_is(play):
    referral_id = play.accepted()
    play.consent("withdrawn")
    loading.expire()
    assert play.row(referral_id).status == "consent_withdrawn"


def test_a_second_sweep_finds_nothing_to_do(play):
    referral_id = play.accepted()
    play.run_out()
    assert loading.expire() > 0
    row, told = play.row(referral_id), events(play, referral_id)
    assert loading.expire() == 0
    assert play.row(referral_id).version_id == row.version_id
    assert events(play, referral_id) == told


def test_of_two_sweeps_at_once_one_ends_a_referral(play):
    loading.expire()
    made = [play.accepted(), play.refer(), play.accepted()]
    play.run_out()
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: loading.expire(), range(2)))
    assert sum(counts) == len(made)
    for each in made:
        assert play.row(each).status == "expired"
        assert events(play, each).count("referral:withdrawn") == 1


@pytest.mark.parametrize("swept", [True, False])
def test_a_consent_that_runs_out_while_the_form_is_open_opens_nothing(
    play, browser, swept
):
    referral_id, pia = play.refer(), browser("pia")
    path = f"/referrals/{referral_id}/accept-referral"
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown(pia, path))
    )
    play.run_out()
    if swept:
        loading.expire()
    answer = pia.post(path, data=hidden)
    assert answer.status_code == 409
    told = "Referral withdrawn" if swept else "where the referral stands now"
    assert told in words(answer)
    assert "onsent" not in words(answer)
    assert NAME not in words(answer)
    assert play.row(referral_id).status == ("expired" if swept else "sent")
    assert play.opened("pia", referral_id) == set()
    assert NAME not in shown(pia, f"/referrals/{referral_id}")


def test_an_acceptance_and_a_sweep_at_once_leave_nothing_open(play):
    referral_id = play.refer()
    play.run_out()

    def accept() -> str:
        try:
            play.do("pia", provider.accept_referral, referral_id)
        except (WrongStage, Stale):
            return "refused"
        return "accepted"

    with ThreadPoolExecutor(2) as pool:
        accepting, sweeping = pool.submit(accept), pool.submit(loading.expire)
        assert accepting.result() == "refused"
        sweeping.result()
    assert play.row(referral_id).status == "expired"
    assert play.opened("pia", referral_id) == set()


def test_the_provider_sees_no_name_from_the_very_moment_it_ran_out(play):
    referral_id = play.accepted()
    assert play.look("pia", referral_id).name == NAME
    play.run_out(None)
    page = play.look("pia", referral_id)
    assert (page.name, page.is_open, page.line.status) == (None, False, "accepted")


@pytest.mark.parametrize("status", ["accepted", "completed", "revoked", "sent"])
def test_the_sweep_ends_referrals_and_moves_them_nowhere_else(play, status):
    referral_id = play.refer()
    other = update(Referral).where(Referral.id == referral_id)
    with pytest.raises(DBAPIError), db.transaction(SWEEP) as session:
        session.execute(other.values(status=status, kind="legal"))
    assert play.row(referral_id).kind == "medical"


def test_words_that_were_sealed_before_a_renewal_are_carried_over(play):
    referral_id = play.accepted()
    body = {"status": "in_progress", "done_at": a_minute_on(), "report": "She came"}
    play.do("pia", provider.report_service, referral_id, **body)
    play.do("salma", care.withdraw_referral, referral_id, why="revoke")
    assert [each.text for each in play.look("salma", referral_id).reports] == [
        "She came"
    ]
    with play.world.owner() as connection:
        versions = text("SELECT max(version) FROM compartments WHERE referral_id = :id")
        assert connection.scalar(versions, {"id": referral_id}) == 2
        count = select(func.count()).where(ServiceReport.referral_id == referral_id)
        assert connection.scalar(count) == 1
