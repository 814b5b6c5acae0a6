"""Making people, desks and offices, and who sits where. Opens no case."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Select, select

from auth.actor import Actor
from auth.credentials import require_own_password, seal_private
from auth.models import Desk, Membership, Office, Person, Route
from auth.policy import DeskKind, Role, Standing, clash
from core import audit, db
from core.errors import Invalid, NotVisible
from core.text import N_
from vault import grants
from vault.crypto import Cost, new_pair
from vault.models import HeldKey, HolderKind

LEAST_MEMBERS = 2
# Roles that go with no other: they look on from outside, or come from outside.
ALONE = frozenset(
    {Role.AUDITOR, Role.ADMINISTRATOR, Role.PROVIDER, Role.PARTNER_INVESTIGATOR}
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
}


def create_office(
    code: str, name: str, country: str, region: str, zone: str, weekend: Iterable[str]
) -> Office:
    """Register an office; `weekend` are day names as `mon` … `sun`.

    :raises Invalid: where the code is taken.
    """
    if db.session().scalar(select(Office.id).where(Office.code == code)):
        raise Invalid(code=N_("An office has this code already."))
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
    must_change: bool = False,
) -> Person:
    """Register a person with a key pair of their own.

    `must_change`: the password is for one sign-in, and nothing opens before it goes.

    :raises Invalid: where the roles do not go together, or the name to sign in with
        or the staff number is taken.
    """
    given = sorted(set(roles))
    _check_roles(given)
    _check_free(username, staff_number)
    person = Person(
        id=uuid.uuid4(),
        username=username,
        name=name,
        roles=given,
        office_id=office_id,
        staff_number=staff_number,
    )
    pair = new_pair()
    grants.add_holder(person.id, HolderKind.PERSON, pair.public)
    db.add(person)
    sealed = seal_private(person.id, pair.private, password, pepper, cost or Cost())
    sealed.must_change = must_change
    db.add(sealed)
    audit.record(person.id, "person:created", roles=person.roles)
    return person


def _check_roles(roles: list[Role]) -> None:
    if len(roles) > 1 and ALONE & set(roles):
        raise Invalid(roles=N_("This role goes with no other. Choose it alone."))
    stands = {str(standing) for standing in Standing}
    if clash(Standing(role) for role in map(str, roles) if role in stands):
        raise Invalid(
            roles=N_("Someone who supports survivors cannot also investigate.")
        )


def _check_free(username: str, staff_number: str | None) -> None:
    taken = select(Person.id).where(Person.username == username)
    if db.session().scalar(taken):
        raise Invalid(username=N_("Choose another name to sign in with."))
    same = select(Person.id).where(Person.staff_number == staff_number)
    if staff_number and db.session().scalar(same):
        raise Invalid(staff_number=N_("Someone has this staff number already."))


def disable_person(person: Person) -> None:
    """Close an account; the caller ends its sessions.

    The person leaves each desk that someone else can open. A desk's last key stays,
    sealed to them, so that its cases are not lost: the list of desks shows it.
    """
    person.disabled_at = db.now()
    db.session().flush()
    audit.record(person.id, "person:disabled")
    for desk_id in db.session().scalars(_desks_of(person.id)).all():
        if able_members(desk_id) - {person.id}:
            leave_desk(desk_id, person.id)


def _desks_of(person_id: uuid.UUID) -> Select[uuid.UUID]:
    return select(Membership.desk_id).where(
        Membership.person_id == person_id, Membership.left_at.is_(None)
    )


def able_members(desk_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the members of a desk who hold its key and can still sign in."""
    able = grants.able_members(desk_id)
    members = select(Person.id).where(
        Person.id.in_(able),
        Person.disabled_at.is_(None),
        Person.id.in_(
            select(Membership.person_id).where(
                Membership.desk_id == desk_id, Membership.left_at.is_(None)
            )
        ),
    )
    return set(db.session().scalars(members))


def suits(person: Person, kind: DeskKind) -> bool:
    """Return whether a person may sit at a desk of a kind."""
    return person.disabled_at is None and bool(SUITS[kind] & set(person.roles))


def _check_suits(person_id: uuid.UUID, kind: DeskKind, field: str) -> None:
    person = db.session().get(Person, person_id)
    if person is None or not suits(person, kind):
        raise Invalid(
            **{field: N_("Choose only people whose role fits this kind of desk.")}
        )


