"""What the pages of people, desks, offices, routes and one's account show."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from auth import access, routing
from auth.actor import Actor
from auth.models import Desk, Membership, Office, Person, Route, RouteChange
from auth.policy import DeskKind, May, Role
from auth.words import WEEKDAYS
from core import db
from core.errors import NotVisible
from vault import grants
from vault.crypto import fingerprint

GROUP = 4
# The kinds of desk that take an office's cases; providers are chosen one by one.
ROUTED = tuple(kind for kind in DeskKind if kind is not DeskKind.PROVIDER)


@dataclass(frozen=True)
class PersonLine:
    """A person, and where they are."""

    row: Person
    office: str
    desks: Sequence[str]


@dataclass(frozen=True)
class Place:
    """Somebody's place at a desk; `holds` its key, or waits for it."""

    person: Person
    holds: bool

    @property
    def waits(self) -> bool:
        """Whether a member should give them the key."""
        return not self.holds and self.person.disabled_at is None


@dataclass(frozen=True)
class DeskLine:
    """A desk, and who sits there."""

    row: Desk
    office: str
    places: Sequence[Place]

    @property
    def able(self) -> int:
        """How many hold the key and can still sign in."""
        return sum(one.holds and not one.person.disabled_at for one in self.places)

    @property
    def waiting(self) -> list[Person]:
        """Those whom a member should give the key."""
        return [one.person for one in self.places if one.waits]


@dataclass(frozen=True)
class RouteLine:
    """Where an office's cases of one kind go; empty where nowhere yet."""

    kind: str
    desk: str = ""
    alternative: str = ""


@dataclass(frozen=True)
class OfficeLine:
    """An office, and where its cases go."""

    row: Office
    routes: Sequence[RouteLine]

    @property
    def weekend(self) -> list[str]:
        """The days off, in words."""
        return [WEEKDAYS[day] for day in self.row.weekend]


@dataclass(frozen=True)
class ChangeLine:
    """A change of a route, beside what holds now."""

    row: RouteChange
    office: str
    asked_by: str
    now: RouteLine
    then: RouteLine


@dataclass(frozen=True)
class Account:
    """What one sees of oneself."""

    person: Person
    office: str
    desks: Sequence[DeskLine]
    held: frozenset[uuid.UUID]
    fingerprint: str
    changes: Sequence[ChangeLine]


def _administers(actor: Actor) -> None:
    access.require_role(actor, May.MANAGE_ORGANISATION)


Named = Mapping[uuid.UUID | None, str]


def _names(of: type[Office | Desk | Person]) -> Named:
    return dict(db.session().execute(select(of.id, of.name)).all())


def people(actor: Actor) -> list[PersonLine]:
    """Return everybody with an account, those still open first."""
    _administers(actor)
    order = (Person.disabled_at.is_not(None), Person.name, Person.username)
    return _people(select(Person).order_by(*order))


def person(actor: Actor, person_id: uuid.UUID) -> PersonLine:
    """Return one person.

    :raises NotVisible: where there is none such.
    """
    _administers(actor)
    for line in _people(select(Person).where(Person.id == person_id)):
        return line
    raise NotVisible


def _people(chosen: Select[Person]) -> list[PersonLine]:
    rows, offices = db.session().scalars(chosen).all(), _names(Office)
    desks = _names_of_desks(row.id for row in rows)
    return [
        PersonLine(row, offices.get(row.office_id, ""), desks[row.id]) for row in rows
    ]


