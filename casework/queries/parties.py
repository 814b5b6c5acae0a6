"""Who stands on a case: since when, why, and with which keys."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from auth import access, keys
from auth.models import Desk, Person, StandingRow
from auth.policy import Facts, Standing
from core import db
from vault.models import CompartmentRow, KeyGrant


@dataclass(frozen=True)
class Party:
    """Who stands on a case: since when, how, given by whom, why, with which keys.

    `waiting` are keys that do not open yet: those of a duty desk only in an emergency,
    others once a colleague who holds them opens the case.
    """

    name: str
    kind: str
    is_desk: bool
    since: datetime
    until: datetime | None
    given_by: str | None
    reason: str
    keys: Sequence[str]
    waiting: Sequence[str]


@dataclass
class _Keys:
    """The names of the compartments whose key a holder has, openly or not yet."""

    open: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)


def parties(
    case_id: uuid.UUID, facts: Facts, everyone: Mapping[uuid.UUID, str]
) -> list[Party]:
    """Return who stands on a case, in the order in which they came."""
    desks = {desk.id: desk.name for desk in db.session().scalars(select(Desk))}
    held = _keys_of(case_id, facts)
    return [
        Party(
            name=desks.get(row.holder_id) or everyone.get(row.holder_id, "–"),
            kind=row.kind,
            is_desk=row.holder_id in desks,
            since=row.started_at,
            until=row.until,
            given_by=everyone.get(row.given_by) if row.given_by else None,
            reason=row.reason,
            keys=sorted(held[row.holder_id].open),
            waiting=sorted(held[row.holder_id].waiting),
        )
        for row in _standing(case_id)
    ]


def _standing(case_id: uuid.UUID) -> Sequence[StandingRow]:
    rows = (
        select(StandingRow)
        .where(
            StandingRow.case_id == case_id,
            StandingRow.referral_id.is_(None),
            access.lasts(),
        )
        .order_by(StandingRow.started_at)
    )
    return db.session().scalars(rows).all()


def personal(case_id: uuid.UUID) -> Sequence[StandingRow]:
    """Return the standings of people in their own name; a bar is none."""
    people = set(db.session().scalars(select(Person.id)))
    return [
        row
        for row in _standing(case_id)
        if row.kind != Standing.BARRED and row.holder_id in people
    ]


def own(person_id: uuid.UUID | None, case_id: uuid.UUID) -> Sequence[StandingRow]:
    """Return the standings that somebody can lay down: an emergency ends by itself."""
    return [
        row
        for row in personal(case_id)
        if row.holder_id == person_id and row.kind != Standing.EMERGENCY
    ]


def _keys_of(case_id: uuid.UUID, facts: Facts) -> Mapping[uuid.UUID, _Keys]:
    """Return the keys of each holder, also those that policy says and nobody gave."""
    found: dict[uuid.UUID, _Keys] = defaultdict(_Keys)
    names = set()
    for compartment, holder_id, gated in db.session().execute(_grants(case_id)):
        names.add(compartment)
        mine = found[holder_id]
        (mine.waiting if gated else mine.open).add(compartment)
    for compartment, should in keys.should_hold(case_id, facts).items():
        for holder_id in should.all if compartment in names else ():
            found[holder_id].waiting.add(compartment)
    for mine in found.values():
        mine.waiting -= mine.open
    return found


def _grants(case_id: uuid.UUID) -> Any:
    return (
        select(CompartmentRow.name, KeyGrant.holder_id, KeyGrant.gated)
        .join(CompartmentRow, CompartmentRow.id == KeyGrant.compartment_id)
        .where(KeyGrant.case_id == case_id, KeyGrant.referral_id.is_(None))
    )
