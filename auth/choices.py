"""What the forms offer to choose from: people, desks, offices."""

import uuid
from collections.abc import Mapping

from marshmallow import Schema
from sqlalchemy import select

from auth import accounts, queries, schemas
from auth.actor import Actor
from auth.models import Desk, Office, Person
from auth.policy import DeskKind
from core import db
from core.fields import offer
from core.text import N_, Message


def _offices() -> Mapping[str, str]:
    rows = db.session().scalars(select(Office).order_by(Office.name))
    return {str(row.id): row.name for row in rows}


def _able_people() -> list[Person]:
    able = select(Person).where(Person.disabled_at.is_(None))
    return list(db.session().scalars(able.order_by(Person.name, Person.username)))


def _named(people: list[Person]) -> Mapping[str, str]:
    return {str(row.id): f"{row.name} ({row.username})" for row in people}


def create_person(_: Actor, __: None) -> Schema:
    """Make the form of a person, with the offices."""
    return offer(schemas.CreatePerson(), "office", _offices())


def create_desk(_: Actor, __: None) -> Schema:
    """Make the form of a desk, with offices and those who may sit at some desk."""
    fitting = [
        row
        for row in _able_people()
        if any(accounts.suits(row, kind) for kind in DeskKind)
    ]
    form = offer(schemas.CreateDesk(), "office", _offices())
    return offer(form, "members", _named(fitting))


def add_member(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those whose role fits the desk and who do not sit there."""
    desk = db.session().get_one(Desk, desk_id)
    seated = queries.seated(desk_id)
    fitting = [
        row
        for row in _able_people()
        if accounts.suits(row, DeskKind(desk.kind)) and row.id not in seated
    ]
    return offer(schemas.OneMember(), "person", _named(fitting))


def remove_member(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those who sit at the desk, with an account that is open or closed."""
    seated = list(queries.seated(desk_id).values())
    return offer(schemas.OneMember(), "person", _named(seated))


def ask_for_route(_: Actor, __: uuid.UUID) -> Schema:
    """Offer the desks."""
    rows = db.session().scalars(select(Desk).order_by(Desk.kind, Desk.name))
    desks = {str(row.id): row.name for row in rows if row.kind != DeskKind.PROVIDER}
    form = offer(schemas.AskForRoute(), "desk", desks)
    return offer(form, "alternative", desks)


def give_key(actor: Actor, _: None) -> Schema:
    """Offer those who wait at the actor's desks, each with their key's fingerprint."""
    waiting = {
        f"{desk.row.id}/{person.id}": (desk, person)
        for desk in queries.own_desks(actor)
        if desk.holds
        for person in desk.waiting
    }
    names = {
        code: Message(N_("%(name)s, at %(desk)s"), name=person.name, desk=desk.row.name)
        for code, (desk, person) in waiting.items()
    }
    shown = queries.fingerprints([person.id for _, person in waiting.values()])
    form = offer(schemas.GiveKey(), "member", names)
    field = form.fields["member"]
    hints = {code: shown[person.id] for code, (_, person) in waiting.items()}
    field.metadata = {**field.metadata, "hints": hints}
    return form
