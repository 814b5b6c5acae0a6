"""Steps by which people come to a case and leave it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask_babel import gettext
from marshmallow import Schema
from sqlalchemy import select

from auth.actor import Actor
from auth.models import Person
from auth.policy import Compartment, May, Standing
from auth.words import COMPARTMENTS, ROLES, STANDINGS
from casework import cases
from casework.commands import people
from casework.models.case import Case
from casework.queries.parties import personal
from casework.schemas import people as forms
from casework.steps.making import case_step, choosing
from core import db
from core.fields import offer
from core.steps import Step, anytime
from core.text import N_

LEAVE = "leave_case"


def _add_person(actor: Actor, case_id: uuid.UUID) -> Schema:
    case = cases.load(actor, May.ADD_PERSON, case_id)
    kinds = people.kinds(actor, case)
    form = offer(forms.AddPerson(), "person", _to_add(actor, case_id, kinds))
    return offer(form, "kind", {kind: _described(case, kind) for kind in kinds})


def _to_add(
    actor: Actor, case_id: uuid.UUID, kinds: Sequence[Standing]
) -> Mapping[str, str]:
    """Return whom there is to add: not who stands so already, in each way they can."""
    there = {(row.holder_id, row.kind) for row in personal(case_id)}
    rows = db.session().scalars(select(Person).order_by(Person.name))
    return {
        str(row.id): f"{row.name} ({_roles(row)})"
        for row in rows
        if row.id != actor.id
        and any(
            people.suits(row, kind) and (row.id, kind) not in there for kind in kinds
        )
    }


def _roles(person: Person) -> str:
    return ", ".join(gettext(ROLES[role]) for role in person.roles)


def _described(case: Case, kind: Standing) -> str:
    """Say what a standing opens of the case now."""
    name, parts = gettext(STANDINGS[kind]), people.opened_by(case, kind)
    if not parts:
        return str(gettext("%(name)s: opens nothing yet", name=name))
    return str(gettext("%(name)s: opens %(parts)s", name=name, parts=_named(parts)))


def _named(parts: Sequence[Compartment]) -> str:
    return ", ".join(f"“{gettext(COMPARTMENTS[part])}”" for part in parts)


def _to_end(actor: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    names = {row.id: row.name for row in db.session().scalars(select(Person))}
    return {
        str(row.id): f"{names[row.holder_id]} ({gettext(STANDINGS[row.kind])})"
        for row in personal(case_id)
        if row.holder_id != actor.id
    }


STEPS: tuple[Step, ...] = (
    case_step(
        "add_person",
        N_("Add a person to this case"),
        May.ADD_PERSON,
        people.add_person,
        _add_person,
        when=anytime,
        intro=N_(
            "Add only who is needed. You can give the keys that you hold yourself;"
            " others wait until a colleague who holds them opens the case."
        ),
        submit=N_("Add the person"),
        done=N_("The person is on the case now."),
    ),
    case_step(
        "end_standing",
        N_("End a person’s place on this case"),
        May.END_STANDING,
        people.end_standing,
        choosing(forms.EndStanding, "standing", _to_end),
        when=anytime,
        intro=N_(
            "The person loses the keys of the case at once. Desks stay: who sits at one"
            " that stands on the case still sees it. To keep somebody out, bar them."
        ),
        submit=N_("End it"),
    ),
    replace(
        case_step(
            LEAVE,
            N_("I am done with this case"),
            May.SEE_CASE,
            people.leave_case,
            forms.LeaveCase,
            when=anytime,
            intro=N_(
                "You lose the keys that you hold in your own name, and a colleague can"
                " add you again. A desk of yours that stands on the case keeps its own."
                " If you should not see this case at all, declare a conflict of"
                " interest instead: that shuts it to you for good."
            ),
            submit=N_("Leave the case"),
            done=N_("You have left the case."),
        ),
        allow=people.load_own,
        after="casework.home",
    ),
)
