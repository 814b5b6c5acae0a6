"""Loading a case for an act: policy first, then the row, then whether it is stale."""

import uuid
from typing import Any

from auth import access, keys
from auth.actor import Actor
from auth.policy import Compartment, May, opens
from casework import timeline
from casework.facts import facts_of
from casework.models.case import Case, Survivor
from casework.stages import target
from core import db
from core.errors import Invalid, NotVisible, Stale
from core.events import Event
from core.text import N_
from vault import work


def load(
    actor: Actor, action: May, case_id: uuid.UUID, body: dict[str, Any] | None = None
) -> Case:
    """Return a case that the actor may act on.

    :raises NotVisible: where the actor does not stand on it.
    :raises Forbidden: where the act is not theirs.
    :raises Stale: where `body` says which version was seen, and it is another now.
    """
    access.require(actor, action, case_id)
    case = db.session().get(Case, case_id)
    if case is None:
        raise NotVisible
    seen = (body or {}).get("version")
    if seen is not None and seen != case.version_id:
        raise Stale
    return case


def move(case: Case, name: str) -> None:
    """Move a case to the next stage.

    :raises WrongStage: where it cannot be moved so from here.
    """
    case.stage = target(name, case.stage, case.kind)
    db.session().flush()


def settle(actor: Actor, case: Case) -> None:
    """Make the keys of a case follow its standings, consents and stage.

    A key that only a later holder can renew has a clock on it.
    """
    left = keys.settle(actor, case.id, facts_of(case))
    if left.to_renew and not left.waited:
        parts = sorted(left.to_renew)
        timeline.record(Event.KEYS_TO_RENEW, case, compartments=parts)
    elif left.waited and not left.to_renew:
        timeline.record(Event.KEYS_RENEWED, case)


def catch_up(actor: Actor, case: Case) -> None:
    """Do what is left on the keys of a case, where the actor is who can."""
    left = work.due(case.id)
    if not left:
        return
    facts, held = facts_of(case), access.standings(actor, case.id)
    if any(opens(kind, Compartment(part), facts) for kind in held for part in left):
        settle(actor, case)


def survivors(case_id: uuid.UUID) -> list[Survivor]:
    """Return the survivors of a case in their order."""
    rows = db.session().query(Survivor).filter(Survivor.case_id == case_id)
    return list(rows.order_by(Survivor.number))


def survivor(case_id: uuid.UUID, survivor_id: uuid.UUID | str) -> Survivor:
    """Return one survivor of this case.

    :raises Invalid: where there is none such in it.
    """
    row = db.session().get(Survivor, uuid.UUID(str(survivor_id)))
    if row is None or row.case_id != case_id:
        raise Invalid(survivor=N_("Choose a person from the list."))
    return row
