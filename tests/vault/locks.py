"""Everything in a database that is sealed, with what it is bound to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from tests.vault.columns import SEALED
from vault.boxes import HEADER, Box, compartment_of
from vault.crypto import bind

Id = tuple[Any, ...]


@dataclass(frozen=True)
class Lock:
    """Something sealed under a key of 32 bytes, and what it is bound to."""

    id: Id
    sealed: bytes
    bound: bytes


def locks(raw: Connection) -> Iterator[Lock]:
    """Yield everything that is sealed under a key of 32 bytes."""
    yield from _fields(raw)
    rows = raw.execute(text("SELECT person_id, sealed_key FROM credentials"))
    for person, sealed in rows:
        yield Lock(("private", person), sealed, bind("person", person))
    for key, sealed in raw.execute(text("SELECT id, sealed_key FROM sessions")):
        yield Lock(("private", key), sealed, bind("session", key))
    for place, info, sealed, gated in _handed(raw):
        if gated:
            yield Lock(("gate", *place), sealed, bind("gate", *info))


def _fields(raw: Connection) -> Iterator[Lock]:
    rows = raw.execute(
        text("SELECT id, case_id, referral_id, name, version FROM compartments")
    )
    boxes = {row[1:]: Box(row[0], row[1], row[3], row[4], b"") for row in rows}
    for column in SEALED:
        kind, table = column.type, column.class_.__tablename__
        place = f"{kind.case}, {kind.referral or 'NULL::uuid'}, {column.key}"
        found = raw.execute(text(f"SELECT id, {place} FROM {table}"))
        for row_id, case_id, referral_id, data in found:
            if data is None:
                continue
            version = int.from_bytes(data[1:HEADER])
            box = boxes[case_id, referral_id, compartment_of(column), version]
            bound = box._bound(column, row_id)
            where = (case_id, referral_id, box.name, str(column), row_id)
            yield Lock(("field", *where), bytes(data)[HEADER:], bound)


def _handed(raw: Connection) -> Iterator[tuple[Id, Id, bytes, bool]]:
    grants = raw.execute(
        text(
            "SELECT c.id, c.case_id, c.name, c.version, g.holder_id, g.generation,"
            " g.sealed_key, g.gated FROM key_grants g"
            " JOIN compartments c ON c.id = g.compartment_id"
        )
    )
    for *place, sealed, gated in grants:
        yield ("grant", *place), ("grant", *place), sealed, gated
    held = raw.execute(
        text("SELECT holder_id, generation, by_id, sealed_key, gated FROM held_keys")
    )
    for *place, sealed, gated in held:
        yield ("held", *place), ("desk", *place), sealed, gated


def sealed_to(raw: Connection) -> Iterator[tuple[Id, tuple[bytes, bytes]]]:
    """Yield everything that is sealed to somebody: the bytes, and their binding."""
    for place, info, sealed, gated in _handed(raw):
        if not gated:
            yield place, (sealed, bind(*info))
    older = "SELECT holder_id, generation, older FROM holder_keys WHERE older <> ''"
    for desk, generation, sealed in raw.execute(text(older)):
        info = bind("older", desk, generation)
        yield ("older", desk, generation), (sealed, info)
