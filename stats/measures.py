"""Counts of clocks by how they stand, exact: for the release, never for a page."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from itertools import product
from typing import Protocol

DUE = ("met", "met_late", "overdue")
APART = ("running", "paused", "not_applicable")
COUNTED_AS = {name: name for name in DUE + APART} | {"at_risk": "running"}


class Counted(Protocol):
    """Whatever adds one to a count of a table."""

    @property
    def counted_as(self) -> str:
        """The count, by its name in `Compliance`."""


@dataclass(frozen=True)
class ClockRow:
    """One clock of one case: coded facts and times, nothing personal.

    `ended_at` is when it ceased to apply without being stopped.
    """

    code: str
    region: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused_seconds: int
    standing: str
    kind: str
    not_applicable: bool
    ended_at: datetime | None = None

    @property
    def quarter(self) -> str:
        """The quarter of the start, in UTC: 2026Q3."""
        return f"{self.started_at.year}Q{(self.started_at.month + 2) // 3}"

    @property
    def counted_as(self) -> str:
        """The count that this row adds to; an unknown standing raises KeyError."""
        return COUNTED_AS["not_applicable" if self.not_applicable else self.standing]


@dataclass(frozen=True)
class OpenCase:
    """A case of the stock; counted as overdue, so a release hides it among few."""

    age: str
    place: str
    counted_as: str = "overdue"


@dataclass(frozen=True)
class Compliance:
    """How many clocks were due and how they ended, and those that are not due."""

    met: int = 0
    met_late: int = 0
    overdue: int = 0
    running: int = 0
    paused: int = 0
    not_applicable: int = 0

    def __add__(self, other: "Compliance") -> "Compliance":
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Compliance(*(mine + theirs for mine, theirs in pairs))

    @property
    def due(self) -> int:
        """The denominator of the rate (standards, clock rule 8)."""
        return self.met + self.met_late + self.overdue


@dataclass(frozen=True)
class Cell:
    """One cell of a table; the key has one value for each thing counted by."""

    key: tuple[str, ...]
    counts: Compliance


def compliance(rows: Iterable[Counted]) -> Compliance:
    """Count the rows by standing; at risk is still running."""
    names = [row.counted_as for row in rows]
    return Compliance(**{name: names.count(name) for name in DUE + APART})


def table(
    rows: Sequence[Counted],
    by: Sequence[str] = ("region", "quarter"),
    axes: Sequence[Iterable[str]] | None = None,
) -> list[Cell]:
    """Count the rows of one clock, a cell for every pair of values, also empty ones.

    With `axes` the pairs are those, whatever was found: a table that leaves out a
    region would tell that it had none.
    """
    found: dict[tuple[str, ...], list[Counted]] = {}
    for row in rows:
        found.setdefault(tuple(getattr(row, name) for name in by), []).append(row)
    places = range(len(by))
    axes = axes or [sorted({key[place] for key in found}) for place in places]
    return [Cell(key, compliance(found.get(key, ()))) for key in product(*axes)]


def quarter_start(at: datetime) -> datetime:
    """The first instant of the quarter, in the zone of `at`."""
    month = (at.month - 1) // 3 * 3 + 1
    return at.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0)


def as_of(rows: Iterable[ClockRow], at: datetime) -> list[ClockRow]:
    """The rows as they stood at an instant: what began or stopped later is undone.

    A page that asks for the start of this quarter stays the same all quarter, so
    nobody learns about one case by looking again after it moved.
    """
    return [_stood(row, at) for row in rows if row.started_at < at]


def _stood(row: ClockRow, at: datetime) -> ClockRow:
    """A row as it stood; one that is paused or not applicable now stays so."""
    if row.counted_as in ("paused", "not_applicable"):
        return row
    if row.stopped_at is not None and row.stopped_at <= at:
        return row
    standing = "overdue" if row.due_at < at else "running"
    ended_at = row.ended_at if row.ended_at and row.ended_at <= at else None
    return replace(row, stopped_at=None, ended_at=ended_at, standing=standing)
