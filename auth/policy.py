"""WHO MAY DO WHAT, and what each standing opens. The one place where it is decided.

Roles never open a case: only a standing on it does. Barred wins over every other
standing. `auth/rls.py` holds the same rule in the database, and grants follow `OPENS`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person was appointed to; opens nothing by itself."""

    FOCAL_POINT = "focal_point"
    INVESTIGATOR = "investigator"
    PARTNER_INVESTIGATOR = "partner_investigator"
    CARE_OFFICER = "care_officer"
    LEGAL_OFFICER = "legal_officer"
    ETHICS_OFFICER = "ethics_officer"
    COORDINATOR = "coordinator"
    PROVIDER = "provider"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Standing(StrEnum):
    """How a person or a desk stands on one case."""

    INTAKE = "intake"
    LEAD = "lead"
    INVESTIGATOR = "investigator"
    PARTNER_INVESTIGATOR = "partner_investigator"
    CARE_OFFICER = "care_officer"
    LEGAL_OFFICER = "legal_officer"
    ETHICS_OFFICER = "ethics_officer"
    PROVIDER = "provider"
    DUTY = "duty"
    EMERGENCY = "emergency"
    BARRED = "barred"


class DeskKind(StrEnum):
    """What a desk is for; its members stand on a case as the desk does."""

    INTAKE = "intake"
    COORDINATION = "coordination"
    INVESTIGATION = "investigation"
    PARTNER = "partner"
    CARE = "care"
    LEGAL = "legal"
    ETHICS = "ethics"
    PROVIDER = "provider"
    DUTY = "duty"


class Compartment(StrEnum):
    """The sealed parts of a case; REFERRAL is a referral's own."""

    REPORT = "report"
    THREAD = "thread"
    SURVIVOR = "survivor"
    SUBJECT = "subject"
    CARE = "care"
    INVESTIGATION = "investigation"
    FINAL = "final"
    REFERRAL = "referral"


class May(StrEnum):
    """Everything that can be allowed."""

    LIST_CASES = "list_cases"
    LOG_REPORT = "log_report"
    IMPORT_REPORTS = "import_reports"
    SEE_STATISTICS = "see_statistics"
    VERIFY_AUDIT = "verify_audit"
    MANAGE_ORGANISATION = "manage_organisation"
    MANAGE_DIRECTORY = "manage_directory"
    SEE_DIRECTORY = "see_directory"

    SEE_CASE = "see_case"
    SEE_SUBMISSION = "see_submission"
    DECIDE_SUBMISSION = "decide_submission"
    TRIAGE = "triage"
    ACKNOWLEDGE = "acknowledge"
    HAND_OVER = "hand_over"
    DECLARE_CONFLICT = "declare_conflict"
    BAR = "bar"
    ASSIGN = "assign"
    TAKE = "take"
    DECIDE = "decide"
    INVESTIGATE = "investigate"
    CONFIRM_REFERRAL = "confirm_referral"
    MONITOR_PARTNER = "monitor_partner"
    SEND_TO_LEGAL = "send_to_legal"
    DECIDE_LEGALLY = "decide_legally"
    PROTECT = "protect"
    CLOSE = "close"
    REOPEN = "reopen"
    SET_TIME = "set_time"
    SEE_WHO_LOOKED = "see_who_looked"
    SEE_READERS = "see_readers"
    ADD_PERSON = "add_person"
    END_STANDING = "end_standing"
    BREAK_GLASS = "break_glass"
    REVIEW_EMERGENCY = "review_emergency"

    ACCEPT_CARE = "accept_care"
    RECORD_CONSENT = "record_consent"
    CARE = "care"
    TELL_OUTCOME = "tell_outcome"

    SEE_REFERRAL = "see_referral"
    ANSWER_REFERRAL = "answer_referral"


class When(StrEnum):
    """On what condition a standing opens a compartment."""

    ALWAYS = "always"
    BEFORE_HAND_OVER = "before_hand_over"
    WITH_CONSENT = "with_consent"
    AFTER_ACCEPTANCE = "after_acceptance"
    IN_DANGER = "in_danger"


