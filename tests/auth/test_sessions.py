"""Signing in: slow for guessers, locked for nobody, and over when it should be."""

import base64
import functools
import uuid

import pytest
from sqlalchemy import text

from auth import accounts, attempts, sessions
from auth.commands import account
from auth.credentials import lock_of
from auth.policy import Role
from core import db
from core.errors import Invalid, Stale
from tests import people
from tests.conftest import CHEAP, PASSWORD
from tests.pages import Browser, make_app

OTHER = "another long password"


@pytest.fixture
def hire(world, cast):
    """Make somebody new: `hire()` returns them."""

    def hire_one(office="NBO"):
        office_id = world.made.offices[office] if office else None
        return people.hire(world, cast.adam, [Role.INVESTIGATOR], office_id=office_id)

    return hire_one


@pytest.fixture
def enter(world):
    """Sign in; every call comes from another place unless it says from where."""

    def sign_in(person, password=PASSWORD, source=None):
        source = source or uuid.uuid4().hex
        return sessions.sign_in(person.username, password, world.pepper, source)

    return sign_in


def aged(world, person, column, by):
    with world.owner() as owner:
        owner.execute(
            text(
                f"UPDATE sessions SET {column} = {column} - interval '{by}'"
                " WHERE person_id = :id"
            ),
            {"id": person.id},
        )


def count(world, person):
    with world.owner() as owner:
        rows = text("SELECT count(*) FROM sessions WHERE person_id = :id")
        return owner.execute(rows, {"id": person.id}).scalar_one()


def test_who_signs_in_has_their_key_in_hand(hire, enter):
    person = hire()
    found = sessions.resume(enter(person))
    assert found.person.id == found.actor.id == person.id
    assert found.get_id() == str(person.id)
    assert found.actor.keyring.private_of(person.id, 1)
    assert found.actor.desks == ()


def test_a_session_shows_no_key(hire, enter):
    found = sessions.resume(enter(hire()))
    assert repr(found.actor.keyring.private) not in repr(found)


@pytest.mark.parametrize(
    ("office", "zone"),
    [("NBO", "Africa/Nairobi"), ("AMM", "Asia/Amman"), (None, "UTC")],
)
def test_a_session_knows_the_zone_of_the_office(hire, enter, office, zone):
    assert sessions.resume(enter(hire(office))).zone == zone


@pytest.mark.parametrize(
    ("column", "by", "holds"),
    [
        ("seen_at", "14 minutes", True),
        ("seen_at", "15 minutes", False),
        ("started_at", "7 hours 59 minutes", True),
        ("started_at", "8 hours", False),
    ],
)
def test_a_session_ends_when_unused_or_old(world, hire, enter, column, by, holds):
    person = hire()
    cookie = enter(person)
    aged(world, person, column, by)
    assert (sessions.resume(cookie) is not None) is holds


def test_a_session_in_use_stays(world, hire, enter):
    person = hire()
    cookie = enter(person)
    for _ in range(3):
        aged(world, person, "seen_at", "10 minutes")
        assert sessions.resume(cookie) is not None


def _bytes(cookie):
    return base64.urlsafe_b64decode(cookie)


def _cookie(data):
    return base64.urlsafe_b64encode(data).decode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:32],
        lambda data: data + b"\0",
        lambda data: bytes(32) + data[32:],
        lambda data: data[:32] + bytes(32),
    ],
)
def test_a_cookie_opens_only_whole(hire, enter, spoil):
    assert sessions.resume(_cookie(spoil(_bytes(enter(hire()))))) is None


@pytest.mark.parametrize("cookie", ["", "é", "!!!!", "a" * 5000])
def test_a_cookie_of_nonsense_opens_nothing(cookie):
    assert sessions.resume(cookie) is None
    sessions.sign_out(cookie)


def test_signing_out_ends_this_session_and_no_other(world, hire, enter):
    person = hire()
    one, two = enter(person), enter(person)
    sessions.sign_out(one)
    sessions.sign_out(one)
    assert sessions.resume(one) is None
    assert sessions.resume(two) is not None


def test_all_sessions_end_at_once(world, hire, enter):
    person = hire()
    cookie = enter(person)
    enter(person)
    with db.transaction(sessions.resume(cookie).actor):
        sessions.end_all(person.id)
    assert count(world, person) == 0


def test_a_closed_account_has_no_session_and_starts_none(cast, hire, enter):
    person = hire()
    cookie = enter(person)
    with db.transaction(cast.adam) as session:
        accounts.disable_person(session.get_one(type(person), person.id))
    assert sessions.resume(cookie) is None
    with pytest.raises(Invalid) as refused:
        enter(person)
    assert refused.value.fields == {"password": [sessions.WRONG]}


@pytest.fixture
def change(world, monkeypatch):
    """Change a password as the page does, at a low price."""
    cheap = functools.partial(lock_of, cost=CHEAP)
    monkeypatch.setattr(account, "lock_of", cheap)

    def change_one(actor, old, new):
        account.change_password(actor, None, {"old": old, "new": new})

    return change_one


