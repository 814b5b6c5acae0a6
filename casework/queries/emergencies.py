"""Emergencies, as those see them who were alerted or broke the glass."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from auth import access
from auth.actor import Actor
from auth.models import Person, StandingRow
from auth.policy import Role, Standing
from casework.commands.emergency import is_on_duty
from casework.models.case import Case
from casework.models.emergency import Emergency
from core import db
from vault.holders import KEEPER

RECENT = 50


@dataclass(frozen=True)
class EmergencyLine:
    """An emergency: whose, on which case by reference, and who was alerted.

    `visible`: the case itself is open to the reader, who may only have been alerted.
    """

    row: Emergency
    person: str
    alerted: Sequence[str]
    mine: bool
    open: bool
    visible: bool


def emergencies(actor: Actor) -> list[EmergencyLine]:
    """Return the emergencies that the actor was alerted of or caused, newest first."""
    about = or_(Emergency.person_id == actor.id, Emergency.alerted.contains([actor.id]))
    rows = select(Emergency).where(about).order_by(Emergency.opened_at.desc())
    return _lines(actor, db.session().scalars(rows.limit(RECENT)).all())


def alerts(actor: Actor) -> list[EmergencyLine]:
    """Return those that nobody has reviewed yet, of which the actor was alerted."""
    rows = select(Emergency).where(*_waiting(actor)).order_by(Emergency.opened_at)
    return _lines(actor, db.session().scalars(rows).all())


def count_alerts(actor: Actor) -> int | None:
    """Return how many `alerts` there are; None for whom there is no page of them."""
    waiting = select(func.count()).where(*_waiting(actor))
    count = db.session().scalar(waiting) or 0
    watches = Role.COORDINATOR in actor.roles or is_on_duty(actor)
    return count if count or watches else None


def _waiting(actor: Actor) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    alerted = Emergency.alerted.contains([actor.id])
    return alerted, Emergency.reviewed_at.is_(None)


def open_until(actor: Actor, case_id: uuid.UUID) -> EmergencyLine | None:
    """Return the emergency through which a case is open to the actor now, if any."""
    rows = select(Emergency).where(
        Emergency.case_id == case_id,
        Emergency.person_id == actor.id,
        Emergency.ends_at > db.now(),
    )
    lines = _lines(actor, db.session().scalars(rows).all())
    return next(iter(lines), None)


def _lines(actor: Actor, rows: Sequence[Emergency]) -> list[EmergencyLine]:
    if not rows:
        return []
    ids = {who for row in rows for who in (row.person_id, *row.alerted)}
    found = select(Person.id, Person.name).where(Person.id.in_(ids))
    names = {row.id: row.name for row in db.session().execute(found)}
    cases = select(Case.id).where(Case.id.in_({row.case_id for row in rows}))
    visible = set(db.session().scalars(cases))
    still = _open_now(rows)
    return [
        EmergencyLine(
            row=row,
            person=names[row.person_id],
            alerted=sorted(names[who] for who in row.alerted),
            mine=row.person_id == actor.id,
            open=(row.case_id, row.person_id) in still,
            visible=row.case_id in visible,
        )
        for row in rows
    ]


def _open_now(rows: Sequence[Emergency]) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Return which cases are open to whom: the lead may have ended it early."""
    standing = select(StandingRow.case_id, StandingRow.holder_id).where(
        StandingRow.case_id.in_({row.case_id for row in rows}),
        StandingRow.kind == Standing.EMERGENCY,
        access.lasts(),
    )
    with db.serving(KEEPER):
        found = db.session().execute(standing).all()
    return {(case_id, holder_id) for case_id, holder_id in found}
