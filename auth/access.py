"""Where an actor stands on a case, what follows from it, and who holds which key."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from auth.actor import Actor
from auth.models import Membership, StandingRow
from auth.policy import (
    WRITES,
    Compartment,
    Facts,
    May,
    Standing,
    by_role,
    by_standing,
    clash,
    opens,
)
from core import audit, db
from core.errors import Forbidden, Invalid, NotHeld, NotVisible
from core.text import N_
from vault import grants
from vault.boxes import Box


def standings(
    actor: Actor, case_id: uuid.UUID, referral_id: uuid.UUID | None = None
) -> set[Standing]:
    """Return how an actor stands on a case (or on one referral); barred wins alone."""
    rows = db.session().execute(
        select(StandingRow.kind, StandingRow.holder_id).where(
            StandingRow.case_id == case_id,
            StandingRow.holder_id.in_(actor.holders),
            StandingRow.ended_at.is_(None),
            or_(
                StandingRow.referral_id.is_(None),
                StandingRow.referral_id == referral_id,
            ),
        )
    )
    found = {Standing(kind) for kind, _ in rows}
    return {Standing.BARRED} if Standing.BARRED in found else found


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

    :raises NotVisible: without any standing.
    :raises Forbidden: where the standings do not allow it.
    """
    held = standings(actor, case_id, referral_id)
    if not held or Standing.BARRED in held:
        raise NotVisible
    if not by_standing(held, action):
        raise Forbidden
    return held


def give(
    case_id: uuid.UUID,
    holder_id: uuid.UUID,
    kind: Standing,
    reason: str,
    referral_id: uuid.UUID | None = None,
) -> None:
    """Let a person or desk stand on a case, unless they already do.

    `reason` is a code, never free text.

    :raises Invalid: where it would mix a survivor's support with the investigation,
        in one's own name or by a desk.
    """
    give_all(case_id, [(Active(holder_id, kind, referral_id), reason)])


def give_all(case_id: uuid.UUID, wanted: Sequence[tuple["Active", str]]) -> None:
    """Let several stand on a case, in their order, as `give` lets one."""
    active, given = _active(case_id), []
    seats = _seats(place.holder for place, _ in wanted)
    for place, reason in wanted:
        if place in active:
            continue
        own = {place.holder, *seats[place.holder]}
        if clash({place.kind, *(row.kind for row in active if row.holder in own)}):
            raise Invalid(
                person=N_(
                    "Someone who supports the survivor cannot investigate, and back."
                )
            )
        active.append(place)
        given.append((place, reason))
    _write_standings(case_id, given)


def _write_standings(case_id: uuid.UUID, given: Sequence[tuple["Active", str]]) -> None:
    if not given:
        return
    rows = [
        {
            "holder": place.holder,
            "kind": place.kind,
            "referral": place.referral,
            "reason": reason,
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
                given_by=db.actor().id,
            )
            for row in rows
        )
    )
    audit.record_all(case_id, [("standing:given", row) for row in rows])


def _seats(people: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, set[uuid.UUID]]:
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


@dataclass(frozen=True)
class Active:
    """A standing that has not ended."""

    holder: uuid.UUID
    kind: Standing
    referral: uuid.UUID | None


def _active(case_id: uuid.UUID) -> list[Active]:
    rows = db.session().execute(
        select(StandingRow.holder_id, StandingRow.kind, StandingRow.referral_id).where(
            StandingRow.case_id == case_id, StandingRow.ended_at.is_(None)
        )
    )
    return [Active(holder, Standing(kind), referral) for holder, kind, referral in rows]


def holders(case_id: uuid.UUID, kind: Standing) -> set[uuid.UUID]:
    """Return the people and desks that stand on a case in one way."""
    return {row.holder for row in _active(case_id) if row.kind is kind}


def members(desk_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the members of desks who count: those who hold the desk's key."""
    return grants.members(desk_ids)


def should_hold(
    case_id: uuid.UUID, facts: Facts, referral_id: uuid.UUID | None = None
) -> Mapping[str, set[uuid.UUID]]:
    """Return who should hold the key of each compartment: what policy says, as ids.

    A desk with a barred member gives way to its other members; where a desk is
    barred, its members are.
    """
    active = _active(case_id)
    barred = {row.holder for row in active if row.kind is Standing.BARRED}
    at_desk = members({row.holder for row in active}) if barred else {}
    barred = barred.union(*(at_desk.get(each, ()) for each in barred))
    should: dict[str, set[uuid.UUID]] = defaultdict(set)
    for row in active:
        if row.referral not in (None, referral_id):
            continue
        team = at_desk.get(row.holder, set())
        holders = team - barred if team & barred else {row.holder} - barred
        for compartment in Compartment:
            if opens(row.kind, compartment, facts):
                should[compartment] |= holders
    return should


def settle(
    actor: Actor,
    case_id: uuid.UUID,
    facts: Facts,
    boxes: grants.Boxes | None = None,
    referral_id: uuid.UUID | None = None,
) -> set[tuple[str, uuid.UUID]]:
    """Make keys follow standings, consent and stage; call it after any of them changes.

    `boxes` are keys just made; what else the actor holds is added to them. What the
    actor could not give is returned, as (compartment, holder).

    :raises Forbidden: for who stands on a referral alone: they do not see who else
        holds its keys.
    """
    if referral_id and not standings(actor, case_id):
        raise Forbidden
    should = should_hold(case_id, facts, referral_id)
    return grants.settle(case_id, should, boxes or {}, referral_id, actor.keyring)


def box_for(
    actor: Actor, case_id: uuid.UUID, compartment: Compartment, facts: Facts
) -> Box:
    """Return a box to write into: the newest that the actor holds, else a fresh one.

    A fresh one opens to those whom policy says, not to its writer.

    :raises Forbidden: where the actor's standings neither open it nor may write it.
    :raises NotHeld: where nobody is there who could ever open it.
    """
    held = standings(actor, case_id)
    if not any(_writes(standing, compartment, facts) for standing in held):
        raise Forbidden
    boxes = grants.held_boxes(actor.keyring, case_id)
    mine = [box for (name, _), box in boxes.items() if name == compartment]
    if mine:
        return max(mine, key=lambda box: box.version)
    if not should_hold(case_id, facts).get(compartment):
        raise NotHeld(N_("Nobody could read this yet. Ask the coordinator."))
    made = grants.make_boxes(case_id, [compartment])
    settle(actor, case_id, facts, made)
    return next(iter(made.values()))


def _writes(standing: Standing, compartment: Compartment, facts: Facts) -> bool:
    written = compartment in WRITES.get(standing, frozenset())
    return written or opens(standing, compartment, facts)
