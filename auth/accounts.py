"""Making people, desks and offices, and who sits where. Opens no case."""

import secrets
import uuid
from collections.abc import Iterable

from sqlalchemy import select

from auth.actor import Actor
from auth.models import Credential, Desk, Membership, Office, Person, Route
from auth.policy import DeskKind, Role
from core import audit, db
from core.errors import Invalid
from core.text import N_
from vault import grants
from vault.crypto import Cost, bind, derive, encrypt, new_pair, stretch
from vault.models import HolderKind

LEAST_MEMBERS = 2
SALT = 16


def wrapping_key(password: str, credential: Credential, pepper: bytes) -> bytes:
    """Return the key that a person's private key is sealed under."""
    cost = Cost(credential.iterations, credential.lanes, credential.memory)
    return derive(stretch(password, credential.salt, pepper, cost), "private key")


def seal_private(
    person_id: uuid.UUID, private: bytes, password: str, pepper: bytes, cost: Cost
) -> Credential:
    """Return a credential: the private key sealed under password and pepper."""
    credential = Credential(
        person_id=person_id,
        salt=secrets.token_bytes(SALT),
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory=cost.memory,
        set_at=db.now(),
    )
    key = wrapping_key(password, credential, pepper)
    credential.sealed_key = encrypt(key, private, bind("person", person_id))
    return credential


def create_office(
    code: str, name: str, country: str, region: str, zone: str, weekend: Iterable[str]
) -> Office:
    """Register an office; `weekend` are day names as `mon` … `sun`."""
    office = Office(
        id=uuid.uuid4(),
        code=code,
        name=name,
        country=country,
        region=region,
        zone=zone,
        weekend=list(weekend),
    )
    db.add(office)
    audit.record(office.id, "office:created", code=code)
    return office


def create_person(
    username: str,
    name: str,
    roles: Iterable[Role],
    password: str,
    pepper: bytes,
    *,
    office_id: uuid.UUID | None = None,
    staff_number: str | None = None,
    cost: Cost | None = None,
) -> Person:
    """Register a person with a key pair of their own.

    :raises Invalid: where the name to sign in with is taken.
    """
    if db.session().scalar(select(Person.id).where(Person.username == username)):
        raise Invalid(username=N_("Choose another name to sign in with."))
    person = Person(
        id=uuid.uuid4(),
        username=username,
        name=name,
        roles=sorted(roles),
        office_id=office_id,
        staff_number=staff_number,
    )
    pair = new_pair()
    grants.add_holder(person.id, HolderKind.PERSON, pair.public)
    db.add(person)
    db.add(seal_private(person.id, pair.private, password, pepper, cost or Cost()))
    audit.record(person.id, "person:created", roles=person.roles)
    return person


def create_desk(
    name: str, kind: DeskKind, office_id: uuid.UUID, members: Iterable[uuid.UUID]
) -> Desk:
    """Make a desk with a key pair that its first members hold.

    :raises Invalid: with fewer than two members: a desk never hangs on one person.
    """
    first = set(members)
    if len(first) < LEAST_MEMBERS:
        raise Invalid(members=N_("Choose at least two members."))
    desk = Desk(id=uuid.uuid4(), name=name, kind=kind, office_id=office_id)
    pair = new_pair()
    grants.add_holder(desk.id, HolderKind.DESK, pair.public)
    db.add(desk)
    for person_id in sorted(first):
        db.add(Membership(desk_id=desk.id, person_id=person_id))
        audit.record(desk.id, "desk:joined", person=person_id)
        grants.give_desk_key(desk.id, person_id, pair.private)
    return desk


def join_desk(desk: Desk, person_id: uuid.UUID) -> None:
    """Add a member; they are active once a member has given them the desk's key.

    :raises Invalid: where they are a member already.
    """
    active = select(Membership).where(
        Membership.desk_id == desk.id,
        Membership.person_id == person_id,
        Membership.left_at.is_(None),
    )
    if db.session().scalar(active):
        raise Invalid(person=N_("This person is at the desk already."))
    db.add(Membership(desk_id=desk.id, person_id=person_id))
    audit.record(desk.id, "desk:joined", person=person_id)


def give_desk_key(actor: Actor, desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Give a new member the desk's key, which the actor must hold.

    :raises NotHeld: where the actor does not hold it.
    """
    assert actor.keyring is not None
    private = actor.keyring.private_of(desk_id)
    grants.give_desk_key(desk_id, person_id, private)


def set_route(
    office_id: uuid.UUID,
    kind: DeskKind,
    desk_id: uuid.UUID,
    alternative_id: uuid.UUID | None = None,
) -> None:
    """Say which desk takes an office's cases, and which does on a conflict.

    :raises Invalid: where fewer than two members of the desk hold its key.
    """
    for each in filter(None, (desk_id, alternative_id)):
        if len(grants.able_members(each)) < LEAST_MEMBERS:
            raise Invalid(desk=N_("Two members must hold the desk's key first."))
    route = Route(
        office_id=office_id,
        kind=kind,
        desk_id=desk_id,
        alternative_id=alternative_id,
    )
    db.session().merge(route)
    db.session().flush()
    audit.record(office_id, "route:set", kind=kind, desk=desk_id, other=alternative_id)


def route(office_id: uuid.UUID, kind: DeskKind, conflicted: bool) -> uuid.UUID:
    """Return the desk that takes an office's case; on a conflict, the alternative.

    :raises Invalid: where no such desk takes cases, or a conflict leaves none.
    """
    row = db.session().get(Route, (office_id, kind))
    if row is None or (conflicted and kind is DeskKind.INTAKE and not row.alternative_id):
        raise Invalid(office=N_("No desk takes this office's reports yet."))
    return (row.alternative_id if conflicted else None) or row.desk_id
