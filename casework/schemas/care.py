"""The forms of survivor care, named after their commands."""

from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, validates_schema

from casework.schemas.words import Answer, Received, Told, Updated
from casework.vocabulary import ConsentGivenBy, ConsentPurpose, ConsentStatus
from core.events import Event
from core.fields import Body, Choice, Choices, Day, Moment, Narrative
from core.text import N_
from core.times import today

SURVIVOR = N_("Which survivor?")
LONGEST = timedelta(days=730)
NOT_GIVEN = N_("Only what was agreed to can end by itself.")
TOO_FAR = N_("Enter a day from today on, within two years.")


class OfSurvivor(Body):
    """A step about one survivor of the case."""

    survivor = Choice([], required=True, metadata={"label": SURVIVOR})


class AcceptCare(OfSurvivor):
    """Become a survivor's care officer."""


class RecordOffer(OfSurvivor):
    """An offer of assistance."""

    answer = Choice(
        Answer,
        Answer.labels(),
        required=True,
        metadata={"label": N_("What did the survivor say?")},
    )


class RecordClinical(OfSurvivor):
    """Urgent clinical care."""

    what = Choices(
        [Event.HIV_CARE_SETTLED.value, Event.CONTRACEPTION_SETTLED.value],
        {
            Event.HIV_CARE_SETTLED.value: N_("Care after exposure to HIV"),
            Event.CONTRACEPTION_SETTLED.value: N_("Emergency contraception"),
        },
        required=True,
        metadata={"label": N_("Which care?")},
    )
    answer = Choice(
        Received, Received.labels(), required=True, metadata={"label": N_("Outcome")}
    )
    done_at = Moment(required=True, metadata={"label": N_("When?")})


class RecordConsent(OfSurvivor):
    """A decision about one purpose."""

    purpose = Choice(
        ConsentPurpose,
        ConsentPurpose.labels(),
        required=True,
        metadata={"label": N_("What for?")},
    )
    status = Choice(
        [status.value for status in ConsentStatus if status != "not_yet_asked"],
        ConsentStatus.labels(),
        required=True,
        metadata={"label": N_("What was decided?")},
    )
    given_by = Choice(
        ConsentGivenBy,
        ConsentGivenBy.labels(),
        required=True,
        metadata={"label": N_("Who decided?")},
    )
    until = Day(
        future=True,
        metadata={
            "label": N_("Until when, if not for good?"),
            "hint": N_("The last day on which it holds. Then it ends by itself."),
        },
    )

    @validates_schema
    def _ends_later(self, data: dict[str, Any], **_: Any) -> None:
        last = data.get("until")
        if last is None:
            return
        if data.get("status") != ConsentStatus.GIVEN:
            raise ValidationError(NOT_GIVEN, "until")
        if not today() <= last <= today() + LONGEST:
            raise ValidationError(TOO_FAR, "until")


class UpdateSurvivor(OfSurvivor):
    """An update to the survivor."""

    answer = Choice(
        Updated,
        Updated.labels(),
        required=True,
        metadata={"label": N_("How did it go?")},
    )
    note = Narrative(max=5000, metadata={"label": N_("Note")})


class AddCareNote(OfSurvivor):
    """A care note."""

    note = Narrative(max=20_000, required=True, metadata={"label": N_("Note")})


class TellOutcome(OfSurvivor):
    """The outcome, told."""

    how = Choice(
        Told, Told.labels(), required=True, metadata={"label": N_("How did it go?")}
    )
    done_at = Moment(required=True, metadata={"label": N_("When?")})
    words = Narrative(
        max=10_000,
        metadata={
            "label": N_("What was said"),
            "hint": N_("In plain words, as the survivor heard it."),
        },
    )
