"""Moving what is sealed from one version of a compartment's key to the next.

The database hands out sealed values and takes them back through two functions made
here from the mapped columns, so that a new sealed column is never left behind.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.orm import InstrumentedAttribute

from core import db
from core.errors import Stale
from vault.boxes import Box, version_of
from vault.sealed import Sealed, SealedType

Column = InstrumentedAttribute[Any]

_FIND = text(
    'SELECT the_table, the_column, id, "value"'
    " FROM sealed_in(:case, :referral, :compartment)"
)
_PUT = text(
    "SELECT reseal(:case, :referral, :table, :column, CAST(:ids AS uuid[]),"
    " CAST(:was AS bytea[]), CAST(:becomes AS bytea[]))"
)


def sealed_columns() -> dict[tuple[str, str], Column]:
    """Return every sealed column of the program, by table and name."""
    found = {}
    for mapper in db.Base.registry.mappers:
        for attribute in inspect(mapper.class_).column_attrs:
            column = getattr(mapper.class_, attribute.key)
            if isinstance(column.type, SealedType):
                found[mapper.class_.__tablename__, attribute.key] = column
    return dict(sorted(found.items()))


def reseal(old: Iterable[Box], new: Box) -> int:
    """Seal under `new` what is sealed under `old`; return how many values.

    All are versions of one compartment. Nothing is shown, and nothing is read.

    :raises Stale: where a value was changed meanwhile.
    """
    boxes, columns = {box.version: box for box in old}, sealed_columns()
    place = {"case": new.case_id, "referral": new.referral_id}
    moved: dict[tuple[str, str], list[tuple[uuid.UUID, bytes, bytes]]]
    moved = defaultdict(list)
    rows = db.session().execute(_FIND, {**place, "compartment": new.name})
    for table, name, row_id, data in rows:
        was, column = Sealed(bytes(data)), columns[table, name]
        box = boxes.get(version_of(was))
        if box:
            becomes = new.seal(column, row_id, box.open(column, row_id, was))
            assert becomes
            moved[table, name].append((row_id, was.data, becomes.data))
    for (table, name), values in moved.items():
        _put({**place, "table": table, "column": name}, values)
    return sum(map(len, moved.values()))


def _put(place: dict[str, Any], values: list[tuple[uuid.UUID, bytes, bytes]]) -> None:
    ids, was, becomes = map(list, zip(*values, strict=True))
    more = {"ids": ids, "was": was, "becomes": becomes}
    if db.session().scalar(_PUT, {**place, **more}) != len(values):
        raise Stale


def install() -> str:
    """Return the functions that find sealed values and put them back, as SQL."""
    columns = sealed_columns().values()
    parts = "\n        UNION ALL ".join(map(_part, columns))
    moves = "\n        ".join(_moves(columns))
    return _FUNCTIONS.replace("{parts}", parts).replace("{moves}", moves)


def _condition(column: Column) -> str:
    kind = column.type
    same = (
        f"t.{kind.referral} IS NOT DISTINCT FROM the_referral"
        if kind.referral
        else "the_referral IS NULL"
    )
    return f"t.{kind.case} = the_case AND {same}"


# Names below are those of our own mapped columns.
def _part(column: Column) -> str:
    table, name = column.class_.__tablename__, column.key
    what = f"SELECT '{table}', '{name}', t.id, t.{name} FROM {table} t"  # nosec B608
    return (
        f"{what} WHERE {_condition(column)} AND t.{name} IS NOT NULL"
        f" AND the_name = '{column.type.compartment}'"
    )


def _moves(columns: Iterable[Column]) -> Iterator[str]:
    for column in columns:
        table, name = column.class_.__tablename__, column.key
        where = f"t.id = n.id AND t.{name} = n.was AND {_condition(column)}"
        put = f"UPDATE {table} t SET {name} = n.becomes"  # nosec B608
        values = "unnest(the_ids, was, becomes) AS n (id, was, becomes)"
        yield f"WHEN '{table}.{name}' THEN {put} FROM {values} WHERE {where};"


# Only the keeper of keys calls these, for somebody who stands on the case.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION may_reseal(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT acting_service() = 'keys' AND NOT barred_from(the_case) AND EXISTS (
        SELECT FROM key_grants
        WHERE case_id = the_case AND holder_id = ANY (acting_holders()));
$$;

CREATE OR REPLACE FUNCTION sealed_in(
    the_case uuid, the_referral uuid, the_name text
) RETURNS TABLE (the_table text, the_column text, id uuid, "value" bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT may_reseal(the_case) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only a holder re-seals';
    END IF;
    RETURN QUERY {parts};
END;
$$;

CREATE OR REPLACE FUNCTION reseal(
    the_case uuid, the_referral uuid, the_table text, the_column text,
    the_ids uuid[], was bytea[], becomes bytea[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    done bigint;
BEGIN
    IF NOT may_reseal(the_case) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only a holder re-seals';
    END IF;
    CASE the_table || '.' || the_column
        {moves}
    END CASE;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END;
$$;
"""
