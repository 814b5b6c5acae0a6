"""Verifying a trail of a million rows, read from the database, against a checkpoint."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from auth.actor import CHECKPOINT
from benchmarks.measure import Result
from benchmarks.world import World
from core import audit, db
from core.checkpoints import load
from core.signing import append
from core.trail import GENESIS, Link, Verdict, link, stored, verify
from web.database import serve_on

GOAL = 15.0
CHAINS, EACH = 20_000, 50
START = datetime(2026, 1, 5, 8, 0, 0, 317, tzinfo=UTC)
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
DETAIL = '{"compartments": ["report", "thread"], "fields": %d, "standing": "%s"}'


def run(world: World) -> Result:
    """Fill a trail, sign a checkpoint, and verify as `flask audit verify` does."""
    fill(world)
    serve_on(world.where)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoints.jsonl"
        append(path, bytes(32), heads)
        start = perf_counter()
        verdict = verified(world, path)
        seconds = perf_counter() - start
    assert verdict.whole, verdict.bad
    assert verdict.rows >= CHAINS * EACH
    assert verdict.against is not None
    detail = (
        f"seconds, not a ratio: {verdict.rows} rows in {verdict.chains} chains read"
        " from the database, recomputed, and compared with a checkpoint of"
        f" {verdict.against.chains} chains; {verdict.rows / seconds:.0f} rows a second,"
        " in one process"
    )
    return Result("audit", round(seconds, 2), GOAL, detail)


def verified(world: World, path: Path) -> Verdict:
    """Follow the checkpoints, and verify every row, as the owner."""
    engine = create_engine(world.where.owner or "")
    try:
        with Session(engine) as session:
            return verify(stored(session), load(path))
    finally:
        engine.dispose()


def heads() -> dict[str, tuple[int, bytes]]:
    """Return where the chains end, as the service that signs it reads it."""
    with db.transaction(CHECKPOINT):
        return audit.heads()


def fill(world: World) -> None:
    """Fill the trail in the order of time, so that no chain lies together on disk."""
    ends: dict[str, bytes] = {str(uuid.uuid4()): GENESIS for _ in range(CHAINS)}
    with world.owner() as owner:
        with owner.cursor().copy("COPY audit_rows FROM STDIN") as rows:
            for row in links(ends):
                rows.write_row(row)
        with owner.cursor().copy("COPY audit_heads FROM STDIN") as newest:
            for subject, digest in ends.items():
                newest.write_row((subject, EACH, digest))
        owner.commit()
        owner.autocommit = True
        owner.execute("VACUUM ANALYZE audit_rows, audit_heads")
        owner.execute("CHECKPOINT")


def links(ends: dict[str, bytes]) -> Iterator[Link]:
    """Return the rows of all chains, one of each in turn; `ends` moves on with them."""
    at = START
    for seq in range(1, EACH + 1):
        for subject, prev in ends.items():
            at += timedelta(seconds=7, microseconds=13)
            detail = DETAIL % (seq, subject)
            who = subject, "allowed", f"request-{seq}", detail, b""
            row = Link(subject, seq, at.strftime(TIME), "case:read", subject, *who)
            ends[subject] = link(prev, row)
            yield row._replace(hash=ends[subject])
