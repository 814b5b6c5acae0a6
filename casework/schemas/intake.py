"""The form of a report told to staff: filter questions first, own words last."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from auth.fields import Address
from casework.vocabulary import (
    AgeBand,
    Channel,
    ConsentStatus,
    Kind,
    Language,
    NeedType,
    PersonnelCategory,
    Precision,
    ReferredAnswer,
    ReporterKind,
    Sex,
    SubjectKnown,
    YesNoUnknown,
)
from core.fields import (
    Body,
    Choice,
    Choices,
    Day,
    Moment,
    Narrative,
    Several,
    Text,
    YesNo,
)
from core.text import N_, Message

KINDS = (
    Kind.SEXUAL_EXPLOITATION,
    Kind.SEXUAL_ABUSE,
    Kind.SEXUAL_HARASSMENT,
    Kind.OTHER_SEXUAL_MISCONDUCT,
    Kind.RETALIATION,
    Kind.UNSURE,
)
SHUT_OUT = N_("An account of this person is shut out of the case at once.")
ASKED = (ConsentStatus.NOT_YET_ASKED, ConsentStatus.GIVEN, ConsentStatus.REFUSED)


def _codes(words: Any) -> list[str]:
    return [word.value for word in words]


class PersonAffected(Body):
    """One affected person; who it is, is asked apart."""

    age_band = Choice(
        AgeBand, AgeBand.labels(), required=True, metadata={"label": N_("Age")}
    )
    sex = Choice(Sex, Sex.labels(), required=True, metadata={"label": N_("Sex")})
    disability = Choice(
        YesNoUnknown,
        YesNoUnknown.labels(),
        load_default=YesNoUnknown.UNKNOWN,
        metadata={"label": N_("Lives with a disability?")},
    )
    on_the_move = Choice(
        YesNoUnknown,
        YesNoUnknown.labels(),
        load_default=YesNoUnknown.UNKNOWN,
        metadata={"label": N_("On the move?")},
    )
    leaving_on = Day(
        future=True,
        metadata={
            "label": N_("Leaves on"),
            "when": ("on_the_move", {YesNoUnknown.YES}),
        },
    )


class LogReport(Body):
    """All that intake, assessment and referral need, so that nobody is asked twice."""

    conflicted = YesNo(
        required=True,
        metadata={
            "group": N_("First"),
            "label": N_(
                "Does the person complained of work where this report would be read?"
            ),
            "hint": N_("If yes, another desk takes the report, and this one does not."),
        },
    )
    danger = Choice(
        YesNoUnknown,
        YesNoUnknown.labels(),
        required=True,
        metadata={
            "label": N_("Is somebody in danger now?"),
            "hint": N_("If yes, see to their safety before you fill in the rest."),
        },
    )
    reporter_kind = Choice(
        ReporterKind,
        ReporterKind.labels(),
        required=True,
        metadata={"label": N_("Who told you?")},
    )
    anonymous = YesNo(
        required=True,
        metadata={"label": N_("Does this person want to stay anonymous?")},
    )
    office = Choice(
        [], required=True, metadata={"label": N_("Which office does it concern?")}
    )
    received_at = Moment(
        required=True,
        metadata={
            "group": N_("The report"),
            "label": N_("When were you told?"),
            "hint": N_("Date and time at your office."),
        },
    )
    channel = Choice(
        Channel,
        Channel.labels(),
        required=True,
        metadata={"label": N_("How did it reach you?")},
    )
    language = Choice(
        Language,
        Language.labels(),
        required=True,
        metadata={"label": N_("Which language does the person speak?")},
    )
    kind = Choice(
        _codes(KINDS),
        {kind.value: kind.label for kind in KINDS},
        required=True,
        metadata={
            "label": N_("What is it about?"),
            "hints": {
                Kind.SEXUAL_EXPLOITATION: N_(
                    "Power or help misused for sex. It is always passed on."
                ),
                Kind.SEXUAL_ABUSE: N_(
                    "A sexual act by force or under unequal conditions. It is always"
                    " passed on."
                ),
                Kind.SEXUAL_HARASSMENT: N_(
                    "Unwelcome conduct at work. The affected person chooses what is"
                    " done: an investigation, an informal way, or nothing yet."
                ),
            },
        },
    )
    precision = Choice(
        Precision,
        Precision.labels(),
        required=True,
        metadata={"label": N_("How closely is it known when it happened?")},
    )
    incident_at = Moment(
        metadata={
            "label": N_("When did it happen?"),
            "when": ("precision", {Precision.EXACT}),
            "hint": N_("Some medical care works only within three to five days."),
        }
    )
    incident_on = Day(
        metadata={
            "label": N_("On which day, or in which month?"),
            "hint": N_("For a month, its first day."),
            "when": ("precision", {Precision.DAY, Precision.MONTH}),
        }
    )
    place = Text(max=300, metadata={"label": N_("Where did it happen?")})
    people = Several(
        PersonAffected,
        most=10,
        load_default=list,
        metadata={
            "group": N_("People affected"),
            "label": N_("Person affected"),
            "hint": N_("Leave it empty if nobody is known yet."),
            "add": N_("Add another person"),
        },
    )
    already_referred = Choice(
        ReferredAnswer,
        ReferredAnswer.labels(),
        required=True,
        metadata={
            "group": N_("Help"),
            "label": N_("Has the affected person already been referred to services?"),
        },
    )
    services = Choices(
        NeedType,
        NeedType.labels(),
        load_default=list,
        metadata={
            "label": N_("To which services?"),
            "when": ("already_referred", {ReferredAnswer.YES}),
        },
    )
    medical_needed = Choice(
        YesNoUnknown,
        YesNoUnknown.labels(),
        required=True,
        metadata={"label": N_("Is medical care needed?")},
    )
    care_summary = Narrative(
        max=10_000,
        metadata={
            "label": N_("What should the care officer know?"),
            "hint": N_("Only survivor care reads this. Investigators never do."),
        },
    )
    survivor_name = Text(
        max=300,
        metadata={
            "group": N_("How to reach people safely"),
            "label": N_("Name of the affected person"),
            "hint": N_("Leave it empty if it is not known or not to be recorded."),
        },
    )
    survivor_contact = Text(
        max=1000,
        multiline=True,
        metadata={
            "label": N_("Safe contact of the affected person"),
            "hint": N_("How, when, in which language, and what never to do."),
        },
    )
    reporter_name = Text(
        max=300,
        metadata={
            "label": N_("Name of the person who told you, if somebody else"),
            "when": ("anonymous", {False}),
        },
    )
    reporter_contact = Text(
        max=1000,
        multiline=True,
        metadata={"label": N_("Safe contact of the person who told you")},
    )
    consent_identity = Choice(
        _codes(ASKED),
        {status.value: status.label for status in ASKED},
        load_default=ConsentStatus.NOT_YET_ASKED.value,
        metadata={
            "group": N_("What the affected person decided"),
            "label": N_("May the investigators know who she or he is?"),
            "hint": N_("Only what this person decided. Nobody decides for another."),
        },
    )
    consent_referral = Choice(
        _codes(ASKED),
        {status.value: status.label for status in ASKED},
        load_default=ConsentStatus.NOT_YET_ASKED.value,
        metadata={"label": N_("May we refer her or him to services?")},
    )
    consent_recontact = Choice(
        _codes(ASKED),
        {status.value: status.label for status in ASKED},
        load_default=ConsentStatus.NOT_YET_ASKED.value,
        metadata={"label": N_("May we contact her or him again?")},
    )
    consent_statistics = Choice(
        _codes(ASKED),
        {status.value: status.label for status in ASKED},
        load_default=ConsentStatus.NOT_YET_ASKED.value,
        metadata={"label": N_("May the case be counted in statistics?")},
    )
    subject_category = Choice(
        PersonnelCategory,
        PersonnelCategory.labels(),
        required=True,
        metadata={
            "group": N_("The person complained of"),
            "label": N_("Whom does this person work for?"),
        },
    )
    subject_known = Choice(
        SubjectKnown,
        SubjectKnown.labels(),
        required=True,
        metadata={"label": N_("Is it known who it is?")},
    )
    subject_name = Text(
        max=300,
        metadata={"label": N_("Name"), "when": ("subject_known", {SubjectKnown.NAME})},
    )
    subject_description = Text(
        max=2000,
        multiline=True,
        metadata={
            "label": N_("Description"),
            "when": ("subject_known", {SubjectKnown.DESCRIPTION}),
        },
    )
    subject_employer = Text(max=300, metadata={"label": N_("Employer")})
    staff_number = Text(
        max=40,
        metadata={
            "label": N_("Staff number, if known"),
            "hint": SHUT_OUT,
        },
    )
    work_email = Address(
        metadata={
            "label": N_("Their work e-mail address, if you know it"),
            "hint": SHUT_OUT,
        },
    )
    narrative = Narrative(
        metadata={
            "group": N_("In their own words"),
            "label": N_("What happened?"),
            "hint": N_("As it was told. Do not ask for more than was offered."),
        }
    )

    @validates_schema(skip_on_field_errors=False)
    def check_times(self, data: dict[str, Any], **_: Any) -> None:
        """Nothing can be told before it happened."""
        told, happened = data.get("received_at"), data.get("incident_at")
        if told and happened and happened > told:
            message = N_("This is later than the moment when you were told.")
            raise ValidationError(Message(message), "incident_at")

    @validates_schema(skip_on_field_errors=False)
    def check_told(self, data: dict[str, Any], **_: Any) -> None:
        """An anonymous person's name is not recorded."""
        if data.get("anonymous") and data.get("reporter_name"):
            message = N_("Leave the name out: this person wants to stay anonymous.")
            raise ValidationError(Message(message), "reporter_name")
