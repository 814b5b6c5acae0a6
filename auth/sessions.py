"""Signing in and out. The private key is unlocked into the session, never stored open.

A session's row holds the key sealed under a half that lives only in the cookie.
"""

import base64
import logging
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from auth import attempts
from auth.access import sits
from auth.actor import PUBLIC, Actor
from auth.credentials import Lock, is_code, make_key, seal_private, wrapping_key
from auth.models import Credential, Membership, Office, Person, SignIn, SignInCode
from core import audit, db
from core.errors import Busy, Invalid, NotHeld, Stale, WrongStage
from core.text import N_
from vault import holders
from vault.crypto import Tampered, bind, decrypt, derive, encrypt
from vault.keyring import Keyring
from vault.models import HeldKey

log = logging.getLogger(__name__)
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=1)
HALF = 32
NOBODY = Credential(
    person_id=uuid.UUID(int=0), salt=bytes(16), iterations=2, lanes=2, memory=65536
)
WRONG = N_("The name or the password is not right. Check both and try again.")


@dataclass(frozen=True)
class SignedIn:
    """A person in a session, as Flask-Login wants to know them.

    `must_choose`: they came with a code, and have no key before they choose a password.
    """

    person: Person
    actor: Actor
    must_choose: bool = False
    zone: str = "UTC"
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return the person's id."""
        return str(self.person.id)


def sign_in(username: str, password: str, pepper: bytes, source: str = "") -> str:
    """Start a session and return the cookie's value; `source` is where they sit.

    The password is derived between two transactions: nobody waits for its turn with
    a connection in hand. What was read before is asked again when the session starts.

    :raises Invalid: where name or password is wrong, the account is disabled, or
        there were too many attempts; which of them, nobody is told.
    :raises Busy: where too many sign in at this moment; it is not counted as wrong.
    """
    tried = attempts.begin(username, source, pepper)
    with db.transaction(PUBLIC):
        _, credential = _find(username)
    try:
        key = wrapping_key(password, credential or NOBODY, pepper)
    except Busy:
        with db.transaction(PUBLIC):
            attempts.forget_one(tried)
        raise
    private = _unlock(credential, key)
    with db.transaction(PUBLIC):
        person, now = _find(username, lock=True)
        entered = _enters(person, credential, now, private, password)
        if person and entered:
            attempts.forget(tried)
            cookie, actor = _start(person, private), actor_of(person, private)
    if not entered:
        known = person and person.id
        audit.record_denial(PUBLIC, "session:refused", None, person=known)
        raise Invalid(password=WRONG)
    _renew_desk_keys(actor)
    return cookie


def _enters(
    person: Person | None,
    before: Credential | None,
    now: Credential | None,
    private: bytes | None,
    password: str,
) -> bool:
    """Return whether somebody may come in: with their password, or with a code."""
    if person is None or person.disabled_at is not None:
        return False
    if now is not None:
        return before is not None and bool(private) and before.salt == now.salt
    code = db.session().get(SignInCode, person.id)
    return code is not None and is_code(code, password)


def _renew_desk_keys(actor: Actor) -> None:
    """Re-make the keys of the actor's desks that somebody left, each by itself.

    Nobody is kept out because this fails: it is logged as a code, the desk's page goes
    on to say that its key waits, and the next member who signs in tries again.
    """
    for desk_id in actor.desks:
        assert actor.keyring
        try:
            with db.transaction(actor):
                holders.renew_desk_keys(actor.keyring, [desk_id])
        except (SQLAlchemyError, NotHeld, Tampered) as problem:
            kind = type(problem).__name__
            log.error("desk:renewal_failed desk=%s problem=%s", desk_id, kind)


def _find(
    username: str, *, lock: bool = False
) -> tuple[Person | None, Credential | None]:
    """Return somebody by name; `lock`: nobody changes their password meanwhile."""
    person = db.session().scalar(select(Person).where(Person.username == username))
    if person is None:
        return None, None
    own = select(Credential).where(Credential.person_id == person.id)
    own = own.with_for_update(read=True) if lock else own
    return person, db.session().scalar(own)


def _unlock(credential: Credential | None, key: bytes) -> bytes | None:
    if credential is None:
        return None
    try:
        bound = bind("person", credential.person_id)
        return decrypt(key, credential.sealed_key, bound)
    except Tampered:
        return None


def _start(person: Person, private: bytes | None) -> str:
    token, half = secrets.token_bytes(HALF), secrets.token_bytes(HALF)
    session_id, now = uuid.uuid4(), db.now()
    bound = bind("session", session_id)
    sealed = encrypt(derive(half, "session"), private, bound) if private else None
    row = SignIn(
        id=session_id,
        token_hash=sha256(token).digest(),
        person_id=person.id,
        sealed_key=sealed,
        started_at=now,
        seen_at=now,
    )
    db.add(row)
    audit.record(person.id, "session:started", session=session_id)
    return base64.urlsafe_b64encode(token + half).decode()


