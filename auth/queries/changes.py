"""What the pages of changes show: what takes two people, asked for and decided."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from auth import changes as rules
from auth.actor import Actor
from auth.changes import Kind
from auth.models import Change, Desk, Membership, Office, Person, Route
from auth.policy import Role
from auth.queries import desks, people
from auth.queries.offices import RouteLine, route_line, routes
from auth.queries.people import Named, administers, names
from auth.words import CHANGES
from core import db
from core.errors import NotVisible

LATELY = 20


@dataclass(frozen=True)
class ChangeLine:
    """A change that takes two; of a route, beside what holds now."""

    row: Change
    subject: str
    asked_by: str
    decided_by: str
    now: RouteLine
    then: RouteLine

    @property
    def title(self) -> str:
        """What is asked for, in words."""
        return CHANGES[self.row.kind]


@dataclass(frozen=True)
class Changes:
    """The changes that wait, and those decided lately."""

    waiting: Sequence[ChangeLine]
    decided: Sequence[ChangeLine]


@dataclass(frozen=True)
class Member:
    """A person whom a change is about, and the fingerprint of their key now."""

    line: people.PersonLine
    fingerprint: str


@dataclass(frozen=True)
class ChangePage:
    """A change, the desks and people it is about, and whether one may decide on it.

    `alone`: the names of those desks whose key nobody but this person holds.
    """

    line: ChangeLine
    desks: Sequence[desks.DeskLine]
    people: Sequence[Member]
    alone: Sequence[str]
    may_decide: bool


def confirms(actor: Actor) -> bool:
    """Return whether somebody confirms what others ask for."""
    return Role.COORDINATOR in actor.roles and rules.may_confirm()


def _may_see(actor: Actor) -> None:
    if not rules.may_confirm():
        administers(actor)


def changes(actor: Actor) -> Changes:
    """Return what waits and what was decided lately.

    :raises NotVisible: but to administrators and to those who confirm.
    """
    _may_see(actor)
    return Changes(_lines(rules.waiting()), _lines(rules.decided(LATELY)))


def waiting(subject_id: uuid.UUID | None = None) -> list[ChangeLine]:
    """Return the changes (of one subject) that wait."""
    return _lines(rules.waiting(subject_id))


def change(actor: Actor, change_id: uuid.UUID) -> ChangePage:
    """Return one change, with the desks and people it is about.

    :raises NotVisible: where there is none such, or to who may not see it.
    """
    _may_see(actor)
    row = db.session().get(Change, change_id)
    if row is None:
        raise NotVisible
    about = _desks_of(row)
    return ChangePage(
        line=_lines([row])[0],
        desks=about,
        people=_people_of(row),
        alone=[line.row.name for line in about if _holds_alone(line, row)],
        may_decide=row.decided_at is None and rules.may_decide(actor, row),
    )


def _desks_of(row: Change) -> list[desks.DeskLine]:
    asked = [row.facts.get("desk"), row.facts.get("alternative"), str(row.subject_id)]
    wanted = Desk.id.in_([uuid.UUID(each) for each in asked if each])
    if row.kind == Kind.RESET:
        wanted = Desk.id.in_(
            select(Membership.desk_id).where(
                Membership.person_id == row.subject_id, Membership.left_at.is_(None)
            )
        )
    return desks.lines(select(Desk).where(wanted).order_by(Desk.name))


def _holds_alone(line: desks.DeskLine, row: Change) -> bool:
    own = line.place_of(row.subject_id)
    return own is not None and own.holds and line.holding == 1


def _people_of(row: Change) -> list[Member]:
    ids = [uuid.UUID(each) for each in row.facts.get("members", ())]
    if row.kind == Kind.RESET:
        ids = [row.subject_id]
    prints = people.fingerprints(ids)
    chosen = select(Person).where(Person.id.in_(ids)).order_by(Person.name)
    return [Member(line, prints[line.row.id]) for line in people.lines(chosen)]


def _lines(rows: Sequence[Change]) -> list[ChangeLine]:
    at, offices, persons = names(Desk), names(Office), names(Person)
    subjects = {**at, **offices, **persons}
    present = routes(row.subject_id for row in rows)
    return [
        ChangeLine(
            row=row,
            subject=subjects[row.subject_id],
            asked_by=persons[row.asked_by],
            decided_by=persons.get(row.decided_by, ""),
            now=_now(row, present, at),
            then=_then(row, at),
        )
        for row in rows
    ]


def _now(
    row: Change, present: Mapping[tuple[uuid.UUID, str], Route], at: Named
) -> RouteLine:
    kind = row.facts.get("kind", "")
    return route_line(kind, present.get((row.subject_id, kind)), at)


def _then(row: Change, at: Named) -> RouteLine:
    facts = row.facts
    named = {str(key): name for key, name in at.items()}
    return RouteLine(
        facts.get("kind", ""),
        named.get(facts.get("desk", ""), ""),
        named.get(facts.get("alternative") or "", ""),
    )
