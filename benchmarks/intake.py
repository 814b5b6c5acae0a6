"""Intake of a full report, against the same rows inserted by a plain program."""

import uuid
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from benchmarks import reports
from benchmarks.measure import Result, Turn, alternate, described, statements
from benchmarks.world import World
from casework.commands.intake import file_report
from core import db
from core.references import new_reference

GOAL = 5.0
TURNS = 60
Row = tuple[Table, dict[str, Any]]
FSYNC = (
    "SELECT current_setting('fsync') || '/' || current_setting('synchronous_commit')"
)


def run(world: World) -> Result:
    """File reports, and insert copies of the rows that each of them wrote."""
    amina, office_id = world.actor("amina"), world.made.offices["NBO"]

    def intake() -> uuid.UUID:
        with db.transaction(amina):
            return file_report(amina, reports.filing(office_id)).id

    with world.owner() as owner:
        written = rows_of(owner, intake())
        owner.commit()
        pair = alternate(lambda: (intake, _insertion(owner, written)), TURNS)
        durable = _durable(owner)
    detail = (
        f"intake {described(pair.a)}; {len(written)} plain inserts"
        f" {described(pair.b)}; {statements(intake)} statements for an intake;"
        f" {durable}"
    )
    return Result("intake", round(pair.ratio, 2), GOAL, detail)


def rows_of(owner: Connection, case_id: uuid.UUID) -> list[Row]:
    """Return every row that a case has, in an order in which they can be inserted."""
    found: list[Row] = []
    for table in db.Base.metadata.sorted_tables:
        names = [name for name in ("case_id", "id", "subject") if name in table.columns]
        conditions = [sql.SQL("{} = %(id)s").format(sql.Identifier(n)) for n in names]
        if not names:
            continue
        query = sql.SQL("SELECT * FROM {} WHERE {}").format(
            sql.Identifier(table.name), sql.SQL(" OR ").join(conditions)
        )
        with owner.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query, {"id": case_id})
            found += [(table, row) for row in cursor]
    return found


def _insertion(owner: Connection, written: list[Row]) -> Turn:
    """Return a turn that inserts equal rows of another case, in one transaction."""
    fresh = _fresh(written)
    ready = [(_insert(table, row).as_string(owner), row) for table, row in fresh]

    def insert() -> None:
        for statement, row in ready:
            owner.execute(statement, row)
        owner.commit()

    return insert


def _insert(table: Table, row: dict[str, Any]) -> sql.Composed:
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )


def _fresh(written: list[Row]) -> list[Row]:
    """Return the rows with ids of their own; what they refer to outside stays."""
    own = {row[name] for _, row in written for name in ("id", "subject") if name in row}
    ids = {old: uuid.uuid4() for old in own}
    unique = {"key_hash": uuid.uuid4().hex, "reference": new_reference("C")}
    return [
        (table, _renewed(table, row, ids) | _only(row, unique))
        for table, row in written
    ]


def _only(row: dict[str, Any], values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in row}


def _renewed(
    table: Table, row: dict[str, Any], ids: dict[uuid.UUID, uuid.UUID]
) -> dict[str, Any]:
    def renewed(name: str, value: Any) -> Any:
        if isinstance(table.columns[name].type, JSONB):
            return Jsonb(value)
        return ids.get(value, value) if isinstance(value, uuid.UUID) else value

    return {name: renewed(name, value) for name, value in row.items()}


def _durable(owner: Connection) -> str:
    """Say how both sides are made durable.

    :raises AssertionError: where they are not made so alike.
    """
    ours = owner.execute(FSYNC).fetchone()
    with db.engine().connect() as connection:
        theirs = connection.exec_driver_sql(FSYNC).one()
    assert ours == tuple(theirs), "both sides must commit alike"
    return f"fsync/synchronous_commit {ours[0] if ours else ''} on both sides"
