"""A full report for tests; every value can be replaced."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from casework.cfm.report import Affected, Attachments, IncomingReport
from casework.vocabulary import (
    AgeBand,
    Channel,
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

WOMAN = Affected(
    AgeBand.FROM_25_TO_59, Sex.FEMALE, YesNoUnknown.NO, YesNoUnknown.NO, None
)
GIRL = Affected(
    AgeBand.FROM_12_TO_14, Sex.FEMALE, YesNoUnknown.NO, YesNoUnknown.YES, None
)


def report(**changes) -> IncomingReport:
    """Return a report of sexual exploitation by the affected woman herself."""
    now = datetime.now(UTC)
    whole = IncomingReport(
        office="NBO",
        site="Site 4",
        channel=Channel.IN_PERSON,
        language=Language.ENGLISH,
        received_at=now - timedelta(hours=2),
        reporter_kind=ReporterKind.AFFECTED_PERSON,
        anonymous=False,
        reporter_name="Rita of the reports",
        safe_contact="Only through the women's centre, mornings",
        kind=Kind.SEXUAL_EXPLOITATION,
        precision=Precision.EXACT,
        incident_at=now - timedelta(hours=30),
        incident_on=(now - timedelta(hours=30)).date(),
        place="Behind the distribution point",
        danger=YesNoUnknown.NO,
        people=(WOMAN,),
        affected_count=1,
        medical_needed=YesNoUnknown.UNKNOWN,
        already_referred=ReferredAnswer.NO,
        services=(NeedType.MEDICAL,),
        consent_share_identity=ConsentStatus.NOT_YET_ASKED,
        consent_referral=ConsentStatus.GIVEN,
        consent_statistics=ConsentStatus.NOT_YET_ASKED,
        subject_known=SubjectKnown.NAME,
        subject_name="Mallory of the stores",
        subject_description=None,
        subject_category=PersonnelCategory.STAFF,
        subject_employer=None,
        narrative="She was told that help had a price.",
        attachments=Attachments(0, ()),
        as_written=(),
    )
    return replace(whole, **changes)
