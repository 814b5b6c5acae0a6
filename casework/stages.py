"""Where a case can be, and every move between: nothing else changes a stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from auth.policy import May
from casework.vocabulary import Kind
from core.errors import WrongStage
from core.events import Event
from core.text import N_


class Stage(StrEnum):
    """The accountability track; assistance runs beside it, whatever the stage."""

    RECEIVED = "received"
    ASSESSMENT = "assessment"
    INVESTIGATION = "investigation"
    PARTNER_INVESTIGATION = "partner_investigation"
    INFORMAL = "informal"
    LEGAL_REVIEW = "legal_review"
    DECIDED = "decided"
    CLOSED = "closed"


LABELS: Mapping[Stage, str] = {
    Stage.RECEIVED: N_("Received"),
    Stage.ASSESSMENT: N_("Assessment"),
    Stage.INVESTIGATION: N_("Investigation"),
    Stage.PARTNER_INVESTIGATION: N_("Partner’s investigation"),
    Stage.INFORMAL: N_("Informal resolution"),
    Stage.LEGAL_REVIEW: N_("Legal review"),
    Stage.DECIDED: N_("Decided"),
    Stage.CLOSED: N_("Closed"),
}

SEXUAL_HARASSMENT = frozenset({Kind.SEXUAL_HARASSMENT})


@dataclass(frozen=True)
class Move:
    """One way from some stages to another.

    `kinds` limits it to kinds of case; empty means any.
    """

    name: str
    sources: frozenset[Stage]
    target: Stage
    may: May
    event: Event
    kinds: frozenset[Kind] = frozenset()


def _move(
    name: str,
    sources: set[Stage],
    target: Stage,
    may: May,
    event: Event,
    kinds: frozenset[Kind] = frozenset(),
) -> tuple[str, Move]:
    return name, Move(name, frozenset(sources), target, may, event, kinds)


MOVES: Mapping[str, Move] = dict(
    [
        _move(
            "send_to_assessment",
            {Stage.RECEIVED},
            Stage.ASSESSMENT,
            May.LOG_REPORT,
            Event.CASE_RECEIVED,
        ),
        _move(
            "open_investigation",
            {Stage.ASSESSMENT},
            Stage.INVESTIGATION,
            May.DECIDE,
            Event.INVESTIGATION_OPENED,
        ),
        _move(
            "hand_to_partner",
            {Stage.ASSESSMENT},
            Stage.PARTNER_INVESTIGATION,
            May.DECIDE,
            Event.PARTNER_HANDED,
        ),
        _move(
            "choose_informal",
            {Stage.ASSESSMENT},
            Stage.INFORMAL,
            May.DECIDE,
            Event.INFORMAL_CHOSEN,
            SEXUAL_HARASSMENT,
        ),
        _move(
            "send_to_legal",
            {Stage.ASSESSMENT, Stage.INVESTIGATION, Stage.PARTNER_INVESTIGATION},
            Stage.LEGAL_REVIEW,
            May.SEND_TO_LEGAL,
            Event.LEGAL_RECEIVED,
        ),
        _move(
            "record_decision",
            {Stage.LEGAL_REVIEW},
            Stage.DECIDED,
            May.DECIDE_LEGALLY,
            Event.DECISION_RECORDED,
        ),
        _move(
            "close_case",
            {
                Stage.ASSESSMENT,
                Stage.INVESTIGATION,
                Stage.PARTNER_INVESTIGATION,
                Stage.INFORMAL,
                Stage.DECIDED,
            },
            Stage.CLOSED,
            May.CLOSE,
            Event.CASE_CLOSED,
        ),
        _move(
            "reopen_case",
            {Stage.CLOSED},
            Stage.ASSESSMENT,
            May.REOPEN,
            Event.CASE_REOPENED,
        ),
    ]
)

OPEN = frozenset(Stage) - {Stage.CLOSED}


def can(name: str, stage: str, kind: str) -> bool:
    """Return whether a move can be made from a stage, for a kind of case."""
    move = MOVES[name]
    return stage in move.sources and (not move.kinds or kind in move.kinds)


def target(name: str, stage: str, kind: str) -> Stage:
    """Return where a move leads.

    :raises WrongStage: where it cannot be made from here; nothing is ignored.
    """
    if not can(name, stage, kind):
        raise WrongStage
    return MOVES[name].target
