"""The step by which a desk gives its cases to another desk."""

import uuid

from marshmallow import Schema

from auth.actor import Actor
from casework.commands import handing
from casework.schemas.handing import GiveCases
from core.fields import offer
from core.steps import Step
from core.text import N_, Message

NOBODY = N_("No other desk of this kind has two members who are there to take them.")
COUNT = N_("This desk stands on %(count)s cases.")


def _form(actor: Actor, desk_id: uuid.UUID) -> Schema:
    found = {str(row.id): row.name for row in handing.takers(desk_id)}
    form = offer(GiveCases(), "desk", found)
    count = Message(COUNT, count=handing.count(actor, desk_id))
    field = form.fields["desk"]
    hint = count if found else NOBODY
    field.metadata = {**field.metadata, "hint": hint, "widget": "radios"}
    return form


GIVE = Step(
    endpoint="casework.give_cases",
    path="/desks/<uuid:id>/give-cases",
    title=N_("Give this desk’s cases to another desk"),
    schema=_form,
    command=handing.give_cases,
    allow=handing.load_giving,
    after="auth.desk",
    may="give the desk's cases",
    intro=N_(
        "The other desk can open everything that this desk can, closed cases included."
        " New reports still go where the office’s routes say."
    ),
    submit=N_("Give the cases"),
    in_parts=True,
)
STEPS = (GIVE,)
