"""Whose password opens a referral in the raw database: past policy, past row security.

Before the acceptance no provider's does; after the end none does any more, and a key
that a provider kept opens nothing that is stored.
"""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core import db
from core.errors import Forbidden, NotVisible
from referrals import loading
from referrals.commands import care, provider
from referrals.models import Referral
from tests.referrals.conftest import NAME
from vault import gate
from vault.boxes import Box
from vault.crypto import KEY, Tampered, bind, open_with
from vault.models import CompartmentRow

FIRST, SECOND = {("referral", 1)}, {("referral", 2)}


def box_of(play, who, referral_id):
    """The key that a person holds now, and may keep."""
    actor = getattr(play.cast, who)
    with db.transaction(actor):
        (box,) = actor.keyring.boxes(play.case_id, referral_id).values()
    return box


def opens(play, box, referral_id) -> bool:
    """Whether a key opens the stored name, whatever version it claims to be."""
    with play.world.owner() as connection:
        rows = select(CompartmentRow).where(CompartmentRow.referral_id == referral_id)
        found = [(row.id, row.version) for row in connection.execute(rows)]
        row = Session(connection).get_one(Referral, referral_id)
    claims = [box, *(replace(box, id=id, version=version) for id, version in found)]
    for claimed in claims:
        try:
            return claimed.open(Referral.name, row.id, row.name) == NAME
        except Tampered:
            continue
    return False


def grants_of(play, referral_id):
    with play.world.owner() as connection:
        rows = text(
            "SELECT c.id, c.name, c.version, g.holder_id, g.generation, g.sealed_key"
            " FROM key_grants g JOIN compartments c ON c.id = g.compartment_id"
            " WHERE g.referral_id = :id AND g.gated"
        )
        return list(connection.execute(rows, {"id": referral_id}))


def clocks(play, referral_id) -> list[bool]:
    """The time limits of renewing its keys: whether each still runs."""
    with play.world.owner() as connection:
        rows = text(
            "SELECT stopped_at IS NULL FROM clocks"
            " WHERE referral_id = :id AND code = 'referral.keys'"
        )
        return list(connection.scalars(rows, {"id": referral_id}))


def test_before_acceptance_the_providers_password_opens_nothing(play):
    referral_id = play.refer()
    assert play.opened("pia", referral_id) == set()
    assert play.opened("provider_2", referral_id) == set()
    assert play.opened("salma", referral_id) == FIRST


def test_the_servers_gate_key_alone_opens_nothing(play):
    referral_id = play.refer()
    row, found = play.row(referral_id), grants_of(play, referral_id)
    assert [grant.holder_id for grant in found] == [play.clinic]
    for key, name, version, holder, generation, wrapped in found:
        box = Box(key, play.case_id, name, version, b"", referral_id)
        info = box.grant_info(holder, generation)
        lifted = gate.lift(wrapped, *info)
        for at in range(len(lifted) - KEY + 1):
            guess = replace(box, key=lifted[at : at + KEY])
            with pytest.raises(Tampered):
                guess.open(Referral.name, row.id, row.name)
        for who in ("salma", "cora", "pia"):
            private = getattr(play.cast, who).keyring.private
            with pytest.raises(Tampered):
                open_with(private, lifted, bind(*info))


def test_acceptance_alone_opens_it_with_no_care_officer_anywhere(play):
    referral_id = play.refer()
    with play.world.owner() as connection:
        connection.execute(text("DELETE FROM sessions"))
    play.do("pia", provider.accept_referral, referral_id)
    assert play.opened("pia", referral_id) == FIRST
    assert play.opened("provider_2", referral_id) == FIRST
    assert play.clinic in play.holders(referral_id)
    assert play.look("pia", referral_id).name == NAME


def test_receipt_alone_opens_nothing(play):
    referral_id = play.refer()
    play.do("pia", provider.receive_referral, referral_id)
    assert play.opened("pia", referral_id) == set()


def test_a_referral_opens_none_of_the_survivors_others(play):
    accepted, other = play.accepted(), play.refer()
    assert play.opened("pia", accepted) == FIRST
    assert play.opened("pia", other) == set()


def revoke(play, referral_id):
    play.do("salma", care.withdraw_referral, referral_id, why="revoke")


def enter_in_error(play, referral_id):
    play.do("salma", care.withdraw_referral, referral_id, why="enter_in_error")


def withdraw(play, referral_id):
    play.do("salma", care.withdraw_referral, referral_id, why="withdraw_consent")


def refuse(play, _):
    play.consent("refused", command=care.record_consent)


def run_out(play, _):
    play.consent("expired", command=care.record_consent)


@pytest.mark.parametrize("end", [revoke, enter_in_error, withdraw, refuse, run_out])
def test_the_care_officer_who_ends_it_renews_its_key_at_once(play, end):
    referral_id = play.accepted()
    kept = box_of(play, "pia", referral_id)
    assert opens(play, kept, referral_id)
    end(play, referral_id)
    assert play.opened("pia", referral_id) == set()
    assert play.clinic not in play.holders(referral_id)
    assert not play.holders(referral_id, gated=True)
    assert play.opened("salma", referral_id) == SECOND
    assert play.opened("care_2", referral_id) == SECOND
    assert not opens(play, kept, referral_id)
    assert play.look("salma", referral_id).name == NAME
    assert (play.left(referral_id), clocks(play, referral_id)) == ([], [])


@pytest.mark.parametrize("end", [revoke, enter_in_error, withdraw, refuse, run_out])
def test_what_ends_unanswered_was_known_to_nobody_and_keeps_its_key(play, end):
    referral_id = play.refer()
    end(play, referral_id)
    assert grants_of(play, referral_id) == []
    assert play.opened("salma", referral_id) == FIRST
    assert play.left(referral_id) == []