def create_desk(
    name: str, kind: DeskKind, office_id: uuid.UUID, members: Iterable[uuid.UUID]
) -> Desk:
    """Make a desk with a key pair that its first members hold.

    :raises Invalid: with fewer than two members: a desk never hangs on one person;
        or with one whose role does not fit.
    """
    first = set(members)
    if len(first) < LEAST_MEMBERS:
        raise Invalid(members=N_("Choose at least two members."))
    for person_id in first:
        _check_suits(person_id, kind, "members")
        require_own_password(person_id, "members")
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

    :raises Invalid: where they are a member already, or their role does not fit.
    """
    _check_suits(person_id, DeskKind(desk.kind), "person")
    active = select(Membership).where(
        Membership.desk_id == desk.id,
        Membership.person_id == person_id,
        Membership.left_at.is_(None),
    )
    if db.session().scalar(active):
        raise Invalid(person=N_("This person is at the desk already."))
    db.add(Membership(desk_id=desk.id, person_id=person_id))
    audit.record(desk.id, "desk:joined", person=person_id)


def leave_desk(desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """End a place at a desk and delete the key that went with it, at once.

    :raises NotVisible: where the person has no place there.
    """
    row = db.session().scalar(
        select(Membership).where(
            Membership.desk_id == desk_id,
            Membership.person_id == person_id,
            Membership.left_at.is_(None),
        )
    )
    if row is None:
        raise NotVisible
    row.left_at = db.now()
    held = db.session().get(HeldKey, (desk_id, person_id))
    if held is not None:
        db.session().delete(held)
    db.session().flush()
    audit.record(desk_id, "desk:left", person=person_id)


def give_desk_key(actor: Actor, desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Give a new member the desk's key, which the actor must hold.

    :raises NotHeld: where the actor does not hold it.
    :raises Invalid: while somebody else knows the new member's password.
    """
    require_own_password(person_id, "person")
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

    :raises Invalid: where fewer than two members of a desk hold its key.
    """
    check_route(kind, desk_id, alternative_id)
    route = Route(
        office_id=office_id,
        kind=kind,
        desk_id=desk_id,
        alternative_id=alternative_id,
    )
    db.session().merge(route)
    db.session().flush()
    audit.record(office_id, "route:set", kind=kind, desk=desk_id, other=alternative_id)


def check_route(
    kind: DeskKind, desk_id: uuid.UUID, alternative_id: uuid.UUID | None
) -> None:
    """Refuse a route to a desk that cannot take cases.

    :raises Invalid: naming the field.
    """
    _check_desk(kind, desk_id, "desk")
    if alternative_id == desk_id:
        raise Invalid(alternative=N_("Choose another desk than the first."))
    if alternative_id:
        _check_desk(kind, alternative_id, "alternative")


def _check_desk(kind: DeskKind, desk_id: uuid.UUID, field: str) -> None:
    desk = db.session().get(Desk, desk_id)
    if desk is None or desk.kind != kind:
        raise Invalid(**{field: N_("Choose a desk of this kind.")})
    if len(able_members(desk_id)) < LEAST_MEMBERS:
        raise Invalid(**{field: N_("Two members must hold the desk's key first.")})


def route(office_id: uuid.UUID, kind: DeskKind, conflicted: bool) -> uuid.UUID:
    """Return the desk that takes an office's case; on a conflict, the alternative.

    :raises Invalid: where no such desk takes cases, or a conflict leaves none.
    """
    return routes(office_id, [kind], conflicted)[kind]


def routes(
    office_id: uuid.UUID, kinds: Sequence[DeskKind], conflicted: bool
) -> dict[DeskKind, uuid.UUID]:
    """Return the desks of several kinds that take an office's case, as `route`."""
    asked = select(Route).where(Route.office_id == office_id, Route.kind.in_(kinds))
    rows = {row.kind: row for row in db.session().scalars(asked)}
    return {kind: _desk(rows.get(kind), kind, conflicted) for kind in kinds}


def _desk(row: Route | None, kind: DeskKind, conflicted: bool) -> uuid.UUID:
    if row is None or (
        conflicted and kind is DeskKind.INTAKE and not row.alternative_id
    ):
        raise Invalid(office=N_("No desk takes this office's reports yet."))
    return (row.alternative_id if conflicted else None) or row.desk_id
