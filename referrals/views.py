"""Pages of referrals, needs and the service directory."""

import uuid

from flask import Blueprint, render_template, request
from flask_login import current_user

from auth import access
from auth.policy import May
from core import db
from referrals import loading
from referrals.queries import referrals
from referrals.queries import services as directory
from referrals.queries.care import needs_and_referrals
from referrals.steps import NEW_SERVICE, ON_CASE, ON_REFERRAL, ON_SERVICE, open_steps

blueprint = Blueprint("referrals", __name__)


@blueprint.get("/referrals")
def inbox() -> str:
    """List the referrals to one's desk, or of the survivors in one's care."""
    actor = current_user.actor
    closed = request.args.get("closed") == "1"
    page = max(request.args.get("page", 0, int), 0)
    with db.transaction(actor):
        lines = referrals.inbox(actor, closed=closed, page=page)
    return render_template(
        "referrals/inbox.html",
        lines=lines,
        closed=closed,
        page=page,
        size=referrals.PAGE,
    )


@blueprint.get("/referrals/<uuid:id>")
def referral(id: uuid.UUID) -> str:
    """Show a referral: to its provider a name only with its acceptance."""
    actor = current_user.actor
    with db.transaction(actor):
        loading.open_one(actor, id)
    with db.transaction(actor):
        page = referrals.referral_page(actor, id)
    steps = open_steps(ON_REFERRAL, page.may, page.row)
    return render_template("referrals/referral.html", page=page, steps=steps)


@blueprint.get("/cases/<uuid:id>/referrals")
def care(id: uuid.UUID) -> str:
    """Show a care officer what survivors need and where they were referred."""
    actor = current_user.actor
    with db.transaction(actor):
        loading.open_all(actor, id)
    with db.transaction(actor):
        page = needs_and_referrals(actor, id)
    return render_template("referrals/care.html", page=page, steps=ON_CASE)


@blueprint.get("/services")
def services() -> str:
    """Show the directory, and how current it is."""
    actor = current_user.actor
    with db.transaction(actor):
        lines = directory.services(actor)
    manages = access.allows(actor, May.MANAGE_DIRECTORY)
    return render_template(
        "referrals/services.html", lines=lines, new=NEW_SERVICE if manages else None
    )


@blueprint.get("/services/<uuid:id>")
def service(id: uuid.UUID) -> str:
    """Show one service."""
    actor = current_user.actor
    with db.transaction(actor):
        line = directory.service(actor, id)
    allowed = (
        [May.MANAGE_DIRECTORY] if access.allows(actor, May.MANAGE_DIRECTORY) else []
    )
    steps = open_steps(ON_SERVICE, allowed, line.row)
    return render_template("referrals/service.html", line=line, steps=steps)
