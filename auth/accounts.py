"""Making and closing accounts, and offices. Opens no case."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from auth import desks, sessions
from auth.credentials import one_time_password, replace_credential, seal_private
from auth.models import Office, Person
from auth.policy import Role, Standing, clash
from core import audit, db
from core.errors import Invalid, WrongStage
from core.text import N_
from vault import grants, holders, server_keys
from vault.crypto import Cost, new_pair
from vault.models import HolderKind, KeyGrant

# Roles that go with no other: they look on from outside, or come from outside.
ALONE = frozenset(
    {Role.AUDITOR, Role.ADMINISTRATOR, Role.PROVIDER, Role.PARTNER_INVESTIGATOR}
)


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
    email: str | None = None,
    cost: Cost | None = None,
    must_change: bool = False,
) -> Person:
    """Register a person with a key pair of their own.

    `must_change`: the password is for one sign-in, and nothing opens before it goes.

    :raises Invalid: where the roles do not go together, or the name to sign in with,
        the staff number or the address is taken.
    """
    given = sorted(set(roles))
    _check_roles(given)
    _check_free(username=username, staff_number=staff_number, email=email)
    person = Person(
        id=uuid.uuid4(),
        username=username,
        name=name,
        roles=given,
        office_id=office_id,
        staff_number=staff_number,
        email=email,
    )
    pair = new_pair()
    holders.add_key(person.id, HolderKind.PERSON, pair.public)
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


TAKEN = {
    "username": N_("Choose another name to sign in with."),
    "staff_number": N_("Someone has this staff number already."),
    "email": N_("Someone has this address already."),
}


def _check_free(**wanted: str | None) -> None:
    for name, value in wanted.items():
        same = select(Person.id).where(getattr(Person, name) == value)
        if value and db.session().scalar(same):
            raise Invalid(**{name: TAKEN[name]})


def disable_person(person: Person) -> None:
    """Close an account; the caller ends its sessions.

    The person leaves every desk, and whatever is sealed to them goes behind the gate:
    their password opens nothing any more, and the next holder takes over.
    """
    person.disabled_at = db.now()
    db.session().flush()
    audit.record(person.id, "person:disabled")
    for desk_id in desks.of(person.id):
        desks.leave(desk_id, person.id)
    grants.hold_back(KeyGrant.holder_id == person.id, knew=True)


def reset_key(person: Person) -> str:
    """Make a new key for somebody who lost their password; return the next one.

    What only the old key opened is lost. Desks' keys and keys of cases are given to
    the new one by those who hold them.

    :raises WrongStage: for an account that is closed.
    """
    if person.disabled_at is not None:
        raise WrongStage(N_("This account is closed."))
    pair, password = new_pair(), one_time_password()
    holders.add_key(person.id, HolderKind.PERSON, pair.public)
    sealed = seal_private(
        person.id, pair.private, password, server_keys.pepper(), Cost()
    )
    replace_credential(sealed)
    for desk_id in desks.of(person.id):
        holders.take_desk_key(desk_id, person.id)
    grants.lose(person.id)
    sessions.end_all(person.id)
    audit.record(person.id, "person:key_reset")
    return password
