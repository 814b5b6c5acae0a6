"""The time limits: one table of clocks. Change a limit here and nowhere else.

A running clock keeps the version that it started with. Sources and what each number
rests on (`basis`) are shown beside every limit; docs/generated/clocks.md is made of
this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from casework.vocabulary import (
    ConsentPurpose,
    Kind,
    PersonnelCategory,
    Word,
)
from core.calendar import Limit, days, hours, months, working_days
from core.events import Event, Track
from core.text import N_


class Basis(Word):
    """What stands behind a number."""

    EVALUATION = "evaluation", N_("Asked for by the Evaluation or MOPAN")
    FOUND = "found", N_("Found in a published source")
    STATED = "stated", N_("Generally quoted; not read again")
    OURS = "ours", N_("Our choice; no rule")


class Anchor(StrEnum):
    """What moment a clock counts from."""

    EVENT = "event"
    RECEIPT = "receipt"
    INCIDENT = "incident"


class Absent(Word):
    """Why a clock does not apply."""

    NO_CHANNEL = "no_channel", N_("Nobody can be reached")
    NO_LONGER = "no_longer", N_("Ended before it was due")


@dataclass(frozen=True)
class About:
    """The facts of a case that decide which clocks apply, and how."""

    kind: str
    danger: bool
    urgent: bool
    reachable: bool
    incident_at: datetime | None
    received_at: datetime


Condition = Callable[[About], bool]


def always(_: About) -> bool:
    """Every case."""
    return True


def urgent(about: About) -> bool:
    """Only what is urgent."""
    return about.urgent


def in_good_time(about: About) -> bool:
    """Only what is not urgent."""
    return not about.urgent


def reachable(about: About) -> bool:
    """The reporter left a way to answer."""
    return about.reachable


def within(limit: timedelta) -> Condition:
    """Only a sexual assault whose exact time is less than `limit` before receipt."""

    def recent(about: About) -> bool:
        if about.incident_at is None or about.kind not in CLINICAL:
            return False
        return about.received_at - about.incident_at <= limit

    return recent


CLINICAL = frozenset({Kind.SEXUAL_ABUSE, Kind.SEXUAL_EXPLOITATION, Kind.UNSURE})


@dataclass(frozen=True)
class Clock:
    """A rule: what starts it, what stops it, and how long there is.

    `in_danger` replaces the limit where danger is immediate. `ends` are events after
    which it no longer applies. A `repeats` clock starts again when it is stopped.
    `fallback` names the clock whose breach starts this one, where the step before
    was skipped. Where `possible` is not so, it is there as not applicable, `why`.
    """

    code: str
    label: str
    starts: Event
    stops: frozenset[Event]
    limit: Limit
    basis: Basis
    track: Track
    source: str = ""
    in_danger: Limit | None = None
    anchor: Anchor = Anchor.EVENT
    applies: Condition = always
    possible: Condition = always
    ends: frozenset[Event] = frozenset({Event.CASE_CLOSED})
    repeats: bool = False
    fallback: str | None = None
    version: int = 1

    def limit_for(self, about: About) -> Limit:
        """Return the limit for a case."""
        return self.in_danger if self.in_danger and about.danger else self.limit


ACCOUNTABILITY, CARE, REFERRAL = Track.ACCOUNTABILITY, Track.CARE, Track.REFERRAL
NEVER_ENDS: frozenset[Event] = frozenset()
REFERRAL_ENDS = frozenset({Event.REFERRAL_WITHDRAWN, Event.REFERRAL_REJECTED})

_RULES = (
    Clock(
        "intake.forward",
        N_("Report registered"),
        starts=Event.REPORT_RECEIVED,
        stops=frozenset({Event.CASE_REGISTERED}),
        limit=hours(24),
        basis=Basis.FOUND,
        source=N_("Safeguarding procedures"),
        track=ACCOUNTABILITY,
        anchor=Anchor.RECEIPT,
    ),
    Clock(
        "intake.acknowledge",
        N_("Receipt acknowledged to the reporter"),
        starts=Event.REPORT_RECEIVED,
        stops=frozenset({Event.REPORT_ACKNOWLEDGED}),
        limit=days(7),
        basis=Basis.FOUND,
        source=N_("Directive (EU) 2019/1937, article 9"),
        track=ACCOUNTABILITY,
        anchor=Anchor.RECEIPT,
        possible=reachable,
    ),
    Clock(
        "reporter.feedback",
        N_("Feedback given to the reporter"),
        starts=Event.REPORT_ACKNOWLEDGED,
        stops=frozenset({Event.FEEDBACK_GIVEN}),
        limit=months(3),
        basis=Basis.FOUND,
        source=N_("Directive (EU) 2019/1937, article 9"),
        track=ACCOUNTABILITY,
        possible=reachable,
        fallback="intake.acknowledge",
        ends=NEVER_ENDS,
    ),
    Clock(
        "safety.triage",
        N_("Immediate safety and needs assessed"),
        starts=Event.CASE_REGISTERED,
        stops=frozenset({Event.SAFETY_TRIAGED}),
        limit=hours(24),
        in_danger=hours(2),
        basis=Basis.OURS,
        track=CARE,
    ),
    Clock(
        "care.assign",
        N_("A named care officer has accepted"),
        starts=Event.SURVIVOR_RECORDED,
        stops=frozenset({Event.CARE_ACCEPTED}),
        limit=hours(24),
        basis=Basis.EVALUATION,
        source=N_("Evaluation 4.9 asks for it; the number is ours"),
        track=CARE,
        ends=NEVER_ENDS,
    ),
    Clock(
        "care.offer",
        N_("Assistance offered"),
        starts=Event.SURVIVOR_RECORDED,
        stops=frozenset({Event.ASSISTANCE_OFFERED}),
        limit=hours(24),
        basis=Basis.OURS,
        source=N_("After the UN victim-assistance protocol"),
        track=CARE,
        ends=NEVER_ENDS,
    ),
    Clock(
        "care.clinical_72h",
        N_("Care after exposure to HIV received or declined"),
        starts=Event.SURVIVOR_RECORDED,
        stops=frozenset({Event.HIV_CARE_SETTLED}),
        limit=hours(72),
        basis=Basis.FOUND,
        source=N_("WHO clinical guidance"),
        track=CARE,
        anchor=Anchor.INCIDENT,
        applies=within(timedelta(hours=72)),
        ends=NEVER_ENDS,
    ),
    Clock(
        "care.clinical_120h",
        N_("Emergency contraception received or declined"),
        starts=Event.SURVIVOR_RECORDED,
        stops=frozenset({Event.CONTRACEPTION_SETTLED}),
        limit=hours(120),
        basis=Basis.FOUND,
        source=N_("WHO clinical guidance"),
        track=CARE,
        anchor=Anchor.INCIDENT,
        applies=within(timedelta(hours=120)),
        ends=NEVER_ENDS,
    ),
    Clock(
        "survivor.update",
        N_("Survivor updated"),
        starts=Event.RECONTACT_AGREED,
        stops=frozenset({Event.SURVIVOR_UPDATED, Event.OUTCOME_TOLD}),
        limit=days(30),
        basis=Basis.OURS,
        source=N_("The right: Evaluation; practice was three months"),
        track=CARE,
        ends=frozenset({Event.RECONTACT_ENDED, Event.CASE_CLOSED}),
        repeats=True,
    ),
    Clock(
        "survivor.outcome",
        N_("Outcome told to the survivor"),
        starts=Event.OUTCOME_DUE,
        stops=frozenset({Event.OUTCOME_TOLD}),
        limit=working_days(5),
        basis=Basis.EVALUATION,
        source=N_("Evaluation 4.10 d; the number is ours"),
        track=CARE,
        ends=NEVER_ENDS,
    ),
    Clock(
        "referral.respond_urgent",
        N_("Urgent referral answered"),
        starts=Event.REFERRAL_SENT,
        stops=frozenset({Event.REFERRAL_ACCEPTED, Event.REFERRAL_REJECTED}),
        limit=hours(24),
        basis=Basis.OURS,
        track=REFERRAL,
        applies=urgent,
        ends=REFERRAL_ENDS,
    ),
    Clock(
        "referral.respond",
        N_("Referral answered"),
        starts=Event.REFERRAL_SENT,
        stops=frozenset({Event.REFERRAL_ACCEPTED, Event.REFERRAL_REJECTED}),
        limit=hours(72),
        basis=Basis.OURS,
        track=REFERRAL,
        applies=in_good_time,
        ends=REFERRAL_ENDS,
    ),
    Clock(
        "referral.reach",
        N_("Service reached"),
        starts=Event.REFERRAL_ACCEPTED,
        stops=frozenset({Event.REFERRAL_REACHED}),
        limit=days(7),
        basis=Basis.OURS,
        track=REFERRAL,
        ends=REFERRAL_ENDS | {Event.REFERRAL_COMPLETED},
    ),
    Clock(
        "referral.keys",
        N_("Keys of a referral renewed"),
        starts=Event.REFERRAL_KEYS_TO_RENEW,
        stops=frozenset({Event.REFERRAL_KEYS_RENEWED}),
        limit=days(7),
        basis=Basis.OURS,
        source=N_("Done by itself when survivor care opens the referral"),
        track=REFERRAL,
        ends=NEVER_ENDS,
    ),
    Clock(
        "referral.confirm_by_investigator",
        N_("Investigators confirm that the survivor was referred"),
        starts=Event.CASE_RECEIVED,
        stops=frozenset({Event.REFERRAL_CONFIRMED}),
        limit=working_days(5),
        basis=Basis.EVALUATION,
        source=N_("Evaluation, footnote 45; the number is ours"),
        track=ACCOUNTABILITY,
    ),
    Clock(
        "assess.decide",
        N_("Assessment decided"),
        starts=Event.CASE_RECEIVED,
        stops=frozenset({Event.ASSESSMENT_DECIDED}),
        limit=days(30),
        basis=Basis.EVALUATION,
        source=N_("MOPAN: intake of harassment cases took up to a month"),
        track=ACCOUNTABILITY,
    ),
    Clock(
        "investigate.report_urgent",
        N_("Report of an urgent investigation issued"),
        starts=Event.INVESTIGATION_OPENED,
        stops=frozenset({Event.REPORT_ISSUED}),
        limit=months(3),
        basis=Basis.STATED,
        track=ACCOUNTABILITY,
        applies=urgent,
    ),
    Clock(
        "investigate.report",
        N_("Report of investigation issued"),
        starts=Event.INVESTIGATION_OPENED,
        stops=frozenset({Event.REPORT_ISSUED}),
        limit=months(6),
        basis=Basis.STATED,
        source=N_("UN target of six months"),
        track=ACCOUNTABILITY,
        applies=in_good_time,
    ),
    Clock(
        "partner.accept",
        N_("Partner has accepted the case"),
        starts=Event.PARTNER_HANDED,
        stops=frozenset({Event.PARTNER_ACCEPTED}),
        limit=working_days(5),
        basis=Basis.OURS,
        track=ACCOUNTABILITY,
    ),
    Clock(
        "partner.progress",
        N_("Partner reports progress"),
        starts=Event.PARTNER_ACCEPTED,
        stops=frozenset({Event.PARTNER_PROGRESSED}),
        limit=days(30),
        basis=Basis.OURS,
        track=ACCOUNTABILITY,
        ends=frozenset({Event.PARTNER_REPORTED, Event.CASE_CLOSED}),
        repeats=True,
    ),
    Clock(
        "partner.report",
        N_("Partner’s report received"),
        starts=Event.PARTNER_ACCEPTED,
        stops=frozenset({Event.PARTNER_REPORTED}),
        limit=months(6),
        basis=Basis.OURS,
        track=ACCOUNTABILITY,
        fallback="partner.accept",
    ),
    Clock(
        "legal.decide",
        N_("Decision recorded"),
        starts=Event.LEGAL_RECEIVED,
        stops=frozenset({Event.DECISION_RECORDED}),
        limit=days(60),
        basis=Basis.OURS,
        source=N_("MOPAN: not reported"),
        track=ACCOUNTABILITY,
    ),
    Clock(
        "protection.review",
        N_("Interim measure reviewed"),
        starts=Event.MEASURE_TAKEN,
        stops=frozenset({Event.MEASURE_REVIEWED}),
        limit=days(14),
        basis=Basis.OURS,
        track=ACCOUNTABILITY,
        ends=frozenset({Event.MEASURE_ENDED, Event.CASE_CLOSED}),
        repeats=True,
    ),
    Clock(
        "emergency.review",
        N_("Opening in an emergency reviewed"),
        starts=Event.GLASS_BROKEN,
        stops=frozenset({Event.EMERGENCY_REVIEWED}),
        limit=working_days(3),
        basis=Basis.OURS,
        track=ACCOUNTABILITY,
        ends=NEVER_ENDS,
    ),
    Clock(
        "keys.renew",
        N_("Keys renewed after somebody lost access"),
        starts=Event.KEYS_TO_RENEW,
        stops=frozenset({Event.KEYS_RENEWED}),
        limit=days(7),
        basis=Basis.OURS,
        source=N_("Done by itself when a holder of the key opens the case"),
        track=ACCOUNTABILITY,
        ends=NEVER_ENDS,
    ),
    Clock(
        "stock.ageing",
        N_("Case closed within half a year"),
        starts=Event.CASE_REGISTERED,
        stops=frozenset({Event.CASE_CLOSED}),
        limit=days(180),
        basis=Basis.OURS,
        source=N_("After MOPAN on cases open for long"),
        track=ACCOUNTABILITY,
        ends=NEVER_ENDS,
    ),
)

CLOCKS: Mapping[str, Clock] = {rule.code: rule for rule in _RULES}
AT_RISK_SHARE = 0.25
RECONTACT = ConsentPurpose.RECONTACT
CONTRACTED = frozenset(
    {
        PersonnelCategory.THIRD_PARTY_CONTRACTOR,
        PersonnelCategory.IMPLEMENTING_PARTNER,
        PersonnelCategory.SERVICE_PROVIDER,
    }
)
