"""A desk gives its 1,000 cases to another: beside it, interrupted, and leaving."""

from contextlib import suppress
from time import perf_counter
from typing import Any
from unittest.mock import patch
from uuid import UUID

from auth import desks, many
from auth.actor import INTAKE
from auth.policy import DeskKind
from benchmarks import reports
from benchmarks.measure import Result
from benchmarks.world import World
from casework.commands import handing
from casework.commands.intake import file_report
from casework.schemas.handing import WhyGiven
from core import db

GOAL = 5.0
CASES, AT_ONCE, STOP = 1_000, 50, 400
MEMBERS = ("bruno", "focal-2")
GIVEN = (
    "SELECT count(DISTINCT case_id), count(*) FROM standings"
    " WHERE holder_id = %s AND ended_at IS NULL"
)
OPEN = "SELECT count(*) FROM key_grants WHERE holder_id = %s"


class Interrupted(Exception):
    """What stops a request in the middle of its work."""


def run(world: World) -> Result:
    """Give all cases away three times: to a new desk each."""
    fill(world)
    beside, halved, alone = (_new_desk(world, number) for number in range(3))
    staying = _give(world, beside, stays=True)
    _check(world, beside)
    stopped = _interrupted(world, halved)
    resumed = _give(world, halved, stays=True)
    _check(world, halved)
    leaving = _give(world, alone, stays=False)
    _check(world, alone)
    detail = (
        f"seconds, not a ratio: {CASES} cases of {_grants(world, beside)} keys to a new"
        f" desk beside the first, in {_requests(staying)}; interrupted after {stopped}"
        f" cases, the others in {sum(resumed):.1f} s; where the first leaves"
        f" {sum(leaving):.1f} s, in {_requests(leaving)}"
    )
    return Result("handing", round(sum(staying), 2), GOAL, detail)


def fill(world: World) -> None:
    """File full reports at one desk; nobody else stands on the cases themselves."""
    for _ in range(CASES // AT_ONCE):
        with db.transaction(INTAKE):
            for _ in range(AT_ONCE):
                file_report(INTAKE, reports.filing(world.made.offices["NBO"]))
    with world.owner() as owner:
        owner.autocommit = True
        owner.execute("VACUUM ANALYZE")
        owner.execute("CHECKPOINT")


def _new_desk(world: World, number: int) -> UUID:
    members = [world.made.people[name] for name in MEMBERS]
    with world.setting_up():
        office = world.made.offices["GVA"]
        desk = desks.create(f"Desk {number}", DeskKind.INTAKE, office, members)
        desks.make_key(desk.id, members)
    return desk.id


def _give(world: World, other: UUID, *, stays: bool) -> list[float]:
    """Give as the page does, as often as it says to go on; return the seconds."""
    amina, mine = world.actor("amina"), world.made.desks["intake_nbo"]
    body: dict[str, Any] = {"desk": str(other), "stays": stays}
    body["why"] = WhyGiven.WORKLOAD
    times, ended = [], False
    while not ended:
        start = perf_counter()
        shown = handing.give_cases(amina, mine, body)
        times.append(perf_counter() - start)
        ended = shown.values["ended"]
        body["done"] = shown.values["given"]
    return times


def _interrupted(world: World, other: UUID) -> int:
    """Stop in the middle of the fifth hundred; return how many were given."""
    calls = []
    settle = many.settle

    def stops(*args: Any) -> set[UUID]:
        calls.append(args)
        if len(calls) > STOP // handing.AT_ONCE[True]:
            raise Interrupted
        return settle(*args)

    with patch.object(many, "settle", stops), suppress(Interrupted):
        _give(world, other, stays=True)
    given = _given(world, other)
    assert given == (STOP, STOP), given
    return given[0]


def _given(world: World, other: UUID) -> tuple[int, int]:
    with world.owner() as owner:
        row = owner.execute(GIVEN, (other,)).fetchone()
    assert row
    return row[0], row[1]


def _grants(world: World, other: UUID) -> int:
    with world.owner() as owner:
        row = owner.execute(OPEN, (other,)).fetchone()
    assert row
    return int(row[0])


def _check(world: World, other: UUID) -> None:
    """Refuse a figure where a case was given twice or not at all."""
    given = _given(world, other)
    assert given == (CASES, CASES), given
    assert _grants(world, other) == CASES * 4


def _requests(times: list[float]) -> str:
    return f"{len(times)} requests, the longest {max(times):.1f} s"
