"""Desks: who sits there, who holds the key, and whether anybody is able.

A place counts once a member has given the desk's key. Whoever leaves loses it at once,
and the next member who comes re-makes it. Absence and deputies: `absence.py`.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import InstrumentedAttribute

from auth import keys
from auth.access import sits
from auth.actor import Actor
from auth.credentials import require_own_password
from auth.models import Desk, Membership, Person
from auth.policy import DeskKind, Role
from core import audit, db
from core.errors import Invalid, NotVisible
from core.text import N_
from vault import holders
from vault.models import Holder, HolderKey, HolderKind

LEAST_MEMBERS = 2
_THERE = text(
    "SELECT desk, person FROM able_members(:desks) WHERE NOT EXISTS ("
    " SELECT FROM memberships WHERE desk_id = desk AND person_id = person"
    " AND left_at IS NULL AND away_until > :now)"
)
# Who may sit at a desk of each kind.
SUITS: Mapping[DeskKind, frozenset[Role]] = {
    DeskKind.INTAKE: frozenset({Role.FOCAL_POINT, Role.COORDINATOR}),
    DeskKind.COORDINATION: frozenset({Role.COORDINATOR}),
    DeskKind.INVESTIGATION: frozenset({Role.INVESTIGATOR}),
    DeskKind.PARTNER: frozenset({Role.PARTNER_INVESTIGATOR}),
    DeskKind.CARE: frozenset({Role.CARE_OFFICER}),
    DeskKind.LEGAL: frozenset({Role.LEGAL_OFFICER}),
    DeskKind.ETHICS: frozenset({Role.ETHICS_OFFICER}),
    DeskKind.PROVIDER: frozenset({Role.PROVIDER}),
    DeskKind.DUTY: frozenset({Role.FOCAL_POINT, Role.COORDINATOR, Role.CARE_OFFICER}),
}


def of(person_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Return the desks that somebody sits at."""
    places = select(Membership.desk_id).where(
        Membership.person_id == person_id, Membership.left_at.is_(None)
    )
    return db.session().scalars(places.order_by(Membership.desk_id)).all()


def seated(desk_id: uuid.UUID) -> set[uuid.UUID]:
    """Return who sits at a desk, with its key or without."""
    places = select(Membership.person_id).where(Membership.desk_id == desk_id, sits())
    return set(db.session().scalars(places))


def suits(person: Person, kind: DeskKind) -> bool:
    """Return whether a person may sit at a desk of a kind."""
    return person.disabled_at is None and bool(SUITS[kind] & set(person.roles))


def check_suits(person_id: uuid.UUID, kind: DeskKind, field: str) -> None:
    """Refuse somebody whose role does not fit a kind of desk.

    :raises Invalid: naming the field.
    """
    person = db.session().get(Person, person_id)
    if person is None or not suits(person, kind):
        raise Invalid(
            **{field: N_("Choose only people whose role fits this kind of desk.")}
        )


def create(
    name: str, kind: DeskKind, office_id: uuid.UUID, members: Iterable[uuid.UUID]
) -> Desk:
    """Seat the first members of a desk; it takes cases once somebody made its key.

    :raises Invalid: with fewer than two members: a desk never hangs on one person;
        or with one whose role does not fit.
    """
    first = sorted(set(members))
    check_first(first, kind, "members")
    desk = Desk(id=uuid.uuid4(), name=name, kind=kind, office_id=office_id)
    db.add(Holder(id=desk.id, kind=HolderKind.DESK))
    db.add(desk)
    for person_id in first:
        seat(desk.id, person_id)
    return desk


def check_first(people: Sequence[uuid.UUID], kind: DeskKind, field: str) -> None:
    """Refuse first members of a desk to whom its key must not be given.

    :raises Invalid: naming the field.
    """
    if len(people) < LEAST_MEMBERS:
        raise Invalid(**{field: N_("Choose at least two members.")})
    for person_id in people:
        check_suits(person_id, kind, field)
        require_own_password(person_id, field)


def has_key(desk_id: uuid.UUID) -> bool:
    """Return whether a desk ever had a key: its first members were confirmed."""
    first = select(HolderKey.holder_id).where(HolderKey.holder_id == desk_id)
    return db.session().scalar(first.limit(1)) is not None


