"""What the pages of people show."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from auth import access, accounts, changes
from auth.access import sits
from auth.actor import Actor
from auth.models import Change, Desk, Membership, Office, Person, SignInCode
from auth.policy import May
from core import db
from core.errors import NotVisible
from vault import holders
from vault.crypto import fingerprint

GROUP = 4


@dataclass(frozen=True)
class PersonLine:
    """A person, and where they are."""

    row: Person
    office: str
    desks: Sequence[str]


@dataclass(frozen=True)
class PersonPage:
    """A person, their key, and whether another one was asked for.

    `code`: they have none before they choose a password with it.
    """

    line: PersonLine
    fingerprint: str
    asked: Change | None
    code: SignInCode | None
    had_key: bool

    @property
    def code_open(self) -> bool:
        """Whether the code still can be used."""
        return self.code is not None and self.code.expires_at > db.now()


Named = Mapping[uuid.UUID | None, str]


def administers(actor: Actor) -> None:
    """Refuse whoever does not look after the organisation.

    :raises NotVisible: as of a page that is not there.
    """
    access.require_role(actor, May.MANAGE_ORGANISATION)


def names(of: type[Office | Desk | Person]) -> Named:
    """Return the names of all offices, desks or people."""
    return dict(db.session().execute(select(of.id, of.name)).all())


def people(actor: Actor) -> list[PersonLine]:
    """Return everybody with an account, those still open first."""
    administers(actor)
    order = (Person.disabled_at.is_not(None), Person.name, Person.username)
    return lines(select(Person).order_by(*order))


def person(actor: Actor, person_id: uuid.UUID) -> PersonPage:
    """Return one person.

    :raises NotVisible: where there is none such.
    """
    administers(actor)
    for line in lines(select(Person).where(Person.id == person_id)):
        asked = next(iter(changes.waiting(person_id)), None)
        return PersonPage(
            line,
            fingerprints([person_id])[person_id],
            asked,
            db.session().get(SignInCode, person_id),
            accounts.had_key(person_id),
        )
    raise NotVisible


def lines(chosen: Select[Person]) -> list[PersonLine]:
    """Return the people whom a statement chooses, in its order."""
    rows, offices = db.session().scalars(chosen).all(), names(Office)
    desks = _names_of_desks(row.id for row in rows)
    return [
        PersonLine(row, offices.get(row.office_id, ""), desks[row.id]) for row in rows
    ]


def _names_of_desks(people_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    rows = db.session().execute(
        select(Membership.person_id, Desk.name)
        .join(Desk, Desk.id == Membership.desk_id)
        .where(Membership.person_id.in_(people_ids), sits())
        .order_by(Desk.name)
    )
    for person_id, name in rows:
        found[person_id].append(name)
    return found


def fingerprints(people_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the fingerprints of people's keys, in groups that can be read aloud.

    Empty for who has none: they have not chosen a password yet.
    """
    asked = list(people_ids)
    keys = holders.public_keys(asked)
    prints = {who: _grouped(fingerprint(key.data)) for who, key in keys.items()}
    return {who: prints.get(who, "") for who in asked}


def _grouped(digits: str) -> str:
    return " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))
