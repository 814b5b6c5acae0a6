"""Which numbers of a table may be shown: rounded, hidden, and tried by an attacker."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from stats.measures import Cell

K = 10  # the smallest denominator shown
BASE = 5  # counts are shown to the nearest 5
SLACK = BASE // 2  # so what is shown stands for the number two less to two more
HIDDEN_WIDTH = 5  # a hidden denominator stays open over at least 6 values
LATE_WIDTH = 2  # how many were late, in a shown number, over at least 3
ALL = "*"
FEW = "few"

Key = tuple[str, ...]
Weights = NDArray[np.int64]


@dataclass(frozen=True)
class Published:
    """What the page shows for a cell or a total: clocks due, and the rate's range."""

    key: Key
    due: int | None
    low: int | None
    high: int | None
    reason: str


@dataclass(frozen=True)
class Apart:
    """Clocks that are not due, over the whole table; None is few."""

    running: int | None
    paused: int | None
    not_applicable: int | None


def rounded(number: int) -> int:
    """The nearest multiple of 5."""
    return (number + SLACK) // BASE * BASE


def release(cells: Iterable[Cell]) -> list[Published]:
    """The cells of one clock and their totals (ALL in the key), safe to show.

    Below 10 due nothing is shown; more is hidden until nothing hidden can be
    narrowed from what is left (architecture, "Statistics").
    """
    in_order = sorted(cells, key=lambda cell: cell.key)
    return list(_release(tuple(in_order))) if in_order else []


def apart(cells: Iterable[Cell]) -> Apart:
    """What a rate never counts, for the whole table only: there is no margin to use."""
    counts = [cell.counts for cell in cells]
    return Apart(
        _shown_apart(sum(each.running for each in counts)),
        _shown_apart(sum(each.paused for each in counts)),
        _shown_apart(sum(each.not_applicable for each in counts)),
    )


def _shown_apart(number: int) -> int | None:
    return rounded(number) if number >= K else None


@lru_cache(maxsize=256)
def _release(cells: tuple[Cell, ...]) -> tuple[Published, ...]:
    table = Table(cells)
    shown = {key for key in table.groups if table.due(key) >= K}
    while shown and (exposed := Attack(table, shown).exposed()):
        shown -= {_remedy(table, shown, key) for key in exposed}
    return tuple(_published(table, key, key in shown) for key in table.groups)


def _published(table: "Table", key: Key, shown: bool) -> Published:
    if not shown:
        return Published(key, None, None, None, FEW)
    due, met = rounded(table.due(key)), rounded(table.met(key))
    low = 100 * max(0, met - SLACK) // (due + SLACK)
    high = min(100, -(-100 * (met + SLACK) // max(K, due - SLACK)))
    return Published(key, due, low, high, "")


def _remedy(table: "Table", shown: set[Key], victim: Key) -> Key:
    """The number in line with the victim that is missed least: a small cell first."""
    near = [key for key in shown if _differ(key, victim) == 1]
    return min(near or shown, key=lambda key: (key.count(ALL), table.due(key), key))


def _differ(one: Key, other: Key) -> int:
    return sum(mine != theirs for mine, theirs in zip(one, other, strict=True))


class Table:
    """The exact counts, and for each cell and total which cells it adds up."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._due = np.array([cell.counts.due for cell in cells], dtype=np.int64)
        self._met = np.array([cell.counts.met for cell in cells], dtype=np.int64)
        self.truth: Weights = np.concatenate([self._due, self._met])
        values = zip(*(cell.key for cell in cells), strict=True)
        axes = [[*sorted(set(each)), ALL] for each in values]
        self.groups = {key: _members(key, cells) for key in product(*axes)}

    def due(self, key: Key) -> int:
        """How many were due in this cell or total."""
        return int(self._due @ self.groups[key])

    def met(self, key: Key) -> int:
        """How many of them were met."""
        return int(self._met @ self.groups[key])


def _members(key: Key, cells: Sequence[Cell]) -> Weights:
    inside = [
        all(mine in (ALL, theirs) for mine, theirs in zip(key, cell.key, strict=True))
        for cell in cells
    ]
    return np.array(inside, dtype=np.int64)


class Attack:
    """All tables that fit what is shown, for one who also knows why each was hidden."""

    def __init__(self, table: Table, shown: set[Key]) -> None:
        self.table, self.shown = table, shown
        self.size = len(table.truth) // 2
        self.ceiling = int(table.truth.sum()) + 10 * K
        self.constraints = self._constraints()

    def exposed(self) -> list[Key]:
        """The keys whose number it narrows to less than the stated width."""
        goals = {key: self._goal(key) for key in self.table.groups}
        everything = np.sum([*goals.values()], axis=0)
        seen = [self.table.truth, *self._extremes(everything)]
        return [key for key, goal in goals.items() if self._narrow(key, goal, seen)]

    def _narrow(self, key: Key, goal: Weights, seen: list[Weights]) -> bool:
        """Whether no two tables seen, or still to be found, are wide enough apart."""
        width = LATE_WIDTH if key in self.shown else HIDDEN_WIDTH
        if _spread(goal, seen) < width:
            seen += self._extremes(goal)
        return _spread(goal, seen) < width

    def _goal(self, key: Key) -> Weights:
        """What must stay open: the number due if hidden, else how many were late."""
        members = self.table.groups[key]
        return np.concatenate([members, -members * (key in self.shown)])

    def _extremes(self, goal: Weights) -> list[Weights]:
        """The tables with the least and the most of the goal; none where it fails."""
        found = [self._solve(goal), self._solve(-goal)]
        return [np.rint(each.x).astype(np.int64) for each in found if each.success]

    def _solve(self, goal: Weights) -> OptimizeResult:
        return milp(
            goal,
            integrality=np.ones(2 * self.size),
            bounds=Bounds(0, self.ceiling),
            constraints=self.constraints,
        )

    def _constraints(self) -> list[LinearConstraint]:
        sums = np.array([*self.table.groups.values()])
        due = np.array([self._due_between(key) for key in self.table.groups])
        met = np.array([self._met_between(key) for key in self.table.groups])
        late = np.hstack([np.eye(self.size), -np.eye(self.size)])
        return [
            LinearConstraint(np.hstack([sums, 0 * sums]), due[:, 0], due[:, 1]),
            LinearConstraint(np.hstack([0 * sums, sums]), met[:, 0], met[:, 1]),
            LinearConstraint(late, 0, self.ceiling),
        ]

    def _due_between(self, key: Key) -> tuple[int, int]:
        due = self.table.due(key)
        if key in self.shown:
            return max(K, rounded(due) - SLACK), rounded(due) + SLACK
        return (0, K - 1) if due < K else (K, self.ceiling)

    def _met_between(self, key: Key) -> tuple[int, int]:
        if key not in self.shown:
            return 0, self.ceiling
        met = rounded(self.table.met(key))
        return met - SLACK, met + SLACK


def _spread(goal: Weights, seen: list[Weights]) -> int:
    values = [int(goal @ each) for each in seen]
    return max(values) - min(values)
