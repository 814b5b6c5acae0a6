"""Where an actor stands on a case, and what they may do there; giving and ending it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.sql import ColumnElement

from auth.actor import Actor
from auth.models import Membership, Person, StandingRow
from auth.policy import (
    SEES,
    May,
    Standing,
    by_role,
    by_standing,
    clash,
    givers,
)
from core import audit, db
from core.errors import Forbidden, Invalid, NotVisible
from core.text import N_
from vault.holders import KEEPER


def standings(
    actor: Actor, case_id: uuid.UUID, referral_id: uuid.UUID | None = None
) -> set[Standing]:
    """Return how an actor stands on a case (or on one referral); barred wins alone."""
    rows = db.session().execute(
        select(StandingRow.kind, StandingRow.holder_id).where(
            StandingRow.case_id == case_id,
            StandingRow.holder_id.in_(actor.holders),
            lasts(),
            or_(
                StandingRow.referral_id.is_(None),
                StandingRow.referral_id == referral_id,
            ),
        )
    )
    found = {Standing(kind) for kind, _ in rows}
    return {Standing.BARRED} if Standing.BARRED in found else found


def lasts() -> ColumnElement[bool]:
    """Say of a standing that it has not ended, by itself or by somebody."""
    return StandingRow.ended_at.is_(None) & or_(
        StandingRow.until.is_(None), StandingRow.until > db.now()
    )


def sits() -> ColumnElement[bool]:
    """Say of a membership that it has not ended, by itself or by somebody."""
    return Membership.left_at.is_(None) & or_(
        Membership.until.is_(None), Membership.until > db.now()
    )


def allows(actor: Actor, action: May) -> bool:
    """Return whether a role of the actor allows an act on no case in particular."""
    return by_role(actor.roles, action)


def require_role(actor: Actor, action: May) -> None:
    """Refuse an act that no role of the actor allows; forbidden looks absent.

    :raises NotVisible: where none does.
    """
    if not allows(actor, action):
        raise NotVisible


def require(
    actor: Actor,
    action: May,
    case_id: uuid.UUID,
    referral_id: uuid.UUID | None = None,
) -> set[Standing]:
    """Refuse an act that the actor's standings on the case do not allow.

    :raises NotVisible: without any standing from which the case is seen.
    :raises Forbidden: where the standings do not allow it.
    """
    held = standings(actor, case_id, referral_id)
    if by_standing(held, action):
        return held
    if any(by_standing(held, see) for see in SEES):
        raise Forbidden
    raise NotVisible


def give(
    case_id: uuid.UUID,
    holder_id: uuid.UUID,
    kind: Standing,
    reason: str,
    referral_id: uuid.UUID | None = None,
    until: datetime | None = None,
) -> None:
    """Let a person or desk stand on a case, unless they already do.

    `reason` is a code, never free text; at `until` it ends by itself.

    :raises Forbidden: for who may not give such a standing.
    :raises Invalid: where it would mix a survivor's support with the investigation,
        in one's own name or by a desk.
    """
    place = Active(holder_id, kind, referral_id, until)
    if (holder_id, kind) != (db.actor().id, Standing.BARRED):
        _check_gives(case_id, kind)
    give_all(case_id, [(place, reason)])


def _check_gives(case_id: uuid.UUID, kind: Standing) -> None:
    mine = select(StandingRow.id).where(
        StandingRow.case_id == case_id,
        StandingRow.holder_id.in_(list(db.actor().holders)),
        StandingRow.kind.in_(givers(kind)),
        lasts(),
    )
    with db.serving(KEEPER):
        found = db.session().scalar(mine.limit(1))
    if found is None:
        raise Forbidden


def give_all(
    case_id: uuid.UUID, wanted: Sequence[tuple["Active", str]], *, new: bool = False
) -> None:
    """Let several stand on a case, in their order, as `give` lets one.

    Nobody stands on a `new` one, which is just being made.
    """
    there = [] if new else _all_active(case_id)
    given: list[tuple[Active, str]] = []
    at_desks = seats(place.holder for place, _ in wanted)
    for place, reason in wanted:
        if any(place.same(one) for one in there):
            continue
        own = {place.holder, *at_desks[place.holder]}
        if clash({place.kind, *(row.kind for row in there if row.holder in own)}):
            raise Invalid(
                person=N_(
                    "Someone who supports the survivor cannot also investigate,"
                    " nor the other way round."
                )
            )
        there.append(place)
        given.append((place, reason))
    _write_standings(case_id, given)


def _all_active(case_id: uuid.UUID) -> list["Active"]:
    """Return those as well whom the giver may not see: a referral's provider."""
    with db.serving(KEEPER):
        return active(case_id)


