"""Codes: never a key, open for a while, after a reset known whole to nobody else."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from auth import accounts, sessions
from auth.commands import people
from auth.credentials import LETTERS, code_of, first_mark, is_code, lock_of, new_half
from auth.models import Person, SignInCode
from auth.policy import Role
from core import db
from core.errors import Invalid, WrongStage
from tests.auth.acts import ask_for_reset, confirm, do, reset, waiting
from tests.conftest import CHEAP
from tests.people import choose, hire, opened, with_code
from vault import holders
from vault.crypto import new_pair


@pytest.fixture
def new(cast):
    """An account that was just opened, and its code."""
    return opened(cast.adam, [Role.INVESTIGATOR])


@pytest.fixture
def lost(world, cast):
    """Somebody whose key was reset, and the code that two people were shown."""
    person = hire(world, cast.adam, [Role.INVESTIGATOR])
    return person, reset(cast.adam, cast.cora, person.id)


def refused(world, person, code):
    with pytest.raises(Invalid) as problem:
        with_code(world, person, code)
    return problem.value.fields == {"password": [sessions.WRONG]}


def rows(world, table, column, person_id):
    with world.owner() as owner:
        query = text(f"SELECT count(*) FROM {table} WHERE {column} = :id")
        return owner.scalar(query, {"id": person_id})


def test_no_key_is_there_before_a_password_is_chosen(world, cast, new):
    person, code = new
    for table, column in (("holder_keys", "holder_id"), ("credentials", "person_id")):
        assert rows(world, table, column, person.id) == 0
    assert with_code(world, person, code).keyring is None
    assert rows(world, "holder_keys", "holder_id", person.id) == 0
    choose(world, person, code)
    assert rows(world, "holder_keys", "holder_id", person.id) == 1
    assert rows(world, "sign_in_codes", "person_id", person.id) == 0


def test_a_code_is_used_once(world, new):
    person, code = new
    first, second = with_code(world, person, code), with_code(world, person, code)
    lock = lock_of("a password of my own", world.pepper, CHEAP)
    with db.transaction(first):
        sessions.choose_password(first, lock)
    with pytest.raises(WrongStage), db.transaction(second):
        sessions.choose_password(second, lock)
    assert refused(world, person, code)


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.lower(),
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: f" {code} ",
    ],
)
def test_a_code_is_read_however_its_groups_are_written(world, new, typed):
    person, code = new
    assert with_code(world, person, typed(code))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda code: code[:-1],
        lambda code: code + "0",
        lambda code: code[12:] + "-" + code[:11],
        lambda code: "",
        lambda code: "no code at all",
    ],
)
def test_another_code_is_a_wrong_password(world, new, wrong):
    person, code = new
    assert refused(world, person, wrong(code))


@pytest.mark.parametrize(("which", "lasts"), [("new", 7 * 24), ("lost", 24)])
def test_a_code_runs_out(world, request, which, lasts):
    person, code = request.getfixturevalue(which)
    with time_machine.travel(db.now() + timedelta(hours=lasts, minutes=-1)):
        actor = with_code(world, person, code)
    with time_machine.travel(db.now() + timedelta(hours=lasts, minutes=1)):
        assert refused(world, person, code)
        lock = lock_of("a password of my own", world.pepper, CHEAP)
        with pytest.raises(WrongStage), db.transaction(actor):
            sessions.choose_password(actor, lock)


def test_the_database_makes_no_key_with_a_code_that_ran_out(world, new):
    person, code = new
    actor = with_code(world, person, code)
    with world.owner() as owner:
        owner.execute(text("UPDATE sign_in_codes SET expires_at = now()"))
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(actor):
        holders.add_key(person.id, "person", new_pair().public)


def test_each_of_the_two_who_reset_a_key_is_shown_half_a_code(world, cast):
    person = hire(world, cast.adam, [Role.INVESTIGATOR])
    first = ask_for_reset(cast.adam, person.id)
    second = confirm(cast.cora, person.id).values["half"]
    assert len(first) == len(second) == 11
    for half in (first, second, f"{second}-{first}", f"{first}-{first}"):
        assert refused(world, person, half)
    assert with_code(world, person, f"{first}-{second}")


def test_until_it_is_finished_a_reset_opens_nothing(world, cast, lost):
    person, code = lost
    with db.transaction(cast.cora):
        assert holders.public_keys([person.id]) == {}
    actor = with_code(world, person, code)
    assert actor.keyring is None
    assert actor.roles == frozenset()
    assert actor.desks == ()
    choose(world, person, code)
    with db.transaction(cast.cora):
        assert holders.public_keys([person.id])[person.id].generation == 2


def test_a_reset_that_was_not_finished_is_asked_for_again(world, cast, lost):
    person, code = lost
    with pytest.raises(WrongStage), db.transaction(cast.adam) as session:
        accounts.open_with_code(session.get_one(Person, person.id))
    again = reset(cast.adam, cast.coordinator_2, person.id)
    assert refused(world, person, code)
    choose(world, person, again)


def test_an_administrator_alone_gives_no_code_to_who_has_a_key(world, cast):
    person = hire(world, cast.adam, [Role.COORDINATOR])
    halves = new_half(), new_half()
    mark = first_mark(person.id, halves[0])
    with pytest.raises(DBAPIError, match="row-level"), db.transaction(cast.adam):
        db.add(code_of(person.id, mark, halves[1], timedelta(hours=1)))
    assert rows(world, "sign_in_codes", "person_id", person.id) == 0


@pytest.mark.parametrize("who", ["adam", "cora", "mallory", "theo"])
def test_nobody_makes_a_key_for_somebody_else(cast, new, who):
    actor = getattr(cast, who)
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(actor):
        holders.add_key(new[0].id, "person", new_pair().public)


def test_who_has_a_key_makes_no_other_one_alone(cast):
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(cast.ines):
        holders.add_key(cast.ines.id, "person", new_pair().public)


def test_nobody_ends_a_key_alone(world, cast):
    person = hire(world, cast.adam, [Role.INVESTIGATOR])
    ask_for_reset(cast.adam, person.id)
    assert waiting(cast.cora, person.id)
    for actor in (cast.adam, cast.cora, cast.mallory):
        with pytest.raises(DBAPIError, match="not yours"), db.transaction(actor):
            holders.end_key(person.id)


def test_of_a_code_only_a_mark_is_kept(world, cast, new, lost):
    with world.owner() as owner:
        kept = owner.execute(text("SELECT sign_in_codes::text FROM sign_in_codes"))
        text_of = "\n".join(kept.scalars())
        changes = owner.execute(text("SELECT changes::text FROM changes")).scalars()
        text_of += "\n".join(changes)
    for _, code in (new, lost):
        for part in (code, code[:11], code[12:]):
            assert part not in text_of
            assert part.encode().hex() not in text_of


def test_the_letters_of_a_code_do_not_look_alike():
    assert not set("ILOU") & set(LETTERS)
    assert len({new_half() for _ in range(50)}) == 50


def test_a_code_is_bound_to_one_person(cast):
    one, two, half = uuid.uuid4(), uuid.uuid4(), new_half()
    code = code_of(one, first_mark(one, half), half, timedelta(hours=1))
    assert is_code(code, half + half)
    code.person_id = two
    assert not is_code(code, half + half)


def test_closing_an_account_ends_what_its_code_opens(world, cast, new):
    person, code = new
    with db.transaction(cast.adam) as session:
        row = session.scalar(select(Person).where(Person.id == person.id))
        accounts.disable_person(row)
    assert refused(world, person, code)
    with pytest.raises(WrongStage), db.transaction(cast.adam) as session:
        accounts.open_with_code(session.get_one(Person, person.id))


def test_a_code_before_is_worth_nothing(world, cast, new):
    person, code = new
    with db.transaction(cast.adam) as session:
        again = accounts.open_with_code(session.get_one(Person, person.id))
    assert refused(world, person, code)
    choose(world, person, again)


def test_nobody_reads_codes_but_who_needs_them(world, cast, new):
    for who in ("amina", "theo", "ines", "pia", "mallory", "cora"):
        with db.transaction(getattr(cast, who)) as session:
            found = session.scalars(select(SignInCode)).all()
            assert found == []


def test_a_reset_of_who_has_no_key_is_a_matter_of_a_code(cast, new):
    with pytest.raises(WrongStage, match="Give them a code"):
        do(cast.adam, people.ask_for_reset, new[0].id)


def test_of_two_who_choose_at_once_with_one_code_one_is_told_that_it_is_used(
    world, new
):
    person, code = new
    actors = [with_code(world, person, code) for _ in range(2)]
    lock, start = lock_of("a password of my own", world.pepper, CHEAP), Barrier(2)

    def finish(actor):
        start.wait()
        try:
            with db.transaction(actor):
                sessions.choose_password(actor, lock)
                time.sleep(0.2)
        except WrongStage:
            return "used"
        return "chosen"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(finish, actors)) == ["chosen", "used"]
    assert rows(world, "holder_keys", "holder_id", person.id) == 1
