"""Counting clocks: what is due is in the rate, what is not due stands apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stats.measures import (
    Cell,
    ClockRow,
    Compliance,
    as_of,
    compliance,
    quarter_start,
    table,
)

START = datetime(2026, 8, 3, 9, tzinfo=UTC)
ROW = ClockRow(
    code="safety.triage",
    region="Africa",
    started_at=START,
    due_at=START + timedelta(days=1),
    stopped_at=None,
    paused_seconds=0,
    standing="running",
    kind="SEA",
    not_applicable=False,
)


def rows(**how_many: int) -> list[ClockRow]:
    """So many rows of each standing."""
    return [
        replace(ROW, standing=name) for name, n in how_many.items() for _ in range(n)
    ]


def test_what_was_due_is_met_late_or_overdue() -> None:
    counts = compliance(rows(met=5, met_late=2, overdue=3))
    assert counts == Compliance(met=5, met_late=2, overdue=3)
    assert counts.due == 10


def test_a_rate_never_counts_what_is_not_yet_due() -> None:
    counts = compliance(rows(met=1, running=2, at_risk=3, paused=4, not_applicable=5))
    assert counts.due == 1
    assert (counts.running, counts.paused, counts.not_applicable) == (5, 4, 5)


def test_a_clock_that_does_not_apply_counts_as_that_whatever_it_says() -> None:
    counts = compliance([replace(ROW, standing="overdue", not_applicable=True)])
    assert counts == Compliance(not_applicable=1)


def test_an_unknown_standing_is_refused() -> None:
    with pytest.raises(KeyError):
        compliance(rows(forgotten=1))


def test_nothing_counts_as_nothing() -> None:
    assert compliance([]) == Compliance()
    assert table([]) == []


def test_counts_add_up() -> None:
    one, other = Compliance(1, 2, 3, 4, 5, 6), Compliance(met=1, paused=1)
    assert one + other == Compliance(2, 2, 3, 4, 6, 6)


@pytest.mark.parametrize(
    ("month", "quarter", "starts"),
    [(1, "2026Q1", 1), (3, "2026Q1", 1), (4, "2026Q2", 4), (12, "2026Q4", 10)],
)
def test_a_quarter_is_three_months(month: int, quarter: str, starts: int) -> None:
    at = datetime(2026, month, 28, 23, 59, 59, 7, tzinfo=UTC)
    assert replace(ROW, started_at=at).quarter == quarter
    assert quarter_start(at) == datetime(2026, starts, 1, tzinfo=UTC)


def test_a_table_has_a_cell_for_every_region_and_quarter() -> None:
    asia = replace(ROW, region="Asia", started_at=datetime(2026, 1, 5, tzinfo=UTC))
    assert table([ROW, ROW, asia]) == [
        Cell(("Africa", "2026Q1"), Compliance()),
        Cell(("Africa", "2026Q3"), Compliance(running=2)),
        Cell(("Asia", "2026Q1"), Compliance(running=1)),
        Cell(("Asia", "2026Q3"), Compliance()),
    ]


def test_a_table_counts_by_what_it_is_asked() -> None:
    assert table([ROW], by=["kind"]) == [Cell(("SEA",), Compliance(running=1))]


def stood(row: ClockRow, at: datetime) -> Compliance:
    return compliance(as_of([row], at))


STOPPED = replace(ROW, stopped_at=START + timedelta(days=3), standing="met_late")


@pytest.mark.parametrize(
    ("hours", "then"),
    [
        (0, Compliance()),
        (1, Compliance(running=1)),
        (25, Compliance(overdue=1)),
        (72, Compliance(met_late=1)),
    ],
)
def test_a_row_is_counted_as_it_stood(hours: int, then: Compliance) -> None:
    assert stood(STOPPED, START + timedelta(hours=hours)) == then


def test_a_stop_that_came_later_is_undone() -> None:
    (row,) = as_of([STOPPED], START + timedelta(days=2))
    assert row.stopped_at is None


@pytest.mark.parametrize("name", ["paused", "not_applicable"])
def test_a_pause_is_not_guessed_backwards(name: str) -> None:
    row = replace(ROW, standing=name)
    assert as_of([row], START + timedelta(days=9)) == [row]
