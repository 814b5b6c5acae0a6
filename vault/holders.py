"""Whose key is whose: public keys that can be trusted, and desks' keys.

A desk's private key is sealed to its members. When one of them leaves, the next
member who comes re-makes it: bounded work, whatever the desk holds.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update

from core import audit, db
from vault import gate
from vault.crypto import Tampered, bind, fingerprint, new_pair, seal_to
from vault.keyring import Keyring
from vault.models import HeldKey, Holder, HolderKind

KEEPER = "keys"

_ADD = text("SELECT add_key(:id, :kind, :key, :older, :request)")
_ABLE = text("SELECT desk, person FROM able_members(:desks)")
_END = text("SELECT end_key(:id)")
_KEYS = text(
    "SELECT holder_id, generation, public_key, audited_fingerprint(holder_id) FROM"
    " (SELECT DISTINCT ON (holder_id) * FROM holder_keys"
    " WHERE holder_id = ANY(:holders) ORDER BY holder_id, generation DESC) AS newest"
    " WHERE ended_at IS NULL"
)


@dataclass(frozen=True)
class PublicKey:
    """The newest public key of a holder, and which generation it is."""

    generation: int
    data: bytes


def public_keys(holders: Iterable[uuid.UUID]) -> dict[uuid.UUID, PublicKey]:
    """Return public keys, each checked against the fingerprint in the audit trail.

    Who has not chosen a password yet, or lost theirs, has none.

    :raises Tampered: where a key is not the one whose making was audited.
    """
    rows = db.session().execute(_KEYS, {"holders": list(holders)})
    keys = {}
    for holder_id, generation, public, audited in rows:
        if audited != fingerprint(public):
            raise Tampered
        keys[holder_id] = PublicKey(generation, public)
    return keys


def add_key(
    holder_id: uuid.UUID, kind: str, public: bytes, older: bytes | None = None
) -> None:
    """Register a holder's next public key, with its fingerprint in the audit trail.

    The database decides who may: for a person, themselves with a code that is open;
    for a desk, who confirms its first members, then its members.
    """
    values = {"id": holder_id, "kind": kind, "key": public, "older": older}
    db.session().execute(_ADD, {**values, "request": audit.request_id.get()})


def end_key(holder_id: uuid.UUID) -> None:
    """Let nothing be sealed any more to a person's key that is lost.

    The database lets the two do it who reset it.
    """
    db.session().execute(_END, {"id": holder_id})


def make_desk_key(desk_id: uuid.UUID, kind: str, members: Iterable[uuid.UUID]) -> None:
    """Make a desk's first key, and seal it to its first members."""
    pair = new_pair()
    add_key(desk_id, kind, pair.public)
    give_desk_key(desk_id, 1, members, pair.private)


def give_desk_key(
    desk_id: uuid.UUID, generation: int, members: Iterable[uuid.UUID], private: bytes
) -> None:
    """Seal a generation of a desk's private key to some of its members."""
    for member_id, sealed in _sealed(desk_id, generation, members, private):
        db.add(
            HeldKey(
                holder_id=desk_id,
                by_id=member_id,
                generation=generation,
                sealed_key=sealed,
            )
        )
        audit.record(desk_id, "desk:key_given", member=member_id)


def _sealed(
    desk_id: uuid.UUID, generation: int, members: Iterable[uuid.UUID], private: bytes
) -> Iterator[tuple[uuid.UUID, bytes]]:
    for member_id, public in sorted(public_keys(members).items()):
        info = bind("desk", desk_id, generation, member_id)
        yield member_id, seal_to(public.data, private, info)


def take_desk_key(desk_id: uuid.UUID, member_id: uuid.UUID) -> None:
    """Take a member's key to a desk at once, and have the desk's key re-made.

    A desk's last key goes behind the gate, so that its cases are not lost for ever.
    """
    mine = (HeldKey.holder_id == desk_id, HeldKey.by_id == member_id)
    with db.serving(KEEPER):
        session = db.session()
        held = session.execute(select(*HeldKey.__table__.columns).where(*mine)).first()
        if held is None or held.gated:
            return
        if able_members(desk_id) - {member_id}:
            session.execute(delete(HeldKey).where(*mine))
        else:
            place = ("desk", desk_id, held.generation, member_id)
            sealed = gate.close(held.sealed_key, *place)
            row = update(HeldKey).where(*mine)
            session.execute(row.values(gated=True, sealed_key=sealed))
        stale = update(Holder).where(Holder.id == desk_id)
        session.execute(stale.values(renew_since=db.now()))


def renew_desk_keys(keyring: Keyring, desk_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Re-make the keys of those desks that somebody left; return which.

    The key before is sealed to the new one, so that what was sealed to the desk still
    opens to its members.
    """
    due = (
        select(Holder.id)
        .where(Holder.id.in_(list(desk_ids)), Holder.renew_since.is_not(None))
        .order_by(Holder.id)
        .with_for_update()
    )
    with db.serving(KEEPER):
        found = list(db.session().scalars(due))
        for desk_id in found:
            _renew(keyring, desk_id)
    return found


def _renew(keyring: Keyring, desk_id: uuid.UUID) -> None:
    before, old = keyring.newest(desk_id)
    pair, generation = new_pair(), before + 1
    older = seal_to(pair.public, old, bind("older", desk_id, generation))
    add_key(desk_id, HolderKind.DESK, pair.public, older)
    held = HeldKey.holder_id == desk_id
    session, able = db.session(), able_members(desk_id)
    session.execute(delete(HeldKey).where(held, HeldKey.by_id.not_in(able)))
    for member_id, sealed in _sealed(desk_id, generation, able, pair.private):
        row = update(HeldKey).where(held, HeldKey.by_id == member_id)
        session.execute(row.values(generation=generation, sealed_key=sealed))
    done = update(Holder).where(Holder.id == desk_id)
    session.execute(done.values(renew_since=None))
    keyring.forget(desk_id)


def able_members(desk_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the members who hold the desk's key."""
    return members([desk_id]).get(desk_id, set())


def members(desk_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, set[uuid.UUID]]:
    """Return the members of desks who hold the desk's key: only they count."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for desk, person in db.session().execute(_ABLE, {"desks": list(desk_ids)}):
        found.setdefault(desk, set()).add(person)
    return found
