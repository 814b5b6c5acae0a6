"""What a care officer does: needs, referrals, follow-up, withdrawal."""

import uuid
from typing import Any

from sqlalchemy import select

from auth import access, keys
from auth.actor import Actor
from auth.policy import Compartment, May, Standing
from casework import cases
from casework import timeline as case_timeline
from casework.commands import care
from casework.facts import facts_of
from casework.models.case import Case, Survivor
from casework.models.progress import CareNote
from casework.opening import reveal
from casework.vocabulary import ConsentStatus, ReferralStatus, ReferredAnswer
from core import db
from core.errors import Invalid, WrongStage
from core.events import Event
from core.references import new_reference
from core.text import N_
from referrals import loading, timeline
from referrals.models import Need, Referral, Service
from referrals.stages import NOT_NOW, OPEN, WITH_PROVIDER, target
from vault.compartments import make_boxes

Body = dict[str, Any]


def once(case_id: uuid.UUID, body: Body) -> uuid.UUID:
    """Return the id of what a form makes: the same for the same form sent twice."""
    key = body.get("key")
    return uuid.uuid5(case_id, key) if key else uuid.uuid4()


def record_need(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record what a survivor needs, and what was done about it."""
    case = cases.load(actor, May.CARE, case_id)
    survivor = _locked(case_id, body)
    row_id = once(case_id, body)
    if db.session().get(Need, row_id):
        return
    box = keys.box_for(actor, case_id, Compartment.CARE, facts_of(case))
    row = Need(
        id=row_id,
        case_id=case_id,
        survivor_id=survivor.id,
        kind=body["kind"],
        answer=body["answer"],
        recorded_by=actor.id,
    )
    row.note = box.seal(Need.note, row.id, body.get("note"))
    db.add(row)
    case_timeline.record(Event.NEED_RECORDED, case, about_id=survivor.id)


def _locked(case_id: uuid.UUID, body: Body) -> Survivor:
    """Return the survivor, so that one form sent twice at once waits for itself."""
    survivor = cases.survivor(case_id, body["survivor"])
    db.session().refresh(survivor, with_for_update=True)
    return survivor


def refer(actor: Actor, case_id: uuid.UUID, body: Body) -> uuid.UUID:
    """Send a survivor's referral to a service; return its id.

    Its provider sees codes only: the key is behind the gate until its acceptance.

    :raises Invalid: without consent, without a way to reach her or him, or where the
        survivor or service is not to be chosen here.
    """
    case = cases.load(actor, May.CARE, case_id)
    survivor = _locked(case_id, body)
    row_id = once(case_id, body)
    if db.session().get(Referral, row_id):
        return row_id
    service, desk_id = _service(body["service"])
    words = _minimum(actor, case, survivor, body)
    row = _draft(case, survivor, service, body)
    row.id, row.made_by = row_id, actor.id
    row.status = target("send", row.status)
    boxes = make_boxes(case_id, [Compartment.REFERRAL], row_id)
    box = boxes[Compartment.REFERRAL, 1]
    row.name = box.seal(Referral.name, row_id, words["name"])
    row.contact = box.seal(Referral.contact, row_id, words["contact"])
    row.request = box.seal(Referral.request, row_id, body.get("request"))
    db.add(row)
    access.give(case_id, desk_id, Standing.PROVIDER, "referred", row_id)
    survivor.referred = ReferredAnswer.YES
    timeline.record(Event.REFERRAL_SENT, row)
    loading.settle(actor, row, boxes)
    return row_id


def _service(chosen: str) -> tuple[Service, uuid.UUID]:
    row = db.session().get(Service, uuid.UUID(chosen))
    if row is None or row.withdrawn_at is not None or row.desk_id is None:
        raise Invalid(service=N_("Choose a service from the list."))
    return row, row.desk_id


def _minimum(
    actor: Actor, case: Case, survivor: Survivor, body: Body
) -> dict[str, str | None]:
    """Return the minimum set: what is recorded, unless the form says other words."""
    if not loading.agreed(case.id, survivor.id):
        raise Invalid(
            survivor=N_(
                "This survivor has not agreed to be referred. Ask, and record the"
                " decision first."
            )
        )
    wanted = [(Survivor.name, [survivor]), (Survivor.safe_contact, [survivor])]
    opened = reveal(actor, case.id, facts_of(case), wanted)
    contact = body.get("contact") or opened(Survivor.safe_contact, survivor)
    if contact is None:
        raise Invalid(
            contact=N_("No safe contact is recorded. Say how the two will meet safely.")
        )
    name = body.get("name") or opened(Survivor.name, survivor)
    return {"name": name, "contact": contact}


def _draft(case: Case, survivor: Survivor, service: Service, body: Body) -> Referral:
    return Referral(
        case_id=case.id,
        reference=new_reference("R"),
        survivor_id=survivor.id,
        service_id=service.id,
        office_id=case.office_id,
        episode=case.episode,
        kind=service.kind,
        urgent=body["urgent"],
        age_band=survivor.age_band,
        language=body["language"],
        status=ReferralStatus.DRAFT,
        sent_at=db.now(),
    )


def record_follow_up(actor: Actor, referral_id: uuid.UUID, body: Body) -> None:
    """Record whether the survivor reached the service, with a note for care.

    :raises WrongStage: before the service has accepted.
    """
    row = loading.load(actor, May.CARE, referral_id, body)
    case = cases.load(actor, May.CARE, row.case_id)
    if row.status not in WITH_PROVIDER:
        raise WrongStage(NOT_NOW)
    check_after_sending(row, body)
    _write_note(actor, case, row, body.get("note"))
    if body["reached"] and row.reached_at is None:
        row.reached_at = body["done_at"]
        timeline.record(Event.REFERRAL_REACHED, row, body["done_at"])
    else:
        case_timeline.record(Event.CARE_NOTED, case, about_id=row.survivor_id)


def check_after_sending(row: Referral, body: Body) -> None:
    """Refuse a moment before the referral was sent; forms know whole minutes.

    :raises Invalid: where it is.
    """
    if body["done_at"] < row.sent_at.replace(second=0, microsecond=0):
        raise Invalid(done_at=N_("This is before the referral was sent."))


def _write_note(actor: Actor, case: Case, row: Referral, text: str | None) -> None:
    if text is None:
        return
    box = keys.box_for(actor, case.id, Compartment.CARE, facts_of(case))
    note = CareNote(
        id=uuid.uuid4(),
        case_id=case.id,
        survivor_id=row.survivor_id,
        author_id=actor.id,
    )
    note.text = box.seal(CareNote.text, note.id, text)
    db.add(note)


def withdraw_referral(actor: Actor, referral_id: uuid.UUID, body: Body) -> None:
    """End a referral before it is completed; the provider's key goes at once."""
    row = loading.load(actor, May.CARE, referral_id, body)
    loading.end(actor, row, body["why"])


def record_consent(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record a consent decision; referrals that it no longer covers end with it."""
    care.record_consent(actor, case_id, body)
    session = db.session()
    rows = session.scalars(
        select(Referral).where(Referral.case_id == case_id, Referral.status.in_(OPEN))
    )
    for row in rows.all():
        if not loading.agreed(case_id, row.survivor_id):
            loading.end(actor, row, loading.way_out(row))


def withdraw_consent(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Record that a survivor wants no referral any more, and end those under way."""
    decision = {"purpose": loading.PURPOSE, "status": ConsentStatus.WITHDRAWN}
    record_consent(actor, case_id, {**body, **decision})
