"""A desk's key is re-made once somebody left: by the next member, by nobody else."""

import logging
import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from auth import keys, sessions
from auth.policy import DeskKind, Role
from casework.commands.intake import file_report
from casework.facts import facts_of
from casework.models.case import Case
from core import db
from tests.auth.acts import close, generation, give, holding, remove, seat
from tests.conftest import PASSWORD
from tests.vault.raw import opened, privates
from vault import holders
from vault.crypto import Tampered, bind, new_pair, open_with, seal_to
from vault.holders import public_keys


@pytest.fixture
def left(cast, desk):
    """A desk that one has left, who kept the private key that it had until then."""
    desk_id, (one, two) = desk
    return desk_id, one, two


def private_of(actor, desk_id):
    with db.transaction(actor):
        return actor.keyring.newest(desk_id)


def seal(actor, desk_id):
    """Seal something new to a desk; return how to open it."""
    with db.transaction(actor):
        key = public_keys([desk_id])[desk_id]
    info, words = bind("new words"), secrets.token_bytes(32)
    sealed = seal_to(key.data, words, info)
    return lambda private: open_with(private, sealed, info) == words


def test_the_next_sign_in_makes_the_desks_next_key(world, cast, left, signed):
    desk_id, one, two = left
    _, kept = private_of(signed(one), desk_id)
    before = seal(cast.adam, desk_id)
    remove(cast.adam, desk_id, one)
    assert generation(world, desk_id) == 1
    member = signed(two)
    assert generation(world, desk_id) == 2
    after = seal(cast.adam, desk_id)
    assert before(kept)
    with pytest.raises(Tampered):
        after(kept)
    with db.transaction(member):
        assert after(member.keyring.private_of(desk_id, 2))
        assert before(member.keyring.private_of(desk_id, 1))
    signed(two)
    assert generation(world, desk_id) == 2


def test_giving_the_key_makes_the_next_one_first(world, cast, left, hire, signed):
    desk_id, one, two = left
    member, new = signed(two), hire()
    remove(cast.adam, desk_id, one)
    seat(cast.adam, desk_id, new)
    give(member, desk_id, new)
    assert generation(world, desk_id) == 2
    assert private_of(signed(new), desk_id) == private_of(signed(two), desk_id)
    assert holding(cast.adam, desk_id) == {two, new}


def test_what_was_sealed_to_the_desk_before_still_opens_to_its_members(
    world, cast, filing, hire, set_up, signed
):
    """A case of before, and one of after: members read both, the leaver neither."""
    one, two = hire(Role.FOCAL_POINT), hire(Role.FOCAL_POINT)
    desk_id = set_up(one, two, kind=DeskKind.INTAKE)
    three, other = signed(one), signed(two)
    with routed(world, desk_id):
        with db.transaction(cast.amina):
            before = file_report(cast.amina, filing("COX")).id
        with world.owner() as raw:
            assert ("report", 1) in opened(raw, three.keyring, before)
        remove(cast.adam, desk_id, one)
        member = signed(two)
        with db.transaction(cast.amina):
            after = file_report(cast.amina, filing("COX")).id
    with db.transaction(member):
        for case_id in (before, after):
            assert ("report", 1) in member.keyring.boxes(case_id)
    with world.owner() as raw:
        for case_id in (before, after):
            assert opened(raw, three.keyring, case_id) == set()
        assert set(privates(raw, three.keyring)) == {
            (one, number) for number in range(1, 9)
        }
    assert other.desks == (desk_id,)


class routed:  # noqa: N801 - reads as a word
    """Let reports of one office go to a desk for a while."""

    def __init__(self, world, desk_id):
        self.world, self.office = world, world.made.offices["COX"]
        self.desk_id, self.before = desk_id, world.made.desks["intake_hq"]

    def __enter__(self):
        self._go_to(self.desk_id)

    def __exit__(self, *_):
        self._go_to(self.before)

    def _go_to(self, desk_id):
        with self.world.owner() as owner:
            owner.execute(
                text(
                    "UPDATE routes SET desk_id = :desk"
                    " WHERE office_id = :office AND kind = 'intake'"
                ),
                {"desk": desk_id, "office": self.office},
            )


