"""What the pages of desks show: who sits there, who is able, which key it is."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

from auth import access, changes
from auth import desks as rules
from auth.absence import is_away
from auth.access import sits
from auth.actor import Actor
from auth.models import Change, Desk, Membership, Office, Person
from auth.policy import May, Role
from auth.queries.people import administers, names
from core import db
from core.errors import NotVisible
from vault import holders
from vault.models import Holder, HolderKey


@dataclass(frozen=True)
class Place:
    """Somebody's place at a desk; `holds` its key, or waits for it."""

    person: Person
    row: Membership
    holds: bool
    deputy: str = ""

    @property
    def waits(self) -> bool:
        """Whether a member should give them the key."""
        return not self.holds and self.person.disabled_at is None

    @property
    def away(self) -> bool:
        """Whether they are away now."""
        return is_away(self.row)

    @property
    def last_day_away(self) -> datetime | None:
        """A moment of the last day on which they are away."""
        return _before(self.row.away_until)

    @property
    def last_day(self) -> datetime | None:
        """A moment of the last day of a place that ends by itself."""
        return _before(self.row.until)


def _before(end: datetime | None) -> datetime | None:
    return end and end - timedelta(seconds=1)


@dataclass(frozen=True)
class DeskLine:
    """A desk, who sits there, and its key.

    `generation` is 0 before somebody confirmed its first members; `renew_since`: since
    then its key waits to be re-made.
    """

    row: Desk
    office: str
    places: Sequence[Place]
    generation: int
    made_at: datetime | None
    renew_since: datetime | None

    @property
    def holding(self) -> int:
        """How many hold the key and can still sign in."""
        return sum(one.holds for one in self.places)

    @property
    def able(self) -> int:
        """How many of these are not away."""
        return sum(one.holds and not one.away for one in self.places)

    @property
    def waiting(self) -> list[Person]:
        """Those whom a member should give the key."""
        return [one.person for one in self.places if one.waits]

    def place_of(self, person_id: uuid.UUID | None) -> Place | None:
        """Return somebody's place here, if they have one."""
        own = (one for one in self.places if one.person.id == person_id)
        return next(own, None)


@dataclass(frozen=True)
class DeskPage:
    """A desk, and whether its first members wait to be confirmed."""

    line: DeskLine
    asked: Change | None


def desks(actor: Actor) -> list[DeskLine]:
    """Return every desk, with its members."""
    administers(actor)
    return lines(select(Desk).order_by(Desk.name))


def desk(actor: Actor, desk_id: uuid.UUID) -> DeskPage:
    """Return one desk to an administrator, or to a member who holds its key.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    if desk_id not in actor.desks:
        administers(actor)
    for line in lines(select(Desk).where(Desk.id == desk_id)):
        return DeskPage(line, next(iter(changes.waiting(desk_id)), None))
    raise NotVisible


def alarms(actor: Actor) -> list[Desk]:
    """Return the desks that have a key and nobody who is able to use it now.

    To administrators and coordinators; nobody else hears of any.
    """
    looks_after = access.allows(actor, May.MANAGE_ORGANISATION)
    if not looks_after and Role.COORDINATOR not in actor.roles:
        return []
    made = select(HolderKey.holder_id)
    rows = select(Desk).where(Desk.id.in_(made)).order_by(Desk.name)
    found = db.session().scalars(rows).all()
    able = rules.able(row.id for row in found)
    return [row for row in found if not able.get(row.id)]


def lines(chosen: Select[Desk]) -> list[DeskLine]:
    """Return the desks that a statement chooses, in its order."""
    rows, offices = db.session().scalars(chosen).all(), names(Office)
    ids = [row.id for row in rows]
    places, keys = _places(ids), _keys(ids)
    return [
        DeskLine(row, offices[row.office_id], places[row.id], *keys[row.id])
        for row in rows
    ]


Key = tuple[int, datetime | None, datetime | None]


def _keys(desk_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Key]:
    rows = db.session().execute(
        select(
            Holder.id,
            func.coalesce(func.max(HolderKey.generation), 0),
            func.max(HolderKey.made_at),
            Holder.renew_since,
        )
        .outerjoin(HolderKey, HolderKey.holder_id == Holder.id)
        .where(Holder.id.in_(desk_ids))
        .group_by(Holder.id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _places(desk_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Place]]:
    """Return who sits at each desk now, in the order of names."""
    found: dict[uuid.UUID, list[Place]] = defaultdict(list)
    holding, people = holders.members(desk_ids), names(Person)
    rows = db.session().execute(
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.desk_id.in_(desk_ids), sits())
        .order_by(Person.name, Person.username)
    )
    for row, person in rows:
        holds = person.id in holding.get(row.desk_id, ())
        deputy = people.get(row.deputy_id, "")
        found[row.desk_id].append(Place(person, row, holds, deputy))
    return found


def seated(desk_id: uuid.UUID) -> list[Person]:
    """Return who sits at a desk, with its key or without."""
    return [one.person for one in _places([desk_id])[desk_id]]


def waiting_at(desk_id: uuid.UUID) -> list[Person]:
    """Return who sits at a desk and waits for its key."""
    return [one.person for one in _places([desk_id])[desk_id] if one.waits]
