"""The forms of emergencies, named after their commands."""

from marshmallow import validates

from casework.vocabulary import Word
from core.fields import Body, Choice, Text, YesNo
from core.text import N_, refuse


class Danger(Word):
    """What makes it an emergency."""

    SURVIVOR = "danger_to_survivor", N_("The survivor’s life is in danger")
    OTHERS = "danger_to_others", N_("Somebody else’s life is in danger")
    MEDICAL = "urgent_medical", N_("Medical help cannot wait")


class Verdict(Word):
    """What a review found."""

    JUSTIFIED = "justified", N_("It was justified")
    NOT_JUSTIFIED = "not_justified", N_("It was not justified")
    FOLLOW_UP = "needs_follow_up", N_("It needs to be followed up")


class BreakGlass(Body):
    """Open a case for an hour."""

    reference = Text(
        required=True,
        max=20,
        metadata={
            "label": N_("Reference of the case"),
            "hint": N_("Like C-7K3M-Q9XD. Whoever called you has it."),
        },
    )
    reason = Choice(
        Danger, Danger.labels(), required=True, metadata={"label": N_("What is it?")}
    )
    confirmed = YesNo(
        required=True,
        metadata={
            "label": N_("Open it now?"),
            "hint": N_(
                "It opens to you for 60 minutes. Two colleagues at least are alerted at"
                " once, everything you open is recorded, and it is reviewed afterwards."
            ),
        },
    )

    @validates("confirmed")
    def _is_meant(self, value: bool, data_key: str) -> None:  # noqa: ARG002
        if not value:
            raise refuse(N_("Say yes to open it, or leave this page."))


class ReviewEmergency(Body):
    """What a review of an emergency found."""

    emergency = Choice([], required=True, metadata={"label": N_("Which one?")})
    verdict = Choice(
        Verdict,
        Verdict.labels(),
        required=True,
        metadata={"label": N_("What did you find?")},
    )
