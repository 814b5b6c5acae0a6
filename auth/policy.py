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
    ),
    Standing.LEAD: frozenset(
        _ANYONE
        | {May.SEE_SUBMISSION, May.DECIDE_SUBMISSION, May.BAR, May.ASSIGN}
        | {May.CLOSE, May.REOPEN, May.SET_TIME, May.SEE_WHO_LOOKED, May.PROTECT}
        | {May.SEND_TO_LEGAL}
    ),
    Standing.INVESTIGATOR: frozenset(
        _ANYONE
        | {May.TAKE, May.DECIDE, May.INVESTIGATE, May.CONFIRM_REFERRAL}
        | {May.MONITOR_PARTNER, May.PROTECT, May.CLOSE, May.SEND_TO_LEGAL}
    ),
    Standing.PARTNER_INVESTIGATOR: frozenset(_ANYONE | {May.MONITOR_PARTNER}),
    Standing.CARE_OFFICER: frozenset(
        _ANYONE
        | {May.ACCEPT_CARE, May.RECORD_CONSENT, May.CARE, May.TELL_OUTCOME}
        | {May.SEE_REFERRAL}
    ),
    Standing.LEGAL_OFFICER: frozenset(_ANYONE | {May.DECIDE_LEGALLY}),
    Standing.ETHICS_OFFICER: frozenset(_ANYONE),
    Standing.PROVIDER: frozenset({May.SEE_REFERRAL, May.ANSWER_REFERRAL}),
    Standing.BARRED: frozenset(),
}

# What intake may no longer do once it has handed a case over.
ENDS_WITH_HAND_OVER = frozenset(
    {May.TRIAGE, May.HAND_OVER, May.RECORD_CONSENT, May.DECIDE_SUBMISSION}
)

_ALWAYS, _INTAKE = When.ALWAYS, When.BEFORE_HAND_OVER
_CONSENT, _ACCEPTED = When.WITH_CONSENT, When.AFTER_ACCEPTANCE

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
    for care in (Standing.CARE_OFFICER, Standing.PROVIDER)
    for work in (Standing.INVESTIGATOR, Standing.PARTNER_INVESTIGATOR)
)


@dataclass(frozen=True)
class Facts:
    """What the conditions of `OPENS` look at."""

    handed_over: bool = False
    identity_shared: bool = False
    accepted: bool = False

    def meet(self, condition: When) -> bool:
        """Return whether a condition holds."""
        return {
            When.ALWAYS: True,
            When.BEFORE_HAND_OVER: not self.handed_over,
            When.WITH_CONSENT: self.identity_shared,
            When.AFTER_ACCEPTANCE: self.accepted,
        }[condition]


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


def opens(standing: Standing, compartment: Compartment, facts: Facts) -> bool:
    """Return whether a standing opens a compartment under the facts of the case."""
    condition = OPENS[standing].get(compartment)
    return condition is not None and facts.meet(condition)


def openers(compartment: Compartment) -> frozenset[Standing]:
    """Return the standings that can ever open a compartment."""
    return frozenset(who for who, what in OPENS.items() if compartment in what)


def writers(compartment: Compartment) -> frozenset[Standing]:
    """Return the standings that may write into a compartment they cannot open."""
    return frozenset(who for who, what in WRITES.items() if compartment in what)


def clash(standings: Iterable[Standing]) -> bool:
    """Return whether standings must not meet in one person."""
    held = set(standings)
    return any(pair <= held for pair in APART)
