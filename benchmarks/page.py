"""Opening a case's page, against the same queries with every seal left shut."""

from typing import Any
from unittest.mock import patch
from uuid import UUID

from benchmarks import reports
from benchmarks.measure import Result, alternate, commits, described
from benchmarks.world import World
from casework.commands.intake import file_report
from casework.opening import Opened
from casework.queries import cases
from core import db

GOAL = 5.0
TURNS = 100


def run(world: World) -> Result:
    """Open a full case as a focal point does, who reads nearly all of it."""
    amina = world.actor("amina")
    with db.transaction(amina):
        case_id = file_report(amina, reports.filing(world.made.offices["NBO"])).id

    def opened() -> cases.CasePage:
        return _page(world, case_id)

    def shut() -> cases.CasePage:
        with patch.object(cases, "reveal", _nothing):
            return _page(world, case_id)

    fields = len(opened().opened.words)
    assert fields, "one side must open the fields"
    assert not shut().opened.words, "and the other must not"
    pair = alternate(lambda: (opened, shut), TURNS)
    added = commits(opened) - commits(shut)
    assert added == 1, f"opening adds one commit, not {added}"
    detail = (
        f"milliseconds added, not a ratio: opening {fields} fields and recording the"
        f" read {described(pair.a)}; the same queries alone {described(pair.b)};"
        f" {added} commit added"
    )
    return Result("page", round(pair.difference, 2), GOAL, detail)


def _page(world: World, case_id: UUID) -> cases.CasePage:
    actor = world.actor("amina")
    with db.transaction(actor):
        return cases.case_page(actor, case_id)


def _nothing(*_: Any, **__: Any) -> Opened:
    return Opened()
