"""Every move between stages, against a table written by hand; nothing else moves."""

import pytest

from auth.policy import BY_STANDING, May, Standing
from casework.stages import LABELS, MOVES, OPEN, Stage, can, target
from casework.vocabulary import Kind
from core.errors import WrongStage
from core.events import Event

# Where each stage leads. Received is left when the report is filed.
ROADS = {
    "received": "assessment",
    "assessment": "investigation partner_investigation informal legal_review closed",
    "investigation": "legal_review closed",
    "partner_investigation": "legal_review closed",
    "informal": "closed",
    "legal_review": "decided",
    "decided": "closed",
    "closed": "assessment",
}
SH, SEA = Kind.SEXUAL_HARASSMENT, Kind.SEXUAL_EXPLOITATION


def test_each_stage_leads_where_the_table_says_and_nowhere_else():
    found = {
        stage: {m.target for m in MOVES.values() if stage in m.sources}
        for stage in Stage
    }
    assert found == {
        Stage(a): {Stage(b) for b in to.split()} for a, to in ROADS.items()
    }


def test_the_table_covers_every_stage():
    assert set(ROADS) == set(Stage) == set(LABELS)
    assert set(Stage) - {Stage.CLOSED} == OPEN


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("stage", Stage)
def test_a_wrong_move_is_refused_and_never_ignored(name, stage):
    if stage in MOVES[name].sources:
        assert target(name, stage, SH) is MOVES[name].target
    else:
        with pytest.raises(WrongStage):
            target(name, stage, SH)


@pytest.mark.parametrize("name", MOVES)
def test_no_move_stays_where_it_is(name):
    assert MOVES[name].target not in MOVES[name].sources
    assert MOVES[name].name == name


@pytest.mark.parametrize("kind", Kind)
def test_the_informal_road_is_for_harassment_at_work_alone(kind):
    assert can("choose_informal", Stage.ASSESSMENT, kind) == (kind == SH)
    assert can("open_investigation", Stage.ASSESSMENT, kind)


@pytest.mark.parametrize("name", MOVES)
def test_a_move_that_is_made_twice_is_refused(name):
    once = target(name, next(iter(MOVES[name].sources)), SH)
    with pytest.raises(WrongStage):
        target(name, once, SH)


def test_a_closed_case_leads_only_into_a_new_episode():
    out = [move for move in MOVES.values() if Stage.CLOSED in move.sources]
    assert [move.event for move in out] == [Event.CASE_REOPENED]


def test_a_case_under_legal_review_is_decided_before_it_is_closed():
    assert not can("close_case", Stage.LEGAL_REVIEW, SEA)


@pytest.mark.parametrize("name", MOVES)
def test_somebody_may_make_each_move_and_the_barred_none(name):
    may = MOVES[name].may
    if may is not May.LOG_REPORT:
        assert [s for s in Standing if may in BY_STANDING[s]]
    assert may not in BY_STANDING[Standing.BARRED]


def test_each_move_has_an_event_of_its_own():
    assert len({move.event for move in MOVES.values()}) == len(MOVES)


@pytest.mark.parametrize("stage", ["", "lost", "CLOSED"])
def test_an_unknown_stage_leads_nowhere(stage):
    for name in MOVES:
        assert not can(name, stage, SEA)
