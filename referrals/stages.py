"""Where a referral can be, and every move between: nothing else changes a status."""

from collections.abc import Mapping
from dataclasses import dataclass

from auth.policy import May
from casework.vocabulary import ReferralOutcome, Word
from casework.vocabulary import ReferralStatus as Status
from core.errors import WrongStage
from core.events import Event
from core.text import N_


class RejectReason(Word):
    """Why a provider does not take a referral."""

    NO_CAPACITY = "no_capacity", N_("No capacity now")
    NOT_OFFERED = "not_offered", N_("This is not what the service does")
    TOO_FAR = "too_far", N_("Too far away, or no way to get here")
    NO_LANGUAGE = "no_language", N_("Nobody here speaks the language")
    NOT_SAFE = "not_safe", N_("It would not be safe here")
    CONFLICT = "conflict", N_("Conflict of interest")


WAITING = frozenset({Status.SENT, Status.RECEIVED})
WITH_PROVIDER = frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED})
FINAL = frozenset(
    {
        Status.COMPLETED,
        Status.REJECTED,
        Status.REVOKED,
        Status.CONSENT_WITHDRAWN,
        Status.EXPIRED,
        Status.ENTERED_IN_ERROR,
    }
)
OPEN = frozenset(Status) - FINAL
REACHED = frozenset({ReferralOutcome.RECEIVED, ReferralOutcome.PARTLY_RECEIVED})


@dataclass(frozen=True)
class Move:
    """One way from some statuses to another; `event` is what the clocks hear."""

    sources: frozenset[Status]
    target: Status
    may: May
    event: Event | None = None


CARE, ANSWER = May.CARE, May.ANSWER_REFERRAL
NOT_NOW = N_("This cannot be done where the referral stands now.")
WITHDRAWN = Event.REFERRAL_WITHDRAWN

MOVES: Mapping[str, Move] = {
    "send": Move(frozenset({Status.DRAFT}), Status.SENT, CARE, Event.REFERRAL_SENT),
    "receive": Move(frozenset({Status.SENT}), Status.RECEIVED, ANSWER),
    "accept": Move(WAITING, Status.ACCEPTED, ANSWER, Event.REFERRAL_ACCEPTED),
    "reject": Move(WAITING, Status.REJECTED, ANSWER, Event.REFERRAL_REJECTED),
    "start": Move(
        frozenset({Status.ACCEPTED}),
        Status.IN_PROGRESS,
        ANSWER,
        Event.REFERRAL_REACHED,
    ),
    "complete": Move(
        frozenset({Status.ACCEPTED, Status.IN_PROGRESS}),
        Status.COMPLETED,
        ANSWER,
        Event.REFERRAL_COMPLETED,
    ),
    "revoke": Move(OPEN, Status.REVOKED, CARE, WITHDRAWN),
    "withdraw_consent": Move(OPEN, Status.CONSENT_WITHDRAWN, CARE, WITHDRAWN),
    "expire": Move(OPEN, Status.EXPIRED, CARE, WITHDRAWN),
    "no_answer": Move(WAITING, Status.REVOKED, CARE, WITHDRAWN),
    "enter_in_error": Move(OPEN, Status.ENTERED_IN_ERROR, CARE, WITHDRAWN),
}
# What a care officer says of an end. "expire" is not among them: a consent ran out.
WITHDRAWALS: Mapping[str, str] = {
    "withdraw_consent": N_("The survivor no longer agrees to it"),
    "revoke": N_("It is no longer needed, or another service is better"),
    "no_answer": N_("The service did not answer"),
    "enter_in_error": N_("It was sent by mistake"),
}


def can(name: str, status: str) -> bool:
    """Return whether a move can be made from a status."""
    return status in MOVES[name].sources


def target(name: str, status: str) -> Status:
    """Return where a move leads.

    :raises WrongStage: where it cannot be made from here; a final status stays.
    """
    if not can(name, status):
        raise WrongStage(NOT_NOW)
    return MOVES[name].target
