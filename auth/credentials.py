"""A person's private key under their password, and passwords themselves."""

import secrets
import uuid

from sqlalchemy import select, update

from auth.actor import PUBLIC
from auth.models import Credential
from core import db
from core.errors import Invalid
from core.references import LETTERS
from core.text import N_
from vault.crypto import Cost, bind, derive, encrypt, stretch

SALT = 16
LEAST_LENGTH = 12
GROUPS, GROUP = 4, 5


def one_time_password() -> str:
    """Return a password to be told once and changed at once: 100 random bits."""
    groups = (
        "".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS)
    )
    return "-".join(groups)


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


def require_own_password(person_id: uuid.UUID, field: str) -> None:
    """Refuse to hand a key to somebody whose password another person knows.

    :raises Invalid: while they have not changed their one-time password.
    """
    mine = select(Credential.must_change).where(Credential.person_id == person_id)
    with db.serving(PUBLIC.service):
        known_to_others = db.session().scalar(mine)
    if known_to_others:
        raise Invalid(
            **{field: N_("They must sign in and choose their own password first.")}
        )


def replace_credential(new: Credential) -> None:
    """Put another credential, for one sign-in, in the place of somebody's own."""
    names = ("salt", "iterations", "lanes", "memory", "sealed_key", "set_at")
    values = {name: getattr(new, name) for name in names}
    own = update(Credential).where(Credential.person_id == new.person_id)
    with db.serving(PUBLIC.service):
        db.session().execute(own.values(**values, must_change=True))