def test_a_rejection_takes_the_gated_key_and_leaves_nothing_to_do(play):
    referral_id = play.refer()
    play.do("pia", provider.reject_referral, referral_id, reason="too_far")
    assert grants_of(play, referral_id) == []
    assert play.opened("pia", referral_id) == set()
    assert play.opened("salma", referral_id) == FIRST
    assert play.left(referral_id) == []


def test_an_expiry_takes_it_at_once_and_leaves_the_key_to_the_next_care_officer(play):
    referral_id = play.accepted()
    kept = box_of(play, "pia", referral_id)
    play.run_out()
    assert loading.expire() > 0
    assert play.opened("pia", referral_id) == set()
    assert play.clinic not in play.holders(referral_id)
    assert (play.left(referral_id), clocks(play, referral_id)) == ([True], [True])
    assert play.look("care_2", referral_id).name == NAME
    assert play.opened("care_2", referral_id) == SECOND
    assert not opens(play, kept, referral_id)
    assert (play.left(referral_id), clocks(play, referral_id)) == ([], [False])


def test_a_barred_care_officer_loses_its_key_at_once_and_the_next_takes_over(play):
    referral_id = play.accepted()
    kept = box_of(play, "salma", referral_id)
    play.bar("salma")
    assert play.opened("salma", referral_id) == set()
    assert play.opened("care_2", referral_id) == set()
    assert play.opened("pia", referral_id) == FIRST
    with pytest.raises(NotVisible):
        play.look("salma", referral_id)
    assert play.left(referral_id) == [True]
    assert play.look("care_2", referral_id).name == NAME
    for who in ("care_2", "pia", "provider_2"):
        assert play.opened(who, referral_id) == SECOND, who
    assert play.opened("salma", referral_id) == set()
    assert not opens(play, kept, referral_id)
    assert play.left(referral_id) == []


def test_a_barred_member_of_the_provider_loses_it_and_care_gives_it_to_the_rest(play):
    referral_id = play.accepted()
    kept = box_of(play, "pia", referral_id)
    play.bar("pia")
    assert play.opened("pia", referral_id) == set()
    assert play.opened("provider_2", referral_id) == set()
    with pytest.raises(NotVisible):
        play.look("pia", referral_id)
    assert play.look("provider_2", referral_id).name is None
    assert play.left(referral_id) == [True]
    play.look("salma", referral_id)
    assert play.opened("provider_2", referral_id) == SECOND
    assert play.look("provider_2", referral_id).name == NAME
    assert play.opened("pia", referral_id) == set()
    assert not opens(play, kept, referral_id)
    assert play.holders(referral_id) >= {play.world.made.people["provider-2"]}


def test_barred_before_the_acceptance_a_member_never_gets_it(play):
    referral_id = play.refer()
    play.bar("pia")
    play.do("provider_2", provider.accept_referral, referral_id)
    assert play.opened("provider_2", referral_id) == FIRST
    assert play.opened("pia", referral_id) == set()
    assert play.clinic not in play.holders(referral_id)


def test_only_who_stands_in_care_catches_up(play):
    referral_id = play.accepted()
    play.bar("care_2")
    for who in ("pia", "provider_2", "ines", "amina", "cora", "omar", "theo"):
        with db.transaction(getattr(play.cast, who)):
            loading.open_one(getattr(play.cast, who), referral_id)
            loading.open_all(getattr(play.cast, who), play.case_id)
    with db.transaction(play.cast.care_2):
        loading.open_all(play.cast.care_2, play.case_id)
        loading.open_one(play.cast.care_2, uuid.uuid4())
    assert play.left(referral_id) == [True]
    with db.transaction(play.cast.salma):
        loading.open_all(play.cast.salma, play.case_id)
    assert play.left(referral_id) == []
    assert play.opened("salma", referral_id) == SECOND


@pytest.mark.parametrize("page", ["/referrals/{referral}", "/cases/{case}/referrals"])
def test_opening_a_page_catches_up_before_it_is_shown(play, browser, page):
    referral_id = play.accepted()
    play.bar("care_2")
    path = page.format(referral=referral_id, case=play.case_id)
    answer = browser("salma").get(path)
    assert answer.status_code == 200
    assert play.left(referral_id) == []
    assert play.opened("salma", referral_id) == SECOND
    again = browser("salma").get(path)
    assert again.status_code == 200
    assert play.opened("salma", referral_id) == SECOND


def test_keys_that_wait_since_somebody_was_barred_get_a_time_limit_once(play):
    referral_id = play.accepted()
    play.bar("pia")
    assert clocks(play, referral_id) == []
    assert loading.watch_keys() > 0
    assert loading.watch_keys() == 0
    assert clocks(play, referral_id) == [True]
    play.look("salma", referral_id)
    assert clocks(play, referral_id) == [False]


def test_what_becomes_of_keys_is_told_to_care_and_not_to_the_provider(play, browser):
    referral_id = play.accepted()
    play.run_out()
    loading.expire()
    said = {"referral:keys_to_renew", "referral:keys_renewed"}
    page = play.look("salma", referral_id)
    assert said <= {event.event for event in page.events}
    assert "referral.keys" in {clock.code for clock in page.clocks}
    page = play.look("pia", referral_id)
    assert not said & {event.event for event in page.events}
    assert "referral.keys" not in {clock.code for clock in page.clocks}
    assert "Keys of" not in browser("pia").get(f"/referrals/{referral_id}").text


def test_care_cannot_accept_in_the_providers_stead(play):
    referral_id = play.refer()
    with pytest.raises(Forbidden):
        play.do("salma", provider.accept_referral, referral_id)
    assert play.opened("pia", referral_id) == set()