class Opening(StrEnum):
    """What a standing comes to: the key, the key behind the gate, or none."""

    OPEN = "open"
    GATED = "gated"
    SHUT = "shut"


_WORKS = {May.LIST_CASES}
_LOGS = _WORKS | {May.LOG_REPORT}

BY_ROLE: Mapping[Role, frozenset[May]] = {
    Role.FOCAL_POINT: frozenset(_LOGS | {May.IMPORT_REPORTS, May.SEE_DIRECTORY}),
    Role.INVESTIGATOR: frozenset(_LOGS),
    Role.PARTNER_INVESTIGATOR: frozenset(_WORKS),
    Role.CARE_OFFICER: frozenset(_LOGS | {May.SEE_DIRECTORY, May.MANAGE_DIRECTORY}),
    Role.LEGAL_OFFICER: frozenset(_WORKS),
    Role.ETHICS_OFFICER: frozenset(_WORKS),
    Role.COORDINATOR: frozenset(
        _LOGS | {May.IMPORT_REPORTS, May.SEE_STATISTICS, May.SEE_DIRECTORY}
    ),
    Role.PROVIDER: frozenset(),
    Role.AUDITOR: frozenset({May.SEE_STATISTICS, May.VERIFY_AUDIT}),
    Role.ADMINISTRATOR: frozenset(
        {May.MANAGE_ORGANISATION, May.MANAGE_DIRECTORY, May.SEE_DIRECTORY}
    ),
}

_ANYONE = {May.SEE_CASE, May.DECLARE_CONFLICT}

BY_STANDING: Mapping[Standing, frozenset[May]] = {
    Standing.INTAKE: frozenset(
        _ANYONE
        | {May.SEE_SUBMISSION, May.DECIDE_SUBMISSION}
        | {May.TRIAGE, May.ACKNOWLEDGE, May.HAND_OVER, May.RECORD_CONSENT}
        | {May.ADD_PERSON}
    ),
    Standing.LEAD: frozenset(
        _ANYONE
        | {May.SEE_SUBMISSION, May.DECIDE_SUBMISSION, May.BAR, May.ASSIGN}
        | {May.CLOSE, May.REOPEN, May.SET_TIME, May.SEE_WHO_LOOKED, May.PROTECT}
        | {May.SEND_TO_LEGAL, May.ADD_PERSON, May.END_STANDING}
        | {May.REVIEW_EMERGENCY, May.SEE_READERS}
    ),
    Standing.INVESTIGATOR: frozenset(
        _ANYONE
        | {May.TAKE, May.DECIDE, May.INVESTIGATE, May.CONFIRM_REFERRAL}
        | {May.MONITOR_PARTNER, May.PROTECT, May.CLOSE, May.SEND_TO_LEGAL}
        | {May.ADD_PERSON}
    ),
    Standing.PARTNER_INVESTIGATOR: frozenset(_ANYONE | {May.MONITOR_PARTNER}),
    Standing.CARE_OFFICER: frozenset(
        _ANYONE
        | {May.ACCEPT_CARE, May.RECORD_CONSENT, May.CARE, May.TELL_OUTCOME}
        | {May.SEE_REFERRAL, May.ADD_PERSON, May.SEE_READERS}
    ),
    Standing.LEGAL_OFFICER: frozenset(_ANYONE | {May.DECIDE_LEGALLY, May.ADD_PERSON}),
    Standing.ETHICS_OFFICER: frozenset(_ANYONE | {May.ADD_PERSON}),
    Standing.PROVIDER: frozenset({May.SEE_REFERRAL, May.ANSWER_REFERRAL}),
    Standing.DUTY: frozenset({May.BREAK_GLASS}),
    Standing.EMERGENCY: frozenset({May.SEE_CASE}),
    Standing.BARRED: frozenset(),
}

# From these a case or referral is seen; without them it does not exist.
SEES = (May.SEE_CASE, May.SEE_SUBMISSION, May.SEE_REFERRAL)

# What intake may no longer do once it has handed a case over.
ENDS_WITH_HAND_OVER = frozenset(
    {May.TRIAGE, May.HAND_OVER, May.RECORD_CONSENT, May.DECIDE_SUBMISSION}
    | {May.ADD_PERSON}
)

