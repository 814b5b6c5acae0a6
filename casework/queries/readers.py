"""Who has looked at a case, and at what a survivor no longer shares: from the trail."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from auth import keys
from auth.actor import Actor
from auth.models import Person
from auth.policy import Compartment, Facts, May
from casework import cases
from casework.facts import IDENTITY, is_given
from casework.models.case import Consent
from core import db
from core.audit import AuditRow
from vault import holders

SHOWN = 50
READ_SURVIVOR = text("detail::jsonb -> 'compartments' @> '[\"survivor\"]'")


@dataclass(frozen=True)
class Reader:
    """Somebody who had opened who the survivor is, and when last."""

    name: str
    last: datetime


@dataclass(frozen=True)
class Ended:
    """A consent to share identity that stood once and does not stand any more."""

    at: datetime
    readers: Sequence[Reader]


def read_before(
    case_id: uuid.UUID, facts: Facts, consents: Iterable[Consent]
) -> Ended | None:
    """Return who can open the survivor's name no more, and had opened it before.

    None where no consent to share it ever ended.
    """
    rows = [row for row in consents if row.purpose == IDENTITY]
    ended = _ended(rows)
    if ended is None:
        return None
    read = (
        select(AuditRow.actor, func.max(AuditRow.at).label("last"))
        .where(
            AuditRow.case_id == case_id,
            AuditRow.action == "case:read",
            READ_SURVIVOR,
            AuditRow.at <= ended,
        )
        .group_by(AuditRow.actor)
        .order_by(func.max(AuditRow.at).desc())
        .limit(SHOWN)
    )
    still, names = _still(case_id, facts), _names()
    found = db.session().execute(read).all()
    return Ended(
        ended,
        [Reader(names.get(who, "–"), last) for who, last in found if who not in still],
    )


def _ended(rows: Sequence[Consent]) -> datetime | None:
    """Return when a consent ended that had been given, if none stands."""
    newest = {row.survivor_id: row for row in rows}
    given = {row.survivor_id for row in rows if row.status == "given"}
    over = [row for who, row in newest.items() if who in given and not is_given(row)]
    return max((_end_of(row) for row in over), default=None)


def _end_of(row: Consent) -> datetime:
    return (
        row.expires_at or row.recorded_at if row.status == "given" else row.recorded_at
    )


def _still(case_id: uuid.UUID, facts: Facts) -> set[str]:
    """Return who can open the survivor's name now, as the trail names people."""
    should = keys.should_hold(case_id, facts).get(Compartment.SURVIVOR)
    open_to = should.open if should else set()
    at_desks = holders.members(open_to).values()
    return {str(who) for who in open_to.union(*at_desks)}


def _names() -> Mapping[str, str]:
    rows = db.session().execute(select(Person.id, Person.name))
    return {str(row.id): row.name for row in rows}


@dataclass(frozen=True)
class Look:
    """Somebody opened a case, or was refused."""

    at: datetime
    name: str
    action: str
    decision: str
    compartments: Sequence[str]


def who_looked(actor: Actor, case_id: uuid.UUID) -> list[Look]:
    """Return who opened or was refused this case, newest first: for its lead."""
    cases.load(actor, May.SEE_WHO_LOOKED, case_id)
    session = db.session()
    everyone = _names()
    rows = session.scalars(
        select(AuditRow)
        .where(
            AuditRow.case_id == case_id,
            AuditRow.action.in_(("case:read", "request:denied")),
        )
        .order_by(AuditRow.at.desc())
        .limit(200)
    )
    return [
        Look(
            row.at,
            everyone.get(row.actor, row.actor),
            row.action,
            row.decision,
            json.loads(row.detail).get("compartments", []),
        )
        for row in rows
    ]
