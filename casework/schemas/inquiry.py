"""The forms of the investigators, named after their commands."""

from casework.vocabulary import Finding, InterimMeasure, ReferredAnswer
from core.events import Event
from core.fields import Body, Choice, Moment, Narrative, YesNo
from core.text import N_


class AssignCase(Body):
    """The investigator whom the lead chooses."""

    person = Choice([], required=True, metadata={"label": N_("Which investigator?")})


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
    to_legal = YesNo(
        required=True,
        metadata={
            "label": N_("Does the case go to Legal for a decision?"),
            "hint": N_("If not, it can be closed, or the lead sends it later."),
        },
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