_ALWAYS, _INTAKE = When.ALWAYS, When.BEFORE_HAND_OVER
_CONSENT, _ACCEPTED = When.WITH_CONSENT, When.AFTER_ACCEPTANCE
_DANGER = When.IN_DANGER

OPENS: Mapping[Standing, Mapping[Compartment, When]] = {
    Standing.INTAKE: {
        Compartment.REPORT: _INTAKE,
        Compartment.THREAD: _ALWAYS,
        Compartment.SURVIVOR: _INTAKE,
        Compartment.SUBJECT: _INTAKE,
    },
    Standing.LEAD: {
        Compartment.REPORT: _ALWAYS,
        Compartment.THREAD: _ALWAYS,
        Compartment.SURVIVOR: _ALWAYS,
        Compartment.SUBJECT: _ALWAYS,
        Compartment.FINAL: _ALWAYS,
    },
    Standing.INVESTIGATOR: {
        Compartment.REPORT: _ALWAYS,
        Compartment.THREAD: _ALWAYS,
        Compartment.SURVIVOR: _CONSENT,
        Compartment.SUBJECT: _ALWAYS,
        Compartment.INVESTIGATION: _ALWAYS,
    },
    Standing.PARTNER_INVESTIGATOR: {
        Compartment.REPORT: _ALWAYS,
        Compartment.SURVIVOR: _CONSENT,
        Compartment.SUBJECT: _ALWAYS,
    },
    Standing.CARE_OFFICER: {
        Compartment.SURVIVOR: _ALWAYS,
        Compartment.CARE: _ALWAYS,
        Compartment.REFERRAL: _ALWAYS,
    },
    Standing.LEGAL_OFFICER: {
        Compartment.SURVIVOR: _CONSENT,
        Compartment.SUBJECT: _ALWAYS,
        Compartment.FINAL: _ALWAYS,
    },
    Standing.ETHICS_OFFICER: {
        Compartment.SURVIVOR: _CONSENT,
        Compartment.SUBJECT: _ALWAYS,
    },
    Standing.PROVIDER: {Compartment.REFERRAL: _ACCEPTED},
    Standing.DUTY: {
        Compartment.REPORT: _DANGER,
        Compartment.SURVIVOR: _DANGER,
        Compartment.CARE: _DANGER,
    },
    Standing.EMERGENCY: {
        Compartment.REPORT: _ALWAYS,
        Compartment.SURVIVOR: _ALWAYS,
        Compartment.CARE: _ALWAYS,
    },
    Standing.BARRED: {},
}

STANDING_OF_DESK: Mapping[DeskKind, Standing] = {
    DeskKind.INTAKE: Standing.INTAKE,
    DeskKind.COORDINATION: Standing.LEAD,
    DeskKind.INVESTIGATION: Standing.INVESTIGATOR,
    DeskKind.PARTNER: Standing.PARTNER_INVESTIGATOR,
    DeskKind.CARE: Standing.CARE_OFFICER,
    DeskKind.LEGAL: Standing.LEGAL_OFFICER,
    DeskKind.ETHICS: Standing.ETHICS_OFFICER,
    DeskKind.PROVIDER: Standing.PROVIDER,
    DeskKind.DUTY: Standing.DUTY,
}

# Who lets whom stand on a case. Nobody gives what they do not hold: what the one
# given opens, the giver opens or has just written. Only the lead names an
# investigator without holding the investigation: one of the desk that holds it.
GIVES: Mapping[Standing, frozenset[Standing]] = {
    Standing.INTAKE: frozenset({Standing.INTAKE}),
    Standing.LEAD: frozenset(
        {Standing.LEAD, Standing.INVESTIGATOR, Standing.LEGAL_OFFICER}
        | {Standing.ETHICS_OFFICER, Standing.BARRED}
    ),
    Standing.INVESTIGATOR: frozenset(
        {Standing.INVESTIGATOR, Standing.PARTNER_INVESTIGATOR, Standing.LEGAL_OFFICER}
    ),
    Standing.CARE_OFFICER: frozenset({Standing.CARE_OFFICER, Standing.PROVIDER}),
    Standing.LEGAL_OFFICER: frozenset({Standing.LEGAL_OFFICER}),
    Standing.ETHICS_OFFICER: frozenset({Standing.ETHICS_OFFICER}),
    Standing.DUTY: frozenset({Standing.EMERGENCY}),
}

