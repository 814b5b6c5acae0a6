"""Pages of people, desks, offices, routes and one's own account."""

import uuid

from flask import Blueprint, render_template
from flask_login import current_user

from auth import queries
from auth.steps import (
    ON_ACCOUNT,
    ON_CHANGE,
    ON_DESK,
    ON_OFFICE,
    ON_PERSON,
    open_steps,
)
from core import db

blueprint = Blueprint("auth", __name__)


@blueprint.get("/account")
def account() -> str:
    """Show one's own roles, desks and key."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.account(actor)
    return render_template("auth/account.html", page=page, steps=ON_ACCOUNT)


@blueprint.get("/people")
def people() -> str:
    """List everybody who has an account."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.people(actor)
    return render_template("auth/people.html", lines=lines)


@blueprint.get("/people/<uuid:id>")
def person(id: uuid.UUID) -> str:
    """Show one person, and what can be done about them."""
    actor = current_user.actor
    with db.transaction(actor):
        line = queries.person(actor, id)
    steps = open_steps(ON_PERSON, line.row)
    return render_template("auth/person.html", line=line, steps=steps)


@blueprint.get("/desks")
def desks() -> str:
    """List the desks, their members, and who holds the key."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.desks(actor)
    return render_template("auth/desks.html", lines=lines)


@blueprint.get("/desks/<uuid:id>")
def desk(id: uuid.UUID) -> str:
    """Show one desk."""
    actor = current_user.actor
    with db.transaction(actor):
        line = queries.desk(actor, id)
    return render_template("auth/desk.html", line=line, steps=ON_DESK)


@blueprint.get("/offices")
def offices() -> str:
    """List the offices, where their cases go, and the changes that wait."""
    actor = current_user.actor
    with db.transaction(actor):
        lines, changes = queries.offices(actor), queries.open_changes()
    return render_template("auth/offices.html", lines=lines, changes=changes)


@blueprint.get("/offices/<uuid:id>")
def office(id: uuid.UUID) -> str:
    """Show one office and where its cases go."""
    actor = current_user.actor
    with db.transaction(actor):
        line, first = queries.office(actor, id), queries.may_route()
    return render_template("auth/office.html", line=line, first=first, steps=ON_OFFICE)


@blueprint.get("/routes")
def routes() -> str:
    """List the changes of routes that a coordinator is asked to confirm."""
    actor = current_user.actor
    with db.transaction(actor):
        changes = queries.changes_to_decide(actor)
    return render_template("auth/routes.html", changes=changes)


@blueprint.get("/routes/<uuid:id>")
def route_change(id: uuid.UUID) -> str:
    """Show a coordinator what is asked for, beside what is now."""
    actor = current_user.actor
    with db.transaction(actor):
        line, decides = queries.change(actor, id), queries.may_route()
    steps = open_steps(ON_CHANGE, line.row) if decides else []
    return render_template("auth/route_change.html", line=line, steps=steps)
