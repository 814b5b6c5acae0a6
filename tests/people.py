"""Somebody new: an account that an administrator opened, with a password."""

import uuid
from collections.abc import Iterable
from typing import Any

from auth import accounts, sessions
from auth.actor import Actor
from auth.credentials import lock_of, make_key
from auth.models import Person
from auth.policy import Role
from core import db
from tests.conftest import CHEAP, PASSWORD


def opened(
    adam: Actor, roles: Iterable[Role], username: str | None = None, **about: Any
) -> tuple[Person, str]:
    """Open an account; return the person and their code."""
    username = username or f"s-{uuid.uuid4().hex[:8]}"
    with db.transaction(adam):
        person = accounts.create_person(username, username, roles, **about)
        return person, accounts.open_with_code(person)


def with_code(world: Any, person: Person, code: str) -> Actor:
    """Sign in with a code; return who may choose a password with it."""
    source = uuid.uuid4().hex
    cookie = sessions.sign_in(person.username, code, world.pepper, source)
    found = sessions.resume(cookie)
    assert found is not None
    return found.actor


def choose(
    world: Any, person: Person, code: str, password: str = PASSWORD, cost: Any = CHEAP
) -> None:
    """Sign in with a code and choose a password."""
    actor = with_code(world, person, code)
    lock = lock_of(password, world.pepper, cost)
    with db.transaction(actor):
        sessions.choose_password(actor, lock)


def hire(
    world: Any,
    adam: Actor,
    roles: Iterable[Role],
    username: str | None = None,
    **about: Any,
) -> Person:
    """Open an account whose owner has chosen their password."""
    person, code = opened(adam, roles, username, **about)
    choose(world, person, code)
    return person


def enlist(
    world: Any,
    username: str,
    roles: Iterable[Role],
    name: str | None = None,
    password: str = PASSWORD,
    **about: Any,
) -> Person:
    """Register somebody with a password, in the owner's transaction under way."""
    person = accounts.create_person(username, name or username, roles, **about)
    make_key(person.id, lock_of(password, world.pepper, CHEAP))
    return person