def test_two_who_sign_in_at_once_make_one_key(
    world, cast, hire, set_up, signed, monkeypatch, caplog
):
    people = [hire() for _ in range(5)]
    desk_id = set_up(*people)
    remove(cast.adam, desk_id, people[0])
    together = Barrier(4)

    def renew(keyring, desk_ids):
        together.wait(timeout=30)
        return holders.renew_desk_keys(keyring, desk_ids)

    monkeypatch.setattr(sessions, "holders", SimpleNamespace(renew_desk_keys=renew))
    with ThreadPoolExecutor(4) as pool:
        actors = list(pool.map(signed, people[1:]))
    assert generation(world, desk_id) == 2
    assert len({private_of(actor, desk_id) for actor in actors}) == 1
    assert caplog.text == ""


@pytest.mark.parametrize("who", ["adam", "cora", "ines", "amina"])
def test_nobody_outside_makes_a_desks_next_key(world, cast, left, who):
    desk_id, one, _ = left
    remove(cast.adam, desk_id, one)
    with (
        pytest.raises(DBAPIError, match="not yours"),
        db.transaction(getattr(cast, who)),
    ):
        holders.add_key(desk_id, "desk", new_pair().public, b"older")
    assert generation(world, desk_id) == 1


def test_who_left_makes_no_next_key(world, cast, left, signed):
    desk_id, one, _ = left
    leaver = signed(one)
    remove(cast.adam, desk_id, one)
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(leaver):
        holders.add_key(desk_id, "desk", new_pair().public, b"older")
    signed(one)
    assert generation(world, desk_id) == 1


def test_a_sign_in_never_fails_because_of_a_desks_key(
    world, cast, left, signed, monkeypatch, caplog
):
    desk_id, one, two = left
    remove(cast.adam, desk_id, one)

    def broken(*_):
        raise Tampered

    monkeypatch.setattr(sessions.holders, "renew_desk_keys", broken)
    with caplog.at_level(logging.ERROR, "auth.sessions"):
        assert desk_id in signed(two).desks
    assert "desk:renewal_failed" in caplog.text
    assert str(desk_id) in caplog.text
    assert PASSWORD not in caplog.text


def test_a_desk_whose_key_fails_does_not_hold_up_another(
    world, cast, hire, set_up, signed, monkeypatch
):
    one, two = hire(), hire()
    first, second = sorted([set_up(one, two), set_up(one, two)])
    for desk_id in (first, second):
        remove(cast.adam, desk_id, one)
    true = holders.renew_desk_keys

    def broken(keyring, desk_ids):
        if first in desk_ids:
            raise Tampered
        return true(keyring, desk_ids)

    monkeypatch.setattr(sessions.holders, "renew_desk_keys", broken)
    signed(two)
    assert [generation(world, desk_id) for desk_id in (first, second)] == [1, 2]


def test_a_closed_accounts_password_opens_nothing_in_the_raw_database(
    world, cast, filing, hire, set_up, signed
):
    one, two = hire(Role.FOCAL_POINT), hire(Role.FOCAL_POINT)
    desk_id = set_up(one, two, kind=DeskKind.INTAKE)
    with routed(world, desk_id), db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing("COX")).id
    rings = {person: signed(person).keyring for person in (one, two)}

    def reach():
        with world.owner() as raw:
            return [bool(opened(raw, rings[person], case_id)) for person in rings]

    assert reach() == [True, True]
    close(cast.adam, one)
    assert reach() == [False, True]
    close(cast.adam, two)
    assert reach() == [False, False]
    with world.owner() as raw:
        for person, ring in rings.items():
            assert {holder for holder, _ in privates(raw, ring)} == {person}


def test_a_closed_accounts_own_grants_go_behind_the_gate(
    world, cast, filing, hire, signed
):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    new = hire(Role.INVESTIGATOR)
    add_own_grant(world, cast, case_id, new)
    ring = signed(new).keyring
    with world.owner() as raw:
        assert opened(raw, ring, case_id)
    close(cast.adam, new)
    with world.owner() as raw:
        assert opened(raw, ring, case_id) == set()
        gated = text("SELECT bool_and(gated) FROM key_grants WHERE holder_id = :id")
        assert raw.scalar(gated, {"id": new})


def add_own_grant(world, cast, case_id, person_id):
    """Let somebody stand on a case as a person, and give them its keys."""
    with world.owner() as owner:
        owner.execute(
            text(
                "INSERT INTO standings (id, case_id, holder_id, kind, reason,"
                " started_at, entered_at) VALUES (:id, :case, :holder, 'investigator',"
                " 'test', now(), now())"
            ),
            {"id": uuid.uuid4(), "case": case_id, "holder": person_id},
        )
    with db.transaction(cast.ines) as session:
        case = session.get_one(Case, case_id)
        keys.settle(cast.ines, case_id, facts_of(case))
