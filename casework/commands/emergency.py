"""Breaking the glass: a case opened for an hour because a life is in danger.

Nobody has to be there to give a key: a duty desk's grants wait behind the gate, which
lifts for one person, while their standing lasts.
"""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from auth import access, desks
from auth.actor import Actor
from auth.models import Desk, StandingRow
from auth.policy import DeskKind, May, Standing
from casework import cases, timeline
from casework.models.case import Case
from casework.models.emergency import Emergency
from core import audit, db
from core.errors import Invalid, NotVisible
from core.events import Event
from core.text import N_
from vault.holders import KEEPER

Body = dict[str, Any]
LASTS = timedelta(minutes=60)
AT_ONCE = 3
LEAST_ALERTED = 2
CODE = 8
UNKNOWN = N_("No case with this reference can be opened here.")


def is_on_duty(actor: Actor) -> bool:
    """Return whether somebody holds the key of a duty desk."""
    on_duty = select(Desk.id).where(
        Desk.id.in_(actor.desks), Desk.kind == DeskKind.DUTY
    )
    return db.session().scalar(on_duty.limit(1)) is not None


def require_duty(actor: Actor, _: None = None) -> None:
    """Refuse who sits at no duty desk, or was not given its key.

    :raises NotVisible: as of a page that is not there.
    """
    if not is_on_duty(actor):
        raise NotVisible


def break_glass(actor: Actor, _: None, body: Body) -> uuid.UUID:
    """Open a case to the actor for an hour; return its id.

    Where it is open to them already, nothing more happens.

    :raises Invalid: where no such case can be opened here, nobody could be alerted, or
        too many are open.
    """
    require_duty(actor)
    case_id = _find(actor, body["reference"])
    assert actor.id
    audit.hold([case_id, actor.id])  # a form sent twice at once opens it once
    mine = _open_ones(actor)
    if case_id in mine:
        return case_id
    if len(mine) >= AT_ONCE:
        raise Invalid(
            reference=N_("Three are open to you already. Wait for one to end.")
        )
    alerted = _whom_to_alert(actor, case_id)
    if len(alerted) < LEAST_ALERTED:
        raise Invalid(confirmed=N_("Nobody could be alerted now. Call a coordinator."))
    _open(actor, case_id, body["reason"], alerted)
    return case_id


def _find(actor: Actor, said: str) -> uuid.UUID:
    """Return the case of a reference, where the actor's duty desk stands on it.

    Absent, barred and wrong are answered alike.
    """
    reference = _spelled(said)
    case_id = db.session().scalar(select(func.case_on_duty(reference)))
    if case_id is None:
        audit.record_denial(actor, "emergency:refused", None)
        raise Invalid(reference=UNKNOWN)
    with db.serving(KEEPER):
        access.require(actor, May.BREAK_GLASS, case_id)
    return uuid.UUID(str(case_id))


def _spelled(said: str) -> str:
    """Return a reference as it is written, however it was typed."""
    letters = re.sub(r"[^0-9A-Z]", "", said.upper())
    code = letters[-CODE:]
    return f"C-{code[:4]}-{code[4:]}" if letters in (code, f"C{code}") else letters


def _open_ones(actor: Actor) -> set[uuid.UUID]:
    """Return the cases that are open to somebody in an emergency now."""
    mine = select(StandingRow.case_id).where(
        StandingRow.holder_id == actor.id,
        StandingRow.kind == Standing.EMERGENCY,
        access.lasts(),
    )
    return set(db.session().scalars(mine))


def _whom_to_alert(actor: Actor, case_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Return who leads the case or is on duty for it, and is there; not the barred."""
    with db.serving(KEEPER):
        there = access.active(case_id)
    barred = {row.holder for row in there if row.kind is Standing.BARRED}
    watch = {row.holder for row in there if row.kind in (Standing.LEAD, Standing.DUTY)}
    people = set().union(*desks.able(watch - barred).values())
    return sorted(people - barred - {actor.id})


def _open(
    actor: Actor, case_id: uuid.UUID, reason: str, alerted: Sequence[uuid.UUID]
) -> None:
    ends = db.now() + LASTS
    _let_in(actor, case_id, reason, ends)
    case = db.session().get_one(Case, case_id)
    row = Emergency(
        id=uuid.uuid4(),
        case_id=case_id,
        reference=case.reference,
        person_id=actor.id,
        reason=reason,
        ends_at=ends,
        alerted=list(alerted),
    )
    db.add(row)
    timeline.record(Event.GLASS_BROKEN, case, about_id=row.id, reason=reason)
    cases.settle(actor, case)


def _let_in(actor: Actor, case_id: uuid.UUID, reason: str, ends: datetime) -> None:
    assert actor.id
    try:
        access.give(case_id, actor.id, Standing.EMERGENCY, reason, until=ends)
    except Invalid as apart:
        raise Invalid(reference=apart.fields["person"][0]) from apart


def review_emergency(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record what a review of an emergency found; never by whom it was.

    :raises Invalid: for one that was reviewed, or was the actor's own.
    """
    case = cases.load(actor, May.REVIEW_EMERGENCY, case_id)
    row = next(
        (r for r in to_review(actor, case_id) if str(r.id) == body["emergency"]), None
    )
    if row is None:
        raise Invalid(emergency=N_("Choose one from the list."))
    row.reviewed_at, row.reviewed_by = db.now(), actor.id
    row.verdict = body["verdict"]
    db.session().flush()
    timeline.record(
        Event.EMERGENCY_REVIEWED, case, about_id=row.id, verdict=body["verdict"]
    )


def to_review(actor: Actor, case_id: uuid.UUID) -> Sequence[Emergency]:
    """Return the emergencies on a case that nobody reviewed, but the actor's own."""
    rows = select(Emergency).where(
        Emergency.case_id == case_id,
        Emergency.reviewed_at.is_(None),
        Emergency.person_id != actor.id,
    )
    return db.session().scalars(rows.order_by(Emergency.opened_at)).all()
