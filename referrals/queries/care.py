"""What a care officer sees of a case's survivors: needs and referrals."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select

from auth.actor import Actor
from auth.policy import May
from casework import cases
from casework.facts import facts_of
from casework.models.case import Case, Survivor
from casework.opening import reveal
from core import db
from referrals import loading
from referrals.models import Need, Referral
from referrals.queries.referrals import ReferralLine, lines
from referrals.stages import FINAL


@dataclass(frozen=True)
class NeedLine:
    """A need, with its note."""

    number: int
    affected_as: str
    kind: str
    answer: str
    recorded_at: datetime
    note: str | None


@dataclass(frozen=True)
class CarePage:
    """The needs and referrals of a case's survivors, for their care officer."""

    case: Case
    needs: Sequence[NeedLine]
    referrals: Sequence[ReferralLine]
    agreed: dict[uuid.UUID, bool]
    survivors: Sequence[Survivor]


def needs_and_referrals(actor: Actor, case_id: uuid.UUID) -> CarePage:
    """Return what a case's survivors need and where they were referred.

    :raises Forbidden: for those on the case who do not care for them.
    """
    found = cases.load(actor, May.CARE, case_id)
    survivors = cases.survivors(case_id)
    session = db.session()
    referrals = session.scalars(
        select(Referral)
        .where(Referral.case_id == case_id)
        .order_by(case((Referral.status.in_(FINAL), 1), else_=0), Referral.sent_at)
    )
    return CarePage(
        case=found,
        needs=_needs(actor, found, survivors),
        referrals=lines(actor, referrals.all()),
        agreed={each.id: loading.agreed(case_id, each.id) for each in survivors},
        survivors=survivors,
    )


def _needs(actor: Actor, of: Case, survivors: Sequence[Survivor]) -> list[NeedLine]:
    people = {each.id: each for each in survivors}
    rows = (
        db.session()
        .scalars(select(Need).where(Need.case_id == of.id).order_by(Need.recorded_at))
        .all()
    )
    opened = reveal(actor, of.id, facts_of(of), [(Need.note, rows)])
    return [
        NeedLine(
            number=people[row.survivor_id].number,
            affected_as=people[row.survivor_id].affected_as,
            kind=row.kind,
            answer=row.answer,
            recorded_at=row.recorded_at,
            note=opened(Need.note, row),
        )
        for row in rows
    ]
