"""What is done with people, desks, offices, routes and one's own account."""

import secrets
import uuid

from sqlalchemy import select

from auth import access, accounts, pepper, queries, sessions
from auth.actor import Actor
from auth.models import Desk, Membership, Office, Person, RouteChange
from auth.policy import DeskKind, May, Role
from core import audit, db
from core.errors import Forbidden, Invalid, NotVisible, Stale, WrongStage
from core.references import LETTERS
from core.steps import Body, Shown
from core.text import N_

# Read out or copied by hand: letters that are not mistaken for each other.
GROUPS, GROUP = 5, 4


def one_time_password() -> str:
    """Return a password of 100 random bits, such as `7k3m-q9xd-…`."""
    letters = LETTERS.lower()
    groups = (
        "".join(secrets.choice(letters) for _ in range(GROUP)) for _ in range(GROUPS)
    )
    return "-".join(groups)


def administers(actor: Actor, _: uuid.UUID | None = None) -> None:
    """Refuse everybody who does not look after the organisation."""
    access.require_role(actor, May.MANAGE_ORGANISATION)


def load_person(actor: Actor, person_id: uuid.UUID) -> Person:
    """Return a person whom the actor may change.

    :raises NotVisible: where there is none such.
    """
    administers(actor)
    row = db.session().get(Person, person_id)
    if row is None:
        raise NotVisible
    return row


