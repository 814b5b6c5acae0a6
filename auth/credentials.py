"""Passwords: a person's private key under their own, and codes to choose one with.

A code lets somebody sign in once to choose a password; their pair of keys is made
there, so that no code is ever a key.
"""

import hmac
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from auth.models import Credential, SignInCode
from core import db
from core.errors import Invalid
from core.references import LETTERS
from core.text import N_
from vault import holders, server_keys
from vault.crypto import Cost, bind, derive, encrypt, new_pair, stretch
from vault.models import HolderKind

SALT = 16
LEAST_LENGTH = 12
GROUP, HALF = 5, 10
# How long a code waits to be used: of a new account, and after a lost password.
OPENS_ACCOUNT = timedelta(days=7)
OPENS_RESET = timedelta(hours=24)


@dataclass(frozen=True)
class Lock:
    """What a password comes to: the key that a private key is sealed under."""

    salt: bytes
    cost: Cost
    key: bytes = field(repr=False)


def lock_of(password: str, pepper: bytes, cost: Cost | None = None) -> Lock:
    """Derive a new lock from a password; outside of transactions, as it takes its turn.

    :raises Busy: where too many passwords are being derived.
    """
    salt, cost = secrets.token_bytes(SALT), cost or Cost()
    return Lock(salt, cost, _key(password, salt, pepper, cost))


def wrapping_key(password: str, credential: Credential, pepper: bytes) -> bytes:
    """Return the key that a person's private key is sealed under; as `lock_of`."""
    cost = Cost(credential.iterations, credential.lanes, credential.memory)
    return _key(password, credential.salt, pepper, cost)


def _key(password: str, salt: bytes, pepper: bytes, cost: Cost) -> bytes:
    return derive(stretch(password, salt, pepper, cost), "private key")


def seal_private(person_id: uuid.UUID, private: bytes, lock: Lock) -> Credential:
    """Return a credential: the private key sealed under a password's lock."""
    return Credential(
        person_id=person_id,
        salt=lock.salt,
        iterations=lock.cost.iterations,
        lanes=lock.cost.lanes,
        memory=lock.cost.memory,
        set_at=db.now(),
        sealed_key=encrypt(lock.key, private, bind("person", person_id)),
    )


def make_key(person_id: uuid.UUID, lock: Lock) -> None:
    """Make a person's next pair of keys, under a password of their own.

    The database lets them do it with a code that is open, and the owner for anybody
    who has none yet.
    """
    pair = new_pair()
    holders.add_key(person_id, HolderKind.PERSON, pair.public)
    db.add(seal_private(person_id, pair.private, lock))


def require_own_password(person_id: uuid.UUID, field: str) -> None:
    """Refuse to hand a key to somebody who has none of their own yet.

    :raises Invalid: while they have not signed in and chosen a password.
    """
    if person_id not in holders.public_keys([person_id]):
        raise Invalid(
            **{field: N_("They must sign in and choose their own password first.")}
        )


def new_half() -> str:
    """Return half a code: 50 random bits, as `7K3MA-Q9XDB`."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(HALF))
    return f"{letters[:GROUP]}-{letters[GROUP:]}"


def first_mark(person_id: uuid.UUID, half: str) -> bytes:
    """Return what is kept of the first half of a code: nobody gets it back from it."""
    return _mark("first half", person_id, _letters(half))


def code_of(
    person_id: uuid.UUID, first: bytes, second_half: str, lasts: timedelta
) -> SignInCode:
    """Return the code of a first half's mark and a second half, with its end."""
    mark = _mark("code", person_id, first.hex(), _letters(second_half))
    return SignInCode(person_id=person_id, mark=mark, expires_at=db.now() + lasts)


def is_code(row: SignInCode, typed: str) -> bool:
    """Return whether somebody typed a code that still is open."""
    letters = _letters(typed)
    first = first_mark(row.person_id, letters[:HALF])
    mark = _mark("code", row.person_id, first.hex(), letters[HALF:])
    return hmac.compare_digest(mark, row.mark) and row.expires_at > db.now()


def _letters(typed: str) -> str:
    """Return the letters of a code, however its groups were set apart."""
    return "".join(each for each in typed.upper() if each in LETTERS)


def _mark(*parts: object) -> bytes:
    key = derive(server_keys.pepper(), "sign-in codes")
    return hmac.digest(key, bind(*parts), "sha256")
