"""Steps of emergencies: breaking the glass, and its review."""

import uuid
from collections.abc import Mapping

from flask_babel import format_datetime

from auth.actor import Actor
from auth.models import Person
from auth.policy import May
from casework.commands import emergency
from casework.schemas import emergency as forms
from casework.steps.making import case_step, choosing, fixed
from core import db
from core.steps import Step, anytime
from core.text import N_


def _unreviewed(actor: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    found = {}
    for row in emergency.to_review(actor, case_id):
        person = db.session().get_one(Person, row.person_id)
        found[str(row.id)] = f"{person.name}, {format_datetime(row.opened_at)}"
    return found


BREAK_GLASS = Step(
    endpoint="casework.break_glass",
    path="/emergencies/new",
    title=N_("Open a case in an emergency"),
    schema=fixed(forms.BreakGlass),
    command=emergency.break_glass,
    allow=emergency.require_duty,
    after="casework.case",
    may=May.BREAK_GLASS,
    intro=N_("Only where a life is in danger, or medical help cannot wait."),
    submit=N_("Open the case"),
)

ON_CASE: tuple[Step, ...] = (
    case_step(
        "review_emergency",
        N_("Review an opening in an emergency"),
        May.REVIEW_EMERGENCY,
        emergency.review_emergency,
        choosing(forms.ReviewEmergency, "emergency", _unreviewed),
        when=anytime,
    ),
)
