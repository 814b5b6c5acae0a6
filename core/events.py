"""Everything that can happen to a case or referral, as `subject:happened`."""

from enum import StrEnum


class Event(StrEnum):
    """An event vocabulary: clocks start and stop on these, the timeline shows them."""

    REPORT_RECEIVED = "report:received"
    CASE_REGISTERED = "case:registered"
    REPORT_ACKNOWLEDGED = "reporter:acknowledged"
    FEEDBACK_GIVEN = "reporter:feedback_given"
    SAFETY_TRIAGED = "safety:triaged"
    HANDED_OVER = "case:handed_over"
    CONFLICT_DECLARED = "case:conflict_declared"
    PERSON_BARRED = "case:person_barred"
    CASE_ASSIGNED = "case:assigned"
    CASE_GIVEN = "case:given_to_desk"
    PERSON_ADDED = "case:person_added"
    PERSON_LEFT = "case:person_left"

    CASE_RECEIVED = "investigation:received"
    CASE_TAKEN = "investigation:taken"
    REFERRAL_CONFIRMED = "investigation:referral_confirmed"
    ASSESSMENT_DECIDED = "assessment:decided"
    INVESTIGATION_OPENED = "investigation:opened"
    NOTE_ADDED = "investigation:note_added"
    REPORT_ISSUED = "investigation:report_issued"
    PARTNER_HANDED = "partner:handed"
    PARTNER_ACCEPTED = "partner:accepted"
    PARTNER_PROGRESSED = "partner:progressed"
    PARTNER_REPORTED = "partner:reported"
    INFORMAL_CHOSEN = "informal:chosen"
    MEASURE_TAKEN = "protection:measure_taken"
    MEASURE_REVIEWED = "protection:reviewed"
    MEASURE_ENDED = "protection:measure_ended"
    LEGAL_RECEIVED = "legal:received"
    DECISION_RECORDED = "legal:decided"
    CASE_CLOSED = "case:closed"
    CASE_REOPENED = "case:reopened"

    SURVIVOR_RECORDED = "survivor:recorded"
    CARE_ACCEPTED = "care:officer_accepted"
    ASSISTANCE_OFFERED = "care:offered"
    HIV_CARE_SETTLED = "care:post_exposure_settled"
    CONTRACEPTION_SETTLED = "care:contraception_settled"
    CONSENT_RECORDED = "consent:recorded"
    RECONTACT_AGREED = "consent:recontact_agreed"
    RECONTACT_ENDED = "consent:recontact_ended"
    NEED_RECORDED = "need:recorded"
    CARE_NOTED = "care:noted"
    SURVIVOR_UPDATED = "survivor:updated"
    OUTCOME_DUE = "survivor:outcome_due"
    OUTCOME_TOLD = "survivor:outcome_told"

    REFERRAL_SENT = "referral:sent"
    REFERRAL_ACCEPTED = "referral:accepted"
    REFERRAL_REJECTED = "referral:rejected"
    REFERRAL_REACHED = "referral:reached"
    REFERRAL_COMPLETED = "referral:completed"
    REFERRAL_WITHDRAWN = "referral:withdrawn"
    REFERRAL_KEYS_TO_RENEW = "referral:keys_to_renew"
    REFERRAL_KEYS_RENEWED = "referral:keys_renewed"

    GLASS_BROKEN = "emergency:glass_broken"
    EMERGENCY_REVIEWED = "emergency:reviewed"

    KEYS_TO_RENEW = "keys:to_renew"
    KEYS_RENEWED = "keys:renewed"

    CLOCK_BREACHED = "clock:breached"
    CLOCK_EXTENDED = "clock:extended"
    CLOCK_PAUSED = "clock:paused"
    CLOCK_RESUMED = "clock:resumed"


class Track(StrEnum):
    """Who an event or clock concerns: it decides who sees it."""

    ACCOUNTABILITY = "accountability"
    CARE = "care"
    REFERRAL = "referral"


_CARE = frozenset({"survivor", "care", "consent", "need", "safety"})


def track_of(event: Event) -> Track:
    """Return the track of an event, from its subject."""
    subject = event.partition(":")[0]
    if subject == "referral":
        return Track.REFERRAL
    return Track.CARE if subject in _CARE else Track.ACCOUNTABILITY
