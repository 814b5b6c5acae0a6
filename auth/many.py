"""Standings and keys of many cases at once: what `access` and `keys` do on one."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, update

from auth import access, desks, keys
from auth.access import Active
from auth.actor import Actor
from auth.models import StandingRow
from auth.policy import (
    OPENS,
    STANDING_OF_DESK,
    Compartment,
    DeskKind,
    Facts,
    Standing,
    clash,
    givers,
)
from core import audit, db
from vault import giving, grants, holders
from vault.holders import KEEPER
from vault.models import KeyGrant

Cases = Sequence[uuid.UUID]


@dataclass(frozen=True)
class Desks:
    """A desk that stands on cases, and another that is to stand on them likewise."""

    first: uuid.UUID
    other: uuid.UUID
    kind: Standing


def gives_away(kind: str) -> bool:
    """Return whether a desk of a kind lets another one of its kind stand on cases."""
    standing = STANDING_OF_DESK[DeskKind(kind)]
    return standing in givers(standing)


def sort(case_ids: Cases, pair: Desks) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Return the cases where the other desk can stand, and those where it does.

    It cannot where it is barred, or all of its able members are, or where one of its
    people stands in a way that is kept apart.
    """
    with db.serving(KEEPER):
        active = access.active_on(case_ids)
    able = holders.able_members(pair.other)
    people = {pair.other, *able, *desks.seated(pair.other)}
    new: list[uuid.UUID] = []
    there: list[uuid.UUID] = []
    for case_id in case_ids:
        rows = active[case_id]
        if not any(row.same(Active(pair.first, pair.kind, None)) for row in rows):
            continue
        barred = {row.holder for row in rows if row.kind is Standing.BARRED}
        own = {row.kind for row in rows if row.holder in people} - {Standing.BARRED}
        if pair.other in barred or able <= barred or clash({pair.kind, *own}):
            continue
        stands = any(row.same(Active(pair.other, pair.kind, None)) for row in rows)
        (there if stands else new).append(case_id)
    return new, there


def give(case_ids: Cases, pair: Desks, reason: str) -> None:
    """Let the other desk of a pair stand on cases, by whom `access.give` would let.

    The first desk is the actor's; row security asks whether it may. `reason` is a code.
    """
    row = {
        "holder_id": pair.other,
        "kind": pair.kind,
        "reason": reason,
        "given_by": db.actor().id,
    }
    rows = [{"id": uuid.uuid4(), "case_id": case_id, **row} for case_id in case_ids]
    if rows:
        db.session().execute(insert(StandingRow), rows)
    said = {"holder": pair.other, "kind": pair.kind, "referral": None}
    said |= {"reason": reason, "until": None}
    audit.record_each((each, "standing:given", said) for each in case_ids)


def end(case_ids: Cases, pair: Desks, reason: str) -> None:
    """End how the first desk of a pair stands on cases, as `access.end` would."""
    over = update(StandingRow).where(
        StandingRow.case_id.in_(case_ids),
        StandingRow.holder_id == pair.first,
        StandingRow.kind == pair.kind,
        StandingRow.referral_id.is_(None),
        StandingRow.ended_at.is_(None),
    )
    now = over.values(ended_at=func.now())
    db.session().execute(now, execution_options={"synchronize_session": False})
    said = {"holder": pair.first, "kind": pair.kind, "reason": reason}
    audit.record_each((each, "standing:ended", said) for each in case_ids)


def settle(actor: Actor, facts: Mapping[uuid.UUID, Facts]) -> set[uuid.UUID]:
    """Give the keys that are lacking; return the cases that are left to `keys.settle`.

    `facts` are by case. Left are those where more is to be done than to give.
    """
    assert actor.keyring
    active = _active(facts)
    should = {case: keys.who_holds(active[case], facts[case]) for case in facts}
    return giving.give_many(should, actor.keyring)


def settle_referrals(
    actor: Actor, case_ids: Cases, pair: Desks, *, stays: bool
) -> None:
    """Let the keys of the cases' referrals follow, as far as who cares for them goes.

    What the first desk knew, where it leaves, waits to be renewed by the next holder.
    """
    if Compartment.REFERRAL not in OPENS[pair.kind]:
        return
    assert actor.keyring
    active = _active(case_ids)
    should = {case: keys.who_holds(active[case], Facts()) for case in case_ids}
    giving.give_referrals(should, actor.keyring)
    if not stays:
        theirs = KeyGrant.case_id.in_(case_ids) & KeyGrant.referral_id.is_not(None)
        grants.hold_back(theirs & (KeyGrant.holder_id == pair.first), knew=True)


def _active(case_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Active]]:
    with db.serving(KEEPER):
        return access.active_on(list(case_ids))
