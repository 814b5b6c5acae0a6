"""Every step on a case: its form, its command, who may take it and when."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema
from sqlalchemy import select

from auth import access
from auth.actor import Actor
from auth.models import Office, Person
from auth.policy import May
from casework import cases
from casework.commands import care, desk, inquiry, outcome, protect, time
from casework.commands.log_report import log_report
from casework.models.case import Case
from casework.models.progress import ClockRow, InterimMeasure
from casework.queries.cases import CasePage, ClockView, events_since
from casework.schemas import steps as forms
from casework.schemas.intake import LogReport
from casework.sla import CLOCKS, CONTRACTED
from casework.stages import OPEN, can
from casework.vocabulary import AffectedAs, AgeBand
from casework.vocabulary import InterimMeasure as Measure
from core import db
from core.fields import offer
from core.steps import Body, Step
from core.text import N_
from core.times import current_zone

When = Callable[[Any], bool]
SchemaOf = Callable[[Any, Any], Schema]


def _fixed(form: type[Schema]) -> SchemaOf:
    return lambda _actor, _id: form()


def _choosing(
    form: type[Schema],
    field: str,
    choices: Callable[[Any, Any], Mapping[str, str]],
) -> SchemaOf:
    return lambda actor, id: offer(form(), field, choices(actor, id))


def _case_step(
    name: str,
    title: str,
    may: May,
    command: Callable[[Any, Any, Body], Any],
    form: type[Schema] | SchemaOf,
    *,
    when: When,
    **more: Any,
) -> Step:
    def allow(actor: Actor, case_id: uuid.UUID) -> Case:
        return cases.load(actor, may, case_id)

    return Step(
        endpoint=f"casework.{name}",
        path=f"/cases/<uuid:id>/{name.replace('_', '-')}",
        title=title,
        schema=_fixed(form) if isinstance(form, type) else form,
        command=command,
        allow=allow,
        after="casework.case",
        may=may,
        when=when,
        changes=events_since,
        **more,
    )


def _survivors(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    return {
        str(row.id): f"{row.number}. {AffectedAs(row.affected_as).label},"
        f" {AgeBand(row.age_band).label}"
        for row in cases.survivors(case_id)
    }


def _of_survivor(form: type[Schema]) -> SchemaOf:
    return _choosing(form, "survivor", _survivors)


def _people(actor: Actor, _: uuid.UUID) -> Mapping[str, str]:
    rows = db.session().scalars(
        select(Person).where(Person.disabled_at.is_(None)).order_by(Person.name)
    )
    return {str(row.id): row.name for row in rows if row.id != actor.id}


def _measures(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    rows = db.session().scalars(
        select(InterimMeasure).where(
            InterimMeasure.case_id == case_id, InterimMeasure.ended_at.is_(None)
        )
    )
    return {str(row.id): Measure(row.kind).label for row in rows}


def _running_clocks(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    rows = db.session().scalars(
        select(ClockRow)
        .where(
            ClockRow.case_id == case_id,
            ClockRow.stopped_at.is_(None),
            ClockRow.cancelled_at.is_(None),
            ClockRow.not_applicable.is_(None),
        )
        .order_by(ClockRow.due_at)
    )
    return {
        str(row.id): f"{CLOCKS[row.code].label} ({row.due_at:%Y-%m-%d})" for row in rows
    }


def _offices(_: Actor, __: None) -> Mapping[str, str]:
    rows = db.session().scalars(select(Office).order_by(Office.name))
    return {str(row.id): row.name for row in rows}


def _own_office(actor: Actor, _: None) -> Body:
    return {"office": str(actor.office_id)} if actor.office_id else {}


def _as_known(_: Actor, case_id: uuid.UUID) -> Body:
    case = db.session().get_one(Case, case_id)
    return {
        "danger": case.danger,
        "medical_needed": case.medical_needed,
        "referred": case.referred,
    }


def _just_now(_: Actor, __: Any) -> Body:
    return {"done_at": datetime.now(current_zone() or ZoneInfo("UTC")).astimezone(UTC)}


def _logs(actor: Actor, _: None) -> None:
    access.require_role(actor, May.LOG_REPORT)


def _open(case: Case) -> bool:
    return case.stage in OPEN


def _with_intake(case: Case) -> bool:
    return case.handed_over_at is None


def _movable(name: str) -> When:
    return lambda case: can(name, case.stage, case.kind)


def _at(*stages: str) -> When:
    return lambda case: case.stage in stages


def _partner_can(case: Case) -> bool:
    return case.category in CONTRACTED and can("hand_to_partner", case.stage, case.kind)


INQUIRY = ("investigation", "partner_investigation")

LOG = Step(
    endpoint="casework.log_report",
    path="/cases/new",
    title=N_("Log a report"),
    schema=_choosing(LogReport, "office", _offices),
    command=log_report,
    allow=_logs,
    after="casework.logged",
    may=May.LOG_REPORT,
    intro=N_("Record what you were told. You do not need to know everything."),
    submit=N_("Log the report"),
    done=N_("The report is logged."),
    prefill=_own_office,
)

ON_CASE: tuple[Step, ...] = (
    _case_step(
        "record_triage",
        N_("Assess immediate safety and needs"),
        May.TRIAGE,
        desk.record_triage,
        forms.RecordTriage,
        when=_with_intake,
        guarded=True,
        prefill=_as_known,
    ),
    _case_step(
        "acknowledge",
        N_("Record that receipt was acknowledged"),
        May.ACKNOWLEDGE,
        desk.acknowledge,
        forms.Acknowledge,
        when=lambda case: case.reachable,
        prefill=_just_now,
    ),
    _case_step(
        "give_feedback",
        N_("Record feedback to the reporter"),
        May.ACKNOWLEDGE,
        desk.give_feedback,
        forms.GiveFeedback,
        when=lambda case: case.reachable,
        prefill=_just_now,
    ),
    _case_step(
        "hand_over",
        N_("Finish intake and hand over"),
        May.HAND_OVER,
        desk.hand_over,
        forms.Confirm,
        when=_with_intake,
        guarded=True,
        intro=N_(
            "You will keep the exchange with the reporter and the time limits. The"
            " report and the names are then open only to those who go on with them."
        ),
        submit=N_("Hand over"),
    ),
    _case_step(
        "take_case",
        N_("Take this case"),
        May.TAKE,
        inquiry.take_case,
        forms.Confirm,
        when=lambda case: _open(case) and case.taken_by is None,
        guarded=True,
        intro=N_("You become the investigator of this case, with its keys."),
        submit=N_("Take the case"),
    ),
    _case_step(
        "confirm_referral",
        N_("Confirm that survivors were referred"),
        May.CONFIRM_REFERRAL,
        inquiry.confirm_referral,
        forms.ConfirmReferral,
        when=_open,
    ),
    _case_step(
        "open_investigation",
        N_("Open an investigation"),
        May.DECIDE,
        inquiry.open_investigation,
        forms.OpenInvestigation,
        when=_movable("open_investigation"),
        guarded=True,
    ),
    _case_step(
        "hand_to_partner",
        N_("Hand to the partner’s investigators"),
        May.DECIDE,
        inquiry.hand_to_partner,
        forms.HandToPartner,
        when=_partner_can,
        guarded=True,
        intro=N_("Their own organisation investigates. We follow it with time limits."),
    ),
    _case_step(
        "choose_informal",
        N_("Take the informal road"),
        May.DECIDE,
        inquiry.choose_informal,
        forms.ChooseInformal,
        when=_movable("choose_informal"),
        guarded=True,
    ),
    _case_step(
        "add_note",
        N_("Add a note to the investigation"),
        May.INVESTIGATE,
        inquiry.add_note,
        forms.AddNote,
        when=_at(*INQUIRY),
    ),
    _case_step(
        "record_partner",
        N_("Record what the partner did"),
        May.MONITOR_PARTNER,
        inquiry.record_partner,
        forms.RecordPartner,
        when=_at("partner_investigation"),
        prefill=_just_now,
    ),
    _case_step(
        "take_measure",
        N_("Record an interim measure"),
        May.PROTECT,
        protect.take_measure,
        forms.TakeMeasure,
        when=_open,
    ),
    _case_step(
        "review_measure",
        N_("Review an interim measure"),
        May.PROTECT,
        protect.review_measure,
        _choosing(forms.ReviewMeasure, "measure", _measures),
        when=_open,
    ),
    _case_step(
        "issue_report",
        N_("Issue the report with its finding"),
        May.INVESTIGATE,
        inquiry.issue_report,
        forms.IssueReport,
        when=_at(*INQUIRY),
        guarded=True,
        intro=N_("It is sealed for the lead and Legal. You cannot open it again."),
    ),
    _case_step(
        "send_to_legal",
        N_("Send to Legal"),
        May.INVESTIGATE,
        inquiry.send_to_legal,
        forms.Confirm,
        when=_movable("send_to_legal"),
        guarded=True,
        submit=N_("Send to Legal"),
    ),
    _case_step(
        "record_decision",
        N_("Record the decision"),
        May.DECIDE_LEGALLY,
        outcome.record_decision,
        forms.RecordDecision,
        when=_movable("record_decision"),
        guarded=True,
    ),
    _case_step(
        "accept_care",
        N_("Become the survivor’s care officer"),
        May.ACCEPT_CARE,
        care.accept_care,
        _of_survivor(forms.AcceptCare),
        when=lambda _: True,
    ),
    _case_step(
        "record_offer",
        N_("Record an offer of assistance"),
        May.CARE,
        care.record_offer,
        _of_survivor(forms.RecordOffer),
        when=lambda _: True,
    ),
    _case_step(
        "record_clinical",
        N_("Record urgent medical care"),
        May.CARE,
        care.record_clinical,
        _of_survivor(forms.RecordClinical),
        when=lambda _: True,
    ),
    _case_step(
        "record_consent",
        N_("Record a consent decision"),
        May.RECORD_CONSENT,
        care.record_consent,
        _of_survivor(forms.RecordConsent),
        when=lambda _: True,
    ),
    _case_step(
        "update_survivor",
        N_("Record an update to the survivor"),
        May.CARE,
        care.update_survivor,
        _of_survivor(forms.UpdateSurvivor),
        when=lambda _: True,
    ),
    _case_step(
        "add_care_note",
        N_("Add a care note"),
        May.CARE,
        care.add_care_note,
        _of_survivor(forms.AddCareNote),
        when=lambda _: True,
    ),
    _case_step(
        "tell_outcome",
        N_("Record that the outcome was told"),
        May.TELL_OUTCOME,
        care.tell_outcome,
        _of_survivor(forms.TellOutcome),
        when=lambda _: True,
        prefill=_just_now,
    ),
    _case_step(
        "extend_clock",
        N_("Extend a time limit"),
        May.SET_TIME,
        time.extend_clock,
        _choosing(forms.ExtendClock, "clock", _running_clocks),
        when=_open,
    ),
    _case_step(
        "close_case",
        N_("Close the case"),
        May.CLOSE,
        outcome.close_case,
        forms.CloseCase,
        when=_movable("close_case"),
        guarded=True,
    ),
    _case_step(
        "reopen_case",
        N_("Reopen the case"),
        May.REOPEN,
        outcome.reopen_case,
        forms.ReopenCase,
        when=_movable("reopen_case"),
        guarded=True,
    ),
    _case_step(
        "bar_person",
        N_("Bar a person from this case"),
        May.BAR,
        desk.bar_person,
        _choosing(forms.BarPerson, "person", _people),
        when=lambda _: True,
    ),
    _case_step(
        "declare_conflict",
        N_("Declare a conflict of interest"),
        May.DECLARE_CONFLICT,
        desk.declare_conflict,
        forms.DeclareConflict,
        when=lambda _: True,
        done=N_("You are out of this case."),
    ),
)

STEPS = (LOG, *ON_CASE)
BY_NAME: Mapping[str, Step] = {step.name: step for step in STEPS}

# What meets a time limit; a case's page offers these first, the most pressing on top.
MEETS: Mapping[str, tuple[str, ...]] = {
    "safety.triage": ("record_triage",),
    "intake.acknowledge": ("acknowledge",),
    "reporter.feedback": ("give_feedback",),
    "care.assign": ("accept_care",),
    "care.offer": ("record_offer",),
    "care.clinical_72h": ("record_clinical",),
    "care.clinical_120h": ("record_clinical",),
    "survivor.update": ("update_survivor",),
    "survivor.outcome": ("tell_outcome",),
    "referral.confirm_by_investigator": ("confirm_referral",),
    "assess.decide": ("open_investigation", "hand_to_partner", "choose_informal"),
    "investigate.report": ("issue_report",),
    "investigate.report_urgent": ("issue_report",),
    "partner.accept": ("record_partner",),
    "partner.progress": ("record_partner",),
    "partner.report": ("issue_report",),
    "legal.decide": ("record_decision",),
    "protection.review": ("review_measure",),
}
FIRST, LAST = ("take_case",), ("hand_over",)


def next_steps(
    page: CasePage,
) -> tuple[list[tuple[Step, ClockView | None]], list[Step]]:
    """Return what presses, each with its time limit, and every other step."""
    case = page.case
    open_now = [step for step in ON_CASE if step.may in page.may and step.when(case)]
    names = {step.name for step in open_now}
    pressing: dict[str, ClockView | None] = dict.fromkeys(names.intersection(FIRST))
    for clock in filter(lambda each: each.open, page.clocks):
        for name in MEETS.get(clock.code, ()):
            if name in names:
                pressing.setdefault(name, clock)
    pressing.update(dict.fromkeys(names.intersection(LAST)))
    first = [(BY_NAME[name], clock) for name, clock in pressing.items()]
    return first, [step for step in open_now if step.name not in pressing]
