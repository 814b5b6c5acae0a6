"""A full report, as a focal point files it: every part is there."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from auth.models import Office
from casework.cfm.report import Affected, Attachments, IncomingReport
from casework.commands.intake import Filing
from casework.vocabulary import (
    AgeBand,
    Channel,
    ConsentPurpose,
    ConsentStatus,
    Kind,
    Language,
    NeedType,
    PersonnelCategory,
    Precision,
    ReferredAnswer,
    ReporterKind,
    Sex,
    SubjectKnown,
    YesNoUnknown,
)
from core import db

WORDS = "She was told that help had a price, and that nobody would believe her. " * 20
WOMAN = Affected(
    AgeBand.FROM_25_TO_59, Sex.FEMALE, YesNoUnknown.NO, YesNoUnknown.NO, None
)


def report() -> IncomingReport:
    """Return what a survivor told, two days ago, of two people affected."""
    now = datetime.now(UTC)
    return IncomingReport(
        office="NBO",
        site="Site 4",
        channel=Channel.IN_PERSON,
        language=Language.ENGLISH,
        received_at=now - timedelta(hours=2),
        reporter_kind=ReporterKind.AFFECTED_PERSON,
        anonymous=False,
        reporter_name="Rita of the reports",
        safe_contact="Only through the women’s centre, mornings",
        kind=Kind.SEXUAL_EXPLOITATION,
        precision=Precision.EXACT,
        incident_at=now - timedelta(hours=30),
        incident_on=(now - timedelta(hours=30)).date(),
        place="Behind the distribution point",
        danger=YesNoUnknown.NO,
        people=(WOMAN, WOMAN),
        affected_count=2,
        medical_needed=YesNoUnknown.YES,
        already_referred=ReferredAnswer.NO,
        services=(NeedType.MEDICAL,),
        consent_share_identity=ConsentStatus.GIVEN,
        consent_referral=ConsentStatus.GIVEN,
        consent_statistics=ConsentStatus.REFUSED,
        subject_known=SubjectKnown.NAME,
        subject_name="Mallory of the stores",
        subject_description="Tall, drives the second lorry",
        subject_category=PersonnelCategory.STAFF,
        subject_employer="The stores",
        narrative=WORDS,
        attachments=Attachments(1, ("picture.jpg",)),
        as_written=(),
    )


def filing(office_id: UUID) -> Filing:
    """Return a full report under a key of its own, in the transaction under way."""
    return Filing(
        report=report(),
        office=db.session().get_one(Office, office_id),
        key=secrets.token_hex(16),
        source="benchmark",
        care_summary="She needs a doctor, and somewhere else to sleep.",
        consents={ConsentPurpose.RECONTACT: ConsentStatus.GIVEN},
    )
