"""Cases and clocks in quantity, written past row security by the owner."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, text

from casework.models.case import Case, Submission
from casework.models.progress import ClockRow
from tests.conftest import World

DAY = timedelta(days=1)
CASE = {
    "kind": "sexual_abuse",
    "stage": "assessment",
    "channel": "in_person",
    "language": "en",
    "reporter_kind": "affected_person",
    "anonymous": False,
    "reachable": True,
    "incident_precision": "exact",
    "danger": "no",
    "medical_needed": "no",
    "referred": "no",
    "services": [],
    "category": "staff",
    "subject_known": "name",
    "version_id": 1,
}


class Volume:
    """Writes rows that are gone at the end."""

    def __init__(self, world: World, connection: Connection) -> None:
        self.offices, self.connection = world.made.offices, connection
        self.made: list[uuid.UUID] = []

    def cases(self, count: int, office: str, at: datetime, **facts) -> list[uuid.UUID]:
        """So many cases, registered at a moment."""
        ids = [uuid.uuid4() for _ in range(count)]
        self.made += ids
        own = {"office_id": self.offices[office], "received_at": at}
        sent = {**own, "source": "test", "state": "filed", "version_id": 1}
        self._add(
            Submission,
            [{**sent, "id": each, "key_hash": secrets.token_hex()} for each in ids],
        )
        known = {**CASE, **own, "registered_at": at, **facts}
        self._add(
            Case,
            [{**known, "id": each, "reference": secrets.token_hex()} for each in ids],
        )
        return ids

    def clocks(self, count: int, office: str, at: datetime, **facts) -> list[uuid.UUID]:
        """So many clocks of triage, of one closed case, started at a moment."""
        return self.clocks_of(
            self.cases(1, office, at, closed_at=at) * count, at, **facts
        )

    def clocks_of(self, cases: list[uuid.UUID], at: datetime, **facts):
        """A clock for each of these cases."""
        due = facts.pop("due_at", at + DAY)
        ids = [uuid.uuid4() for _ in cases]
        row = {
            "code": "safety.triage",
            "rule_version": 1,
            "track": "care",
            "episode": 1,
            "started_at": at,
            "first_due_at": due,
            "due_at": due,
            "at_risk_at": due,
            **facts,
        }
        pairs = zip(ids, cases, strict=True)
        self._add(ClockRow, [{**row, "id": i, "case_id": case} for i, case in pairs])
        return ids

    def change(self, clocks: list[uuid.UUID], **facts: datetime) -> None:
        """Change what some clocks say."""
        table = ClockRow.__table__
        self.connection.execute(
            table.update().where(table.c.id.in_(clocks)).values(**facts)
        )
        self.connection.commit()

    def _add(self, model, rows) -> None:
        self.connection.execute(insert(model.__table__), rows)
        self.connection.commit()

    def clear(self) -> None:
        """Remove all that was made."""
        for table, key in (
            ("clocks", "case_id"),
            ("cases", "id"),
            ("submissions", "id"),
        ):
            gone = text(f"DELETE FROM {table} WHERE {key} = ANY(:ids)")
            self.connection.execute(gone, {"ids": self.made})
        self.connection.commit()


@contextmanager
def volume_in(world: World) -> Iterator[Volume]:
    """Write rows, and remove them."""
    engine = world.owner().engine
    with engine.connect() as connection:
        written = Volume(world, connection)
        try:
            yield written
        finally:
            connection.rollback()
            written.clear()
    engine.dispose()