def _write_standings(case_id: uuid.UUID, given: Sequence[tuple["Active", str]]) -> None:
    if not given:
        return
    rows = [
        {
            "holder": place.holder,
            "kind": place.kind,
            "referral": place.referral,
            "reason": reason,
            "until": place.until,
        }
        for place, reason in given
    ]
    db.add(
        *(
            StandingRow(
                case_id=case_id,
                referral_id=row["referral"],
                holder_id=row["holder"],
                kind=row["kind"],
                reason=row["reason"],
                until=row["until"],
                given_by=db.actor().id,
            )
            for row in rows
        )
    )
    audit.record_all(case_id, [("standing:given", row) for row in rows])


def seats(people: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, set[uuid.UUID]]:
    """Return the desks that people have a place at, with its key or without."""
    places = select(Membership.person_id, Membership.desk_id).where(
        Membership.person_id.in_(list(people)), Membership.left_at.is_(None)
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for person_id, desk_id in db.session().execute(places):
        found[person_id].add(desk_id)
    return found


def end(
    case_id: uuid.UUID,
    holder_id: uuid.UUID,
    kind: Standing,
    reason: str,
    referral_id: uuid.UUID | None = None,
) -> None:
    """End a standing; it lasts to the end of this transaction in row security.

    :raises NotVisible: where there is none such.
    """
    row = db.session().scalar(
        select(StandingRow).where(
            StandingRow.case_id == case_id,
            StandingRow.holder_id == holder_id,
            StandingRow.kind == kind,
            StandingRow.referral_id.is_not_distinct_from(referral_id),
            StandingRow.ended_at.is_(None),
        )
    )
    if row is None:
        raise NotVisible
    row.ended_at = func.now()
    db.session().flush()
    audit.record(
        case_id,
        "standing:ended",
        case_id=case_id,
        holder=holder_id,
        kind=kind,
        reason=reason,
    )


def end_expired(limit: int) -> set[uuid.UUID]:
    """End, for the sweep, standings whose time is over; return the cases they were on.

    Chains are held before rows, as in every step on a case.
    """
    over = (StandingRow.ended_at.is_(None), StandingRow.until <= db.now())
    first = select(StandingRow.case_id).where(*over).distinct().limit(limit)
    cases = set(db.session().scalars(first))
    audit.hold(cases)
    rows = select(StandingRow).where(*over, StandingRow.case_id.in_(cases))
    for row in db.session().scalars(rows.with_for_update()).all():
        row.ended_at = func.now()
        db.session().flush()
        audit.record(
            row.case_id,
            "standing:ended",
            case_id=row.case_id,
            holder=row.holder_id,
            kind=row.kind,
            reason="time_over",
        )
    return cases


@dataclass(frozen=True)
class Active:
    """A standing that has not ended."""

    holder: uuid.UUID
    kind: Standing
    referral: uuid.UUID | None
    until: datetime | None = None

    def same(self, other: "Active") -> bool:
        """Return whether another says the same, however long it lasts."""
        return (self.holder, self.kind, self.referral) == (
            other.holder,
            other.kind,
            other.referral,
        )


def active(case_id: uuid.UUID) -> list[Active]:
    """Return the standings on a case of people and desks that still count."""
    return active_on([case_id])[case_id]


def active_on(case_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Active]]:
    """Return the standings on several cases, as `active` does on one."""
    columns = (StandingRow.holder_id, StandingRow.kind, StandingRow.referral_id)
    rows = db.session().execute(
        select(*columns, StandingRow.until, StandingRow.case_id)
        .outerjoin(Person, Person.id == StandingRow.holder_id)
        .where(StandingRow.case_id.in_(case_ids), lasts())
        .where(Person.disabled_at.is_(None))
    )
    found: dict[uuid.UUID, list[Active]] = defaultdict(list)
    for holder, kind, referral, until, case_id in rows:
        found[case_id].append(Active(holder, Standing(kind), referral, until))
    return found


def holders(case_id: uuid.UUID, kind: Standing) -> set[uuid.UUID]:
    """Return the people and desks that stand on a case in one way."""
    return {row.holder for row in active(case_id) if row.kind is kind}
