"""A report as it is filed, and the rows of the case that it becomes."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from auth.models import Office
from auth.policy import Compartment
from casework.cfm.report import Affected, IncomingReport
from casework.facts import IDENTITY
from casework.models.case import (
    Case,
    Consent,
    Report,
    Subject,
    Submission,
    Survivor,
)
from casework.models.progress import CareNote
from casework.stages import Stage
from casework.vocabulary import (
    AgeBand,
    Channel,
    ConsentGivenBy,
    ConsentPurpose,
    ConsentStatus,
    Language,
    ReporterKind,
    Sex,
    YesNoUnknown,
)
from core import db
from core.references import new_reference
from vault.boxes import Box
from vault.keyring import Boxes

WHOEVER = Affected(
    AgeBand.UNKNOWN, Sex.UNKNOWN, YesNoUnknown.UNKNOWN, YesNoUnknown.UNKNOWN, None
)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Something that came in: where, and under which idempotency key.

    `content` marks its answers, so that a second delivery can be compared.
    `conflicted` says that the person complained of works where it would be read;
    `accounts` are their own, as far as they were recognised.
    """

    office: Office
    key: str
    source: str
    external_id: str | None = None
    content: str | None = None
    problems: Sequence[Mapping[str, str]] = ()
    conflicted: bool = False
    accounts: Sequence[uuid.UUID] = ()

    @property
    def received_at(self) -> datetime:
        """When it came in, as far as it says."""
        return db.now()


@dataclass(frozen=True, kw_only=True)
class Filing(Arrival):
    """A report, and what is known of how it came."""

    report: IncomingReport
    survivor_name: str | None = None
    survivor_contact: str | None = None
    care_summary: str | None = None
    urgent: bool = False
    consents: Mapping[ConsentPurpose, ConsentStatus] = field(default_factory=dict)

    @property
    def received_at(self) -> datetime:
        """When it came in, as the report says."""
        return self.report.received_at


def newest(boxes: Boxes, name: str) -> Box:
    """Return the newest box of a compartment."""
    return max(
        (box for (known, _), box in boxes.items() if known == name),
        key=lambda box: box.version,
    )


def new_case(case_id: uuid.UUID, filing: Filing) -> Case:
    """Return the row of a case as it stands when its report is filed."""
    report = filing.report
    return Case(
        id=case_id,
        reference=new_reference("C"),
        office_id=filing.office.id,
        kind=report.kind,
        stage=Stage.RECEIVED,
        episode=1,
        channel=report.channel or Channel.FOCAL_POINT,
        language=report.language or Language.OTHER,
        reporter_kind=report.reporter_kind,
        anonymous=report.anonymous,
        reachable=bool(report.safe_contact or filing.survivor_contact),
        received_at=report.received_at,
        registered_at=db.now(),
        incident_precision=report.precision,
        incident_at=report.incident_at,
        incident_on=report.incident_on,
        danger=report.danger,
        medical_needed=report.medical_needed,
        referred=report.already_referred,
        services=list(report.services),
        category=report.subject_category,
        subject_known=report.subject_known,
        conflicted=filing.conflicted,
        urgent=filing.urgent or report.danger == YesNoUnknown.YES or report.has_child,
    )


def write_rows(case: Case, filing: Filing, boxes: Boxes) -> list[Survivor]:
    """Write everything that a report says, sealed; return the survivors."""
    report, by_survivor = filing.report, _by_survivor(filing.report)
    own, thread = newest(boxes, Compartment.REPORT), newest(boxes, Compartment.THREAD)
    row = Report(id=uuid.uuid4(), case_id=case.id)
    place = "\n".join(filter(None, (report.site, report.place))) or None
    row.narrative = own.seal(Report.narrative, row.id, report.narrative)
    row.place = own.seal(Report.place, row.id, place)
    row.attachments = own.seal(
        Report.attachments, row.id, "\n".join(report.attachments.names) or None
    )
    if not by_survivor:
        row.reporter_name = thread.seal(
            Report.reporter_name, row.id, report.reporter_name
        )
        row.reporter_contact = thread.seal(
            Report.reporter_contact, row.id, report.safe_contact
        )
    survivors = _survivors(case, filing, boxes)
    db.add(row, _subject(case, report, boxes), *survivors)
    db.add(*consents_of(survivors, filing), *_care_note(case, filing, boxes))
    return survivors