def test_another_password_opens_the_same_key(world, hire, enter, change):
    person = hire()
    before = sessions.resume(enter(person))
    change(before.actor, PASSWORD, OTHER)
    assert count(world, person) == 0
    after = sessions.resume(enter(person, OTHER))
    assert after.actor.keyring.private == before.actor.keyring.private
    with pytest.raises(Invalid):
        enter(person)


def test_of_two_who_change_a_password_at_once_the_second_is_told(
    world, hire, enter, change
):
    person = hire()
    actor = sessions.resume(enter(person)).actor
    checked = sessions.check_password(actor, PASSWORD, world.pepper)
    change(actor, PASSWORD, OTHER)
    with pytest.raises(Stale), db.transaction(actor):
        sessions.change_password(actor, checked, lock_of("x", world.pepper, CHEAP))
    assert sessions.resume(enter(person, OTHER))


@pytest.mark.parametrize(("old", "new"), [("wrong", OTHER), (PASSWORD, PASSWORD)])
def test_a_password_changes_only_from_the_present_one_to_another(
    world, hire, enter, change, old, new
):
    person = hire()
    actor = sessions.resume(enter(person)).actor
    with pytest.raises(Invalid):
        change(actor, old, new)
    assert count(world, person) == 1


def test_without_the_pepper_a_password_opens_nothing(hire):
    person = hire()
    with pytest.raises(Invalid):
        sessions.sign_in(person.username, PASSWORD, bytes(32), "elsewhere")


def guess(enter, person, times, source=None):
    for _ in range(times):
        with pytest.raises(Invalid) as refused:
            enter(person, "a wrong guess", source)
    return refused.value.fields["password"]


class Nobody:
    """A name that nobody has."""

    username = "nobody-at-all"


@pytest.mark.parametrize("known", [True, False])
def test_guessing_from_one_place_is_slowed_for_every_name_alike(hire, enter, known):
    person, place = hire() if known else Nobody, uuid.uuid4().hex
    assert guess(enter, person, attempts.PER_NAME_AND_PLACE, place) == [sessions.WRONG]
    assert guess(enter, person, 1, place) == [attempts.WAIT]


def test_who_guesses_elsewhere_locks_nobody_out(hire, enter):
    person = hire()
    guess(enter, person, attempts.PER_NAME_AND_PLACE + 1, "their place")
    assert sessions.resume(enter(person, source="my place"))


def test_the_right_password_forgets_wrong_ones(hire, enter):
    person, place = hire(), uuid.uuid4().hex
    for _ in range(2):
        guess(enter, person, attempts.PER_NAME_AND_PLACE - 1, place)
        enter(person, source=place)


def test_guessing_from_many_places_is_slowed_in_the_end(hire, enter, monkeypatch):
    monkeypatch.setattr(attempts, "PER_NAME", 3)
    person = hire()
    assert guess(enter, person, 3) == [sessions.WRONG]
    assert guess(enter, person, 1) == [attempts.WAIT]


def test_guessing_many_names_from_one_place_is_slowed(hire, enter, monkeypatch):
    monkeypatch.setattr(attempts, "PER_PLACE", 2)
    place = uuid.uuid4().hex
    guess(enter, hire(), 1, place)
    guess(enter, hire(), 1, place)
    assert guess(enter, hire(), 1, place) == [attempts.WAIT]


def test_after_a_while_one_may_try_again(world, hire, enter):
    person, place = hire(), uuid.uuid4().hex
    guess(enter, person, attempts.PER_NAME_AND_PLACE + 1, place)
    with world.owner() as owner:
        owner.execute(
            text("UPDATE sign_in_attempts SET at = at - interval '15 minutes'")
        )
    assert sessions.resume(enter(person, source=place))


def test_neither_name_nor_place_of_an_attempt_is_kept(world, hire, enter):
    person, place = hire(), "192.0.2.77"
    guess(enter, person, 1, place)
    with world.owner() as owner:
        rows = owner.execute(
            text("SELECT sign_in_attempts::text FROM sign_in_attempts")
        )
        kept = "\n".join(rows.scalars())
    for word in (person.username, place):
        assert word not in kept
        assert word.encode().hex() not in kept


def test_the_cookie_is_for_this_site_and_not_for_scripts(world):
    seen = Browser(make_app(world)).sign_in("amina")
    kept = seen.client.get_cookie("session-local")
    assert kept.http_only
    assert kept.same_site == "Lax"
    secure = make_app(world).test_client()
    page = secure.get("/sign-in", base_url="https://localhost").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = secure.post(
        "/sign-in",
        data={"csrf_token": token, "username": "Amina", "password": PASSWORD},
        base_url="https://localhost",
    )
    named = [each for each in answer.headers.getlist("Set-Cookie") if "session" in each]
    assert named[0].startswith("__Host-session=")
    assert "Secure" in named[0]