def load_desk(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk that the actor may change, kept from others until it is done.

    :raises NotVisible: where there is none such.
    """
    administers(actor)
    row = db.session().get(Desk, desk_id, with_for_update=True)
    if row is None:
        raise NotVisible
    return row


def load_office(actor: Actor, office_id: uuid.UUID) -> Office:
    """Return an office that the actor may change, kept from others until it is done.

    :raises NotVisible: where there is none such.
    """
    administers(actor)
    row = db.session().get(Office, office_id, with_for_update=True)
    if row is None:
        raise NotVisible
    return row


def load_change(actor: Actor, change_id: uuid.UUID) -> RouteChange:
    """Return a change of a route that the actor may decide on.

    :raises NotVisible: where there is none such, or the actor does not coordinate.
    :raises Forbidden: where they hold no key of a desk that coordinates.
    """
    queries.require_coordinator(actor)
    row = db.session().get(RouteChange, change_id)
    if row is None:
        raise NotVisible
    if not queries.may_route():
        raise Forbidden
    return row


def create_person(actor: Actor, _: uuid.UUID | None, body: Body) -> Shown:
    """Open an account; its password is for one sign-in, and shown just once.

    :raises Invalid: naming the field.
    """
    administers(actor)
    password = one_time_password()
    office = body.get("office")
    row = accounts.create_person(
        body["username"],
        body["name"],
        [Role(role) for role in body["roles"]],
        password,
        pepper.load(),
        office_id=uuid.UUID(office) if office else None,
        staff_number=body.get("staff_number"),
        must_change=True,
    )
    values = {"name": row.name, "username": row.username, "password": password}
    return Shown("auth/password.html", {**values, "id": row.id})


def disable_person(actor: Actor, person_id: uuid.UUID, body: Body) -> None:
    """Close an account: its sessions and its places at desks end at once.

    :raises Invalid: for one's own: somebody must be left to look after the rest.
    """
    row = load_person(actor, person_id)
    if row.disabled_at:
        raise WrongStage(N_("This account is closed already."))
    if row.version_id != body["version"]:
        raise Stale
    if person_id == actor.id:
        raise Invalid(sure=N_("Let another administrator close your own account."))
    _hold_desks_of(person_id)
    accounts.disable_person(row)
    sessions.end_all(person_id)


def _hold_desks_of(person_id: uuid.UUID) -> None:
    """Keep others from changing a person's desks, so that no last key is lost."""
    seats = select(Membership.desk_id).where(
        Membership.person_id == person_id, Membership.left_at.is_(None)
    )
    held = select(Desk.id).where(Desk.id.in_(seats)).order_by(Desk.id)
    db.session().scalars(held.with_for_update()).all()


def create_desk(actor: Actor, _: uuid.UUID | None, body: Body) -> uuid.UUID:
    """Make a desk; return its id.

    :raises Invalid: where its name is taken, or its members do not fit.
    """
    administers(actor)
    same = select(Desk.id).where(Desk.name == body["name"])
    if db.session().scalar(same):
        raise Invalid(name=N_("A desk has this name already."))
    members = [uuid.UUID(person_id) for person_id in body["members"]]
    kind = DeskKind(body["kind"])
    office_id = uuid.UUID(body["office"])
    return accounts.create_desk(body["name"], kind, office_id, members).id


def add_member(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """Seat somebody at a desk; a member gives them its key."""
    accounts.join_desk(load_desk(actor, desk_id), uuid.UUID(body["person"]))


def remove_member(actor: Actor, desk_id: uuid.UUID, body: Body) -> None:
    """End somebody's place at a desk, and their key to it.

    :raises Invalid: where nobody else could open the desk's cases then.
    """
    desk = load_desk(actor, desk_id)
    person_id = uuid.UUID(body["person"])
    able = accounts.able_members(desk.id)
    if able == {person_id}:
        raise Invalid(
            person=N_("Nobody else holds the desk’s key. Let them give it first.")
        )
    accounts.leave_desk(desk.id, person_id)


def create_office(actor: Actor, _: uuid.UUID | None, body: Body) -> uuid.UUID:
    """Register an office; return its id.

    :raises Invalid: where its code is taken.
    """
    administers(actor)
    parts = ("code", "name", "country", "region", "zone")
    weekend = body.get("weekend", [])
    return accounts.create_office(*(body[part] for part in parts), weekend).id


def ask_for_route(actor: Actor, office_id: uuid.UUID, body: Body) -> None:
    """Ask that an office's cases go elsewhere; the first routes are set at once.

    :raises Invalid: where the desk takes no such cases, or a change waits already.
    """
    office = load_office(actor, office_id)
    kind, desk_id = DeskKind(body["kind"]), uuid.UUID(body["desk"])
    other = body.get("alternative")
    other_id = uuid.UUID(other) if other else None
    if queries.may_route():
        accounts.set_route(office.id, kind, desk_id, other_id)
        return
    accounts.check_route(kind, desk_id, other_id)
    _check_none_waits(office.id, kind)
    row = RouteChange(
        id=uuid.uuid4(),
        office_id=office.id,
        kind=kind,
        desk_id=desk_id,
        alternative_id=other_id,
        asked_by=actor.id,
    )
    db.add(row)
    audit.record(
        office.id, "route:asked", change=row.id, kind=kind, desk=desk_id, other=other_id
    )


def _check_none_waits(office_id: uuid.UUID, kind: DeskKind) -> None:
    waiting = select(RouteChange.id).where(
        RouteChange.office_id == office_id,
        RouteChange.kind == kind,
        RouteChange.decided_at.is_(None),
    )
    if db.session().scalar(waiting):
        raise Invalid(kind=N_("A change of this route is waiting to be confirmed."))


def decide_route(actor: Actor, change_id: uuid.UUID, body: Body) -> None:
    """Confirm a change of a route, which sets it, or refuse it.

    :raises WrongStage: where it is decided already.
    :raises Invalid: where the desk takes no such cases any more.
    """
    row = load_change(actor, change_id)
    if row.decided_at is not None:
        raise WrongStage(N_("This change has been decided already."))
    if row.version_id != body["version"]:
        raise Stale
    row.confirmed = body["confirmed"]
    row.decided_by, row.decided_at = actor.id, db.now()
    db.session().flush()
    audit.record(row.office_id, "route:decided", change=row.id, confirmed=row.confirmed)
    if row.confirmed:
        kind = DeskKind(row.kind)
        accounts.set_route(row.office_id, kind, row.desk_id, row.alternative_id)


def change_password(actor: Actor, _: uuid.UUID | None, body: Body) -> None:
    """Choose another password; all sessions end, this one too."""
    sessions.change_password(actor, body["old"], body["new"], pepper.load())


def sign_out_everywhere(actor: Actor, _: uuid.UUID | None, __: Body) -> None:
    """End all of one's own sessions, this one too."""
    assert actor.id is not None
    sessions.end_all(actor.id)


def give_key(actor: Actor, _: uuid.UUID | None, body: Body) -> None:
    """Give a member who waits the key of a desk that the actor holds.

    :raises Invalid: where they do not wait for one any more.
    """
    desk_id, person_id = (uuid.UUID(each) for each in body["member"].split("/"))
    waiting = {
        (desk.row.id, person.id)
        for desk in queries.own_desks(actor)
        if desk.holds
        for person in desk.waiting
    }
    if (desk_id, person_id) not in waiting:
        raise Invalid(member=N_("Choose somebody from the list."))
    accounts.give_desk_key(actor, desk_id, person_id)