def _by_survivor(report: IncomingReport) -> bool:
    return report.reporter_kind == ReporterKind.AFFECTED_PERSON


def _survivors(case: Case, filing: Filing, boxes: Boxes) -> list[Survivor]:
    report, box = filing.report, newest(boxes, Compartment.SURVIVOR)
    told = _by_survivor(report)
    people = report.people or ((WHOEVER,) if told or report.affected_count else ())
    rows = [
        Survivor(
            id=uuid.uuid4(),
            case_id=case.id,
            number=number,
            age_band=person.age,
            sex=person.sex,
            affected_as=person.published_as,
            disability=person.disability,
            on_the_move=person.on_the_move,
            leaving_on=person.leaving_on,
            referred=report.already_referred,
        )
        for number, person in enumerate(people, start=1)
    ]
    if rows:
        first = rows[0]
        name = filing.survivor_name or (report.reporter_name if told else None)
        contact = filing.survivor_contact or (report.safe_contact if told else None)
        first.name = box.seal(Survivor.name, first.id, name)
        first.safe_contact = box.seal(Survivor.safe_contact, first.id, contact)
    return rows


def _subject(case: Case, report: IncomingReport, boxes: Boxes) -> Subject:
    row, box = (
        Subject(id=uuid.uuid4(), case_id=case.id),
        newest(boxes, Compartment.SUBJECT),
    )
    row.name = box.seal(Subject.name, row.id, report.subject_name)
    row.description = box.seal(Subject.description, row.id, report.subject_description)
    row.employer = box.seal(Subject.employer, row.id, report.subject_employer)
    return row


def consents_of(survivors: list[Survivor], filing: Filing) -> list[Consent]:
    """Record what the survivor decided; nobody else can consent for her or him.

    A child's agreement through a form counts as not yet asked: who gave it is not
    known.
    """
    report = filing.report
    said = {
        IDENTITY: report.consent_share_identity,
        ConsentPurpose.SERVICE_REFERRAL: report.consent_referral,
        ConsentPurpose.STATISTICS: report.consent_statistics,
        **filing.consents,
    }
    if not survivors or not _by_survivor(report):
        return []
    first = survivors[0]
    child = bool(report.people) and report.people[0].is_child
    return [
        Consent(
            id=uuid.uuid4(),
            case_id=first.case_id,
            survivor_id=first.id,
            purpose=purpose,
            status=status,
            given_by=ConsentGivenBy.SELF,
            recorded_by=db.actor().id,
        )
        for purpose, status in said.items()
        if status is ConsentStatus.REFUSED
        or (status is ConsentStatus.GIVEN and not child)
    ]


def _care_note(case: Case, filing: Filing, boxes: Boxes) -> list[CareNote]:
    if filing.care_summary is None:
        return []
    row = CareNote(id=uuid.uuid4(), case_id=case.id, author_id=db.actor().id)
    box = newest(boxes, Compartment.CARE)
    row.text = box.seal(CareNote.text, row.id, filing.care_summary)
    return [row]


def seal_leftovers(case_id: uuid.UUID, filing: Filing, boxes: Boxes) -> None:
    """Keep answers that fitted nowhere, where only intake and care can read them."""
    left = filing.report.as_written
    submission = db.session().get_one(Submission, case_id)
    box = newest(boxes, Compartment.SURVIVOR)
    words = json.dumps(left) if left else None
    submission.raw = box.seal(Submission.raw, case_id, words)
