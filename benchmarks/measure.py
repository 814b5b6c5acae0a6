"""Timing two things against each other, turn by turn, so that noise hits both alike."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, perf_counter_ns
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

Turn = Callable[[], object]
WARM_UP = 5
LONGEST = 45.0


@dataclass(frozen=True)
class Result:
    """A line of results.json."""

    name: str
    ratio: float
    goal: float
    detail: str

    @property
    def holds(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio <= self.goal


@dataclass(frozen=True)
class Pair:
    """How long the turns of two things took, in milliseconds."""

    a: list[float]
    b: list[float]

    @property
    def ratio(self) -> float:
        """The median of `a` over `b`, each turn against its neighbour."""
        return median(a / b for a, b in zip(self.a, self.b, strict=True))

    @property
    def difference(self) -> float:
        """The median of `a` less `b`, each turn against its neighbour."""
        return median(a - b for a, b in zip(self.a, self.b, strict=True))


def described(times: list[float]) -> str:
    """Return median, quartiles and count in words."""
    low, middle, high = quantiles(times, n=4)
    return f"{middle:.1f} ms ({low:.1f} to {high:.1f}, {len(times)} turns)"


def timed(turn: Turn) -> float:
    """Return how many milliseconds one turn takes."""
    start = perf_counter_ns()
    turn()
    return (perf_counter_ns() - start) / 1e6


def alternate(prepare: Callable[[], tuple[Turn, Turn]], turns: int) -> Pair:
    """Time A B A B …; `prepare` makes the next two turns and is not timed.

    The first turns only warm up. It ends early rather than take too long.
    """
    end = perf_counter() + LONGEST
    pair = Pair([], [])
    for number in range(WARM_UP + turns):
        a, b = prepare()
        times = timed(a), timed(b)
        if number >= WARM_UP:
            pair.a.append(times[0])
            pair.b.append(times[1])
        if perf_counter() > end and len(pair.a) > WARM_UP:
            break
    return pair


def statements(turn: Turn) -> int:
    """Count what a turn sends to the database."""
    return _counted("before_cursor_execute", turn)


def commits(turn: Turn) -> int:
    """Count the transactions that a turn commits, on whichever connection."""
    return _counted("commit", turn)


def _counted(what: str, turn: Turn) -> int:
    seen = []

    def count(*_: Any) -> None:
        seen.append(what)

    event.listen(Engine, what, count)
    try:
        turn()
    finally:
        event.remove(Engine, what, count)
    return len(seen)
