"""Pages of people, desks, offices and one's own account."""

import uuid

from flask import Blueprint, render_template
from flask_login import current_user

from auth import queries, steps
from core import db

blueprint = Blueprint("auth", __name__)


@blueprint.get("/people")
def people() -> str:
    """List everybody."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.people(actor)
    return render_template("auth/people.html", lines=lines, new=steps.CREATE_PERSON)


@blueprint.get("/people/<uuid:id>")
def person(id: uuid.UUID) -> str:
    """Show a person: roles, desks, fingerprint."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.person_page(actor, id)
    offered = [step for step in steps.ON_PERSON if step.when(page.person)]
    return render_template("auth/person.html", page=page, steps=offered)


@blueprint.get("/desks")
def desks() -> str:
    """List every desk, and which of them cannot take cases."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.desks(actor)
    return render_template("auth/desks.html", lines=lines, new=steps.CREATE_DESK)


@blueprint.get("/desks/<uuid:id>")
def desk(id: uuid.UUID) -> str:
    """Show a desk: its members, and who holds its key."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.desk_page(actor, id)
    offered = steps.ON_DESK if page.manages else ()
    give = (steps.GIVE_DESK_KEY,) if page.gives else ()
    return render_template("auth/desk.html", page=page, steps=(*give, *offered))


@blueprint.get("/offices")
def offices() -> str:
    """List every office."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = queries.offices(actor)
    return render_template("auth/offices.html", lines=lines, new=steps.CREATE_OFFICE)


@blueprint.get("/offices/<uuid:id>")
def office(id: uuid.UUID) -> str:
    """Show an office, and where its cases go."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.office_page(actor, id)
    return render_template("auth/office.html", page=page, steps=(steps.SET_ROUTE,))


@blueprint.get("/route-changes/<uuid:id>")
def route_change(id: uuid.UUID) -> str:
    """Show a change of route, and who sits at its desks, to who may confirm it."""
    with db.transaction(current_user.actor):
        line, people = queries.change_page(id)
    step = steps.DECIDE_ROUTE
    offered = (step,) if step.when(line.change) else ()
    return render_template(
        "auth/route_change.html", line=line, people=people, steps=offered
    )


@blueprint.get("/account")
def account() -> str:
    """Show one's own account."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.account(actor)
    return render_template("auth/account.html", page=page)
