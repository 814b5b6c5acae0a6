"""What a person sees of themselves: their keys, desks and absences."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from auth.access import sits
from auth.actor import Actor
from auth.models import Desk, Membership, Office, Person
from auth.queries import changes, desks
from auth.queries.people import fingerprints, names
from core import db
from vault.models import HeldKey


@dataclass(frozen=True)
class OwnDesk:
    """A desk where one sits; `covers` names those who are away and whom one covers."""

    line: desks.DeskLine
    place: desks.Place
    held: bool
    generation: int
    given_at: datetime | None
    covers: Sequence[desks.Place]


@dataclass(frozen=True)
class Account:
    """What one sees of oneself."""

    person: Person
    office: str
    fingerprint: str
    desks: Sequence[OwnDesk]
    confirms: bool
    waiting: int
    alarms: Sequence[Desk]


def account(actor: Actor) -> Account:
    """Return what a person sees of themselves."""
    assert actor.id
    row = db.session().get_one(Person, actor.id)
    confirms = changes.confirms(actor)
    return Account(
        person=row,
        office=names(Office).get(row.office_id, ""),
        fingerprint=fingerprints([actor.id])[actor.id],
        desks=_own_desks(actor),
        confirms=confirms,
        waiting=len(changes.waiting()) if confirms else 0,
        alarms=desks.alarms(actor),
    )


def _own_desks(actor: Actor) -> list[OwnDesk]:
    mine = select(Membership.desk_id).where(Membership.person_id == actor.id, sits())
    keys = _own_keys(actor)
    found = []
    for line in desks.lines(select(Desk).where(Desk.id.in_(mine)).order_by(Desk.name)):
        place = line.place_of(actor.id)
        assert place
        held = line.row.id in actor.desks
        covers = [
            one for one in line.places if one.away and one.row.deputy_id == actor.id
        ]
        generation, given_at = keys.get(line.row.id, (0, None))
        found.append(OwnDesk(line, place, held, generation, given_at, covers))
    return found


def _own_keys(actor: Actor) -> Mapping[uuid.UUID, tuple[int, datetime]]:
    rows = db.session().execute(
        select(HeldKey.holder_id, HeldKey.generation, HeldKey.given_at).where(
            HeldKey.by_id == actor.id, HeldKey.gated.is_(False)
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}
