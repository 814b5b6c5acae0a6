"""Medians and percentiles: open clocks are counted as open, few give nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.measures import ClockRow
from stats.survival import coarse, median, net, p90, quantile

START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = START + timedelta(days=100)
ROW = ClockRow(
    code="assess.decide",
    region="Asia",
    started_at=START,
    due_at=START + timedelta(days=30),
    stopped_at=None,
    paused_seconds=0,
    standing="running",
    kind="SEA",
    not_applicable=False,
)
# Freireich et al. 1963, 21 patients on 6-MP, in weeks; the textbook answer is 23.
FREIREICH = (
    [6, 6, 6, 7, 10, 13, 16, 22, 23],
    [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
)


def days(*numbers: int) -> list[timedelta]:
    return [timedelta(days=number) for number in numbers]


def stopped(*after: int) -> list[ClockRow]:
    return [
        replace(ROW, stopped_at=START + each, standing="met") for each in days(*after)
    ]


def still_open(*since: int) -> list[ClockRow]:
    return [replace(ROW, started_at=NOW - each) for each in days(*since)]


def by_hand(ends: list[int], opens: list[int], share: Fraction) -> int | None:
    """Kaplan and Meier with fractions: at each end, multiply by those who stay."""
    left = Fraction(1)
    for time in sorted(set(ends)):
        at_risk = sum(each >= time for each in [*ends, *opens])
        left *= 1 - Fraction(ends.count(time), at_risk)
        if left <= 1 - share:
            return time
    return None


def test_the_median_of_the_textbook_example_is_23() -> None:
    ends, opens = FREIREICH
    assert quantile(days(*ends), days(*opens), 0.5) == timedelta(days=23)
    assert by_hand(ends, opens, Fraction(1, 2)) == 23


times = st.lists(st.integers(0, 12), max_size=25)


@given(times, times, st.sampled_from([Fraction(1, 2), Fraction(9, 10)]))
def test_it_agrees_with_fractions_by_hand(
    ends: list[int], opens: list[int], share: Fraction
) -> None:
    found = quantile(days(*ends), days(*opens), float(share))
    expected = by_hand(ends, opens, share)
    assert found == (None if expected is None else timedelta(days=expected))


def test_open_clocks_move_the_median_later() -> None:
    done = stopped(5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
    assert median(done, NOW) == timedelta(days=9)
    assert median(done + still_open(*[20] * 6), NOW) == timedelta(days=12)


def test_a_median_not_reached_is_none() -> None:
    assert median(stopped(5, 6) + still_open(*[50] * 8), NOW) is None
    assert median(still_open(*[50] * 12), NOW) is None


def test_the_median_needs_ten_clocks() -> None:
    assert median(stopped(*[5] * 9), NOW) is None
    assert median(stopped(*[5] * 10), NOW) == timedelta(days=5)


def test_the_ninetieth_percentile_needs_fifty() -> None:
    assert p90(stopped(*range(4, 53)), NOW) is None
    assert p90(stopped(*range(4, 54)), NOW) == timedelta(days=48)


def test_a_clock_that_does_not_apply_is_left_out() -> None:
    never = [replace(row, not_applicable=True) for row in stopped(5)]
    assert median(stopped(*[5] * 9) + never, NOW) is None


def test_pauses_are_taken_off() -> None:
    (row,) = stopped(5)
    paused = replace(row, paused_seconds=2 * 86400)
    assert net(paused, NOW) == timedelta(days=3)


def test_an_open_clock_has_run_until_now() -> None:
    assert net(ROW, NOW) == timedelta(days=100)


def test_a_duration_is_never_below_zero() -> None:
    before = replace(ROW, stopped_at=START - timedelta(hours=2))
    assert net(before, NOW) == timedelta()


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (timedelta(), timedelta()),
        (timedelta(seconds=1), timedelta(hours=1)),
        (timedelta(hours=5), timedelta(hours=5)),
        (timedelta(hours=72), timedelta(hours=72)),
        (timedelta(hours=72, seconds=1), timedelta(days=4)),
        (timedelta(days=30), timedelta(days=30)),
    ],
)
def test_no_exact_duration_is_shown(exact: timedelta, shown: timedelta) -> None:
    assert coarse(exact) == shown
