"""What the forms offer to choose from: people, desks, offices."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema
from sqlalchemy import select

from auth import absence, changes, desks, schemas
from auth.actor import Actor
from auth.changes import Kind
from auth.models import Desk, Office, Person
from auth.policy import DeskKind
from auth.queries.desks import seated, waiting_at
from auth.queries.offices import ROUTED
from auth.queries.people import fingerprints
from auth.words import DESK_KINDS
from core import db
from core.fields import offer
from core.text import N_, Message

SchemaOf = Callable[[Any, Any], Schema]
NOBODY = N_("There is nobody to choose now.")
AT_DESK = N_("%(name)s, at this desk")


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
        if any(desks.suits(row, kind) for kind in DeskKind)
    ]
    form = offer(schemas.CreateDesk(), "office", _offices())
    return offer(form, "members", _named(fitting))


def add_member(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those whose role fits the desk and who do not sit there."""
    kind = DeskKind(db.session().get_one(Desk, desk_id).kind)
    there = {row.id for row in seated(desk_id)}
    fitting = [
        row for row in _able_people() if desks.suits(row, kind) and row.id not in there
    ]
    return _offer_people(schemas.OfMember(), fitting)


def remove_member(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those who sit at the desk, with an account that is open or closed."""
    return _offer_people(schemas.OfMember(), seated(desk_id))


def give_key(_: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer those who wait for the desk's key, each with their own's fingerprint."""
    waiting = waiting_at(desk_id)
    shown = fingerprints([row.id for row in waiting])
    hints = {str(row.id): shown[row.id] for row in waiting}
    form = schemas.GiveDeskKey()
    return _offer_people(form, waiting, hints=hints, widget="radios")


def ask_for_route(_: Actor, __: uuid.UUID) -> Schema:
    """Offer the kinds of cases that an office routes, and the desks."""
    rows = db.session().scalars(select(Desk).order_by(Desk.name))
    listed = {str(row.id): row.name for row in rows if row.kind != DeskKind.PROVIDER}
    kinds = {str(kind): DESK_KINDS[kind] for kind in ROUTED}
    form = offer(schemas.SetRoute(), "kind", kinds)
    offer(form, "desk", listed)
    return offer(form, "alternative", listed)


def be_away(actor: Actor, desk_id: uuid.UUID) -> Schema:
    """Offer who may cover: colleagues who are there, and others with fingerprints."""
    assert actor.id
    desk = db.session().get_one(Desk, desk_id)
    colleagues, others = absence.deputies(desk, actor.id)
    here = {str(row.id): Message(AT_DESK, name=row.name) for row in colleagues}
    form = offer(schemas.BeAway(), "deputy", {**here, **_named(others)})
    shown = fingerprints([row.id for row in others])
    hints = {str(person_id): print_ for person_id, print_ in shown.items()}
    field = form.fields["deputy"]
    nobody = {} if here or others else {"hint": NOBODY}
    field.metadata = {**field.metadata, "hints": hints, **nobody}
    return form


# What one is asked who may confirm a change, and what to think of first.
ASKED: Mapping[Kind, tuple[str, str]] = {
    Kind.ROUTE: (
        N_("Shall these cases go there from now on?"),
        N_("Say yes only if you know the people at the desk."),
    ),
    Kind.DESK: (
        N_("Shall these people hold the desk’s key?"),
        N_(
            "Say yes only once each of them has read out their fingerprint to you, face"
            " to face or on a call where you know the voice."
        ),
    ),
    Kind.RESET: (
        N_("Shall this person get a new key?"),
        N_(
            "Say yes only if they told you themselves, face to face or on a call where"
            " you know the voice. Their present key ends at once."
        ),
    ),
}


def decide_change(actor: Actor, change_id: uuid.UUID) -> Schema:
    """Ask for the decision in the words of what is asked for."""
    label, hint = ASKED[Kind(changes.get(actor, change_id).kind)]
    form = schemas.DecideChange()
    field = form.fields["confirmed"]
    field.metadata = {**field.metadata, "label": label, "hint": hint}
    return form
