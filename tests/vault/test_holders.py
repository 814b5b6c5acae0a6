"""Desks' keys from hand to hand, who makes a key, and what no longer opens."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import text

from auth.actor import SETUP
from core import db
from core.errors import NotHeld
from tests.auth.acts import close, holding, remove
from tests.vault.lying import changed
from tests.vault.raw import privates
from vault import holders
from vault.crypto import Tampered, bind, open_with, seal_to

GENERATIONS = 5


def fresh(actor):
    return replace(actor, keyring=replace(actor.keyring, _desks={}))


def renew(actor, desk_id):
    own = fresh(actor)
    with db.transaction(own):
        return holders.renew_desk_keys(own.keyring, [desk_id])


def sealed_now(actor, desk_id):
    """Seal a word to a desk as it is now; return generation and bytes."""
    with db.transaction(actor):
        key = holders.public_keys([desk_id])[desk_id]
    return key.generation, seal_to(key.data, b"word", bind("test"))


def stale(raw, desk_id):
    due = text("UPDATE holders SET renew_since = now() WHERE id = :id")
    raw.execute(due, {"id": desk_id})


@pytest.fixture
def desk(hire, set_up, signed):
    """A desk of three, signed in."""
    people = [hire() for _ in range(3)]
    desk_id = set_up(*people)
    return desk_id, [signed(person) for person in people]


def test_a_key_that_is_not_due_is_left_alone(desk):
    desk_id, (one, *_) = desk
    assert renew(one, desk_id) == []
    assert sealed_now(one, desk_id)[0] == 1


def test_the_newest_of_five_generations_opens_what_was_sealed_to_each(raw, desk, cast):
    desk_id, (one, two, three) = desk
    words = [sealed_now(one, desk_id)]
    for _ in range(GENERATIONS - 1):
        stale(raw, desk_id)
        assert renew(one, desk_id) == [desk_id]
        words.append(sealed_now(one, desk_id))
    assert [generation for generation, _ in words] == [1, 2, 3, 4, 5]
    for member in (one, two, three):
        ring = fresh(member).keyring
        with db.transaction(member):
            for generation, sealed in reversed(words):
                private = ring.private_of(desk_id, generation)
                assert open_with(private, sealed, bind("test")) == b"word"
                ring.forget(desk_id)


def test_a_generation_that_came_while_a_key_was_in_the_hand_is_fetched(raw, desk):
    desk_id, (one, two, _) = desk
    ring = fresh(one).keyring
    with db.transaction(one):
        assert ring.newest(desk_id)[0] == 1
        stale(raw, desk_id)
    renew(two, desk_id)
    with db.transaction(one):
        assert ring.private_of(desk_id, 2) != ring.private_of(desk_id, 1)


@pytest.mark.parametrize("generation", [0, 2, 9])
def test_a_generation_that_never_was_is_not_taken_for_another(desk, generation):
    desk_id, (one, *_) = desk
    with db.transaction(one), pytest.raises(Tampered):
        fresh(one).keyring.private_of(desk_id, generation)


def test_an_older_key_swapped_with_another_desks_is_noticed(
    raw, desk, hire, set_up, signed
):
    desk_id, (one, *_) = desk
    other = set_up(one.id, hire())
    member = signed(one.id)
    for each in (desk_id, other):
        stale(raw, each)
        renew(member, each)
    swap = text(
        "UPDATE holder_keys a SET older = b.older FROM holder_keys b"
        " WHERE a.generation = 2 AND b.generation = 2"
        " AND a.holder_id = :a AND b.holder_id = :b"
    )
    raw.execute(swap, {"a": desk_id, "b": other})
    ring = fresh(member).keyring
    with db.transaction(member):
        assert ring.private_of(desk_id, 2)
        with pytest.raises(Tampered):
            ring.private_of(desk_id, 1)


@pytest.mark.parametrize("columns", ["sealed_key", "sealed_key, generation"])
def test_a_members_key_of_before_put_back_opens_nothing_newer(raw, desk, columns):
    """Nor is it taken for the newest, where the generation is put back with it."""
    desk_id, (one, *_) = desk
    mine = {"desk": desk_id, "by": one.id}
    where = "FROM held_keys WHERE holder_id = :desk AND by_id = :by"
    before = raw.execute(text(f"SELECT {columns} {where}"), mine).one()._asdict()
    stale(raw, desk_id)
    renew(one, desk_id)
    _, sealed = sealed_now(one, desk_id)
    with changed(raw, "held_keys", {"holder_id": desk_id, "by_id": one.id}, **before):
        ring = fresh(one).keyring
        with db.transaction(one), pytest.raises(Tampered):
            open_with(ring.private_of(desk_id, 2), sealed, bind("test"))


@pytest.mark.parametrize("gone", ["row", "key"])
def test_a_generation_put_back_in_the_database_is_not_sealed_to(raw, desk, gone):
    """The newest out of the way: the audit trail still names it."""
    desk_id, (one, *_) = desk
    stale(raw, desk_id)
    renew(one, desk_id)
    first = text("SELECT public_key FROM holder_keys WHERE holder_id = :id")
    to = {
        "row": {"generation": 0},
        "key": {"public_key": raw.scalars(first, {"id": desk_id}).first()},
    }[gone]
    newest = {"holder_id": desk_id, "generation": 2}
    with (
        changed(raw, "holder_keys", newest, **to),
        db.transaction(one),
        pytest.raises(Tampered),
    ):
        holders.public_keys([desk_id])


def test_who_makes_the_next_key_leaves_out_whoever_may_not_use_it(
    raw, desk, cast, signed
):
    desk_id, (one, two, three) = desk
    remove(cast.adam, desk_id, one.id)
    assert holding(cast.adam, desk_id) == {two.id, three.id}
    renew(two, desk_id)
    rows = text("SELECT by_id, generation FROM held_keys WHERE holder_id = :id")
    assert dict(raw.execute(rows, {"id": desk_id}).all()) == {two.id: 2, three.id: 2}
    with db.transaction(one), pytest.raises(NotHeld):
        fresh(one).keyring.newest(desk_id)


def test_the_last_key_goes_behind_the_gate_and_opens_to_nobody(raw, desk, cast):
    desk_id, members = desk
    for member in members:
        close(cast.adam, member.id)
    rows = text("SELECT by_id, gated FROM held_keys WHERE holder_id = :id")
    (kept,) = raw.execute(rows, {"id": desk_id}).all()
    assert kept.gated
    last = next(member for member in members if member.id == kept.by_id)
    for ring in (fresh(member).keyring for member in members):
        assert {holder for holder, _ in privates(raw, ring)} == {ring.holder_id}
        with db.transaction(SETUP), pytest.raises(NotHeld):
            ring.newest(desk_id)
    with db.transaction(cast.adam):
        holders.take_desk_key(desk_id, last.id)
    assert raw.execute(rows, {"id": desk_id}).all() == [kept]


def test_a_key_that_nobody_holds_is_not_taken_twice(raw, desk, cast):
    desk_id, _ = desk
    with db.transaction(cast.adam):
        holders.take_desk_key(desk_id, uuid.uuid4())
    due = text("SELECT renew_since FROM holders WHERE id = :id")
    assert raw.scalar(due, {"id": desk_id}) is None


def test_four_members_who_come_at_once_make_one_key(raw, desk):
    desk_id, members = desk
    stale(raw, desk_id)
    together = Barrier(len(members))

    def at_once(actor):
        together.wait(timeout=30)
        return renew(actor, desk_id)

    with ThreadPoolExecutor(len(members)) as pool:
        made = list(pool.map(at_once, members))
    assert sorted(made) == [[], [], [desk_id]]
    assert sealed_now(members[0], desk_id)[0] == 2
    keys = set()
    for member in members:
        with db.transaction(member):
            keys.add(fresh(member).keyring.newest(desk_id))
    assert len(keys) == 1
