"""What the pages of people, desks, offices and one's own account show."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from auth import access, accounts, routing
from auth.actor import PUBLIC, Actor
from auth.models import Desk, Membership, Office, Person, Route, RouteChange, SignIn
from auth.policy import DeskKind, May
from core import db
from core.errors import NotVisible
from vault import grants
from vault.crypto import fingerprint

MANAGE = May.MANAGE_ORGANISATION
GROUP = 4


@dataclass(frozen=True)
class Seat:
    """A desk where somebody sits, and whether they hold its key."""

    desk: Desk
    able: bool
    waiting: int = 0


@dataclass(frozen=True)
class PersonPage:
    """A person, where they sit, and the fingerprint of their key."""

    person: Person
    office: Office | None
    seats: Sequence[Seat]
    fingerprint: str


@dataclass(frozen=True)
class AccountPage(PersonPage):
    """One's own account, and what waits for one's answer."""

    sessions: int
    changes: Sequence["ChangeLine"]


@dataclass(frozen=True)
class DeskLine:
    """A desk in the list."""

    desk: Desk
    office: Office
    members: int
    able: int

    @property
    def takes_cases(self) -> bool:
        """Whether enough members hold its key."""
        return self.able >= accounts.LEAST_MEMBERS


@dataclass(frozen=True)
class Member:
    """Someone at a desk."""

    person: Person
    able: bool
    fingerprint: str


@dataclass(frozen=True)
class DeskPage(DeskLine):
    """A desk and who sits there."""

    people: Sequence[Member]
    manages: bool
    gives: bool


@dataclass(frozen=True)
class RouteLine:
    """Where an office's cases of one kind go."""

    kind: str
    desk: str
    alternative: str


@dataclass(frozen=True)
class ChangeLine(RouteLine):
    """A route that is asked for."""

    change: RouteChange
    office: str
    asked_by: str


@dataclass(frozen=True)
class OfficePage:
    """An office and its routes."""

    office: Office
    routes: Sequence[RouteLine]
    changes: Sequence[ChangeLine]


