"""Pages of people, desks, offices, routes and one's own account."""

import uuid

from flask import Blueprint, render_template
from flask_login import current_user

from auth import access, queries, steps
from auth.actor import Actor
from auth.policy import May
from auth.steps import open_steps
from core import db

blueprint = Blueprint("auth", __name__)


@blueprint.get("/account")
def account() -> str:
    """Show one's own roles, desks and key."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.account(actor)
    return render_template("auth/account.html", page=page, steps=steps.ON_ACCOUNT)


@blueprint.get("/people")
def people() -> str:
    """List everybody who has an account."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.people(actor)
    return render_template("auth/people.html", lines=lines, new=steps.CREATE_PERSON)


@blueprint.get("/people/<uuid:id>")
def person(id: uuid.UUID) -> str:
    """Show one person, and what can be done about them."""
    actor = current_user.actor
    with db.transaction(actor):
        line = queries.person(actor, id)
    may = [] if id == actor.id else [May.MANAGE_ORGANISATION]
    open_ = open_steps(steps.ON_PERSON, may, line.row)
    return render_template("auth/person.html", line=line, steps=open_)


@blueprint.get("/desks")
def desks() -> str:
    """List the desks, their members, and who holds the key."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.desks(actor)
    return render_template("auth/desks.html", lines=lines, new=steps.CREATE_DESK)


@blueprint.get("/desks/<uuid:id>")
def desk(id: uuid.UUID) -> str:
    """Show one desk to administrators and to its members."""
    actor = current_user.actor
    with db.transaction(actor):
        line = queries.desk(actor, id)
    open_ = open_steps(steps.ON_DESK, _may_at(actor, line), line.row)
    back = "auth.desks" if _administers(actor) else "auth.account"
    return render_template("auth/desk.html", line=line, steps=open_, back=back)


def _administers(actor: Actor) -> bool:
    return access.allows(actor, May.MANAGE_ORGANISATION)


def _may_at(actor: Actor, line: queries.DeskLine) -> list[str]:
    gives = line.row.id in actor.desks and bool(line.waiting)
    may = [May.MANAGE_ORGANISATION] if _administers(actor) else []
    return [*may, steps.WITH_KEY] if gives else [*may]


@blueprint.get("/offices")
def offices() -> str:
    """List the offices, where their cases go, and the changes that wait."""
    actor = current_user.actor
    with db.transaction(actor):
        lines, changes = queries.offices(actor), queries.open_changes(actor)
    return render_template(
        "auth/offices.html", lines=lines, changes=changes, new=steps.CREATE_OFFICE
    )


@blueprint.get("/offices/<uuid:id>")
def office(id: uuid.UUID) -> str:
    """Show one office and where its cases go."""
    actor = current_user.actor
    with db.transaction(actor):
        line = queries.office(actor, id)
        waiting = queries.open_changes(actor)
    changes = [each for each in waiting if each.row.office_id == id]
    return render_template(
        "auth/office.html", line=line, changes=changes, steps=steps.ON_OFFICE
    )


@blueprint.get("/routes")
def routes() -> str:
    """List the changes of routes that a coordinator is asked to confirm."""
    actor = current_user.actor
    with db.transaction(actor):
        changes = queries.changes_to_decide(actor)
    return render_template("auth/routes.html", changes=changes)


@blueprint.get("/routes/<uuid:id>")
def route_change(id: uuid.UUID) -> str:
    """Show what is asked for, beside what holds now."""
    actor = current_user.actor
    with db.transaction(actor):
        line, desks = queries.change(id)
    open_ = open_steps(steps.ON_CHANGE, [steps.WITH_KEY], line.row)
    return render_template(
        "auth/route_change.html", line=line, desks=desks, steps=open_
    )