# Who may write where they cannot read: a fresh key each time, kept by others.
WRITES: Mapping[Standing, frozenset[Compartment]] = {
    Standing.INTAKE: frozenset({Compartment.CARE}),
    Standing.INVESTIGATOR: frozenset({Compartment.FINAL}),
    Standing.PARTNER_INVESTIGATOR: frozenset({Compartment.FINAL}),
}

# A victim's supporter does not work on the investigation, nor the other way round.
APART: frozenset[frozenset[Standing]] = frozenset(
    frozenset({care, work})
    for care in (Standing.CARE_OFFICER, Standing.PROVIDER, Standing.EMERGENCY)
    for work in (Standing.INVESTIGATOR, Standing.PARTNER_INVESTIGATOR)
)


@dataclass(frozen=True)
class Facts:
    """What the conditions of `OPENS` look at.

    `offered`: a referral is with its provider, and the survivor agrees to it.
    """

    handed_over: bool = False
    identity_shared: bool = False
    offered: bool = False
    accepted: bool = False

    def opening(self, condition: When) -> Opening:
        """Return what a condition comes to: a duty desk's gate lifts for nobody."""
        met = {
            When.ALWAYS: True,
            When.BEFORE_HAND_OVER: not self.handed_over,
            When.WITH_CONSENT: self.identity_shared,
            When.AFTER_ACCEPTANCE: self.accepted,
            When.IN_DANGER: False,
        }[condition]
        waits = {When.AFTER_ACCEPTANCE: self.offered, When.IN_DANGER: True}
        if met:
            return Opening.OPEN
        return Opening.GATED if waits.get(condition) else Opening.SHUT


def by_role(roles: Iterable[str], action: May) -> bool:
    """Return whether one of a person's roles allows an act on no case in particular."""
    return any(action in BY_ROLE[Role(role)] for role in roles)


def by_standing(standings: Iterable[Standing], action: May) -> bool:
    """Return whether one's standings on a case allow an act on it; barred wins."""
    held = set(standings)
    if Standing.BARRED in held:
        return False
    return any(action in BY_STANDING[standing] for standing in held)


def acts(standings: Iterable[Standing], facts: Facts) -> frozenset[May]:
    """Return what one's standings on a case allow under its facts."""
    held = set(standings)
    allowed = frozenset(act for act in May if by_standing(held, act))
    over = facts.handed_over and held <= {Standing.INTAKE}
    return allowed - ENDS_WITH_HAND_OVER if over else allowed


def opening(standing: Standing, compartment: Compartment, facts: Facts) -> Opening:
    """Return what a standing comes to in a compartment under the facts of the case."""
    condition = OPENS[standing].get(compartment)
    return Opening.SHUT if condition is None else facts.opening(condition)


def opens(standing: Standing, compartment: Compartment, facts: Facts) -> bool:
    """Return whether a standing opens a compartment under the facts of the case."""
    return opening(standing, compartment, facts) is Opening.OPEN


def openers(compartment: Compartment) -> frozenset[Standing]:
    """Return the standings that can ever open a compartment, without a gate alone."""
    return frozenset(
        who
        for who, what in OPENS.items()
        if what.get(compartment, When.IN_DANGER) is not When.IN_DANGER
    )


def writers(compartment: Compartment) -> frozenset[Standing]:
    """Return the standings that may write into a compartment they cannot open."""
    return frozenset(who for who, what in WRITES.items() if compartment in what)


def givers(standing: Standing) -> frozenset[Standing]:
    """Return the standings that let somebody stand on a case in one way."""
    return frozenset(who for who, whom in GIVES.items() if standing in whom)


def clash(standings: Iterable[Standing]) -> bool:
    """Return whether standings must not meet in one person."""
    held = set(standings)
    return any(pair <= held for pair in APART)
