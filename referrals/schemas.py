"""The forms of needs, referrals and the service directory."""

from casework.vocabulary import (
    ConsentGivenBy,
    Language,
    NeedAnswer,
    NeedType,
    ReferralOutcome,
    ReferralStatus,
    Word,
)
from core.fields import Body, Choice, Moment, Narrative, Text, YesNo
from core.text import N_
from referrals.stages import WITHDRAWALS, RejectReason

SURVIVOR = N_("Which survivor?")
LINE = 300


class ServiceEnd(Word):
    """Why a service leaves the directory."""

    CLOSED = "closed", N_("It closed")
    NOT_SAFE = "not_safe", N_("It is not safe")
    NO_ANSWER = "no_answer", N_("It does not answer")
    ERROR = "entered_in_error", N_("It was entered by mistake")


class OfSurvivor(Body):
    """A step about one survivor of the case."""

    survivor = Choice([], required=True, metadata={"label": SURVIVOR})


class RecordNeed(OfSurvivor):
    """A need, and what was done about it."""

    kind = Choice(
        NeedType, NeedType.labels(), required=True, metadata={"label": N_("What for?")}
    )
    answer = Choice(
        NeedAnswer,
        NeedAnswer.labels(),
        required=True,
        metadata={"label": N_("What was done about it?")},
    )
    note = Narrative(
        max=5000,
        metadata={"label": N_("Note"), "hint": N_("Only survivor care reads this.")},
    )


class Refer(OfSurvivor):
    """A referral: the minimum that the service needs."""

    service = Choice([], required=True, metadata={"label": N_("Which service?")})
    urgent = YesNo(
        required=True,
        metadata={
            "label": N_("Is it urgent?"),
            "hint": N_("The service answers within 24 hours then, else within 72."),
        },
    )
    language = Choice(
        Language,
        Language.labels(),
        required=True,
        metadata={"label": N_("Which language does the survivor speak?")},
    )
    name = Text(
        max=LINE,
        metadata={
            "group": N_("Opens to the service only after it has accepted"),
            "label": N_("Name for the service"),
            "hint": N_("Leave empty to send the recorded name."),
        },
    )
    contact = Text(
        max=LINE,
        metadata={
            "label": N_("How to meet or reach the survivor safely"),
            "hint": N_("Leave empty to send the recorded safe contact."),
        },
    )
    request = Narrative(
        max=5000,
        metadata={
            "label": N_("What the service needs to know"),
            "hint": N_("Nothing about what happened, and nobody else’s name."),
        },
    )


class WithdrawConsent(OfSurvivor):
    """The survivor wants no referral any more."""

    given_by = Choice(
        ConsentGivenBy,
        ConsentGivenBy.labels(),
        required=True,
        metadata={"label": N_("Who decided?")},
    )


class ReceiveReferral(Body):
    """The referral arrived."""


class AcceptReferral(Body):
    """The service takes the referral."""


class RejectReferral(Body):
    """The service does not take the referral."""

    reason = Choice(
        RejectReason,
        RejectReason.labels(),
        required=True,
        metadata={"label": N_("Why?")},
    )


class ReportService(Body):
    """How the service goes."""

    status = Choice(
        [ReferralStatus.IN_PROGRESS.value, ReferralStatus.COMPLETED.value],
        {
            ReferralStatus.IN_PROGRESS.value: N_("The person came; it goes on"),
            ReferralStatus.COMPLETED.value: N_("It is completed"),
        },
        required=True,
        metadata={"label": N_("Where does it stand?")},
    )
    outcome = Choice(
        ReferralOutcome,
        ReferralOutcome.labels(),
        metadata={
            "label": N_("What did it come to?"),
            "when": ("status", {ReferralStatus.COMPLETED.value}),
            "widget": "select",
        },
    )
    done_at = Moment(required=True, metadata={"label": N_("When?")})
    report = Narrative(
        max=10_000,
        metadata={
            "label": N_("Report"),
            "hint": N_(
                "Only you and survivor care read this. No details of treatment."
            ),
        },
    )


class FollowUp(Body):
    """Whether the survivor reached the service."""

    reached = YesNo(
        required=True, metadata={"label": N_("Did the survivor reach the service?")}
    )
    done_at = Moment(required=True, metadata={"label": N_("When?")})
    note = Narrative(
        max=5000,
        metadata={"label": N_("Note"), "hint": N_("Only survivor care reads this.")},
    )


class WithdrawReferral(Body):
    """The end of a referral before it is completed."""

    why = Choice(
        list(WITHDRAWALS), WITHDRAWALS, required=True, metadata={"label": N_("Why?")}
    )


class CreateService(Body):
    """An entry of the directory, just verified."""

    name = Text(max=LINE, required=True, metadata={"label": N_("Name of the service")})
    kind = Choice(
        NeedType,
        NeedType.labels(),
        required=True,
        metadata={"label": N_("What does it offer?")},
    )
    office = Choice([], required=True, metadata={"label": N_("Near which office?")})
    desk = Choice(
        [],
        metadata={
            "label": N_("Which desk takes its referrals here?"),
            "hint": N_("Without a desk it is listed, and cannot be sent a referral."),
            "widget": "select",
        },
    )
    where = Text(max=LINE, required=True, metadata={"label": N_("Where is it?")})
    hours = Text(max=LINE, required=True, metadata={"label": N_("When is it open?")})


class VerifyService(Body):
    """What was found when the service was checked."""

    where = Text(max=LINE, required=True, metadata={"label": N_("Where is it?")})
    hours = Text(max=LINE, required=True, metadata={"label": N_("When is it open?")})


class WithdrawService(Body):
    """Why a service leaves the directory."""

    why = Choice(
        ServiceEnd, ServiceEnd.labels(), required=True, metadata={"label": N_("Why?")}
    )
