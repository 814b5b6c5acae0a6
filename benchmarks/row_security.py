"""A list and a case's rows among 100,000, through row security and past it."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.engine import Engine

from auth.actor import Actor
from benchmarks.many import MANY, OWN, fill
from benchmarks.measure import Result, Turn, described, timed
from benchmarks.world import World
from casework.queries.cases import case_page, my_cases
from core import db
from web.database import serve_on

GOAL = 1.5
ROUNDS, TURNS, WARM_UP = 6, 15, 5
Times = dict[tuple[str, str], list[float]]


def run(world: World) -> Result:
    """Time the same statements as the application's role and as the owner."""
    fill(world, MANY)
    omar = world.actor("omar")
    serve_on(world.where)
    with db.transaction(omar):
        case_id = my_cases(omar)[0].case.id
    found: Times = {}
    for _ in range(ROUNDS):
        serve_on(world.where)
        _round(found, "app", omar, case_id)
        db.connect(world.where.owner or "")
        _round(found, "owner", omar, case_id)
    ratios = {what: _ratio(found, what) for what in ("list", "case")}
    parts = [
        f"{name}: {described(found['app', what])} through it,"
        f" {described(found['owner', what])} past it, ratio {ratios[what]:.2f}"
        for what, name in (
            ("list", f"the statements of a list of {OWN} cases among {MANY}"),
            ("case", "those of one case’s page"),
        )
    ]
    worst = max(ratios.values())
    return Result("row_security", round(worst, 2), GOAL, "; ".join(parts))


def _ratio(found: Times, what: str) -> float:
    pairs = zip(found["app", what], found["owner", what], strict=True)
    return median(a / b for a, b in pairs)


def _round(found: Times, who: str, actor: Actor, case_id: UUID) -> None:
    def listed() -> None:
        with db.transaction(actor):
            assert len(my_cases(actor)) == OWN

    def one() -> None:
        with db.transaction(actor):
            case_page(actor, case_id)

    for what, turn in (("list", listed), ("case", one)):
        with _in_database() as seconds:
            times = [_spent(turn, seconds) for _ in range(WARM_UP + TURNS)]
        found.setdefault((who, what), []).extend(times[WARM_UP:])


def _spent(turn: Turn, seconds: list[float]) -> float:
    """Return how many milliseconds of a turn were spent on its statements."""
    seconds.clear()
    timed(turn)
    return sum(seconds) * 1000


@contextmanager
def _in_database() -> Iterator[list[float]]:
    """Note how long each statement takes, from sending it to its last row."""
    seconds: list[float] = []
    starts: list[float] = []

    def before(*_: Any) -> None:
        starts.append(perf_counter())

    def after(*_: Any) -> None:
        seconds.append(perf_counter() - starts.pop())

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield seconds
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)