def make_key(desk_id: uuid.UUID, members: Iterable[uuid.UUID]) -> None:
    """Make a desk's first key, for its first members."""
    holders.make_desk_key(desk_id, HolderKind.DESK, members)


def join(desk: Desk, person_id: uuid.UUID) -> None:
    """Seat a person at a desk; they hold nothing until a member gives them its key.

    :raises Invalid: where they are a member already, or their role does not fit.
    """
    check_suits(person_id, DeskKind(desk.kind), "person")
    if _place(desk.id, person_id) is not None:
        raise Invalid(person=N_("This person is at the desk already."))
    seat(desk.id, person_id)


def seat(
    desk_id: uuid.UUID, person_id: uuid.UUID, until: datetime | None = None
) -> None:
    """Give somebody a place at a desk, to a moment or for good."""
    db.add(Membership(desk_id=desk_id, person_id=person_id, until=until))
    audit.record(desk_id, "desk:joined", person=person_id, until=until)


def _place(desk_id: uuid.UUID, person_id: uuid.UUID) -> Membership | None:
    return db.session().scalar(
        select(Membership).where(
            Membership.desk_id == desk_id,
            Membership.person_id == person_id,
            Membership.left_at.is_(None),
        )
    )


def place(desk_id: uuid.UUID, person_id: uuid.UUID) -> Membership:
    """Return somebody's place at a desk.

    :raises NotVisible: where they have none.
    """
    row = _place(desk_id, person_id)
    if row is None:
        raise NotVisible
    return row


def leave(desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """End a place at a desk and take the key that went with it, at once.

    :raises NotVisible: where the person has no place there.
    """
    mine = place(desk_id, person_id)
    covers = (Membership.desk_id == desk_id) & (Membership.deputy_id == person_id)
    db.session().execute(update(Membership).where(covers).values(deputy_id=None))
    mine.left_at = db.now()
    db.session().flush()
    holders.take_desk_key(desk_id, person_id)
    keys.follow_left(desk_id, person_id)
    audit.record(desk_id, "desk:left", person=person_id)


def check_leaves_somebody(desk_id: uuid.UUID, person_id: uuid.UUID, field: str) -> None:
    """Refuse to end the place of the one person who holds a desk's key.

    :raises Invalid: naming the field.
    """
    if holders.able_members(desk_id) == {person_id}:
        raise Invalid(
            **{field: N_("Nobody else holds the desk’s key. Let them give it first.")}
        )


def give_key(actor: Actor, desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Give a new member the desk's key, which the actor must hold.

    :raises NotHeld: where the actor does not hold it.
    :raises Invalid: while somebody else knows the new member's password.
    """
    require_own_password(person_id, "person")
    assert actor.keyring is not None
    holders.renew_desk_keys(actor.keyring, [desk_id])
    generation, private = actor.keyring.newest(desk_id)
    keys.follow_joined(desk_id, person_id)
    holders.give_desk_key(desk_id, generation, [person_id], private)


def able(desk_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, set[uuid.UUID]]:
    """Return the members of desks who hold the desk's key and are not away."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    asked = {"desks": list(desk_ids), "now": db.now()}
    for desk, person in db.session().execute(_THERE, asked):
        found.setdefault(desk, set()).add(person)
    return found


def hold(desk_id: uuid.UUID) -> None:
    """Keep others from changing who sits at a desk, to the end of this step."""
    db.session().get(Desk, desk_id, with_for_update=True, populate_existing=True)


def end_expired() -> int:
    """End deputies' places whose time is over, and absences; return how many.

    Their keys go, and the desk's key is re-made by the next member. Run it as often as
    you like, in a transaction of the service `sweep`; several at once share the work.
    """
    over = _due(Membership.until)
    for row in over:
        hold(row.desk_id)
        leave(row.desk_id, row.person_id)
    back = _due(Membership.away_until)
    for row in back:
        row.away_until = row.deputy_id = None
    db.session().flush()
    return len(over) + len(back)


def _due(ends_at: InstrumentedAttribute[datetime | None]) -> Sequence[Membership]:
    rows = (
        select(Membership)
        .where(Membership.left_at.is_(None), ends_at <= db.now())
        .order_by(Membership.desk_id, Membership.id)
        .with_for_update(skip_locked=True)
    )
    return db.session().scalars(rows).all()
