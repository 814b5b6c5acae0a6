"""What a person's key opens in the raw database: past policy, past row security."""

import uuid

from sqlalchemy import Connection, text

from vault.crypto import Tampered, bind, open_with
from vault.keyring import Keyring

_DESKS = text("SELECT holder_id, sealed_key FROM held_keys WHERE by_id = :person")
_GRANTS = text(
    "SELECT c.id, c.case_id, c.name, c.version, g.holder_id, g.sealed_key"
    " FROM key_grants g JOIN compartments c ON c.id = g.compartment_id"
    " WHERE g.case_id = :case AND c.referral_id IS NULL AND g.holder_id = ANY(:holders)"
)


def privates(connection: Connection, keyring: Keyring) -> dict[uuid.UUID, bytes]:
    """Return every private key that one person's password leads to."""
    person = keyring.holder_id
    found = {person: keyring.private}
    for desk, sealed in connection.execute(_DESKS, {"person": person}):
        found[desk] = open_with(keyring.private, sealed, bind("desk", desk, person))
    return found


def opened(
    connection: Connection, keyring: Keyring, case_id: uuid.UUID
) -> set[tuple[str, int]]:
    """Return the compartments of a case, with versions, that a person can open."""
    keys = privates(connection, keyring)
    found = set()
    rows = connection.execute(_GRANTS, {"case": case_id, "holders": list(keys)})
    for compartment, case, name, version, holder, sealed in rows:
        info = bind("grant", compartment, case, name, version, holder)
        try:
            open_with(keys[holder], sealed, info)
        except Tampered:
            continue
        found.add((name, version))
    return found
