"""Pages of people, desks, offices, changes and one's own account."""

import uuid

from flask import Blueprint, render_template
from flask_login import current_user

from auth import access, step_kinds, steps
from auth.actor import Actor
from auth.many import gives_away
from auth.policy import May
from auth.queries import account as own
from auth.queries import changes as asked
from auth.queries import desks as seats
from auth.queries import offices as places
from auth.queries import people as persons
from auth.step_kinds import open_steps
from core import db

blueprint = Blueprint("auth", __name__)


@blueprint.get("/account")
def account() -> str:
    """Show one's own roles, desks and keys."""
    actor = current_user.actor
    with db.transaction(actor):
        page = own.account(actor)
    return render_template("auth/account.html", page=page, steps=steps.ON_ACCOUNT)


@blueprint.get("/people")
def people() -> str:
    """List everybody who has an account."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = persons.people(actor)
    return render_template("auth/people.html", lines=lines, new=steps.CREATE_PERSON)


@blueprint.get("/people/<uuid:id>")
def person(id: uuid.UUID) -> str:
    """Show one person, and what can be done about them."""
    actor = current_user.actor
    with db.transaction(actor):
        page = persons.person(actor, id)
    may = (
        []
        if id == actor.id
        else [May.MANAGE_ORGANISATION, step_kinds.of_key(page.had_key)]
    )
    open_ = open_steps(steps.ON_PERSON, may, page.line.row)
    return render_template("auth/person.html", page=page, steps=open_)


@blueprint.get("/desks")
def desks() -> str:
    """List the desks, their members, and who holds the key."""
    actor = current_user.actor
    with db.transaction(actor):
        lines, alarms = seats.desks(actor), seats.alarms(actor)
    return render_template(
        "auth/desks.html", lines=lines, alarms=alarms, new=steps.CREATE_DESK
    )


@blueprint.get("/desks/<uuid:id>")
def desk(id: uuid.UUID) -> str:
    """Show one desk to administrators and to its members."""
    actor = current_user.actor
    with db.transaction(actor):
        page = seats.desk(actor, id)
    open_ = open_steps(steps.ON_DESK, _may_at(actor, page), page.line.row)
    administers = _administers(actor)
    back = "auth.desks" if administers else "auth.account"
    gives = id in actor.desks and gives_away(page.line.row.kind)
    return render_template(
        "auth/desk.html",
        page=page,
        steps=open_,
        back=back,
        administers=administers,
        gives=gives,
    )


def _administers(actor: Actor) -> bool:
    return access.allows(actor, May.MANAGE_ORGANISATION)


def _may_at(actor: Actor, page: seats.DeskPage) -> list[str]:
    may: list[str] = [May.MANAGE_ORGANISATION] if _administers(actor) else []
    if not page.line.generation and not page.asked:
        may += [step_kinds.KEYLESS] if may else []
    own_place = page.line.place_of(actor.id)
    if own_place is None or page.line.row.id not in actor.desks:
        return may
    may += [step_kinds.WITH_KEY] if page.line.waiting else []
    if own_place.away:
        return [*may, step_kinds.AWAY, step_kinds.LEAVES]
    covers = own_place.row.until is not None
    return (
        [*may, step_kinds.LEAVES]
        if covers
        else [*may, step_kinds.SITS, step_kinds.LEAVES]
    )


@blueprint.get("/offices")
def offices() -> str:
    """List the offices, and where their cases go."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = places.offices(actor)
    return render_template("auth/offices.html", lines=lines, new=steps.CREATE_OFFICE)


@blueprint.get("/offices/<uuid:id>")
def office(id: uuid.UUID) -> str:
    """Show one office and where its cases go."""
    actor = current_user.actor
    with db.transaction(actor):
        line, waiting = places.office(actor, id), asked.waiting(id)
    return render_template(
        "auth/office.html", line=line, changes=waiting, steps=steps.ON_OFFICE
    )


@blueprint.get("/changes")
def changes() -> str:
    """List what takes two people: what waits, and what was decided lately."""
    actor = current_user.actor
    with db.transaction(actor):
        page, alarms = asked.changes(actor), seats.alarms(actor)
    return render_template(
        "auth/changes.html", page=page, alarms=alarms, administers=_administers(actor)
    )


@blueprint.get("/changes/<uuid:id>")
def change(id: uuid.UUID) -> str:
    """Show what is asked for, beside what holds now, and who decided."""
    actor = current_user.actor
    with db.transaction(actor):
        page = asked.change(actor, id)
    may = [step_kinds.CONFIRMS] if page.may_decide else []
    open_ = open_steps(steps.ON_CHANGE, may, page.line.row)
    return render_template("auth/change.html", page=page, steps=open_)
