"""The page of emergencies: what one was alerted of, and the way to open a case."""

from flask import render_template
from flask_login import current_user

from casework.commands.emergency import is_on_duty
from casework.queries import emergencies as queries
from casework.steps.emergency import BREAK_GLASS
from casework.views.blueprint import blueprint
from core import db
from core.errors import NotVisible


@blueprint.get("/emergencies")
def emergencies() -> str:
    """Show the emergencies that one was alerted of or caused.

    :raises NotVisible: for who neither coordinates, is on duty nor was alerted.
    """
    actor = current_user.actor
    with db.transaction(actor):
        if queries.count_alerts(actor) is None:
            raise NotVisible
        lines, on_duty = queries.emergencies(actor), is_on_duty(actor)
    return render_template(
        "casework/emergencies.html", lines=lines, step=BREAK_GLASS if on_duty else None
    )