def fingerprints(holders: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the fingerprints of holders' keys, in groups to read out."""
    keys = grants.public_keys(holders)
    return {holder: _grouped(fingerprint(key)) for holder, key in keys.items()}


def _grouped(text: str) -> str:
    return " ".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def people(actor: Actor) -> Sequence[tuple[Person, str | None]]:
    """Return everybody with the name of their office, by name."""
    access.require_role(actor, MANAGE)
    statement = (
        select(Person, Office.name)
        .outerjoin(Office, Office.id == Person.office_id)
        .order_by(Person.disabled_at.is_not(None), Person.name)
    )
    return [(person, office) for person, office in db.session().execute(statement)]


def find_person(actor: Actor, person_id: uuid.UUID) -> Person:
    """Return a person to an administrator.

    :raises NotVisible: to anybody else, and where there is none.
    """
    access.require_role(actor, MANAGE)
    person = db.session().get(Person, person_id)
    if person is None:
        raise NotVisible
    return person


def person_page(actor: Actor, person_id: uuid.UUID) -> PersonPage:
    """Return a person's page for an administrator."""
    return _person_page(find_person(actor, person_id))


def _person_page(person: Person) -> PersonPage:
    office = db.session().get(Office, person.office_id) if person.office_id else None
    shown = fingerprints([person.id])[person.id]
    return PersonPage(person, office, _seats(person), shown)


def _seats(person: Person) -> list[Seat]:
    statement = (
        select(Desk)
        .join(Membership, Membership.desk_id == Desk.id)
        .where(Membership.person_id == person.id, Membership.left_at.is_(None))
        .order_by(Desk.name)
    )
    desks = db.session().scalars(statement).all()
    seated, able = _seated(desks), grants.members(desk.id for desk in desks)
    return [
        Seat(
            desk,
            person.id in able.get(desk.id, set()),
            len(seated[desk.id] - able.get(desk.id, set())),
        )
        for desk in desks
    ]


def _seated(desks: Iterable[Desk]) -> dict[uuid.UUID, set[uuid.UUID]]:
    found: dict[uuid.UUID, set[uuid.UUID]] = {desk.id: set() for desk in desks}
    rows = db.session().execute(
        select(Membership.desk_id, Membership.person_id).where(
            Membership.desk_id.in_(found), Membership.left_at.is_(None)
        )
    )
    for desk_id, person_id in rows:
        found[desk_id].add(person_id)
    return found


def account(actor: Actor) -> AccountPage:
    """Return one's own account."""
    assert actor.id
    page = _person_page(db.session().get_one(Person, actor.id))
    with db.serving(PUBLIC.service):
        mine = select(func.count()).where(SignIn.person_id == actor.id)
        sessions = db.session().scalar(mine) or 0
    changes = changes_waiting() if routing.may_confirm() else []
    own = {name: getattr(page, name) for name in PersonPage.__dataclass_fields__}
    return AccountPage(**own, sessions=sessions, changes=changes)


def desks(actor: Actor) -> list[DeskLine]:
    """Return every desk, by name."""
    access.require_role(actor, MANAGE)
    statement = select(Desk, Office).join(Office, Office.id == Desk.office_id)
    rows = db.session().execute(statement.order_by(Desk.name)).all()
    seated = _seated(desk for desk, _ in rows)
    return [
        DeskLine(
            desk,
            office,
            members=len(seated[desk.id]),
            able=len(accounts.able_members(desk.id)),
        )
        for desk, office in rows
    ]


def find_desk(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk to an administrator.

    :raises NotVisible: to anybody else, and where there is none.
    """
    access.require_role(actor, MANAGE)
    desk = db.session().get(Desk, desk_id)
    if desk is None:
        raise NotVisible
    return desk


def desk_page(actor: Actor, desk_id: uuid.UUID) -> DeskPage:
    """Return a desk to its members and to an administrator.

    :raises NotVisible: to anybody else.
    """
    desk, manages = db.session().get(Desk, desk_id), access.allows(actor, MANAGE)
    if desk is None:
        raise NotVisible
    seated = _seated([desk])[desk_id]
    if not manages and actor.id not in seated:
        raise NotVisible
    able = accounts.able_members(desk_id)
    return DeskPage(
        desk,
        db.session().get_one(Office, desk.office_id),
        members=len(seated),
        able=len(able),
        people=_members(seated, grants.able_members(desk_id)),
        manages=manages,
        gives=desk_id in actor.desks and bool(seated - able),
    )


def _members(seated: set[uuid.UUID], able: set[uuid.UUID]) -> list[Member]:
    rows = select(Person).where(Person.id.in_(seated)).order_by(Person.name)
    shown = fingerprints(seated)
    return [
        Member(person, person.id in able, shown[person.id])
        for person in db.session().scalars(rows)
    ]


def members(desk_id: uuid.UUID) -> list[Member]:
    """Return the members of a desk, by name."""
    desk = db.session().get_one(Desk, desk_id)
    return _members(_seated([desk])[desk_id], grants.able_members(desk_id))


def waiting_members(desk_id: uuid.UUID) -> list[Member]:
    """Return the members who have not got the desk's key yet."""
    everyone = members(desk_id)
    return [each for each in everyone if not (each.able or each.person.disabled_at)]


def seated(desk_id: uuid.UUID) -> Mapping[uuid.UUID, Person]:
    """Return who sits at a desk, with its key or without."""
    return {one.person.id: one.person for one in _places([desk_id])[desk_id]}


def offices(actor: Actor) -> Sequence[Office]:
    """Return every office, by name."""
    access.require_role(actor, MANAGE)
    return db.session().scalars(select(Office).order_by(Office.name)).all()


def find_office(actor: Actor, office_id: uuid.UUID) -> Office:
    """Return an office to an administrator.

    :raises NotVisible: to anybody else, and where there is none.
    """
    access.require_role(actor, MANAGE)
    office = db.session().get(Office, office_id)
    if office is None:
        raise NotVisible
    return office


def office_page(actor: Actor, office_id: uuid.UUID) -> OfficePage:
    """Return an office with where its cases go, and where they are asked to go."""
    office, names = find_office(actor, office_id), _names_of_desks()
    rows = select(Route).where(Route.office_id == office_id)
    kinds = list(DeskKind)
    routes = sorted(
        db.session().scalars(rows), key=lambda row: kinds.index(DeskKind(row.kind))
    )
    return OfficePage(
        office,
        [_route_line(row, names) for row in routes],
        [line for line in changes_waiting() if line.change.office_id == office_id],
    )


def _names_of_desks() -> Mapping[uuid.UUID | None, str]:
    rows = db.session().execute(select(Desk.id, Desk.name))
    return {None: "", **{desk_id: name for desk_id, name in rows}}


def _route_line(
    row: Route | RouteChange, names: Mapping[uuid.UUID | None, str]
) -> RouteLine:
    return RouteLine(row.kind, names[row.desk_id], names[row.alternative_id])


def changes_waiting() -> list[ChangeLine]:
    """Return every change of route that waits for somebody who coordinates."""
    return [change_line(change) for change in routing.waiting()]


def change_line(change: RouteChange) -> ChangeLine:
    """Return a change of route in words."""
    session = db.session()
    line = _route_line(change, _names_of_desks())
    return ChangeLine(
        line.kind,
        line.desk,
        line.alternative,
        change=change,
        office=session.get_one(Office, change.office_id).name,
        asked_by=session.get_one(Person, change.asked_by).name,
    )


def change_page(
    change_id: uuid.UUID,
) -> tuple[ChangeLine, Mapping[str, Sequence[Member]]]:
    """Return a change of route, with who sits at the desks that it names."""
    line = change_line(routing.get(change_id))
    ids = filter(None, (line.change.desk_id, line.change.alternative_id))
    desks = [db.session().get_one(Desk, desk_id) for desk_id in ids]
    seated = _seated(desks)
    return line, {
        desk.name: _members(seated[desk.id], grants.able_members(desk.id))
        for desk in desks
    }
