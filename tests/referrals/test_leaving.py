"""Somebody leaves a provider's desk: what they knew, they can no longer open."""

from types import SimpleNamespace

import pytest

from auth import desks
from auth.policy import DeskKind, Role
from auth.sessions import resume, sign_in
from core import db
from referrals import loading
from referrals.commands import provider
from referrals.commands.directory import create_service
from referrals.models import Referral
from tests.conftest import PASSWORD
from tests.people import hire
from tests.referrals.conftest import NAME, service_body
from vault import holders
from vault.crypto import Tampered

FIRST, SECOND = {("referral", 1)}, {("referral", 2)}


@pytest.fixture
def hill(world, cast, play):
    """A provider's desk of its own with two members, chosen for this case."""
    people = [hire(world, cast.adam, [Role.PROVIDER]) for _ in range(2)]
    names = [each.username for each in people]
    with db.transaction(cast.adam):
        office_id, members = world.made.offices["NBO"], [each.id for each in people]
        desk = desks.create(names[0], DeskKind.PROVIDER, office_id, members)
    with db.transaction(cast.cora):
        desks.make_key(desk.id, members)
    with db.transaction(cast.salma):
        body = service_body(world, desk=str(desk.id))
        play.service_id = create_service(cast.salma, None, body)
    actors = [resume(sign_in(name, PASSWORD, world.pepper)).actor for name in names]
    stays, goes = actors
    return SimpleNamespace(id=desk.id, stays=stays, goes=goes)


def leave(play, hill):
    """One leaves; the other re-makes the desk's key, as their next sign-in does."""
    with db.transaction(play.cast.adam):
        desks.leave(hill.id, hill.goes.id)
    with db.transaction(hill.stays):
        holders.renew_desk_keys(hill.stays.keyring, [hill.id])


def accept(hill, referral_id):
    with db.transaction(hill.stays):
        provider.accept_referral(hill.stays, referral_id, {})


def test_who_left_opens_nothing_after_care_has_looked(play, hill):
    referral_id = play.refer()
    accept(hill, referral_id)
    with db.transaction(hill.goes):
        (kept,) = hill.goes.keyring.boxes(play.case_id, referral_id).values()
    leave(play, hill)
    assert play.opened(hill.stays, referral_id) == FIRST
    assert play.look("salma", referral_id).name == NAME
    assert play.opened(hill.stays, referral_id) == SECOND
    assert play.opened(hill.goes, referral_id) == set()
    row = play.row(referral_id)
    with pytest.raises(Tampered):
        kept.open(Referral.name, row.id, row.name)
    assert play.left(referral_id) == []


def test_who_left_before_the_acceptance_never_opens_it(play, hill):
    referral_id = play.refer()
    leave(play, hill)
    accept(hill, referral_id)
    assert play.opened(hill.goes, referral_id) == set()
    with db.transaction(hill.stays):
        loading.open_one(hill.stays, referral_id)
    assert play.look(hill.stays, referral_id).name == NAME
