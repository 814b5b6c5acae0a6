"""What is shown of a table, and an attacker of our own who reads only that."""

from collections import defaultdict
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from stats import suppression
from stats.measures import Cell, Compliance
from stats.suppression import ALL, FEW, Apart, Attack, Published, Table, release

Grid = dict[tuple[str, ...], tuple[int, int]]  # due and met


def cells(grid: Grid) -> list[Cell]:
    return [
        Cell(key, Compliance(met=met, overdue=due - met))
        for key, (due, met) in grid.items()
    ]


def column(*due: int) -> list[Cell]:
    """One quarter, a region for each number, everything met."""
    return cells({(f"R{place}", "Q1"): (n, n) for place, n in enumerate(due)})


def shown(published: list[Published]) -> dict[tuple[str, ...], int]:
    return {each.key: each.due for each in published if each.due is not None}


def total(grid: Grid, key: tuple[str, ...], part: int) -> int:
    return sum(grid[cell][part] for cell in grid if within(cell, key))


def within(cell: tuple[str, ...], key: tuple[str, ...]) -> bool:
    return all(wanted in (ALL, has) for has, wanted in zip(cell, key, strict=True))


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Up to 3 regions by 3 quarters; small numbers, and some well above."""
    size = st.one_of(st.integers(0, 14), st.integers(0, 40))
    regions, quarters = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    keys = [(f"R{r}", f"Q{q}") for r in range(regions) for q in range(quarters)]
    due = {key: draw(size) for key in keys}
    return {key: (n, draw(st.integers(0, n))) for key, n in due.items()}


class Reader:
    """Reads the published page, and is told which hidden numbers are below 10."""

    def __init__(self, published: list[Published], grid: Grid) -> None:
        self.grid, self.size = grid, len(grid)
        self.rules = [self.sums(each) for each in published]
        late = np.hstack([np.eye(self.size), -np.eye(self.size)])
        self.rules.append(LinearConstraint(late, 0, np.inf))

    def sums(self, each: Published) -> LinearConstraint:
        inside = [float(within(cell, each.key)) for cell in self.grid]
        both = np.kron(np.eye(2), inside)
        if each.due is None or each.low is None or each.high is None:
            due = (0, 9) if total(self.grid, each.key, 0) < 10 else (10, np.inf)
            return LinearConstraint(both, [due[0], 0], [due[1], np.inf])
        met = self.met(each.due, each.low, each.high)
        low, high = [max(10, each.due - 2), min(met) - 2], [each.due + 2, max(met) + 2]
        return LinearConstraint(both, low, high)

    def met(self, due: int, low: int, high: int) -> list[int]:
        """The rounded numbers met that give this range."""
        return [met for met in range(0, due + 5, 5) if limits(due, met) == (low, high)]

    def width(self, key: tuple[str, ...]) -> float:
        inside = [float(within(cell, key)) for cell in self.grid]
        goal = np.array([*inside, *[0.0] * self.size])
        return self.most(goal) + self.most(-goal)

    def most(self, goal: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        found = milp(
            -goal,
            integrality=np.ones(2 * self.size),
            bounds=Bounds(0, 1000),
            constraints=self.rules,
            options={"mip_rel_gap": 0},
        )
        assert found.success, found.message
        return round(float(-found.fun))


def limits(due: int, met: int) -> tuple[int, int]:
    """The range of the rate: two less of two more, to two more of two less."""
    most = (met + 2) / max(10, due - 2)
    high = min(100, int(np.ceil(round(100 * most, 6))))
    return int(100 * max(0, met - 2) / (due + 2)), high


@settings(max_examples=40, deadline=None)
@given(grids())
def test_no_hidden_number_can_be_narrowed(grid: Grid) -> None:
    published = release(cells(grid))
    reader = Reader(published, grid)
    for each in published:
        if each.due is None:
            assert reader.width(each.key) >= suppression.HIDDEN_WIDTH


@settings(max_examples=40, deadline=None)
@given(grids())
def test_nothing_is_shown_of_fewer_than_ten(grid: Grid) -> None:
    for each in release(cells(grid)):
        due, met = total(grid, each.key, 0), total(grid, each.key, 1)
        if due < 10:
            assert each == Published(each.key, None, None, None, FEW)
        if each.due is not None:
            assert each.due % 5 == 0
            assert abs(each.due - due) <= 2
            assert each.low is not None
            assert each.high is not None
            assert each.low <= 100 * met / due <= each.high


def test_rerunning_the_program_on_every_pair_pins_nothing() -> None:
    same = defaultdict(set)
    for one, other in product(range(12), repeat=2):
        published = release(column(one, other))
        hidden = ("R0", "Q1") not in shown(published)
        same[tuple(published), hidden].add(one)
    assert all(len(values) > 1 for (_, hidden), values in same.items() if hidden)


@pytest.mark.parametrize("pair", [(1, 12), (9, 10), (4, 30), (12, 12), (9, 9)])
def test_the_attacker_finds_what_enumeration_finds(pair: tuple[int, int]) -> None:
    table = Table(column(*pair))
    seen = {key for key in table.groups if table.due(key) >= 10}
    attack = Attack(table, seen)
    known = {key: attack._due_between(key) for key in table.groups}
    fits = [
        one
        for one, other in product(range(60), repeat=2)
        if between(known[("R0", "Q1")], one)
        and between(known[("R1", "Q1")], other)
        and between(known[(ALL, "Q1")], one + other)
    ]
    goal = np.array([1, 0, 0, 0])
    found = [int(goal @ each) for each in attack._extremes(goal)]
    assert found == [min(fits), max(fits)]


def between(limits: tuple[int, int], number: int) -> bool:
    return limits[0] <= number <= limits[1]


def test_large_cells_are_all_shown() -> None:
    assert shown(release(column(31, 48))) == {
        ("R0", "Q1"): 30,
        ("R0", ALL): 30,
        ("R1", "Q1"): 50,
        ("R1", ALL): 50,
        (ALL, "Q1"): 80,
        (ALL, ALL): 80,
    }


def test_a_small_cell_is_hidden_and_says_so() -> None:
    by_key = {each.key: each for each in release(column(3, 12))}
    assert by_key["R0", "Q1"] == Published(("R0", "Q1"), None, None, None, FEW)
    assert by_key["R1", "Q1"] == Published(("R1", "Q1"), 10, 66, 100, "")
    assert by_key[ALL, ALL].due == 15


def test_a_total_that_would_give_a_small_cell_away_costs_another_number() -> None:
    """9 and 10 make 19, shown as 20: from 10 the 9 would lie between 6 and 9."""
    seen = shown(release(column(9, 10)))
    assert ("R0", "Q1") not in seen
    assert ("R1", "Q1") not in seen
    assert seen[ALL, "Q1"] == 20


def test_a_shown_number_is_not_sharpened_by_its_total() -> None:
    """Four twelves, shown as 10, and their total 48, shown as 50, leave only 12."""
    seen = shown(release(column(12, 12, 12, 12)))
    assert len([key for key in seen if key != (ALL, ALL)]) < 9


def test_one_cell_stands_for_itself_and_its_totals() -> None:
    everywhere = product(("R0", ALL), ("Q1", ALL))
    assert shown(release(column(20))) == dict.fromkeys(everywhere, 20)


def test_the_order_of_the_cells_changes_nothing() -> None:
    forward = column(9, 10, 12, 3)
    assert release(forward) == release(forward[::-1])


def test_an_empty_table_publishes_nothing() -> None:
    assert release([]) == []


def test_a_table_of_one_dimension_has_one_total() -> None:
    published = release(cells({("Africa",): (20, 10), ("Asia",): (30, 30)}))
    assert shown(published) == {("Africa",): 20, ("Asia",): 30, (ALL,): 50}


def test_the_rate_is_a_range_that_the_rounding_allows() -> None:
    (first, *_) = release(cells({("R0", "Q1"): (103, 81)}))
    assert (first.due, first.low, first.high) == (105, 72, 80)


def test_a_rate_of_none_does_not_fall_below_zero() -> None:
    (first, *_) = release(cells({("R0", "Q1"): (20, 0)}))
    assert (first.low, first.high) == (0, 12)


def test_when_the_solver_fails_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suppression._release.cache_clear()
    failed = SimpleNamespace(success=False, x=None)
    monkeypatch.setattr(suppression, "milp", lambda *_, **__: failed)
    assert shown(release(column(101, 102, 103))) == {}
    suppression._release.cache_clear()


def test_what_is_not_due_stands_apart_for_the_whole_table() -> None:
    one = Cell(("R0", "Q1"), Compliance(running=6, paused=9))
    other = Cell(("R1", "Q1"), Compliance(running=7, not_applicable=12))
    assert suppression.apart([one, other]) == Apart(15, None, 10)
