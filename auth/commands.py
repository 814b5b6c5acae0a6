"""What is done with people, desks, offices, routes and one's own account."""

import uuid
from typing import TypeVar

from sqlalchemy import select

from auth import access, accounts, pepper, queries, routing, sessions
from auth.actor import Actor
from auth.credentials import one_time_password
from auth.models import Desk, Membership, Office, Person, RouteChange
from auth.policy import DeskKind, May
from core import db
from core.errors import Forbidden, Invalid, NotVisible, Stale, WrongStage
from core.steps import Body, Shown
from core.text import N_

Row = TypeVar("Row")


def administers(actor: Actor, _: uuid.UUID | None = None) -> None:
    """Refuse everybody who does not look after the organisation.

    :raises NotVisible: as of a page that is not there.
    """
    access.require_role(actor, May.MANAGE_ORGANISATION)


def load_person(actor: Actor, person_id: uuid.UUID) -> Person:
    """Return a person to an administrator.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    administers(actor)
    return _present(db.session().get(Person, person_id))


def load_desk(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk to an administrator.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    administers(actor)
    return _present(db.session().get(Desk, desk_id))


def load_office(actor: Actor, office_id: uuid.UUID) -> Office:
    """Return an office to an administrator.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    administers(actor)
    return _present(db.session().get(Office, office_id))


def load_own_desk(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk to somebody who holds its key.

    :raises NotVisible: to anybody else.
    """
    if desk_id not in actor.desks:
        raise NotVisible
    return db.session().get_one(Desk, desk_id)


def load_change(_: Actor, change_id: uuid.UUID) -> RouteChange:
    """Return a change of a route to somebody who may confirm it.

    :raises NotVisible: to anybody else.
    """
    return routing.get(change_id)


def _present(row: Row | None) -> Row:
    if row is None:
        raise NotVisible
    return row


def _hold(row: Desk | Office) -> None:
    """Keep others from changing what depends on a row, to the end of this step."""
    db.session().refresh(row, with_for_update=True)


def create_person(actor: Actor, _: None, body: Body) -> Shown:
    """Open an account; its password is for one sign-in, and shown just once.

    :raises Invalid: naming the field.
    """
    administers(actor)
    password = one_time_password()
    row = accounts.create_person(
        body["username"],
        body["name"],
        body["roles"],
        password,
        pepper.load(),
        office_id=uuid.UUID(body["office"]),
        staff_number=body.get("staff_number"),
        must_change=True,
    )
    return Shown("auth/password.html", {"opened": row, "password": password})


def disable_person(actor: Actor, person_id: uuid.UUID, body: Body) -> None:
    """Close an account: its sessions and its places at desks end at once.

    :raises Forbidden: for one's own: somebody must be left to look after the rest.
    :raises WrongStage: where it is closed already.
    """
    row = load_person(actor, person_id)
    if person_id == actor.id:
        raise Forbidden(N_("Let another administrator close your own account."))
    if row.disabled_at is not None:
        raise WrongStage(N_("This account is closed already."))
    _check_version(row, body)
    for desk in _desks_of(person_id):
        _hold(desk)
    accounts.disable_person(row)
    sessions.end_all(person_id)


def _check_version(row: Person | RouteChange, body: Body) -> None:
    if row.version_id != body["version"]:
        raise Stale


def _desks_of(person_id: uuid.UUID) -> list[Desk]:
    """Return the desks that somebody sits at, always in the same order."""
    seats = select(Membership.desk_id).where(
        Membership.person_id == person_id, Membership.left_at.is_(None)
    )
    return list(
        db.session().scalars(select(Desk).where(Desk.id.in_(seats)).order_by(Desk.id))
    )


def create_desk(actor: Actor, _: None, body: Body) -> uuid.UUID:
    """Make a desk; return its id.

    :raises Invalid: where its name is taken, or its members do not fit.
    """
    administers(actor)
    if db.session().scalar(select(Desk.id).where(Desk.name == body["name"])):
        raise Invalid(name=N_("A desk has this name already."))
    members = map(uuid.UUID, body["members"])
    office_id = uuid.UUID(body["office"])
    return accounts.create_desk(body["name"], body["kind"], office_id, members).id


def add_member(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """Seat somebody at a desk; a member gives them its key.

    :raises Invalid: where they sit there already, or their role does not fit.
    """
    desk = load_desk(actor, desk_id)
    _hold(desk)
    accounts.join_desk(desk, uuid.UUID(body["person"]))


def remove_member(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """End somebody's place at a desk, and their key to it.

    :raises Invalid: where nobody else could open the desk's cases then.
    """
    desk, person_id = load_desk(actor, desk_id), uuid.UUID(body["person"])
    _hold(desk)
    if accounts.able_members(desk_id) == {person_id}:
        raise Invalid(
            person=N_("Nobody else holds the desk’s key. Let them give it first.")
        )
    accounts.leave_desk(desk_id, person_id)


def give_key(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """Give a member who waits the key of a desk that the actor holds.

    :raises Invalid: where they do not wait for it any more.
    """
    load_own_desk(actor, desk_id)
    person_id = uuid.UUID(body["person"])
    if person_id not in {row.id for row in queries.waiting_at(desk_id)}:
        raise Invalid(person=N_("Choose a person from the list."))
    accounts.give_desk_key(actor, desk_id, person_id)


def create_office(actor: Actor, _: None, body: Body) -> uuid.UUID:
    """Register an office; return its id.

    :raises Invalid: where its code is taken.
    """
    administers(actor)
    asked = ("code", "name", "country", "region", "zone", "weekend")
    return accounts.create_office(**{name: body[name] for name in asked}).id


def ask_for_route(actor: Actor, office_id: uuid.UUID, body: Body) -> None:
    """Ask that an office's cases go elsewhere; the first routes are set at once.

    :raises Invalid: where the desk takes no such cases, or a change waits already.
    """
    office, kind = load_office(actor, office_id), DeskKind(body["kind"])
    _hold(office)
    if any(
        row.office_id == office_id and row.kind == kind for row in routing.waiting()
    ):
        raise Invalid(kind=N_("A change of this route waits to be confirmed."))
    other = body.get("alternative")
    other_id = uuid.UUID(other) if other else None
    routing.ask(actor, office_id, kind, uuid.UUID(body["desk"]), other_id)


def decide_route(actor: Actor, change_id: uuid.UUID, body: Body) -> None:
    """Confirm a change of a route, which then holds, or refuse it."""
    change = load_change(actor, change_id)
    _check_version(change, body)
    routing.decide(actor, change, body["confirmed"])


def change_password(actor: Actor, _: None, body: Body) -> None:
    """Choose another password; all sessions end, this one too.

    :raises Invalid: where the present one is wrong, or the other no better.
    """
    sessions.change_password(actor, body["old"], body["new"], pepper.load())


def sign_out_everywhere(actor: Actor, _: None, __: Body) -> None:
    """End all of one's own sessions, this one too."""
    assert actor.id
    sessions.end_all(actor.id)
