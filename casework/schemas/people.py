"""The forms by which people come to a case and leave it."""

from casework.reasons import WhyAdded
from core.fields import Body, Choice, YesNo
from core.text import N_


class AddPerson(Body):
    """One person, in one standing, for one reason."""

    person = Choice([], required=True, metadata={"label": N_("Whom?")})
    kind = Choice(
        [],
        required=True,
        metadata={
            "label": N_("As what?"),
            "hint": N_("The person gets the keys that are named, as far as you can."),
        },
    )
    why = Choice(
        WhyAdded, WhyAdded.labels(), required=True, metadata={"label": N_("Why?")}
    )


class EndStanding(Body):
    """One person's standing that ends."""

    standing = Choice([], required=True, metadata={"label": N_("Who leaves?")})


class LeaveCase(Body):
    """One's own work on a case is done."""

    confirmed = YesNo(required=True, metadata={"label": N_("Are you done with it?")})
