"""Steps of the desk that takes reports."""

import uuid
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select

from auth import access
from auth.actor import Actor
from auth.models import Office, Person
from auth.policy import May
from casework.commands import desk
from casework.commands.log_report import log_report
from casework.models.case import Case
from casework.schemas import desk as forms
from casework.schemas.intake import LogReport
from casework.steps.making import case_step, choosing, just_now
from core import db
from core.steps import Body, Step, anytime
from core.text import N_


def _people(actor: Actor, _: uuid.UUID) -> Mapping[str, str]:
    rows = db.session().scalars(
        select(Person).where(Person.disabled_at.is_(None)).order_by(Person.name)
    )
    return {str(row.id): row.name for row in rows if row.id != actor.id}


def _as_known(_: Actor, case_id: uuid.UUID) -> Body:
    case = db.session().get_one(Case, case_id)
    return {
        "danger": case.danger,
        "medical_needed": case.medical_needed,
        "referred": case.referred,
    }


def _with_intake(case: Case) -> bool:
    return case.handed_over_at is None


def _logs(actor: Actor, _: None) -> None:
    access.require_role(actor, May.LOG_REPORT)


def _offices(_: Actor, __: None) -> Mapping[str, str]:
    rows = db.session().scalars(select(Office).order_by(Office.name))
    return {str(row.id): row.name for row in rows}


def _own_office(actor: Actor, _: None) -> Body:
    return {"office": str(actor.office_id)} if actor.office_id else {}


LOG = Step(
    endpoint="casework.log_report",
    path="/cases/new",
    title=N_("Log a report"),
    schema=choosing(LogReport, "office", _offices),
    command=log_report,
    allow=_logs,
    after="casework.logged",
    may=May.LOG_REPORT,
    intro=N_("Record what you were told. You do not need to know everything."),
    submit=N_("Log the report"),
    done=N_("The report is logged."),
    prefill=_own_office,
)

STEPS: tuple[Step, ...] = (
    case_step(
        "record_triage",
        N_("Assess immediate safety and needs"),
        May.TRIAGE,
        desk.record_triage,
        forms.RecordTriage,
        when=_with_intake,
        guarded=True,
        prefill=_as_known,
    ),
    case_step(
        "acknowledge",
        N_("Record that receipt was acknowledged"),
        May.ACKNOWLEDGE,
        desk.acknowledge,
        forms.Acknowledge,
        when=lambda case: case.reachable,
        prefill=just_now,
    ),
    case_step(
        "give_feedback",
        N_("Record feedback to the reporter"),
        May.ACKNOWLEDGE,
        desk.give_feedback,
        forms.GiveFeedback,
        when=lambda case: case.reachable,
        prefill=just_now,
    ),
    case_step(
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
    case_step(
        "bar_person",
        N_("Bar a person from this case"),
        May.BAR,
        desk.bar_person,
        choosing(forms.BarPerson, "person", _people),
        when=anytime,
    ),
    replace(
        case_step(
            "declare_conflict",
            N_("Declare a conflict of interest"),
            May.DECLARE_CONFLICT,
            desk.declare_conflict,
            forms.DeclareConflict,
            when=anytime,
            done=N_("You are out of this case."),
        ),
        after="casework.home",
    ),
)
