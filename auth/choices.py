"""What the forms offer to choose from: people, desks, offices."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema
from sqlalchemy import select

from auth import accounts, queries, schemas
from auth.actor import Actor
from auth.models import Desk, Office, Person
from auth.policy import DeskKind
from auth.words import DESK_KINDS
from core import db
from core.fields import offer
from core.text import N_

SchemaOf = Callable[[Any, Any], Schema]
NOBODY = N_("There is nobody to choose now.")


def fixed(form: type[Schema]) -> SchemaOf:
    """Make a form that asks the same of everybody."""
    return lambda _actor, _id: form()


def _offices() -> Mapping[str, str]:
    rows = db.session().scalars(select(Office).order_by(Office.name))
    return {str(row.id): row.name for row in rows}


def _able_people() -> list[Person]:
    able = select(Person).where(Person.disabled_at.is_(None))
    return list(db.session().scalars(able.order_by(Person.name, Person.username)))


def _named(people: Iterable[Person]) -> Mapping[str, str]:
    return {str(row.id): f"{row.name} ({row.username})" for row in people}


def _offer_people(form: Schema, people: Iterable[Person], **about: Any) -> Schema:
    choices = _named(people)
    offer(form, "person", choices)
    nobody = {} if choices else {"hint": NOBODY, "widget": "radios"}
    field = form.fields["person"]
    field.metadata = {**field.metadata, **about, **nobody}
    return form


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
    kind = DeskKind(db.session().get_one(Desk, desk_id).kind)
    seated = {row.id for row in queries.seated(desk_id)}
    fitting = [
        row
        for row in _able_people()
        if accounts.suits(row, kind) and row.id not in seated
    ]
    return _offer_people(schemas.OfMember(), fitting)


def remove_member(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those who sit at the desk, with an account that is open or closed."""
    return _offer_people(schemas.OfMember(), queries.seated(desk_id))


def give_key(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those who wait for the desk's key, each with their own's fingerprint."""
    waiting = queries.waiting_at(desk_id)
    shown = queries.fingerprints([row.id for row in waiting])
    hints = {str(row.id): shown[row.id] for row in waiting}
    form = schemas.GiveDeskKey()
    return _offer_people(form, waiting, hints=hints, widget="radios")


def ask_for_route(_: Actor, __: uuid.UUID) -> Schema:
    """Offer the kinds of cases that an office routes, and the desks."""
    rows = db.session().scalars(select(Desk).order_by(Desk.name))
    desks = {str(row.id): row.name for row in rows if row.kind != DeskKind.PROVIDER}
    kinds = {str(kind): DESK_KINDS[kind] for kind in queries.ROUTED}
    form = offer(schemas.SetRoute(), "kind", kinds)
    offer(form, "desk", desks)
    return offer(form, "alternative", desks)
