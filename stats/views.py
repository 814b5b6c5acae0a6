"""The pages of oversight: timeliness, and whether the audit trail is whole."""

from pathlib import Path

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from auth import access
from auth.actor import STATS
from auth.policy import May
from core import db
from core.checkpoints import Checkpoint, History, Unreadable, load, newest
from core.trail import stored, verify
from stats import queries

blueprint = Blueprint("stats", __name__)

AGES = {
    "0": _l("Less than 30 days"),
    "30": _l("30 to 89 days"),
    "90": _l("90 to 179 days"),
    "180": _l("180 to 364 days"),
    "365": _l("365 days or more"),
}
FAULTS = {
    "changed": _l("This row was changed after it was written."),
    "missing": _l("This row is missing."),
    "added": _l("This row is beyond the recorded end of its chain."),
    "not what the head says": _l("This row is not the recorded end of its chain."),
    "the chain has no head": _l("The record of where this chain ends is missing."),
    "not what a checkpoint says": _l(
        "This row, or one before it, was rewritten after a checkpoint named it."
    ),
    "unreadable": _l("This line is no checkpoint."),
    "signed by another key": _l("This line is signed by another key."),
    "the signature is false": _l("The signature of this line is false."),
    "out of order": _l("This is not where it belongs."),
    "does not add up": _l("This line does not follow from the lines before it."),
}
DECISIONS = {"done": _l("Done"), "allowed": _l("Allowed"), "denied": _l("Refused")}


@blueprint.get("/timeliness")
def timeliness() -> ResponseReturnValue:
    """Show whether the clocks were met, by region and quarter, where enough were due.

    The figures are read as a service: nobody's own standing on a case counts.
    """
    access.require_role(current_user.actor, May.SEE_STATISTICS)
    with db.transaction(STATS):
        data = queries.timeliness()
    return render_template("stats/timeliness.html", data=data, ages=AGES)


@blueprint.get("/audit")
def audit() -> ResponseReturnValue:
    """Show the newest audit rows by opaque ids; with `verify`, recompute them all."""
    actor = current_user.actor
    access.require_role(actor, May.VERIFY_AUDIT)
    asked = "verify" in request.args
    # Before the rows: what a checkpoint names must be among them.
    history = load(_checkpoints()) if asked else History()
    with db.transaction(actor) as session:
        trail = queries.trail()
        page = min(max(1, request.args.get("page", 1, int)), trail.pages)
        rows = queries.recent(page)
        verdict = verify(stored(session), history) if asked else None
        verified_at = db.now()
    checkpoint, unreadable = _newest()
    return render_template(
        "stats/audit.html",
        trail=trail,
        checkpoint=checkpoint,
        unreadable=unreadable,
        torn=history.torn,
        page=page,
        rows=rows,
        verdict=verdict,
        verified_at=verified_at,
        faults=FAULTS,
        decisions=DECISIONS,
    )


def _newest() -> tuple[Checkpoint | None, bool]:
    """Return the newest checkpoint, and whether there is a line that is none."""
    try:
        return newest(_checkpoints()), False
    except Unreadable:
        return None, True


def _checkpoints() -> Path:
    where: Path = current_app.config["PSEAH"].checkpoints
    return where
