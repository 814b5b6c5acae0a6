"""Making and closing accounts, and offices. Opens no case."""

import uuid
from collections.abc import Iterable

from sqlalchemy import delete, func, select

from auth import desks, sessions
from auth.actor import PUBLIC
from auth.credentials import (
    OPENS_ACCOUNT,
    OPENS_RESET,
    code_of,
    first_mark,
    new_half,
)
from auth.models import Credential, Office, Person, SignInCode
from auth.policy import Role, Standing, clash
from core import audit, db
from core.errors import Invalid, WrongStage
from core.text import N_
from vault import grants, holders
from vault.models import Holder, HolderKind, KeyGrant

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
    *,
    office_id: uuid.UUID | None = None,
    staff_number: str | None = None,
    email: str | None = None,
) -> Person:
    """Register a person; they have no key before they choose a password.

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
    db.add(Holder(id=person.id, kind=HolderKind.PERSON))
    db.add(person)
    audit.record(person.id, "person:created", roles=person.roles)
    return person


def had_key(person_id: uuid.UUID) -> bool:
    """Return whether somebody ever had a key: another one takes two people then."""
    return bool(db.session().scalar(select(func.had_key(person_id))))


def somebody_administers() -> bool:
    """Return whether an administrator is there who has a key."""
    there = select(Person.id).where(
        Person.roles.contains([Role.ADMINISTRATOR]),
        Person.disabled_at.is_(None),
        func.has_key(Person.id),
    )
    return db.session().scalar(there.limit(1)) is not None


def open_with_code(person: Person) -> str:
    """Return a code to choose a first password with, open for a week.

    A code from before is worth nothing any more.

    :raises WrongStage: for an account that is closed, or that ever had a key.
    """
    _check_open(person)
    if had_key(person.id):
        raise WrongStage(N_("They chose a password of their own already."))
    halves = new_half(), new_half()
    _replace_code(
        code_of(person.id, first_mark(person.id, halves[0]), halves[1], OPENS_ACCOUNT)
    )
    audit.record(person.id, "person:code_made")
    return "-".join(halves)


def _check_open(person: Person) -> None:
    if person.disabled_at is not None:
        raise WrongStage(N_("This account is closed."))


def _replace_code(code: SignInCode) -> None:
    before = delete(SignInCode).where(SignInCode.person_id == code.person_id)
    with db.serving(PUBLIC.service):
        db.session().execute(before)
        db.add(code)


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


def end_lost_key(person: Person, first: bytes) -> str:
    """End the key and password of somebody who lost them; return half of a code.

    `first` is the mark of the other half, which whoever asked was shown. With both they
    choose a password within 24 hours, and a pair of keys is made there; until then
    nothing is sealed to them, and nothing opens. What only the old key opened is lost.
    Desks' keys and keys of cases are given to the new one by those who hold them.

    :raises WrongStage: for an account that is closed.
    """
    _check_open(person)
    half = new_half()
    holders.end_key(person.id)
    with db.serving(PUBLIC.service):
        old = delete(Credential).where(Credential.person_id == person.id)
        db.session().execute(old)
    _replace_code(code_of(person.id, first, half, OPENS_RESET))
    for desk_id in desks.of(person.id):
        holders.take_desk_key(desk_id, person.id)
    grants.lose(person.id)
    sessions.end_all(person.id)
    audit.record(person.id, "person:key_reset")
    return half