def _names_of_desks(people_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    rows = db.session().execute(
        select(Membership.person_id, Desk.name)
        .join(Desk, Desk.id == Membership.desk_id)
        .where(Membership.person_id.in_(people_ids), Membership.left_at.is_(None))
        .order_by(Desk.name)
    )
    for person_id, name in rows:
        found[person_id].append(name)
    return found


def desks(actor: Actor) -> list[DeskLine]:
    """Return every desk, with its members."""
    _administers(actor)
    return _desks(select(Desk).order_by(Desk.name))


def desk(actor: Actor, desk_id: uuid.UUID) -> DeskLine:
    """Return one desk to an administrator, or to a member who holds its key.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    if desk_id not in actor.desks:
        _administers(actor)
    for line in _desks(select(Desk).where(Desk.id == desk_id)):
        return line
    raise NotVisible


def _desks(chosen: Select[Desk]) -> list[DeskLine]:
    rows, offices = db.session().scalars(chosen).all(), _names(Office)
    places = _places([row.id for row in rows])
    return [DeskLine(row, offices[row.office_id], places[row.id]) for row in rows]


def _places(desk_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Place]]:
    """Return who sits at each desk now, in the order of names."""
    found: dict[uuid.UUID, list[Place]] = defaultdict(list)
    holding = grants.members(desk_ids)
    rows = db.session().execute(
        select(Membership.desk_id, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.desk_id.in_(desk_ids), Membership.left_at.is_(None))
        .order_by(Person.name, Person.username)
    )
    for desk_id, person in rows:
        found[desk_id].append(Place(person, person.id in holding.get(desk_id, ())))
    return found


def seated(desk_id: uuid.UUID) -> list[Person]:
    """Return who sits at a desk, with its key or without."""
    return [one.person for one in _places([desk_id])[desk_id]]


def waiting_at(desk_id: uuid.UUID) -> list[Person]:
    """Return who sits at a desk and waits for its key."""
    return [one.person for one in _places([desk_id])[desk_id] if one.waits]


def offices(actor: Actor) -> list[OfficeLine]:
    """Return every office, with its routes."""
    _administers(actor)
    return _offices(select(Office).order_by(Office.name))


def office(actor: Actor, office_id: uuid.UUID) -> OfficeLine:
    """Return one office.

    :raises NotVisible: where there is none such.
    """
    _administers(actor)
    for line in _offices(select(Office).where(Office.id == office_id)):
        return line
    raise NotVisible


def _offices(chosen: Select[Office]) -> list[OfficeLine]:
    rows, names = db.session().scalars(chosen).all(), _names(Desk)
    routes = _routes(row.id for row in rows)
    return [
        OfficeLine(
            row,
            [_route_line(kind, routes.get((row.id, kind)), names) for kind in ROUTED],
        )
        for row in rows
    ]


def _routes(
    office_ids: Iterable[uuid.UUID],
) -> Mapping[tuple[uuid.UUID, str], Route]:
    rows = db.session().scalars(select(Route).where(Route.office_id.in_(office_ids)))
    return {(row.office_id, row.kind): row for row in rows}


def _route_line(kind: str, row: Route | RouteChange | None, names: Named) -> RouteLine:
    if row is None:
        return RouteLine(kind)
    return RouteLine(kind, names[row.desk_id], names.get(row.alternative_id, ""))


def open_changes(actor: Actor) -> list[ChangeLine]:
    """Return the changes of routes that wait, to administrators and who confirms.

    :raises NotVisible: to anybody else.
    """
    if not routing.may_confirm():
        _administers(actor)
    return _changes(routing.waiting())


def changes_to_decide(actor: Actor) -> list[ChangeLine]:
    """Return the changes of routes that wait, to a coordinator who may confirm them.

    :raises NotVisible: to anybody else.
    """
    if not _confirms(actor):
        raise NotVisible
    return _changes(routing.waiting())


def _confirms(actor: Actor) -> bool:
    return Role.COORDINATOR in actor.roles and routing.may_confirm()


def change(change_id: uuid.UUID) -> tuple[ChangeLine, list[DeskLine]]:
    """Return one change, with who sits at its desks, to who may confirm it.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    row = routing.get(change_id)
    wanted = Desk.id.in_([row.desk_id, row.alternative_id])
    return _changes([row])[0], _desks(select(Desk).where(wanted).order_by(Desk.name))


def _changes(rows: Sequence[RouteChange]) -> list[ChangeLine]:
    desks, offices, people = _names(Desk), _names(Office), _names(Person)
    routes = _routes(row.office_id for row in rows)
    return [
        ChangeLine(
            row=row,
            office=offices[row.office_id],
            asked_by=people[row.asked_by],
            now=_route_line(row.kind, routes.get((row.office_id, row.kind)), desks),
            then=_route_line(row.kind, row, desks),
        )
        for row in rows
    ]


def account(actor: Actor) -> Account:
    """Return what a person sees of themselves."""
    assert actor.id
    row = db.session().get_one(Person, actor.id)
    mine = select(Membership.desk_id).where(
        Membership.person_id == actor.id, Membership.left_at.is_(None)
    )
    return Account(
        person=row,
        office=_names(Office).get(row.office_id, ""),
        desks=_desks(select(Desk).where(Desk.id.in_(mine)).order_by(Desk.name)),
        held=frozenset(actor.desks),
        fingerprint=fingerprints([actor.id])[actor.id],
        changes=changes_to_decide(actor) if _confirms(actor) else (),
    )


def fingerprints(people_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the fingerprints of people's keys, in groups that can be read aloud."""
    keys = grants.public_keys(people_ids)
    return {person_id: _grouped(fingerprint(key)) for person_id, key in keys.items()}


def _grouped(digits: str) -> str:
    return " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))
