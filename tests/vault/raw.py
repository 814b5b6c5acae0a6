"""What a person's key opens in the raw database: past policy, past row security."""

import uuid
from functools import cache

from sqlalchemy import Connection, text

from vault.crypto import Tampered, bind, open_with
from vault.keyring import Keyring

_DESKS = text(
    "SELECT holder_id, generation, sealed_key FROM held_keys WHERE by_id = :person"
)
_OLDER = text(
    "SELECT generation, older FROM holder_keys"
    " WHERE holder_id = :desk AND older IS NOT NULL ORDER BY generation DESC"
)
_GRANTS = text(
    "SELECT c.id, c.case_id, c.name, c.version, g.holder_id, g.generation, g.sealed_key"
    " FROM key_grants g JOIN compartments c ON c.id = g.compartment_id"
    " WHERE g.case_id = :case AND c.referral_id IS NOT DISTINCT FROM :referral"
    " AND g.holder_id = ANY(:holders)"
)


@cache
def _opened(private: bytes, sealed: bytes, info: bytes) -> bytes | None:
    """Return what a private key opens; None where it does not. Searches ask again."""
    try:
        return open_with(private, sealed, info)
    except Tampered:
        return None


Privates = dict[tuple[uuid.UUID, int], bytes]


def privates(connection: Connection, keyring: Keyring) -> Privates:
    """Return every private key that one person's password leads to, by generation.

    What the server's gate is wrapped around, it does not lead to.
    """
    person = keyring.holder_id
    found = {(person, generation): keyring.private for generation in range(1, 9)}
    for desk, newest, sealed in connection.execute(_DESKS, {"person": person}).all():
        private = _opened(keyring.private, sealed, bind("desk", desk, newest, person))
        if private is None:
            continue
        found[desk, newest] = private
        for generation, older in connection.execute(_OLDER, {"desk": desk}):
            key, info = found[desk, generation], bind("older", desk, generation)
            before = _opened(key, older, info)
            assert before, "a desk's key must lead to the one before"
            found[desk, generation - 1] = before
    return found


def held(
    connection: Connection,
    keys: Privates,
    case_id: uuid.UUID,
    referral_id: uuid.UUID | None = None,
) -> dict[uuid.UUID, tuple[str, int]]:
    """Return the compartments, by id, that some private keys open."""
    found = {}
    place = {"case": case_id, "referral": referral_id}
    holders = list({holder for holder, _ in keys})
    rows = connection.execute(_GRANTS, {**place, "holders": holders})
    for compartment, case, name, version, holder, generation, sealed in rows:
        info = bind("grant", compartment, case, name, version, holder, generation)
        private = keys.get((holder, generation))
        if private and _opened(private, sealed, info):
            found[compartment] = (name, version)
    return found


def opened(
    connection: Connection,
    keyring: Keyring,
    case_id: uuid.UUID,
    referral_id: uuid.UUID | None = None,
) -> set[tuple[str, int]]:
    """Return the compartments of a case, with versions, that a person can open."""
    keys = privates(connection, keyring)
    return set(held(connection, keys, case_id, referral_id).values())
