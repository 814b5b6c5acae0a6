"""Pages of imports: bringing an export in, what became of it, what waits."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from auth import access
from auth.policy import May
from casework.cfm.export import Unreadable, parse
from casework.cfm.report import Fault
from casework.commands.submissions import Dismissal
from casework.import_report import Outcome
from casework.importing import NotReady, import_items
from casework.queries import imports as queries
from casework.submission_steps import STEPS
from casework.views.blueprint import blueprint
from casework.vocabulary import Kind
from core import db

WORDS = {**Kind.labels(), **Fault.labels(), **Dismissal.labels()}


@blueprint.get("/imports")
def imports() -> str:
    """Show what was imported, and what waits for a decision."""
    return _imports()


@blueprint.post("/imports/upload")
def import_file() -> ResponseReturnValue:
    """Import an uploaded export; show the page again where it cannot be read."""
    actor = current_user.actor
    access.require_role(actor, May.IMPORT_REPORTS)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _imports(file=gettext("Choose the file to import.")), 422
    try:
        items = parse(file.read())
    except Unreadable as error:
        words = gettext(error.message.msgid, **error.message.values)
        return _imports(file=words), 422
    try:
        outcome = import_items(actor, items, request.form.get("office") or None)
    except NotReady as error:
        return _imports(office=gettext(error.message, **error.values)), 422
    flash(_summary(outcome), "success")
    return redirect(url_for("casework.imports"), 303)


def _summary(outcome: Outcome) -> str:
    summary: str = gettext(
        "%(received)s received: %(filed)s filed, %(aside)s set aside,"
        " %(duplicates)s here already, %(rejected)s rejected.",
        received=outcome.received,
        filed=len(outcome.filed),
        aside=len(outcome.set_aside),
        duplicates=len(outcome.duplicates),
        rejected=len(outcome.rejected),
    )
    return summary


def _imports(**errors: str) -> str:
    actor = current_user.actor
    number = max(request.args.get("page", 0, int), 0)
    with db.transaction(actor):
        page = queries.imports_page(actor, number)
    problems = [{"text": text, "href": f"#{name}"} for name, text in errors.items()]
    chosen = request.form.get("office", page.own_office)
    return render_template(
        "casework/imports.html",
        page=page,
        number=number,
        size=queries.PAGE,
        words=WORDS,
        errors=errors,
        form={"problems": problems},
        chosen=chosen,
    )


@blueprint.get("/submissions/<uuid:id>")
def submission(id: uuid.UUID) -> str:
    """Show what came in to those who decide on it, and its steps."""
    actor = current_user.actor
    with db.transaction(actor):
        page = queries.submission_page(actor, id)
    steps = STEPS if page.may_decide else ()
    return render_template(
        "casework/submission.html", page=page, steps=steps, words=WORDS
    )
