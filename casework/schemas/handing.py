"""The form by which a desk gives its cases to another desk."""

from casework.vocabulary import Word
from core.fields import Body, Choice, Count, YesNo
from core.text import N_


class WhyGiven(Word):
    """Why a desk gives its cases away."""

    WORKLOAD = "desk_overloaded", N_("This desk has too much work")
    CLOSES = "desk_closes", N_("This desk closes")
    PLACE = "desk_better_placed", N_("The other desk is in a better place for them")
    CONFLICT = "desk_conflicted", N_("This desk has a conflict of interest")


class GiveCases(Body):
    """Every case of a desk goes to another; `done` were given before, in this run."""

    desk = Choice([], required=True, metadata={"label": N_("To which desk?")})
    stays = YesNo(
        required=True,
        metadata={
            "label": N_("Does this desk stay on the cases as well?"),
            "hint": N_(
                "If it does not, it loses them at once. Members who stand on a case"
                " themselves stay on it."
            ),
        },
    )
    why = Choice(
        WhyGiven, WhyGiven.labels(), required=True, metadata={"label": N_("Why?")}
    )
    done = Count(max=10_000_000, metadata={"widget": "hidden"})