def _parse(cookie: str) -> tuple[bytes, bytes] | None:
    try:
        data = base64.b64decode(cookie, altchars=b"-_", validate=True)
    except ValueError:
        return None
    return (data[:HALF], data[HALF:]) if len(data) == 2 * HALF else None


def resume(cookie: str) -> SignedIn | None:
    """Return who a cookie belongs to, with their keys; None where it is not valid."""
    parts = _parse(cookie)
    if parts is None:
        return None
    with db.transaction(PUBLIC):
        return _resume(*parts)


def _resume(token: bytes, half: bytes) -> SignedIn | None:
    row = (
        db.session()
        .execute(
            select(SignIn, Person, Office.zone)
            .join(Person, Person.id == SignIn.person_id)
            .join(Office, Office.id == Person.office_id, isouter=True)
            .where(SignIn.token_hash == sha256(token).digest())
        )
        .first()
    )
    if row is None or not _fresh(row[0], row[1], db.now()):
        return None
    session, person, zone = row
    try:
        private = _private(session, half)
    except Tampered:
        return None
    if db.now() - session.seen_at > SEEN_EVERY:
        session.seen_at = db.now()
    return SignedIn(person, actor_of(person, private), not private, zone or "UTC")


def _private(session: SignIn, half: bytes) -> bytes | None:
    if session.sealed_key is None:
        return None
    bound = bind("session", session.id)
    return decrypt(derive(half, "session"), session.sealed_key, bound)


def _fresh(session: SignIn, person: Person, now: datetime) -> bool:
    young = now - session.started_at < ABSOLUTE and now - session.seen_at < IDLE
    return young and person.disabled_at is None


def actor_of(person: Person, private: bytes | None) -> Actor:
    """Return a person as actor, with their roles, keys, and desks whose key they hold.

    Without a private key they have neither keys nor desks nor roles. A place at a desk
    counts once a member has given its key: an administrator makes members, and makes
    nobody see a case.
    """
    if private is None:
        return Actor(id=person.id, office_id=person.office_id)
    desks = db.session().scalars(
        select(Membership.desk_id)
        .join(HeldKey, HeldKey.holder_id == Membership.desk_id)
        .where(
            Membership.person_id == person.id,
            sits(),
            HeldKey.by_id == person.id,
            HeldKey.gated.is_(False),
        )
    )
    return Actor(
        id=person.id,
        roles=frozenset(person.roles),
        desks=tuple(sorted(desks)),
        office_id=person.office_id,
        keyring=Keyring(person.id, private),
    )


def sign_out(cookie: str) -> None:
    """End the session of a cookie."""
    parts = _parse(cookie)
    if parts is None:
        return
    with db.transaction(PUBLIC) as session:
        found = SignIn.token_hash == sha256(parts[0]).digest()
        row = session.scalar(select(SignIn).where(found))
        if row:
            session.delete(row)
            audit.record(row.person_id, "session:ended", session=row.id)


def end_all(person_id: uuid.UUID) -> None:
    """End every session of a person, in the transaction under way."""
    with db.serving(PUBLIC.service):
        db.session().execute(delete(SignIn).where(SignIn.person_id == person_id))
    audit.record(person_id, "session:all_ended")


def check_password(actor: Actor, password: str, pepper: bytes) -> Credential:
    """Return the actor's credential, where this is their password; as `lock_of`.

    :raises Invalid: where it is not.
    """
    assert actor.id
    with db.transaction(actor) as session:
        credential = session.get_one(Credential, actor.id)
    if _unlock(credential, wrapping_key(password, credential, pepper)) is None:
        raise Invalid(old=N_("This is not your present password."))
    return credential


def change_password(actor: Actor, checked: Credential, lock: Lock) -> None:
    """Seal the actor's private key under another password; end all their sessions.

    :raises Stale: where the password that was checked was changed meanwhile.
    """
    assert actor.id
    assert actor.keyring
    own = select(Credential.salt).where(Credential.person_id == actor.id)
    if db.session().scalar(own.with_for_update()) != checked.salt:
        raise Stale
    db.session().merge(seal_private(actor.id, actor.keyring.private, lock))
    audit.record(actor.id, "person:password_changed")
    end_all(actor.id)


def choose_password(actor: Actor, lock: Lock) -> None:
    """Make the actor's pair of keys under their first password; use up their code.

    :raises WrongStage: where the code has run out, or was used meanwhile.
    """
    assert actor.id
    audit.hold([actor.id])  # of two at once the second finds the code used up
    code = db.session().get(SignInCode, actor.id, populate_existing=True)
    if code is None or code.expires_at <= db.now():
        raise WrongStage(
            N_("Your code has run out. Ask your administrator for another.")
        )
    make_key(actor.id, lock)
    db.session().delete(code)
    db.session().flush()
    audit.record(actor.id, "person:password_chosen")
    end_all(actor.id)
