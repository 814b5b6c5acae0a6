"""The forms of the desk that takes reports, named after their commands."""

from casework.reasons import POSSIBLE_LINK
from casework.schemas.words import Conflict
from casework.vocabulary import Channel, ReferredAnswer, YesNoUnknown
from core.fields import Body, Choice, Moment, Narrative, YesNo
from core.text import N_

WHY_BARRED = {**Conflict.labels(), **POSSIBLE_LINK}


class RecordTriage(Body):
    """Immediate safety and needs."""

    danger = Choice(
        YesNoUnknown,
        YesNoUnknown.labels(),
        required=True,
        metadata={"label": N_("Is somebody in danger now?")},
    )
    medical_needed = Choice(
        YesNoUnknown,
        YesNoUnknown.labels(),
        required=True,
        metadata={"label": N_("Is medical care needed?")},
    )
    referred = Choice(
        ReferredAnswer,
        ReferredAnswer.labels(),
        required=True,
        metadata={"label": N_("Was the survivor referred to services?")},
    )
    offered = YesNo(required=True, metadata={"label": N_("Was assistance offered?")})
    note = Narrative(
        max=5000,
        metadata={
            "label": N_("What should the care officer know?"),
            "hint": N_("Only survivor care reads this."),
        },
    )


class Acknowledge(Body):
    """Receipt acknowledged to the reporter."""

    done_at = Moment(required=True, metadata={"label": N_("When?")})
    channel = Choice(
        Channel, Channel.labels(), required=True, metadata={"label": N_("How?")}
    )


class GiveFeedback(Body):
    """Feedback to the reporter."""

    done_at = Moment(required=True, metadata={"label": N_("When?")})


class Confirm(Body):
    """A step that only needs a yes."""

    confirmed = YesNo(required=True, metadata={"label": N_("Do you want to go on?")})


class DeclareConflict(Body):
    """A conflict of interest of one's own."""

    why = Choice(
        Conflict,
        {each.value: each.label for each in Conflict},
        required=True,
        metadata={
            "label": N_("What is the conflict?"),
            "hint": N_("You will not see this case any more. This cannot be undone."),
        },
    )


class BarPerson(Body):
    """Somebody else's conflict of interest."""

    person = Choice([], required=True, metadata={"label": N_("Whom?")})
    why = Choice(WHY_BARRED, WHY_BARRED, required=True, metadata={"label": N_("Why?")})
