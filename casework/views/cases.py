"""Pages of cases: start page, list, one case, who looked at it."""

import uuid

from flask import render_template, request
from flask_login import current_user

from auth import access
from auth.policy import May
from auth.queries.desks import alarms
from casework.queries import cases as queries
from casework.queries import readers
from casework.queries.emergencies import alerts
from casework.steps.every import next_steps
from casework.views.blueprint import blueprint
from core import db

LAST_PAGE = 10_000


@blueprint.get("/")
def home() -> str:
    """Show what presses, for whoever is signed in."""
    actor = current_user.actor
    with db.transaction(actor):
        values = {
            "desktop": queries.desktop(actor),
            "alerts": alerts(actor),
            "alarms": alarms(actor),
        }
    return render_template("casework/home.html", roles=actor.roles, **values)


@blueprint.get("/cases")
def cases() -> str:
    """List the cases that one stands on, most pressing first."""
    actor = current_user.actor
    page = min(max(request.args.get("page", 0, int), 0), LAST_PAGE)
    closed = request.args.get("closed") == "1"
    access.require_role(actor, May.LIST_CASES)
    with db.transaction(actor):
        lines = queries.my_cases(actor, closed=closed, page=page)
    return render_template(
        "casework/cases.html",
        lines_=lines,
        closed=closed,
        page=page,
        size=queries.PAGE,
    )


@blueprint.get("/cases/<uuid:id>")
def case(id: uuid.UUID) -> str:
    """Show a case: to each only what they may know of it."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.case_page(actor, id)
    return _render("casework/case.html", page)


@blueprint.get("/cases/<uuid:id>/logged")
def logged(id: uuid.UUID) -> str:
    """Confirm a logged report: its reference, its clocks, what to do next."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.case_page(actor, id)
    return _render("casework/logged.html", page)


def _render(template: str, page: queries.CasePage) -> str:
    first, others = next_steps(page)
    return render_template(
        template, page=page, case=page.case, first=first, others=others
    )


@blueprint.get("/cases/<uuid:id>/who-looked")
def who_looked(id: uuid.UUID) -> str:
    """Show the lead who opened a case or was refused."""
    actor = current_user.actor
    with db.transaction(actor):
        access.require(actor, May.SEE_WHO_LOOKED, id)
        looks = readers.who_looked(actor, id)
    return render_template("casework/who_looked.html", looks=looks, id=id)
