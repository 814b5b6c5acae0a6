"""Who is away from a desk, and who covers for them.

A member who is away keeps the desk's key and does not count as there. A deputy from
outside sits at the desk until the member is back, and not a moment longer.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select

from auth import desks
from auth.actor import Actor
from auth.credentials import require_own_password
from auth.models import Desk, Membership, Person
from auth.policy import DeskKind
from core import audit, db
from core.errors import Invalid, WrongStage
from core.text import N_

LONGEST = timedelta(days=90)


def deputies(desk: Desk, person_id: uuid.UUID) -> tuple[list[Person], list[Person]]:
    """Return who may cover for a member: colleagues who are there, and others."""
    people = db.session().scalars(
        select(Person)
        .where(Person.disabled_at.is_(None), Person.id != person_id)
        .order_by(Person.name, Person.username)
    )
    able = desks.able([desk.id]).get(desk.id, set())
    seated = desks.seated(desk.id)
    fitting = [row for row in people if desks.suits(row, DeskKind(desk.kind))]
    colleagues = [row for row in fitting if row.id in able]
    return colleagues, [row for row in fitting if row.id not in seated]


def is_away(place: Membership) -> bool:
    """Return whether a member is away from a desk now."""
    return place.away_until is not None and place.away_until > db.now()


def go(
    actor: Actor,
    desk: Desk,
    until: datetime,
    deputy_id: uuid.UUID,
    compared: bool | None,
) -> None:
    """Note that the actor is away from a desk until a moment, and who covers.

    A colleague at the desk is only named. Anybody else sits there until that moment,
    and gets the desk's key from the actor, who has compared their fingerprint.

    :raises WrongStage: where they are away already, or only cover for somebody.
    :raises Invalid: naming the field.
    """
    assert actor.id
    mine = desks.place(desk.id, actor.id)
    if is_away(mine) or mine.until is not None:
        raise WrongStage(N_("You are away already, or cover for somebody here."))
    colleagues, others = deputies(desk, actor.id)
    if deputy_id in {row.id for row in colleagues}:
        _lengthen(desks.place(desk.id, deputy_id), until)
    elif deputy_id in {row.id for row in others}:
        _seat(actor, desk, deputy_id, until, compared)
    else:
        raise Invalid(deputy=N_("Choose a person from the list."))
    mine.away_until, mine.deputy_id = until, deputy_id
    db.session().flush()
    audit.record(desk.id, "desk:away", person=actor.id, until=until, deputy=deputy_id)


def _lengthen(place: Membership, until: datetime) -> None:
    """Let a deputy who covers for somebody else stay as long as is needed."""
    if place.until is not None and place.until < until:
        place.until = until


def _seat(
    actor: Actor,
    desk: Desk,
    deputy_id: uuid.UUID,
    until: datetime,
    compared: bool | None,
) -> None:
    if not compared:
        raise Invalid(
            compared=N_("Compare it first: it shows that the key reaches them.")
        )
    require_own_password(deputy_id, "deputy")
    desks.seat(desk.id, deputy_id, until)
    desks.give_key(actor, desk.id, deputy_id)


def come_back(desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """End a member's absence, and at once the place of who only covered for them.

    :raises WrongStage: where they are not away.
    """
    mine = desks.place(desk_id, person_id)
    if mine.away_until is None:
        raise WrongStage(N_("You are not away from this desk."))
    deputy_id = mine.deputy_id
    mine.away_until = mine.deputy_id = None
    db.session().flush()
    audit.record(desk_id, "desk:back", person=person_id)
    if deputy_id is not None and _only_covered(desk_id, deputy_id):
        desks.leave(desk_id, deputy_id)


def _only_covered(desk_id: uuid.UUID, deputy_id: uuid.UUID) -> bool:
    """Say of a deputy that they sit at a desk for a while, and now for nobody."""
    here = (Membership.desk_id == desk_id) & Membership.left_at.is_(None)
    temporary = (Membership.person_id == deputy_id) & Membership.until.is_not(None)
    needed = (Membership.deputy_id == deputy_id) & (Membership.away_until > db.now())
    found = db.session().scalar(select(Membership.id).where(here, temporary))
    other = db.session().scalar(select(Membership.id).where(here, needed).limit(1))
    return found is not None and other is None
