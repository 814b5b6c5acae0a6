"""Steps of the investigators."""

import uuid
from collections.abc import Mapping

from flask_babel import gettext
from sqlalchemy import select

from auth.actor import Actor
from auth.models import Person
from auth.policy import May
from casework.commands import inquiry, protect
from casework.models.case import Case
from casework.models.progress import InterimMeasure
from casework.schemas import inquiry as forms
from casework.schemas.desk import Confirm
from casework.sla import CONTRACTED
from casework.stages import can
from casework.steps.making import at, case_step, choosing, is_open, just_now, movable
from casework.vocabulary import InterimMeasure as Measure
from core import db
from core.steps import Step
from core.text import N_


def _measures(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    rows = db.session().scalars(
        select(InterimMeasure).where(
            InterimMeasure.case_id == case_id, InterimMeasure.ended_at.is_(None)
        )
    )
    return {str(row.id): gettext(Measure(row.kind).label) for row in rows}


def _investigators(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    ids = inquiry.investigators(case_id)
    rows = db.session().scalars(select(Person).where(Person.id.in_(ids)))
    return {str(row.id): row.name for row in rows if row.disabled_at is None}


def _partner_can(case: Case) -> bool:
    return case.category in CONTRACTED and can("hand_to_partner", case.stage, case.kind)


INQUIRY = ("investigation", "partner_investigation")


def _unreported(case: Case) -> bool:
    return case.stage in INQUIRY and case.finding is None


STEPS: tuple[Step, ...] = (
    case_step(
        "take_case",
        N_("Take this case"),
        May.TAKE,
        inquiry.take_case,
        Confirm,
        when=lambda case: is_open(case) and case.taken_by is None,
        guarded=True,
        intro=N_("You become the investigator of this case, with its keys."),
        submit=N_("Take the case"),
    ),
    case_step(
        "assign_case",
        N_("Assign the case to an investigator"),
        May.ASSIGN,
        inquiry.assign_case,
        choosing(forms.AssignCase, "person", _investigators),
        when=is_open,
        guarded=True,
    ),
    case_step(
        "confirm_referral",
        N_("Confirm that survivors were referred"),
        May.CONFIRM_REFERRAL,
        inquiry.confirm_referral,
        forms.ConfirmReferral,
        when=is_open,
    ),
    case_step(
        "open_investigation",
        N_("Open an investigation"),
        May.DECIDE,
        inquiry.open_investigation,
        forms.OpenInvestigation,
        when=movable("open_investigation"),
        guarded=True,
    ),
    case_step(
        "hand_to_partner",
        N_("Hand to the partner’s investigators"),
        May.DECIDE,
        inquiry.hand_to_partner,
        forms.HandToPartner,
        when=_partner_can,
        guarded=True,
        intro=N_("Their own organisation investigates. We follow it with time limits."),
    ),
    case_step(
        "choose_informal",
        N_("Take the informal road"),
        May.DECIDE,
        inquiry.choose_informal,
        forms.ChooseInformal,
        when=movable("choose_informal"),
        guarded=True,
    ),
    case_step(
        "add_note",
        N_("Add a note to the investigation"),
        May.INVESTIGATE,
        inquiry.add_note,
        forms.AddNote,
        when=at(*INQUIRY),
    ),
    case_step(
        "record_partner",
        N_("Record what the partner did"),
        May.MONITOR_PARTNER,
        inquiry.record_partner,
        forms.RecordPartner,
        when=at("partner_investigation"),
        prefill=just_now,
    ),
    case_step(
        "take_measure",
        N_("Record an interim measure"),
        May.PROTECT,
        protect.take_measure,
        forms.TakeMeasure,
        when=is_open,
    ),
    case_step(
        "review_measure",
        N_("Review an interim measure"),
        May.PROTECT,
        protect.review_measure,
        choosing(forms.ReviewMeasure, "measure", _measures),
        when=is_open,
    ),
    case_step(
        "issue_report",
        N_("Issue the report with its finding"),
        May.INVESTIGATE,
        inquiry.issue_report,
        forms.IssueReport,
        when=_unreported,
        guarded=True,
        intro=N_("It is sealed for the lead and Legal. You cannot open it again."),
    ),
    case_step(
        "send_to_legal",
        N_("Send to Legal"),
        May.SEND_TO_LEGAL,
        inquiry.send_to_legal,
        Confirm,
        when=movable("send_to_legal"),
        guarded=True,
        submit=N_("Send to Legal"),
    ),
)
