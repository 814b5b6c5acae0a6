"""A report told to staff, from the form to the case."""

import uuid
from typing import Any

from auth import access
from auth.actor import Actor
from auth.models import Office
from auth.policy import May
from casework.cfm.report import Affected, Attachments, IncomingReport
from casework.commands.intake import Filing, file_report, recognise
from casework.vocabulary import (
    ConsentPurpose,
    ConsentStatus,
    Kind,
    Precision,
    ReporterKind,
)
from core import db

Body = dict[str, Any]


def log_report(actor: Actor, _: uuid.UUID | None, body: Body) -> uuid.UUID:
    """File a report that the actor was told; return its case's id.

    The same form sent twice gives the same case.
    """
    access.require_role(actor, May.LOG_REPORT)
    accounts = recognise(body.get("staff_number"), body.get("work_email"))
    filing = Filing(
        report=_report(body),
        office=db.session().get_one(Office, uuid.UUID(body["office"])),
        key=f"form:{actor.id}:{body['key']}",
        source="staff",
        conflicted=body["conflicted"],
        accounts=accounts,
        survivor_name=body.get("survivor_name"),
        survivor_contact=body.get("survivor_contact"),
        care_summary=body.get("care_summary"),
        consents={ConsentPurpose.RECONTACT: ConsentStatus(body["consent_recontact"])},
    )
    return file_report(actor, filing).id


def _report(body: Body) -> IncomingReport:
    people = tuple(
        Affected(
            person["age_band"],
            person["sex"],
            person["disability"],
            person["on_the_move"],
            person.get("leaving_on"),
        )
        for person in body["people"]
    )
    by_survivor = body["reporter_kind"] is ReporterKind.AFFECTED_PERSON
    at = body.get("incident_at") if body["precision"] is Precision.EXACT else None
    return IncomingReport(
        office=None,
        site=None,
        channel=body["channel"],
        language=body["language"],
        received_at=body["received_at"],
        reporter_kind=body["reporter_kind"],
        anonymous=body["anonymous"],
        reporter_name=None if by_survivor else body.get("reporter_name"),
        safe_contact=None if by_survivor else body.get("reporter_contact"),
        kind=Kind(body["kind"]),
        precision=body["precision"],
        incident_at=at,
        incident_on=at.date() if at else body.get("incident_on"),
        place=body.get("place"),
        danger=body["danger"],
        people=people,
        affected_count=len(people),
        medical_needed=body["medical_needed"],
        already_referred=body["already_referred"],
        services=tuple(body["services"]),
        consent_share_identity=ConsentStatus(body["consent_identity"]),
        consent_referral=ConsentStatus(body["consent_referral"]),
        consent_statistics=ConsentStatus(body["consent_statistics"]),
        subject_known=body["subject_known"],
        subject_name=body.get("subject_name"),
        subject_description=body.get("subject_description"),
        subject_category=body["subject_category"],
        subject_employer=body.get("subject_employer"),
        narrative=body.get("narrative"),
        attachments=Attachments(0, ()),
        as_written=(),
    )
