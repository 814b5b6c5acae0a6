"""The forms of the steps on a case, named after the commands that they load."""

from casework.vocabulary import (
    Channel,
    ClosureReason,
    ConsentGivenBy,
    ConsentPurpose,
    ConsentStatus,
    DisciplinaryMeasure,
    Finding,
    InterimMeasure,
    ReferredAnswer,
    Word,
    YesNoUnknown,
)
from core.events import Event
from core.fields import Body, Choice, Choices, Moment, Narrative, YesNo
from core.text import N_


class Answer(Word):
    """What a survivor said to an offer or an update."""

    ACCEPTED = "accepted", N_("Accepted")
    DEFERRED = "deferred", N_("Later, perhaps")
    DECLINED = "declined", N_("Declined")


class Updated(Word):
    """How an update went."""

    GIVEN = "given", N_("Given")
    ATTEMPTED = "attempted", N_("Tried, not reached")
    DECLINED = "declined", N_("Declined")


class Told(Word):
    """How an outcome was told."""

    TOLD = "told", N_("Told")
    DECLINED = "declined", N_("Did not want to be told")
    UNREACHABLE = "unreachable", N_("Could not be reached safely")


class Received(Word):
    """Whether clinical care was received."""

    RECEIVED = "received", N_("Received")
    DECLINED = "declined", N_("Declined")


class Conflict(Word):
    """Why somebody has a conflict of interest."""

    NAMED = "named_in_it", N_("Is named in the case")
    CLOSE = "close_to_someone", N_("Is close to someone named in the case")
    COLLEAGUE = "works_with_someone", N_("Works with someone named in the case")
    SUPPORTER = "supported_survivor", N_("Supports the survivor")
    OTHER = "other_conflict", N_("Another conflict of interest")


class Untold(Word):
    """Why a case closes before a survivor's outcome is told."""

    LATER = "told_later", N_("It will be told after closing")
    UNSAFE = "unsafe_now", N_("Telling it now is not safe")
    UNREACHABLE = "unreachable", N_("The survivor could not be reached")
    UNKNOWN = "unknown_person", N_("The survivor is not known")


class Again(Word):
    """Why a case is reopened."""

    NEW_INFORMATION = "new_information", N_("New information")
    NEW_INCIDENT = "new_incident", N_("It happened again")
    ERROR = "closed_in_error", N_("It was closed in error")


class Extend(Word):
    """Why a time limit is moved."""

    QUALITY = "quality_of_work", N_("The quality of the work needs it")
    WITNESS = "witness_unavailable", N_("A witness cannot be reached yet")
    SAFETY = "safety_of_survivor", N_("The survivor’s safety needs it")
    WORKLOAD = "workload", N_("Too much work at once")


SURVIVOR = N_("Which survivor?")


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
    why = Choice(
        Conflict, Conflict.labels(), required=True, metadata={"label": N_("Why?")}
    )


class ConfirmReferral(Body):
    """Whether the survivors were referred."""

    answer = Choice(
        ReferredAnswer,
        ReferredAnswer.labels(),
        required=True,
        metadata={"label": N_("Were all survivors referred to services?")},
    )


class OpenInvestigation(Body):
    """The assessment's decision to investigate."""

    urgent = YesNo(
        required=True,
        metadata={
            "label": N_("Is it urgent?"),
            "hint": N_("An urgent investigation reports within three months, not six."),
        },
    )
    plan = Narrative(
        max=20_000, required=True, metadata={"label": N_("Plan of the investigation")}
    )


class HandToPartner(Body):
    """The assessment's decision that the partner investigates."""

    capacity = YesNo(
        required=True,
        metadata={
            "label": N_("Can the partner investigate safely and competently?"),
            "hint": N_("Trained investigators, no conflict of interest, safe files."),
        },
    )


class ChooseInformal(Body):
    """The informal road, for sexual harassment."""

    chosen = YesNo(
        required=True,
        metadata={
            "label": N_("Did the affected person choose the informal road?"),
            "hint": N_(
                "There is no investigation then, and no finding. If the person asks for"
                " an investigation later, the lead opens the case again."
            ),
        },
    )


class AddNote(Body):
    """A note of the investigation."""

    text = Narrative(max=50_000, required=True, metadata={"label": N_("Note")})


class IssueReport(Body):
    """The report of investigation."""

    finding = Choice(
        Finding, Finding.labels(), required=True, metadata={"label": N_("Finding")}
    )
    summary = Narrative(required=True, metadata={"label": N_("Report")})
    lessons = Narrative(
        max=10_000,
        metadata={
            "label": N_("Lessons learned"),
            "hint": N_("From every case, also where nothing was proven."),
        },
    )


class RecordPartner(Body):
    """What the partner did."""

    what = Choice(
        [Event.PARTNER_ACCEPTED.value, Event.PARTNER_PROGRESSED.value],
        {
            Event.PARTNER_ACCEPTED.value: N_("Accepted the case"),
            Event.PARTNER_PROGRESSED.value: N_("Reported progress"),
        },
        required=True,
        metadata={"label": N_("What did the partner do?")},
    )
    done_at = Moment(required=True, metadata={"label": N_("When?")})


class TakeMeasure(Body):
    """An interim measure."""

    kind = Choice(
        InterimMeasure,
        InterimMeasure.labels(),
        required=True,
        metadata={"label": N_("Which measure?")},
    )
    in_place_at = Moment(required=True, metadata={"label": N_("In place since")})


class ReviewMeasure(Body):
    """The review of a measure."""

    measure = Choice([], required=True, metadata={"label": N_("Which measure?")})
    stays = YesNo(required=True, metadata={"label": N_("Does it stay in place?")})


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
