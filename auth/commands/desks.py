"""What is done with desks: by who administers, and by their own members."""

import uuid
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from marshmallow.exceptions import SCHEMA
from sqlalchemy import select

from auth import absence, changes, desks
from auth.actor import Actor
from auth.changes import Kind
from auth.commands.people import administers
from auth.models import Desk, Office
from auth.policy import DeskKind
from auth.queries.desks import waiting_at
from core import db
from core.errors import Invalid, NotVisible, WrongStage
from core.steps import Body
from core.text import N_


def load_desk(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk to an administrator.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    administers(actor)
    row = db.session().get(Desk, desk_id)
    if row is None:
        raise NotVisible
    return row


def load_own_desk(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk to somebody who holds its key.

    :raises NotVisible: to anybody else.
    """
    if desk_id not in actor.desks:
        raise NotVisible
    return db.session().get_one(Desk, desk_id)


def create_desk(actor: Actor, _: None, body: Body) -> uuid.UUID:
    """Make a desk and ask for its key; return its id.

    :raises Invalid: where its name is taken, or its members do not fit.
    """
    administers(actor)
    if db.session().scalar(select(Desk.id).where(Desk.name == body["name"])):
        raise Invalid(name=N_("A desk has this name already."))
    members = sorted(map(uuid.UUID, body["members"]))
    office_id = uuid.UUID(body["office"])
    desk = desks.create(body["name"], body["kind"], office_id, members)
    _ask_for_key(actor, desk, members)
    return desk.id


def _ask_for_key(actor: Actor, desk: Desk, members: list[uuid.UUID]) -> None:
    facts = {"members": list(map(str, members))}
    changes.ask(actor, Kind.DESK, desk.id, facts)


def ask_for_key(actor: Actor, desk_id: uuid.UUID, _: Body) -> None:
    """Ask once more that those who sit at a desk get its first key.

    :raises WrongStage: where it has a key, or this waits to be confirmed.
    :raises Invalid: where those who sit there cannot be its first members.
    """
    desk = load_desk(actor, desk_id)
    desks.hold(desk_id)
    if desks.has_key(desk_id) or changes.waiting(desk_id):
        raise WrongStage(N_("The desk has a key already, or waits for a coordinator."))
    members = sorted(desks.seated(desk_id))
    desks.check_first(members, DeskKind(desk.kind), SCHEMA)
    _ask_for_key(actor, desk, members)


def add_member(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """Seat somebody at a desk; a member gives them its key.

    :raises Invalid: where they sit there already, or their role does not fit.
    """
    desk = load_desk(actor, desk_id)
    desks.hold(desk_id)
    desks.join(desk, uuid.UUID(body["person"]))


def remove_member(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """End somebody's place at a desk, and their key to it.

    :raises Invalid: where nobody else could open the desk's cases then.
    """
    load_desk(actor, desk_id)
    person_id = uuid.UUID(body["person"])
    desks.hold(desk_id)
    desks.check_leaves_somebody(desk_id, person_id, "person")
    desks.leave(desk_id, person_id)


def leave_desk(actor: Actor, desk_id: uuid.UUID, _: Body) -> None:
    """End one's own place at a desk, and one's key to it.

    :raises Invalid: where nobody else could open the desk's cases then.
    """
    load_own_desk(actor, desk_id)
    assert actor.id
    desks.hold(desk_id)
    desks.check_leaves_somebody(desk_id, actor.id, SCHEMA)
    if desks.able([desk_id]).get(desk_id) == {actor.id}:
        raise Invalid(
            **{
                SCHEMA: N_(
                    "Everybody else at this desk is away now. Stay until one of them"
                    " is back, or give the key to somebody else first."
                )
            }
        )
    desks.leave(desk_id, actor.id)


def give_key(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """Give a member who waits the key of a desk that the actor holds.

    :raises Invalid: where they do not wait for it any more.
    """
    load_own_desk(actor, desk_id)
    desks.hold(desk_id)
    person_id = uuid.UUID(body["person"])
    if person_id not in {row.id for row in waiting_at(desk_id)}:
        raise Invalid(person=N_("Choose a person from the list."))
    desks.give_key(actor, desk_id, person_id)


def be_away(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """Note that one is away to the end of a day, and who covers at this desk.

    :raises Invalid: naming the field.
    """
    desk = load_own_desk(actor, desk_id)
    desks.hold(desk_id)
    zone = ZoneInfo(db.session().get_one(Office, desk.office_id).zone)
    back_on = body["until"] + timedelta(days=1)
    until = datetime.combine(back_on, time(), zone)
    deputy_id = uuid.UUID(body["deputy"])
    absence.go(actor, desk, until, deputy_id, body.get("compared"))


def come_back(actor: Actor, desk_id: uuid.UUID, _: Body) -> None:
    """End one's absence; a deputy from outside leaves the desk at once."""
    load_own_desk(actor, desk_id)
    assert actor.id
    desks.hold(desk_id)
    absence.come_back(desk_id, actor.id)
