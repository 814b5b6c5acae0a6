"""A small organisation of its own for one search: people, desks, an office, a case."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from auth import desks
from auth.accounts import create_office
from auth.actor import SETUP, Actor
from auth.credentials import wrapping_key
from auth.models import Credential, Person
from auth.policy import DeskKind, Role
from auth.routing import set_route
from auth.sessions import actor_of
from core import db
from tests.conftest import PASSWORD
from tests.people import enlist
from vault.crypto import bind, decrypt

STAFF = {
    "amina": Role.FOCAL_POINT,
    "amira": Role.FOCAL_POINT,
    "asha": Role.FOCAL_POINT,
    "cora": Role.COORDINATOR,
    "cleo": Role.COORDINATOR,
    "ines": Role.INVESTIGATOR,
    "omar": Role.INVESTIGATOR,
    "inga": Role.INVESTIGATOR,
    "salma": Role.CARE_OFFICER,
    "sara": Role.CARE_OFFICER,
    "lena": Role.LEGAL_OFFICER,
    "levi": Role.LEGAL_OFFICER,
    "adam": Role.ADMINISTRATOR,
}
DESKS = {
    "intake": (DeskKind.INTAKE, ("amina", "amira")),
    "coordination": (DeskKind.COORDINATION, ("cora", "cleo")),
    "investigation": (DeskKind.INVESTIGATION, ("ines", "omar")),
    "care": (DeskKind.CARE, ("salma", "sara")),
    "legal": (DeskKind.LEGAL, ("lena", "levi")),
    "duty": (DeskKind.DUTY, ("amira", "asha")),
}


@dataclass
class House:
    """Who is there, by short name; `keyed` are those who were given a desk's key."""

    office: uuid.UUID
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    desks: dict[str, uuid.UUID] = field(default_factory=dict)
    privates: dict[str, bytes] = field(default_factory=dict)
    keyed: set[tuple[str, str]] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def gone(self) -> set[str]:
        """Return who cannot sign in: closed, or waiting to choose a password."""
        return self.closed | self.lost.keys()

    def actor(self, name: str) -> Actor:
        """Return a person as they would be signed in now."""
        with db.transaction(Actor(service="public")) as session:
            row = session.get_one(Person, self.people[name])
            return actor_of(row, self.privates[name])

    def at(self, name: str) -> set[uuid.UUID]:
        """Return the ids whose standings count as somebody's, by hand."""
        own = {self.desks[desk] for desk, who in self.keyed if who == name}
        return set() if name in self.gone else {self.people[name], *own}

    def able(self, desk: str) -> set[str]:
        """Return who holds a desk's key and may use it."""
        return {who for at, who in self.keyed if at == desk} - self.gone


def build(world: Any, names: Iterable[str] = STAFF) -> House:
    """Make a house in the world's database, as its owner would set it up."""
    tag = uuid.uuid4().hex[:10]
    db.connect(world.where.owner)
    try:
        with db.transaction(SETUP) as session:
            office = create_office(
                f"H{tag[:7]}".upper(), tag, "KE", "Africa", "Africa/Nairobi", ["sun"]
            )
            house = House(office.id)
            for name in names:
                _open_account(session, house, world, name, tag)
            _furnish(house)
    finally:
        db.connect(world.where.app)
    return house


def _open_account(session: Any, house: House, world: Any, name: str, tag: str) -> None:
    about = {"office_id": house.office}
    made = enlist(world, f"{name}-{tag}", [STAFF[name]], name, **about)
    house.people[name] = made.id
    house.privates[name] = unlock(session, made.id, PASSWORD, world.pepper)


def unlock(session: Any, person_id: uuid.UUID, password: str, pepper: bytes) -> bytes:
    """Return somebody's private key, as signing in does."""
    row = session.get_one(Credential, person_id)
    session.refresh(row)
    key = wrapping_key(password, row, pepper)
    return decrypt(key, row.sealed_key, bind("person", person_id))


def _furnish(house: House) -> None:
    for key, (kind, names) in DESKS.items():
        members = [house.people[name] for name in names]
        desk = desks.create(f"{key} {house.office}", kind, house.office, members)
        desks.make_key(desk.id, members)
        house.desks[key] = desk.id
        house.keyed |= {(key, name) for name in names}
        set_route(house.office, kind, desk.id)
