"""Survivor care: a named officer, consent, offers, updates and the outcome."""

import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from auth import access, keys
from auth.actor import SWEEP, Actor
from auth.models import Office
from auth.policy import Compartment, May, Standing
from casework import cases, timeline
from casework.facts import consents, facts_of
from casework.models.case import Case, Consent
from casework.models.progress import CareNote, OutcomeRow
from casework.vocabulary import (
    AgeBand,
    ConsentGivenBy,
    ConsentPurpose,
    ConsentStatus,
)
from core import audit, db
from core.errors import Invalid, WrongStage
from core.events import Event
from core.text import N_

Body = dict[str, Any]
YOUNG = frozenset(
    {
        AgeBand.FROM_0_TO_5,
        AgeBand.FROM_6_TO_11,
        AgeBand.FROM_12_TO_14,
        AgeBand.UNDER_12,
        AgeBand.FROM_12_TO_17,
    }
)


def accept_care(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Become the named care officer of a survivor."""
    case = cases.load(actor, May.ACCEPT_CARE, case_id)
    assert actor.id
    survivor = cases.survivor(case_id, body["survivor"])
    survivor.officer_id = actor.id
    access.give(case_id, actor.id, Standing.CARE_OFFICER, "accepted_care")
    timeline.record(Event.CARE_ACCEPTED, case, about_id=survivor.id)
    cases.settle(actor, case)


def record_offer(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that assistance was offered, and what the survivor said to it."""
    case = cases.load(actor, May.CARE, case_id)
    survivor = cases.survivor(case_id, body["survivor"])
    timeline.record(
        Event.ASSISTANCE_OFFERED, case, about_id=survivor.id, answer=body["answer"]
    )


def record_clinical(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that urgent clinical care was received or declined."""
    case = cases.load(actor, May.CARE, case_id)
    survivor = cases.survivor(case_id, body["survivor"])
    for what in body["what"]:
        timeline.record(
            Event(what),
            case,
            about_id=survivor.id,
            occurred_at=body["done_at"],
            answer=body["answer"],
        )


def record_consent(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record a decision about one purpose; keys follow it in the same step.

    :raises Invalid: where the age asks for an adult beside the child.
    """
    case = cases.load(actor, May.RECORD_CONSENT, case_id)
    _require_open_to(actor, case)
    survivor = cases.survivor(case_id, body["survivor"])
    _check_giver(survivor.age_band, body)
    _check_taker_back(actor, case_id, survivor.id, body)
    db.add(
        Consent(
            id=uuid.uuid4(),
            case_id=case_id,
            survivor_id=survivor.id,
            purpose=body["purpose"],
            status=body["status"],
            given_by=body["given_by"],
            expires_at=_end_of(case, body.get("until")),
            recorded_by=actor.id,
        )
    )
    _tell_decision(case, survivor.id, body["purpose"], body["status"])
    cases.settle(actor, case)


def _end_of(case: Case, last_day: date | None) -> datetime | None:
    """Return when a day is over at the case's office."""
    if last_day is None:
        return None
    office = db.session().get_one(Office, case.office_id)
    midnight = time(tzinfo=ZoneInfo(office.zone))
    return datetime.combine(last_day + timedelta(days=1), midnight).astimezone(UTC)


def _tell_decision(
    case: Case, survivor_id: uuid.UUID, purpose: str, status: str
) -> None:
    timeline.record(
        Event.CONSENT_RECORDED,
        case,
        about_id=survivor_id,
        purpose=purpose,
        status=status,
    )
    if purpose == ConsentPurpose.RECONTACT:
        given = status == ConsentStatus.GIVEN
        event = Event.RECONTACT_AGREED if given else Event.RECONTACT_ENDED
        timeline.record(event, case, about_id=survivor_id)


def expire_consents(limit: int = 100) -> set[uuid.UUID]:
    """End, for the sweep, the consents whose time is over; return their cases.

    Nobody’s key is needed: keys that hung on them go, and are renewed later.
    """
    over = _over(limit)
    audit.hold({row.case_id for row in over})
    for row in _over(limit, {row.case_id for row in over}):
        case = db.session().get_one(Case, row.case_id)
        db.add(
            Consent(
                id=uuid.uuid4(),
                case_id=row.case_id,
                survivor_id=row.survivor_id,
                purpose=row.purpose,
                status=ConsentStatus.EXPIRED,
            )
        )
        _tell_decision(case, row.survivor_id, row.purpose, ConsentStatus.EXPIRED)
    found = {row.case_id for row in over}
    for case_id in sorted(found):
        cases.settle(SWEEP, db.session().get_one(Case, case_id))
    return found


def _over(limit: int, of: Collection[uuid.UUID] | None = None) -> Sequence[Consent]:
    """Return consents that ran out, and that no later decision took the place of."""
    later = aliased(Consent)
    same = (later.survivor_id == Consent.survivor_id, later.purpose == Consent.purpose)
    superseded = exists().where(*same, later.recorded_at > Consent.recorded_at)
    rows = select(Consent).where(
        Consent.status == ConsentStatus.GIVEN,
        Consent.expires_at <= db.now(),
        ~superseded,
    )
    if of is not None:
        rows = rows.where(Consent.case_id.in_(of))
    return db.session().scalars(rows.order_by(Consent.case_id).limit(limit)).all()


def _require_open_to(actor: Actor, case: Case) -> None:
    held = access.standings(actor, case.id)
    if held <= {Standing.INTAKE} and case.handed_over_at is not None:
        raise WrongStage


def _check_taker_back(
    actor: Actor, case_id: uuid.UUID, survivor_id: uuid.UUID, body: Body
) -> None:
    """Leave the end of an agreement to referrals to those who see the referrals."""
    before = consents(case_id).get((survivor_id, body["purpose"]))
    agreed = before is not None and before.status == ConsentStatus.GIVEN
    ends = agreed and body["status"] != ConsentStatus.GIVEN
    if not ends or body["purpose"] != ConsentPurpose.SERVICE_REFERRAL:
        return
    if Standing.CARE_OFFICER not in access.standings(actor, case_id):
        raise Invalid(
            status=N_("Survivor care records this: referrals under way end with it.")
        )


def _check_giver(age_band: str, body: Body) -> None:
    alone = body["given_by"] == ConsentGivenBy.SELF
    if age_band in YOUNG and alone and body["status"] == ConsentStatus.GIVEN:
        raise Invalid(
            given_by=N_("At this age a caregiver or another trusted adult agrees too.")
        )


def update_survivor(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that the survivor was updated, that it was tried, or declined."""
    case = cases.load(actor, May.CARE, case_id)
    survivor = cases.survivor(case_id, body["survivor"])
    _write_note(actor, case, survivor.id, body.get("note"))
    timeline.record(
        Event.SURVIVOR_UPDATED, case, about_id=survivor.id, answer=body["answer"]
    )


def add_care_note(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Add a note to the survivor's care file."""
    case = cases.load(actor, May.CARE, case_id)
    survivor = cases.survivor(case_id, body["survivor"])
    _write_note(actor, case, survivor.id, body["note"])
    timeline.record(Event.CARE_NOTED, case, about_id=survivor.id)


def _write_note(
    actor: Actor, case: Case, survivor_id: uuid.UUID, text: str | None
) -> None:
    if text is None:
        return
    box = keys.box_for(actor, case.id, Compartment.CARE, facts_of(case))
    row = CareNote(
        id=uuid.uuid4(), case_id=case.id, survivor_id=survivor_id, author_id=actor.id
    )
    row.text = box.seal(CareNote.text, row.id, text)
    db.add(row)


def tell_outcome(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record how the survivor was told the outcome, or why that was not possible."""
    case = cases.load(actor, May.TELL_OUTCOME, case_id)
    survivor = cases.survivor(case_id, body["survivor"])
    row = OutcomeRow(
        id=uuid.uuid4(),
        case_id=case_id,
        survivor_id=survivor.id,
        how=body["how"],
        told_at=body["done_at"],
        told_by=actor.id,
    )
    box = keys.box_for(actor, case_id, Compartment.CARE, facts_of(case))
    row.words = box.seal(OutcomeRow.words, row.id, body.get("words"))
    db.add(row)
    survivor.outcome_told = body["how"]
    timeline.record(
        Event.OUTCOME_TOLD,
        case,
        about_id=survivor.id,
        occurred_at=body["done_at"],
        how=body["how"],
    )
