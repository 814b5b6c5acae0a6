"""Who comes to a case in their own name, and who leaves it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from auth import access, desks
from auth.actor import Actor
from auth.credentials import require_own_password
from auth.models import Person, StandingRow
from auth.policy import (
    GIVES,
    STANDING_OF_DESK,
    Compartment,
    DeskKind,
    May,
    Standing,
    opens,
)
from casework import cases, timeline
from casework.facts import facts_of
from casework.models.case import Case
from casework.queries.parties import own, personal
from core import audit, db
from core.errors import Forbidden, Invalid, NotHeld, WrongStage
from core.events import Event
from core.text import N_
from vault.compartments import known_boxes
from vault.keyring import held_boxes

Body = dict[str, Any]
# As what people are added by name. The others come with a desk, or by themselves.
ADDED = (
    Standing.INTAKE,
    Standing.LEAD,
    Standing.INVESTIGATOR,
    Standing.CARE_OFFICER,
    Standing.LEGAL_OFFICER,
    Standing.ETHICS_OFFICER,
)
# The lead names an investigator by assigning the case to one of the desk's.
ADDS: Mapping[Standing, frozenset[Standing]] = {
    who: whom.intersection(ADDED) for who, whom in GIVES.items()
} | {Standing.LEAD: GIVES[Standing.LEAD].intersection(ADDED) - {Standing.INVESTIGATOR}}
DESK_OF: Mapping[Standing, DeskKind] = {
    standing: kind for kind, standing in STANDING_OF_DESK.items()
}
NOT_LISTED = N_("Choose a person from the list.")


def kinds(actor: Actor, case: Case) -> list[Standing]:
    """Return as what the actor may add somebody to a case now."""
    held = access.standings(actor, case.id)
    if case.handed_over_at is not None:
        held -= {Standing.INTAKE}
    found = {kind for each in held for kind in ADDS.get(each, ())}
    return [kind for kind in ADDED if kind in found]


def opened_by(case: Case, kind: Standing) -> list[Compartment]:
    """Return what a standing opens of a case now, of what there is."""
    there, facts = {box.name for box in known_boxes(case.id, None)}, facts_of(case)
    return [part for part in Compartment if part in there and opens(kind, part, facts)]


def suits(person: Person, kind: Standing) -> bool:
    """Return whether a person's role fits a standing."""
    return desks.suits(person, DESK_OF[kind])


def add_person(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Let a person stand on a case, with the keys that the actor holds of theirs.

    Who stands there so already stays as they are.

    :raises WrongStage: where the actor's desk has handed the case over.
    :raises Invalid: naming the field, for somebody who cannot be added.
    :raises NotHeld: where the actor could give none of the keys.
    """
    case = cases.load(actor, May.ADD_PERSON, case_id)
    audit.hold([case_id])
    person_id, kind = uuid.UUID(body["person"]), Standing(body["kind"])
    _check_kind(actor, case, kind)
    if person_id in access.holders(case_id, kind):
        return
    _check_person(actor, case_id, person_id, kind)
    _check_held(actor, case, kind)
    access.give(case_id, person_id, kind, body["why"])
    timeline.record(Event.PERSON_ADDED, case, kind=kind, reason=body["why"])
    cases.settle(actor, case)


def _check_kind(actor: Actor, case: Case, kind: Standing) -> None:
    found = kinds(actor, case)
    if not found:
        raise WrongStage
    if kind not in found:
        raise Invalid(kind=N_("You cannot add somebody as this."))


def _check_person(
    actor: Actor, case_id: uuid.UUID, person_id: uuid.UUID, kind: Standing
) -> None:
    person = db.session().get(Person, person_id)
    if person is None or person.disabled_at is not None or person_id == actor.id:
        raise Invalid(person=NOT_LISTED)
    if not suits(person, kind):
        raise Invalid(kind=N_("The role of this person does not fit."))
    reach = {person_id, *access.seats([person_id])[person_id]}
    if reach & access.holders(case_id, Standing.BARRED):
        raise Invalid(person=N_("This person cannot be added to this case."))
    require_own_password(person_id, "person")


def _check_held(actor: Actor, case: Case, kind: Standing) -> None:
    wanted = set(opened_by(case, kind))
    held = {name for name, _ in held_boxes(actor.keyring, case.id)}
    if wanted and not wanted & held:
        raise NotHeld(
            N_(
                "You do not hold a key that this person would need. Ask a colleague who"
                " can read these parts of the case to add them."
            )
        )


def end_standing(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """End how a person stands on a case; desks and bars are not ended so.

    :raises Invalid: where nobody stands so.
    """
    case = cases.load(actor, May.END_STANDING, case_id)
    audit.hold([case_id])
    chosen = [row for row in personal(case_id) if str(row.id) == body["standing"]]
    if not chosen:
        raise Invalid(standing=NOT_LISTED)
    _end(actor, case, chosen, "ended_by_lead")


def load_own(actor: Actor, case_id: uuid.UUID) -> Case:
    """Return a case that the actor stands on in their own name.

    :raises Forbidden: where only a desk of theirs does.
    """
    case = cases.load(actor, May.SEE_CASE, case_id)
    if not own(actor.id, case_id):
        raise Forbidden
    return case


def leave_case(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """End how the actor stands on a case in their own name; their desks stay.

    :raises Forbidden: where they do not.
    :raises Invalid: where they want to stay.
    """
    case = load_own(actor, case_id)
    audit.hold([case_id])
    if not body["confirmed"]:
        raise Invalid(confirmed=N_("Choose yes to leave the case, or go back."))
    _end(actor, case, own(actor.id, case_id), "left")


def _end(
    actor: Actor, case: Case, standings: Sequence[StandingRow], reason: str
) -> None:
    for row in standings:
        kind = Standing(row.kind)
        access.end(case.id, row.holder_id, kind, reason)
        _let_go(case, row.holder_id, kind)
        timeline.record(Event.PERSON_LEFT, case, kind=kind, reason=reason)
    cases.settle(actor, case)


def _let_go(case: Case, person_id: uuid.UUID, kind: Standing) -> None:
    """Leave no work in the name of somebody who is gone."""
    if kind is Standing.INVESTIGATOR and case.taken_by == person_id:
        case.taken_by = None
    if kind is Standing.CARE_OFFICER:
        for survivor in cases.survivors(case.id):
            if survivor.officer_id == person_id:
                survivor.officer_id = None
