"""What a provider does with a referral: receive, accept or reject, report."""

import uuid
from typing import Any

from auth.actor import Actor
from auth.policy import Compartment
from casework.vocabulary import ReferralStatus
from core import audit, db
from core.errors import Invalid, WrongStage
from core.events import Event
from core.text import N_
from referrals import loading, timeline
from referrals.commands.care import check_after_sending
from referrals.models import Referral, ServiceReport
from referrals.stages import NOT_NOW, REACHED
from vault.keyring import held_boxes
from vault.sealed import Sealed

Body = dict[str, Any]
RECEIVED = "referral:received"
NO_KEY = N_(
    "Words cannot be taken at the moment: the care officer looks at this referral"
    " first. Leave them out, or try again later."
)


def receive_referral(actor: Actor, referral_id: uuid.UUID, body: Body) -> None:
    """Confirm that a referral arrived; the answer is still due."""
    row = loading.take(actor, "receive", referral_id, body)
    row.received_at = db.now()
    audit.record(row.case_id, RECEIVED, case_id=row.case_id, referral=row.id)


def accept_referral(actor: Actor, referral_id: uuid.UUID, body: Body) -> None:
    """Accept a referral, on its codes alone: with that the gate before its key opens.

    :raises WrongStage: where the survivor does not agree any more, or the consent ran
        out; which of them, the provider is not told.
    """
    row = loading.take(actor, "accept", referral_id, body)
    if not loading.facts_of(row).accepted:
        raise WrongStage(NOT_NOW)
    row.answered_at = db.now()
    timeline.record(Event.REFERRAL_ACCEPTED, row)
    loading.settle(actor, row)


def reject_referral(actor: Actor, referral_id: uuid.UUID, body: Body) -> None:
    """Reject a referral, with a reason."""
    row = loading.take(actor, "reject", referral_id, body)
    row.answered_at, row.reject_reason = db.now(), body["reason"]
    timeline.record(Event.REFERRAL_REJECTED, row)
    loading.settle(actor, row)


def report_service(actor: Actor, referral_id: uuid.UUID, body: Body) -> None:
    """Report that a service is in progress, or completed with an outcome.

    :raises Invalid: for a completion without outcome, an outcome without completion,
        or words without the key to seal them.
    """
    completed = body["status"] == ReferralStatus.COMPLETED
    _check_outcome(completed, body)
    move = "complete" if completed else "start"
    row = loading.take(actor, move, referral_id, body)
    check_after_sending(row, body)
    _write_report(actor, row, body)
    _note_reached(row, body, completed)
    if completed:
        row.completed_at, row.outcome = body["done_at"], body["outcome"]
        timeline.record(Event.REFERRAL_COMPLETED, row, body["done_at"])


def _check_outcome(completed: bool, body: Body) -> None:
    given = body.get("outcome") is not None
    if completed and not given:
        raise Invalid(outcome=N_("Choose what the referral came to."))
    if given and not completed:
        raise Invalid(outcome=N_("Leave this out until the service is completed."))


def _note_reached(row: Referral, body: Body, completed: bool) -> None:
    if completed and (row.reached_at or body["outcome"] not in REACHED):
        return
    row.reached_at = row.reached_at or body["done_at"]
    timeline.record(Event.REFERRAL_REACHED, row, body["done_at"])


def _write_report(actor: Actor, row: Referral, body: Body) -> None:
    report = ServiceReport(
        id=uuid.uuid4(),
        case_id=row.case_id,
        referral_id=row.id,
        status=row.status,
        outcome=body.get("outcome"),
        reported_by=actor.id,
    )
    report.text = _sealed(actor, row, report.id, body.get("report"))
    db.add(report)


def _sealed(
    actor: Actor, row: Referral, report_id: uuid.UUID, text: str | None
) -> Sealed | None:
    if text is None:
        return None
    boxes = held_boxes(actor.keyring, row.case_id, row.id)
    mine = [box for (name, _), box in boxes.items() if name == Compartment.REFERRAL]
    if not mine:
        raise Invalid(report=NO_KEY)
    box = max(mine, key=lambda each: each.version)
    return box.seal(ServiceReport.text, report_id, text)
