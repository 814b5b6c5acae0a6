"""Who should hold which key, by policy and standings; and that it comes to be so."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import exists, or_, select
from sqlalchemy.sql import ColumnElement

from auth import access
from auth.actor import Actor
from auth.models import Membership, Person, StandingRow
from auth.policy import WRITES, Compartment, Facts, Opening, Standing, opening, opens
from core import audit, db
from core.errors import Forbidden, NotHeld
from core.text import N_
from vault import compartments, grants, holders, work
from vault.boxes import Box
from vault.holders import KEEPER
from vault.keyring import Boxes, held_boxes
from vault.models import CompartmentRow, KeyGrant
from vault.settling import Should


def should_hold(
    case_id: uuid.UUID, facts: Facts, referral_id: uuid.UUID | None = None
) -> Mapping[str, Should]:
    """Return who should hold the key of each compartment: what policy says, as ids."""
    with db.serving(KEEPER):
        active = access.active(case_id)
    return who_holds(active, facts, referral_id)


def who_holds(
    active: Sequence[access.Active], facts: Facts, referral_id: uuid.UUID | None = None
) -> Mapping[str, Should]:
    """Return who should hold the key of each compartment, by the standings on a case.

    A desk with a barred member gives way to its other members; where a desk is
    barred, its members are.
    """
    barred = {row.holder for row in active if row.kind is Standing.BARRED}
    at_desk = holders.members({row.holder for row in active}) if barred else {}
    barred = barred.union(*(at_desk.get(each, ()) for each in barred))
    should: dict[str, Should] = defaultdict(Should)
    for row in active:
        if row.referral not in (None, referral_id):
            continue
        team = at_desk.get(row.holder, set())
        who = team - barred if team & barred else {row.holder} - barred
        for compartment in Compartment:
            match opening(row.kind, compartment, facts):
                case Opening.OPEN:
                    should[compartment].open |= who
                case Opening.GATED:
                    should[compartment].gated |= who
    for each in should.values():
        each.gated -= each.open
    return should


def settle(
    actor: Actor,
    case_id: uuid.UUID,
    facts: Facts,
    boxes: Boxes | None = None,
    referral_id: uuid.UUID | None = None,
) -> grants.Outcome:
    """Make keys follow standings, consent and stage; call it after any of them changes.

    `boxes` are keys just made; what else the actor holds is added to them. What the
    actor could not do is left to the next holder, and returned.
    """
    audit.hold([case_id])
    with db.serving(KEEPER):
        should = should_hold(case_id, facts, referral_id)
        mine, ring = frozenset(actor.holders), actor.keyring
        return grants.settle(case_id, should, boxes or {}, referral_id, ring, mine)


def hold_back_barred(case_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Put behind the gate what one who is barred from a case reaches of its referrals.

    Of the case itself `settle` takes their keys; who bars sees no referral.
    """
    reach = [person_id, *access.seats([person_id])[person_id]]
    own = (KeyGrant.case_id == case_id) & KeyGrant.referral_id.is_not(None)
    grants.hold_back(own & KeyGrant.holder_id.in_(reach), knew=True)


def follow_joined(desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Put behind the gate what a desk holds of cases its new member is barred from.

    Where a desk gave way to its members, the new one waits for the next holder.
    """
    barred = select(StandingRow.case_id).where(
        StandingRow.holder_id == person_id,
        StandingRow.kind == Standing.BARRED,
        access.lasts(),
    )
    gave_way = _stood_on(desk_id) & ~_held_openly(desk_id)
    with db.serving(KEEPER):
        cases = list(db.session().scalars(barred))
        others = select(CompartmentRow.case_id).where(gave_way)
        audit.hold({*cases, *db.session().scalars(others)})
    own = KeyGrant.holder_id == desk_id
    grants.hold_back(own & KeyGrant.case_id.in_(cases), knew=False)
    _note_work(gave_way)


def follow_left(desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Put behind the gate what somebody held in their own name for a desk they left.

    What still is theirs opens again when they open the case.
    """
    own = KeyGrant.holder_id == person_id
    cases = select(CompartmentRow.case_id).where(_stood_on(desk_id))
    grants.hold_back(own & KeyGrant.case_id.in_(cases), knew=True)


def hold_back_strays() -> None:
    """Put behind the gate what people hold of cases where nothing lets them stand.

    For the sweep: a desk that gave way may have sealed to somebody who was leaving it
    at that very moment.
    """
    sits_there = (
        exists()
        .where(
            Membership.desk_id == StandingRow.holder_id,
            Membership.person_id == KeyGrant.holder_id,
            access.sits(),
        )
        .correlate(StandingRow, KeyGrant)
    )
    own = exists().where(
        StandingRow.case_id == KeyGrant.case_id,
        access.lasts(),
        or_(StandingRow.holder_id == KeyGrant.holder_id, sits_there),
    )
    people = select(Person.id).where(Person.id == KeyGrant.holder_id).exists()
    grants.hold_back(people & ~own, knew=True)


def _stood_on(desk_id: uuid.UUID) -> ColumnElement[bool]:
    """Say of a compartment that a desk stands on its case."""
    return exists().where(
        StandingRow.case_id == CompartmentRow.case_id,
        StandingRow.holder_id == desk_id,
        access.lasts(),
    )


def _held_openly(desk_id: uuid.UUID) -> ColumnElement[bool]:
    """Say of a compartment that a desk holds some key of its case, not gated."""
    return exists().where(
        KeyGrant.case_id == CompartmentRow.case_id,
        KeyGrant.holder_id == desk_id,
        KeyGrant.gated.is_(False),
    )


def _note_work(which: ColumnElement[bool]) -> None:
    columns = (CompartmentRow.id, CompartmentRow.case_id, CompartmentRow.referral_id)
    with db.serving(KEEPER):
        rows = db.session().execute(select(*columns).where(which)).all()
        work.add([(row.id, row.case_id, row.referral_id) for row in rows], False)


def box_for(
    actor: Actor, case_id: uuid.UUID, compartment: Compartment, facts: Facts
) -> Box:
    """Return a box to write into: the newest that the actor holds, else a fresh one.

    A fresh one opens to those whom policy says, not to its writer. Nobody renews the
    key until this step is done: what is sealed now is never left behind.

    :raises Forbidden: where the actor's standings neither open it nor may write it.
    :raises NotHeld: where nobody is there who could ever open it.
    """
    audit.hold([case_id])
    held = access.standings(actor, case_id)
    if not any(_writes(standing, compartment, facts) for standing in held):
        raise Forbidden
    boxes = held_boxes(actor.keyring, case_id)
    mine = [box for (name, _), box in boxes.items() if name == compartment]
    if mine:
        return max(mine, key=lambda box: box.version)
    if not should_hold(case_id, facts)[compartment].open:
        raise NotHeld(N_("Nobody could read this yet. Ask the coordinator."))
    made = compartments.make_boxes(case_id, [compartment])
    settle(actor, case_id, facts, made)
    return next(iter(made.values()))


def _writes(standing: Standing, compartment: Compartment, facts: Facts) -> bool:
    written = compartment in WRITES.get(standing, frozenset())
    return written or opens(standing, compartment, facts)
