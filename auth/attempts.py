"""Slowing down whoever guesses passwords, for every name alike, known or not.

An attempt is noted before the password is looked at and forgotten when it was right;
one that is refused is not noted, so that the window slides on while someone hammers.
Five wrong ones count per name and place: whoever guesses elsewhere locks nobody out,
unless from so many places that the limit of the name itself is reached; that one
slides on as well. Neither name nor address is kept, only keyed hashes, for the window.
"""

import hmac
import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select

from auth.actor import PUBLIC
from auth.models import SignInAttempt
from core import audit, db
from core.errors import Invalid
from core.text import N_
from vault.crypto import derive

WINDOW = timedelta(minutes=15)
PER_NAME_AND_PLACE = 5
PER_NAME = 50
PER_PLACE = 50
WAIT = N_("There were too many attempts. Wait 15 minutes, then try again.")

Tried = tuple[bytes, bytes]


def begin(username: str, source: str, pepper: bytes) -> Tried:
    """Note an attempt; return what `forget` needs where the password was right.

    :raises Invalid: where there were too many lately.
    """
    key = derive(pepper, "sign-in attempts")
    tried = _hash(key, f"name:{username}"), _hash(key, f"place:{source}")
    with db.transaction(PUBLIC) as session:
        session.execute(select(func.pg_advisory_xact_lock(_number(tried[0]))))
        session.execute(delete(SignInAttempt).where(_stale()))
        allowed = _allowed(tried)
        if allowed:
            db.add(SignInAttempt(id=uuid.uuid4(), account=tried[0], source=tried[1]))
    if not allowed:
        audit.record_denial(PUBLIC, "session:slowed", None)
        raise Invalid(password=WAIT)
    return tried


def _hash(key: bytes, value: str) -> bytes:
    return hmac.digest(key, value.encode(), "sha256")


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8], signed=True)


def _stale() -> ColumnElement[bool]:
    return SignInAttempt.at <= db.now() - WINDOW


def _allowed(tried: Tried) -> bool:
    account = SignInAttempt.account == tried[0]
    source = SignInAttempt.source == tried[1]
    limits: Sequence[tuple[ColumnElement[bool], int]] = (
        (account & source, PER_NAME_AND_PLACE),
        (account, PER_NAME),
        (source, PER_PLACE),
    )
    counts = select(*(func.count().filter(which) for which, _ in limits)).where(
        account | source
    )
    found = db.session().execute(counts.select_from(SignInAttempt)).one()
    return all(count < most for count, (_, most) in zip(found, limits, strict=True))


def forget_one(tried: Tried) -> None:
    """Forget the newest attempt of a name from a place: nobody looked at it."""
    newest = (
        select(SignInAttempt.id)
        .where(SignInAttempt.account == tried[0], SignInAttempt.source == tried[1])
        .order_by(SignInAttempt.at.desc())
        .limit(1)
    )
    found = newest.scalar_subquery()
    db.session().execute(delete(SignInAttempt).where(SignInAttempt.id == found))


def forget(tried: Tried) -> None:
    """Forget the attempts of a name from a place, in the transaction under way."""
    db.session().execute(
        delete(SignInAttempt).where(
            SignInAttempt.account == tried[0], SignInAttempt.source == tried[1]
        )
    )
