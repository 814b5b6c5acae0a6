"""A report becomes a case: sealed, routed, its clocks running; once per key."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import CursorResult, Table, select
from sqlalchemy.dialects.postgresql import insert

from auth import access
from auth.accounts import route
from auth.actor import Actor
from auth.models import Office, Person
from auth.policy import (
    STANDING_OF_DESK,
    Compartment,
    DeskKind,
    Facts,
    Standing,
)
from casework import timeline
from casework.cfm.report import Affected, IncomingReport
from casework.facts import IDENTITY, identity_shared
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
from core import audit, db
from core.events import Event
from core.references import new_reference
from vault import grants

AT_FILING = (
    Compartment.REPORT,
    Compartment.THREAD,
    Compartment.SURVIVOR,
    Compartment.SUBJECT,
    Compartment.CARE,
)
SUBMISSIONS = cast(Table, Submission.__table__)
HELD_APART = (DeskKind.COORDINATION, DeskKind.INTAKE)
WHOEVER = Affected(
    AgeBand.UNKNOWN, Sex.UNKNOWN, YesNoUnknown.UNKNOWN, YesNoUnknown.UNKNOWN, None
)


@dataclass(frozen=True, kw_only=True)
class Filing:
    """A report, and what is known of how it came.

    `conflicted` says that the person complained of works where it would be read;
    `account` is their own account, if it was recognised.
    """

    report: IncomingReport
    office: Office
    key: str
    source: str
    external_id: str | None = None
    problems: Sequence[Mapping[str, str]] = ()
    conflicted: bool = False
    account: uuid.UUID | None = None
    survivor_name: str | None = None
    survivor_contact: str | None = None
    care_summary: str | None = None
    urgent: bool = False
    consents: Mapping[ConsentPurpose, ConsentStatus] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """What the person who files gets back; `new` is False for a repetition."""

    id: uuid.UUID
    reference: str | None
    new: bool


def submission_id(key: str) -> uuid.UUID | None:
    """Return the submission that was filed under a key, if the actor may see it."""
    found = select(Submission.id).where(Submission.key_hash == _hash(key))
    return db.session().scalar(found)


def receipt(case_id: uuid.UUID) -> Receipt:
    """Return the receipt of what was filed before."""
    reference = db.session().scalar(select(Case.reference).where(Case.id == case_id))
    return Receipt(case_id, reference, new=False)


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def file_report(actor: Actor, filing: Filing) -> Receipt:
    """Make a case of a report, or return the receipt of the one made before.

    :raises Invalid: where no desk takes the office's reports.
    """
    case_id = uuid.uuid4()
    with db.creating(case_id):
        if not _claim(case_id, filing, "filed", None):
            return receipt(_claimed(filing.key))
        case = _case(case_id, filing)
        db.add(case)
        boxes = grants.make_boxes(case_id, AT_FILING)
        survivors = _write_rows(case, filing, boxes)
        _seal_leftovers(case_id, filing, boxes)
        _stand(actor, case_id, filing, _desks(filing))
        _open_clocks(case, survivors)
        facts = Facts(identity_shared=identity_shared(case_id))
        access.settle(actor, case_id, facts, boxes)
    return Receipt(case_id, case.reference, new=True)


def set_aside(actor: Actor, filing: Filing, raw: object, state: str, why: str) -> Receipt:
    """Keep a submission that is not filed as a case, sealed, for a person to decide."""
    case_id = uuid.uuid4()
    with db.creating(case_id):
        if not _claim(case_id, filing, state, why):
            return receipt(_claimed(filing.key))
        boxes = grants.make_boxes(case_id, (Compartment.SURVIVOR,))
        submission = db.session().get_one(Submission, case_id)
        box = boxes[Compartment.SURVIVOR, 1]
        submission.raw = box.seal(Submission.raw, case_id, json.dumps(raw))
        _stand(actor, case_id, filing, _desks(filing, HELD_APART))
        audit.record(case_id, "submission:kept", case_id=case_id, state=state, why=why)
        access.settle(actor, case_id, Facts(), boxes)
    return Receipt(case_id, None, new=True)


def _claim(case_id: uuid.UUID, filing: Filing, state: str, why: str | None) -> bool:
    """Write the submission; False where its key was used before."""
    done: CursorResult[Any] = db.session().execute(
        insert(SUBMISSIONS)
        .values(
            id=case_id,
            key_hash=_hash(filing.key),
            source=filing.source,
            external_id=filing.external_id,
            office_id=filing.office.id,
            state=state,
            why=why,
            problems=list(filing.problems),
            received_at=filing.report.received_at,
            filed_at=db.now(),
            version_id=1,
        )
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    return done.rowcount == 1


def _claimed(key: str) -> uuid.UUID:
    found = select(Submission.id).where(Submission.key_hash == _hash(key))
    return db.session().execute(found).scalar_one()


def _case(case_id: uuid.UUID, filing: Filing) -> Case:
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


def _write_rows(case: Case, filing: Filing, boxes: grants.Boxes) -> list[Survivor]:
    report, by_survivor = filing.report, _by_survivor(filing.report)
    own, thread = boxes[Compartment.REPORT, 1], boxes[Compartment.THREAD, 1]
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
    db.add(*_consents(survivors, filing), *_care_note(case, filing, boxes))
    return survivors


def _by_survivor(report: IncomingReport) -> bool:
    return report.reporter_kind == ReporterKind.AFFECTED_PERSON


def _survivors(case: Case, filing: Filing, boxes: grants.Boxes) -> list[Survivor]:
    report, box = filing.report, boxes[Compartment.SURVIVOR, 1]
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


def _subject(case: Case, report: IncomingReport, boxes: grants.Boxes) -> Subject:
    row, box = Subject(id=uuid.uuid4(), case_id=case.id), boxes[Compartment.SUBJECT, 1]
    row.name = box.seal(Subject.name, row.id, report.subject_name)
    row.description = box.seal(Subject.description, row.id, report.subject_description)
    row.employer = box.seal(Subject.employer, row.id, report.subject_employer)
    return row


def _consents(survivors: list[Survivor], filing: Filing) -> list[Consent]:
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


def _care_note(case: Case, filing: Filing, boxes: grants.Boxes) -> list[CareNote]:
    if filing.care_summary is None:
        return []
    row = CareNote(id=uuid.uuid4(), case_id=case.id, author_id=db.actor().id)
    box = boxes[Compartment.CARE, 1]
    row.text = box.seal(CareNote.text, row.id, filing.care_summary)
    return [row]


def _seal_leftovers(case_id: uuid.UUID, filing: Filing, boxes: grants.Boxes) -> None:
    """Keep answers that fitted nowhere, where only intake and care can read them."""
    if not filing.report.as_written:
        return
    submission = db.session().get_one(Submission, case_id)
    box = boxes[Compartment.SURVIVOR, 1]
    words = json.dumps(filing.report.as_written)
    submission.raw = box.seal(Submission.raw, case_id, words)


def _desks(
    filing: Filing,
    kinds: Sequence[DeskKind] = (*HELD_APART, DeskKind.INVESTIGATION, DeskKind.CARE),
) -> dict[DeskKind, uuid.UUID]:
    conflicted = filing.conflicted
    return {kind: route(filing.office.id, kind, conflicted) for kind in kinds}


def _stand(
    actor: Actor, case_id: uuid.UUID, filing: Filing, desks: Mapping[DeskKind, uuid.UUID]
) -> None:
    if filing.account:
        access.give(case_id, filing.account, Standing.BARRED, "recognised_account")
    for kind, desk_id in desks.items():
        access.give(case_id, desk_id, STANDING_OF_DESK[kind], "routed")
    if actor.id and not actor.service:
        access.give(case_id, actor.id, Standing.INTAKE, "logged_it")


def _open_clocks(case: Case, survivors: list[Survivor]) -> None:
    received = case.received_at
    timeline.record(Event.REPORT_RECEIVED, case, occurred_at=received)
    timeline.record(Event.CASE_REGISTERED, case)
    for survivor in survivors:
        timeline.record(Event.SURVIVOR_RECORDED, case, about_id=survivor.id)
    case.stage = Stage.ASSESSMENT
    timeline.record(Event.CASE_RECEIVED, case)


def recognise(staff_number: str | None) -> uuid.UUID | None:
    """Return the account of a staff number, so that its owner is barred at once."""
    if staff_number is None:
        return None
    found = select(Person.id).where(Person.staff_number == staff_number)
    return db.session().scalar(found)
