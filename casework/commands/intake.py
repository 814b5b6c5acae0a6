"""A report becomes a case: sealed, routed, its clocks running; once per key."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import CursorResult, Table, false, or_, select
from sqlalchemy.dialects.postgresql import insert

from auth import access, keys
from auth.actor import Actor
from auth.models import Person
from auth.policy import (
    STANDING_OF_DESK,
    Compartment,
    DeskKind,
    Facts,
    Standing,
)
from auth.routing import routes
from casework import timeline
from casework.facts import identity_shared
from casework.filing import (
    Arrival,
    Filing,
    consents_of,
    new_case,
    seal_leftovers,
    write_rows,
)
from casework.models.case import Case, Submission, Survivor
from casework.stages import target
from casework.timeline import Entry
from casework.vocabulary import ConsentPurpose, ConsentStatus
from core import audit, db
from core.errors import NotVisible
from core.events import Event
from vault.compartments import make_boxes
from vault.keyring import Boxes, held_boxes

__all__ = ["Arrival", "Filing", "Receipt", "file_report", "set_aside"]

AT_FILING = (
    Compartment.REPORT,
    Compartment.THREAD,
    Compartment.SURVIVOR,
    Compartment.SUBJECT,
    Compartment.CARE,
)
SUBMISSIONS = cast(Table, Submission.__table__)
AGREED_TO_CONTACT = (ConsentPurpose.RECONTACT, ConsentStatus.GIVEN)
HELD_APART = (DeskKind.COORDINATION, DeskKind.INTAKE)
ALL_DESKS = (*HELD_APART, DeskKind.INVESTIGATION, DeskKind.CARE, DeskKind.DUTY)


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


def was_same(first: Submission, content: str) -> bool:
    """Return whether a second delivery has the answers of the first."""
    return first.content_hash in (None, _hash(content))


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
        _stand(actor, case_id, filing, ALL_DESKS)
        boxes = make_boxes(case_id, AT_FILING, new=True)
        if filing.report.as_written:
            seal_leftovers(case_id, filing, boxes)
        case = open_case(actor, case_id, filing, boxes)
    return Receipt(case_id, case.reference, new=True)


def set_aside(
    actor: Actor, arrival: Arrival, raw: object, state: str, why: str
) -> Receipt:
    """Keep a submission that is not filed as a case, sealed, for a person to decide."""
    case_id = uuid.uuid4()
    with db.creating(case_id):
        if not _claim(case_id, arrival, state, why):
            return receipt(_claimed(arrival.key))
        boxes = make_boxes(case_id, (Compartment.SURVIVOR,))
        submission = db.session().get_one(Submission, case_id)
        box = boxes[Compartment.SURVIVOR, 1]
        submission.raw = box.seal(Submission.raw, case_id, json.dumps(raw))
        _stand(actor, case_id, arrival, HELD_APART)
        audit.record(case_id, "submission:kept", case_id=case_id, state=state, why=why)
        keys.settle(actor, case_id, Facts(), boxes)
    return Receipt(case_id, None, new=True)


def open_late(actor: Actor, case_id: uuid.UUID, filing: Filing) -> Case:
    """Make a case of a submission that was set aside; who stands on it stays there.

    Parts of a case that the submission had no need of are made now.
    """
    boxes = held_boxes(actor.keyring, case_id)
    there = {name for name, _ in boxes}
    lacking = [part for part in AT_FILING if part not in there]
    access.give_all(case_id, _routed(filing, ALL_DESKS))
    made = make_boxes(case_id, lacking)
    seal_leftovers(case_id, filing, {**boxes, **made})
    return open_case(actor, case_id, filing, {**boxes, **made})


def open_case(actor: Actor, case_id: uuid.UUID, filing: Filing, boxes: Boxes) -> Case:
    """Write a case of a claimed submission, start its clocks, give its keys."""
    case = new_case(case_id, filing)
    db.add(case)
    survivors = write_rows(case, filing, boxes)
    _open_clocks(case, survivors, filing)
    facts = Facts(identity_shared=identity_shared(case_id))
    keys.settle(actor, case_id, facts, boxes)
    return case


def _claim(case_id: uuid.UUID, arrival: Arrival, state: str, why: str | None) -> bool:
    """Write the submission; False where its key was used before."""
    done = db.session().execute(
        insert(SUBMISSIONS)
        .values(
            id=case_id,
            key_hash=_hash(arrival.key),
            content_hash=_hash(arrival.content) if arrival.content else None,
            source=arrival.source,
            external_id=arrival.external_id,
            office_id=arrival.office.id,
            state=state,
            why=why,
            problems=list(arrival.problems),
            received_at=arrival.received_at,
            filed_at=db.now(),
            version_id=1,
        )
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )
    return cast(CursorResult[Any], done).rowcount == 1


def _claimed(key: str) -> uuid.UUID:
    """Return what was filed under a key; what one may not see does not exist."""
    found = select(Submission.id).where(Submission.key_hash == _hash(key))
    case_id = db.session().scalar(found)
    if case_id is None:
        raise NotVisible
    return case_id


def _stand(
    actor: Actor, case_id: uuid.UUID, arrival: Arrival, kinds: Sequence[DeskKind]
) -> None:
    wanted = [
        (access.Active(account, Standing.BARRED, None), "recognised_account")
        for account in arrival.accounts
    ]
    wanted += _routed(arrival, kinds)
    if actor.id and not actor.service:
        wanted.append((access.Active(actor.id, Standing.INTAKE, None), "logged_it"))
    access.give_all(case_id, wanted, new=True)


def _routed(
    arrival: Arrival, kinds: Sequence[DeskKind]
) -> list[tuple[access.Active, str]]:
    """Return how the office's desks are to stand on a case.

    :raises Invalid: where one is missing.
    """
    desks = routes(arrival.office.id, kinds, arrival.conflicted)
    return [
        (access.Active(desk_id, STANDING_OF_DESK[kind], None), "routed")
        for kind, desk_id in desks.items()
    ]


def _open_clocks(case: Case, survivors: list[Survivor], filing: Filing) -> None:
    about = [survivor.id for survivor in survivors]
    agreed = [
        consent.survivor_id
        for consent in consents_of(survivors, filing)
        if (consent.purpose, consent.status) == AGREED_TO_CONTACT
    ]
    case.stage = target("send_to_assessment", case.stage, case.kind)
    timeline.record_all(
        case,
        [
            Entry(Event.REPORT_RECEIVED, occurred_at=case.received_at),
            Entry(Event.CASE_REGISTERED),
            *(Entry(Event.SURVIVOR_RECORDED, about_id) for about_id in about),
            *(Entry(Event.RECONTACT_AGREED, about_id) for about_id in agreed),
            Entry(Event.CASE_RECEIVED),
        ],
    )


def recognise(staff_number: str | None, email: str | None) -> Sequence[uuid.UUID]:
    """Return the accounts of a staff number or an address, to be barred at once.

    The two may be of different people: each is barred.
    """
    known = [
        column == value
        for column, value in (
            (Person.staff_number, staff_number),
            (Person.email, email),
        )
        if value is not None
    ]
    found = select(Person.id).where(or_(false(), *known)).order_by(Person.id)
    return db.session().scalars(found).all()
