"""Every step on people, desks, offices and one's own account, and who may take it."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema
from sqlalchemy import select

from auth import access, accounts, commands, queries, routing, schemas
from auth.actor import Actor
from auth.models import Desk, Office, Person
from auth.policy import DeskKind, May
from auth.words import DESK_KINDS, ROLES
from core import db
from core.errors import NotVisible
from core.fields import offer
from core.steps import Body, Step
from core.text import N_

MANAGE = May.MANAGE_ORGANISATION
Options = Mapping[str, tuple[str, str]]


def _offer(schema: Schema, name: str, options: Options) -> Schema:
    """Let a field choose among options: code -> label and hint."""
    offer(schema, name, {code: label for code, (label, _) in options.items()})
    hints = {code: hint for code, (_, hint) in options.items()}
    field = schema.fields[name]
    field.metadata = {**field.metadata, "hints": hints}
    return schema


def _offices() -> Options:
    rows = db.session().scalars(select(Office).order_by(Office.name))
    return {str(row.id): (row.name, "") for row in rows}


def _people(rows: Iterable[Person]) -> Options:
    return {
        str(row.id): (row.name, ", ".join(ROLES[role] for role in row.roles))
        for row in rows
    }


def _able_people(kinds: Iterable[str]) -> list[Person]:
    """Return everybody who may sit at a desk of one of some kinds, by name."""
    wanted = [DeskKind(kind) for kind in kinds]
    rows = db.session().scalars(select(Person).order_by(Person.name))
    return [row for row in rows if any(accounts.suits(row, kind) for kind in wanted)]


def _desks() -> Options:
    rows = db.session().scalars(select(Desk).order_by(Desk.name))
    return {str(row.id): (row.name, DESK_KINDS[row.kind]) for row in rows}


def _plain(form: type[Schema]) -> Callable[[Any, Any], Schema]:
    return lambda _actor, _id: form()


def _create_person(_: Actor, __: None) -> Schema:
    return _offer(schemas.CreatePerson(), "office", _offices())


def _create_desk(_: Actor, __: None) -> Schema:
    form = _offer(schemas.CreateDesk(), "office", _offices())
    return _offer(form, "members", _people(_able_people(DeskKind)))


def _join_desk(_: Actor, desk_id: uuid.UUID) -> Schema:
    seated = {member.person.id for member in queries.members(desk_id)}
    desk = db.session().get_one(Desk, desk_id)
    people = [row for row in _able_people([desk.kind]) if row.id not in seated]
    return _offer(schemas.OfMember(), "person", _people(people))


def _leave_desk(_: Actor, desk_id: uuid.UUID) -> Schema:
    people = (member.person for member in queries.members(desk_id))
    return _offer(schemas.OfMember(), "person", _people(people))


def _give_desk_key(_: Actor, desk_id: uuid.UUID) -> Schema:
    waiting = queries.waiting_members(desk_id)
    options = {
        str(one.person.id): (one.person.name, one.fingerprint) for one in waiting
    }
    return _offer(schemas.GiveDeskKey(), "person", options)


def _set_route(_: Actor, __: uuid.UUID) -> Schema:
    desks = _desks()
    return _offer(_offer(schemas.SetRoute(), "desk", desks), "alternative", desks)


def _manages(actor: Actor, _: None) -> None:
    access.require_role(actor, MANAGE)


def _oneself(actor: Actor, _: None) -> Actor:
    if actor.id is None:
        raise NotVisible
    return actor


def _holds_key(actor: Actor, desk_id: uuid.UUID) -> Desk:
    if desk_id not in actor.desks:
        raise NotVisible
    return db.session().get_one(Desk, desk_id)


def _confirms(_: Actor, change_id: uuid.UUID) -> Any:
    return routing.get(change_id)


def _step(
    name: str,
    path: str,
    title: str,
    command: Callable[[Any, Any, Body], Any],
    schema: Callable[[Any, Any], Schema],
    allow: Callable[[Any, Any], Any],
    after: str,
    **more: Any,
) -> Step:
    return Step(
        endpoint=f"auth.{name}",
        path=path,
        title=title,
        command=command,
        schema=schema,
        allow=allow,
        after=f"auth.{after}",
        **{"may": MANAGE, **more},
    )


OWN = "own_account"
CREATE_PERSON = _step(
    "create_person",
    "/people/new",
    N_("Add a person"),
    commands.create_person,
    _create_person,
    _manages,
    "people",
    intro=N_("They get a password for one sign-in, which you tell them."),
    submit=N_("Add the person"),
)
DISABLE_PERSON = _step(
    "disable_person",
    "/people/<uuid:id>/disable",
    N_("Close an account"),
    commands.disable_person,
    _plain(schemas.Confirm),
    queries.find_person,
    "person",
    intro=N_(
        "They are signed out everywhere at once and cannot sign in again. Tell the"
        " coordinators: cases in this person’s own name need somebody else."
    ),
    submit=N_("Close the account"),
    done=N_("The account is closed."),
    when=lambda person: person.disabled_at is None,
)
CREATE_DESK = _step(
    "create_desk",
    "/desks/new",
    N_("Add a desk"),
    commands.create_desk,
    _create_desk,
    _manages,
    "desk",
    submit=N_("Add the desk"),
    done=N_("The desk is there. It takes cases once a route leads to it."),
)
JOIN_DESK = _step(
    "join_desk",
    "/desks/<uuid:id>/join",
    N_("Add a member"),
    commands.join_desk,
    _join_desk,
    queries.find_desk,
    "desk",
    intro=N_("They see the desk’s cases once another member has given them its key."),
    submit=N_("Add the member"),
    done=N_("Added. Ask a member of the desk to give them the key."),
)
LEAVE_DESK = _step(
    "leave_desk",
    "/desks/<uuid:id>/leave",
    N_("Remove a member"),
    commands.leave_desk,
    _leave_desk,
    queries.find_desk,
    "desk",
    intro=N_("They lose the desk’s key and its cases at once."),
    submit=N_("Remove the member"),
)
GIVE_DESK_KEY = _step(
    "give_desk_key",
    "/desks/<uuid:id>/give-key",
    N_("Give the desk’s key to a new member"),
    commands.give_desk_key,
    _give_desk_key,
    _holds_key,
    "desk",
    may=OWN,
    intro=N_("With the key they open everything that the desk opens."),
    submit=N_("Give the key"),
    done=N_("They hold the desk’s key now."),
)
CREATE_OFFICE = _step(
    "create_office",
    "/offices/new",
    N_("Add an office"),
    commands.create_office,
    _plain(schemas.CreateOffice),
    _manages,
    "office",
    submit=N_("Add the office"),
    done=N_("The office is there. Set where its cases go before it takes reports."),
)
SET_ROUTE = _step(
    "set_route",
    "/offices/<uuid:id>/set-route",
    N_("Set where its cases go"),
    commands.set_route,
    _set_route,
    queries.find_office,
    "office",
    intro=N_("Where cases are taken already, a coordinator confirms the change."),
    submit=N_("Set the route"),
)
DECIDE_ROUTE = _step(
    "decide_route",
    "/route-changes/<uuid:id>/decide",
    N_("Confirm where cases go"),
    commands.decide_route,
    _plain(schemas.DecideRoute),
    _confirms,
    "route_change",
    may=OWN,
    when=lambda change: change.decided_at is None,
)
CHANGE_PASSWORD = _step(
    "change_password",
    "/account/password",
    N_("Change your password"),
    commands.change_password,
    _plain(schemas.ChangePassword),
    _oneself,
    "sign_in",
    may=OWN,
    intro=N_(
        "You are signed out everywhere, and sign in again with the new one. Nobody can"
        " look it up or reset it."
    ),
    submit=N_("Change the password"),
    done=N_("Your password is changed. Sign in with it."),
)
SIGN_OUT_EVERYWHERE = _step(
    "sign_out_everywhere",
    "/account/sign-out-everywhere",
    N_("Sign out everywhere"),
    commands.sign_out_everywhere,
    _plain(schemas.Confirm),
    _oneself,
    "sign_in",
    may=OWN,
    submit=N_("Sign out everywhere"),
    done=N_("You are signed out everywhere."),
)

ON_PERSON = (DISABLE_PERSON,)
ON_DESK = (JOIN_DESK, LEAVE_DESK)
STEPS: tuple[Step, ...] = (
    CREATE_PERSON,
    CREATE_DESK,
    CREATE_OFFICE,
    *ON_PERSON,
    *ON_DESK,
    GIVE_DESK_KEY,
    SET_ROUTE,
    DECIDE_ROUTE,
    CHANGE_PASSWORD,
    SIGN_OUT_EVERYWHERE,
)
