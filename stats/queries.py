"""What the pages of statistics read: clocks as a service, the trail as the auditor."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, cast

from sqlalchemy import Row, case, func, or_, select

from auth.models import Office
from casework import clocks, sla
from casework.models import progress
from casework.models.case import Case
from core import db
from core.audit import AuditHead, AuditRow
from stats import suppression, survival
from stats.measures import ClockRow, OpenCase, as_of, quarter_start, table
from stats.suppression import ALL, Apart, Key, Published

AGES = (0, 30, 90, 180, 365)  # whole days from which each band counts
INTAKE, LATER = "intake", "later"
ON_A_PAGE = 50


@dataclass(frozen=True)
class Figure:
    """What a table shows in one place."""

    published: Published
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True)
class ClockTable:
    """The released figures of one clock, by region and quarter; ALL for totals."""

    rule: sla.Clock
    figures: Mapping[Key, Figure]
    apart: Apart

    @property
    def total(self) -> Figure:
        """The figure over every region and quarter."""
        return self.figures[ALL, ALL]

    @property
    def hidden(self) -> bool:
        """Whether nothing is shown in any place."""
        return all(each.published.due is None for each in self.figures.values())


@dataclass(frozen=True)
class Timeliness:
    """The clocks that started from `since` until `at`, and open cases, as of `at`."""

    since: datetime
    at: datetime
    regions: tuple[str, ...]
    quarters: tuple[str, ...]
    tables: Sequence[ClockTable]
    stock: Mapping[Key, Published]


def timeliness() -> Timeliness:
    """Read and release the figures of every clock; for the service `stats`."""
    at = quarter_start(db.now())
    since = _since(at)
    regions = tuple(sorted(set(db.session().scalars(select(Office.region)))))
    axes = regions, _quarters(since, at)
    found = defaultdict(list)
    for row in _clock_rows(since, at):
        found[row.code].append(row)
    tables = [
        _clock_table(rule, tuple(as_of(found[code], at)), axes, at)
        for code, rule in sla.CLOCKS.items()
    ]
    return Timeliness(since, at, *axes, tables, _stock(at))


def _since(at: datetime) -> datetime:
    """The start of the year before the one that the last whole quarter is in."""
    last = at - timedelta(days=1)
    return at.replace(year=last.year - 1, month=1)


def _quarters(since: datetime, at: datetime) -> tuple[str, ...]:
    count = (at.year - since.year) * 4 + (at.month - since.month) // 3
    return tuple(f"{since.year + n // 4}Q{n % 4 + 1}" for n in range(count))


def _clock_rows(since: datetime, at: datetime) -> Iterator[ClockRow]:
    """The clocks, with what `as_of` cannot undo left out: later pauses and ends."""
    clock = progress.ClockRow
    statement = (
        select(
            Office.region,
            Case.kind,
            clock.code,
            clock.started_at,
            clock.due_at,
            clock.at_risk_at,
            clock.stopped_at,
            case((clock.cancelled_at <= at, clock.cancelled_at)).label("cancelled_at"),
            clock.not_applicable,
            case((clock.paused_at <= at, clock.paused_at)).label("paused_at"),
            clock.paused_seconds,
        )
        .join(Case, Case.id == clock.case_id)
        .join(Office, Office.id == Case.office_id)
        .where(clock.started_at >= since, clock.started_at < at)
        .order_by(clock.id)
    )
    rows = db.session().execute(statement.execution_options(yield_per=5000))
    return (_measured(row, at) for row in rows)


def _measured(row: Row[*tuple[Any, ...]], at: datetime) -> ClockRow:
    standing = clocks.state(cast(progress.ClockRow, row), at)
    return ClockRow(
        code=row.code,
        region=row.region,
        started_at=row.started_at.astimezone(UTC),
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        paused_seconds=row.paused_seconds,
        standing=standing,
        kind=row.kind,
        not_applicable=standing is clocks.State.NOT_APPLICABLE,
        ended_at=row.cancelled_at,
    )


@lru_cache(maxsize=64)
def _clock_table(
    rule: sla.Clock,
    rows: tuple[ClockRow, ...],
    axes: tuple[tuple[str, ...], ...],
    at: datetime,
) -> ClockTable:
    """Release a clock's figures; remembered, as they stay while the rows do."""
    cells = table(rows, axes=axes)
    inside = _by_key(rows)
    figures = {
        each.key: _figure(each, inside[each.key], at)
        for each in suppression.release(cells)
    }
    return ClockTable(rule, figures, suppression.apart(cells))


def _by_key(rows: Iterable[ClockRow]) -> Mapping[Key, list[ClockRow]]:
    """The rows of each cell and of each total."""
    inside: dict[Key, list[ClockRow]] = defaultdict(list)
    for row in rows:
        for key in product((row.region, ALL), (row.quarter, ALL)):
            inside[key].append(row)
    return inside


def _figure(published: Published, rows: Sequence[ClockRow], at: datetime) -> Figure:
    """How long it took is told only where the number due is."""
    if published.due is None:
        return Figure(published)
    return Figure(published, survival.median(rows, at), survival.p90(rows, at))


def _stock(at: datetime) -> Mapping[Key, Published]:
    """The cases open at `at`, by age and by whether intake has decided on them."""
    deciding = (
        select(progress.ClockRow.id)
        .where(
            progress.ClockRow.case_id == Case.id,
            progress.ClockRow.code == sla.CLOCKS["assess.decide"].code,
            progress.ClockRow.started_at < at,
            func.coalesce(progress.ClockRow.stopped_at, at) >= at,
            func.coalesce(progress.ClockRow.cancelled_at, at) >= at,
        )
        .exists()
    )
    found = db.session().execute(
        select(Case.registered_at, deciding).where(
            Case.registered_at < at, or_(Case.closed_at.is_(None), Case.closed_at >= at)
        )
    )
    cases = [
        OpenCase(_age(at - registered_at), INTAKE if undecided else LATER)
        for registered_at, undecided in found
    ]
    axes = [str(age) for age in AGES], (INTAKE, LATER)
    released = suppression.release(table(cases, by=("age", "place"), axes=axes))
    return {each.key: each for each in released}


def _age(age: timedelta) -> str:
    return str(max(days for days in AGES if age.days >= days))


@dataclass(frozen=True)
class Trail:
    """How long the audit trail says it is, by the heads of its chains."""

    chains: int
    rows: int

    @property
    def pages(self) -> int:
        """How many pages its rows fill."""
        return max(1, -(-self.rows // ON_A_PAGE))


def trail() -> Trail:
    """Count the chains that the actor may see, and that have rows."""
    counted = db.session().execute(
        select(func.count(), func.coalesce(func.sum(AuditHead.seq), 0)).where(
            AuditHead.seq > 0
        )
    )
    chains, rows = counted.one()
    return Trail(chains, int(rows))


def recent(page: int) -> Sequence[AuditRow]:
    """One page of audit rows, the newest first; pages count from 1."""
    newest = (AuditRow.at.desc(), AuditRow.subject, AuditRow.seq.desc())
    statement = select(AuditRow).order_by(*newest)
    first = (page - 1) * ON_A_PAGE
    return db.session().scalars(statement.offset(first).limit(ON_A_PAGE)).all()
