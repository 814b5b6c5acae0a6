"""What an administrator does with people: opening, closing and giving new keys."""

import uuid

from sqlalchemy import select

from auth import access, accounts, changes, desks, sessions
from auth.actor import Actor
from auth.changes import Kind
from auth.models import Desk, Person
from auth.policy import May
from core import db
from core.errors import Forbidden, NotVisible, Stale, WrongStage
from core.steps import Body, Shown
from core.text import N_


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
    row = db.session().get(Person, person_id)
    if row is None:
        raise NotVisible
    return row


def create_person(actor: Actor, _: None, body: Body) -> Shown:
    """Open an account; the code to choose a password with is shown just once.

    :raises Invalid: naming the field.
    """
    administers(actor)
    row = accounts.create_person(
        body["username"],
        body["name"],
        body["roles"],
        office_id=uuid.UUID(body["office"]),
        staff_number=body.get("staff_number"),
        email=body.get("email"),
    )
    return _code_of(row)


def _code_of(row: Person) -> Shown:
    code = accounts.open_with_code(row)
    return Shown("auth/code.html", {"opened": row, "code": code})


def give_code(actor: Actor, person_id: uuid.UUID, _: Body) -> Shown:
    """Give another code to somebody who has chosen no password yet, shown just once.

    :raises WrongStage: where they have chosen one, or the account is closed.
    """
    return _code_of(load_person(actor, person_id))


def disable_person(actor: Actor, person_id: uuid.UUID, body: Body) -> None:
    """Close an account: its sessions, its places at desks and its keys end at once.

    :raises Forbidden: for one's own: somebody must be left to look after the rest.
    :raises WrongStage: where it is closed already.
    """
    row = load_person(actor, person_id)
    if person_id == actor.id:
        raise Forbidden(N_("Let another administrator close your own account."))
    if row.disabled_at is not None:
        raise WrongStage(N_("This account is closed already."))
    if row.version_id != body["version"]:
        raise Stale
    _hold_desks(person_id)
    accounts.disable_person(row)
    sessions.end_all(person_id)


def _hold_desks(person_id: uuid.UUID) -> None:
    """Take hold of somebody's desks, always in the same order."""
    places = select(Desk).where(Desk.id.in_(desks.of(person_id))).order_by(Desk.id)
    db.session().scalars(places.with_for_update()).all()


def ask_for_reset(actor: Actor, person_id: uuid.UUID, _: Body) -> Shown:
    """Ask that somebody who lost their password gets a new key.

    Half of the code for it is shown, just once, the other half to who confirms it.

    :raises Forbidden: for oneself.
    :raises WrongStage: for an account that is closed, where it was asked for already,
        or while nobody is there to confirm it.
    """
    row = load_person(actor, person_id)
    if person_id == actor.id:
        raise Forbidden(N_("Let another administrator ask for your own new key."))
    if row.disabled_at is not None:
        raise WrongStage(N_("This account is closed already."))
    if not accounts.had_key(person_id):
        raise WrongStage(N_("They have chosen no password yet. Give them a code."))
    if not changes.somebody_coordinates():
        raise WrongStage(
            N_(
                "No desk coordinates yet, so nobody could confirm this. Set up the desk"
                " that coordinates, and a route to it, first."
            )
        )
    db.session().refresh(row, with_for_update=True)
    if changes.waiting(person_id):
        raise WrongStage(N_("A new key was asked for already. It waits."))
    half = changes.ask(actor, Kind.RESET, person_id, {})
    return Shown("auth/half.html", {"about": row, "half": half})
