"""The forms at the end of a case, named after their commands."""

from casework.schemas.words import Again, Extend, Untold
from casework.vocabulary import ClosureReason, DisciplinaryMeasure
from core.fields import Body, Choice, Choices, Moment, Narrative
from core.text import N_


class RecordDecision(Body):
    """Legal's decision."""

    measures = Choices(
        DisciplinaryMeasure,
        DisciplinaryMeasure.labels(),
        required=True,
        metadata={"label": N_("Measures")},
    )
    decided_at = Moment(required=True, metadata={"label": N_("Decided on")})
    grounds = Narrative(max=20_000, metadata={"label": N_("Grounds")})


class CloseCase(Body):
    """The end of a case."""

    reason = Choice(
        ClosureReason,
        ClosureReason.labels(),
        required=True,
        metadata={"label": N_("Why does it close?")},
    )
    untold = Choice(
        Untold,
        Untold.labels(),
        metadata={
            "label": N_("If a survivor has not been told the outcome: why not yet?")
        },
    )


class ReopenCase(Body):
    """A new episode."""

    why = Choice(
        Again,
        Again.labels(),
        required=True,
        metadata={"label": N_("Why is it opened again?")},
    )


class ExtendClock(Body):
    """A later due time, with a reason."""

    clock = Choice([], required=True, metadata={"label": N_("Which time limit?")})
    due_at = Moment(future=True, required=True, metadata={"label": N_("Due on")})
    why = Choice(Extend, Extend.labels(), required=True, metadata={"label": N_("Why?")})
