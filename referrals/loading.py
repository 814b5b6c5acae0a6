"""Loading a referral for an act, moving it, and letting its keys follow."""

import uuid
from typing import Any

from auth import access
from auth.actor import Actor
from auth.policy import Facts, May
from casework.facts import consents
from casework.vocabulary import ConsentPurpose, ConsentStatus
from core import db
from core.errors import NotVisible, Stale
from referrals.models import Referral
from referrals.stages import MOVES, WITH_PROVIDER, target
from vault.grants import Boxes

Body = dict[str, Any]
PURPOSE = ConsentPurpose.SERVICE_REFERRAL


def load(
    actor: Actor, action: May, referral_id: uuid.UUID, body: Body | None = None
) -> Referral:
    """Return a referral that the actor may act on.

    :raises NotVisible: where the actor stands neither on it nor in its care.
    :raises Forbidden: where the act is not theirs.
    :raises Stale: where `body` says which version was seen, and it is another now.
    """
    row = db.session().get(Referral, referral_id)
    if row is None:
        raise NotVisible
    access.require(actor, action, row.case_id, row.id)
    seen = (body or {}).get("version")
    if seen is not None and seen != row.version_id:
        raise Stale
    return row


def take(actor: Actor, move: str, referral_id: uuid.UUID, body: Body) -> Referral:
    """Load a referral for a move, and make the move.

    :raises WrongStage: where it cannot be made from here.
    """
    row = load(actor, MOVES[move].may, referral_id, body)
    row.status = target(move, row.status)
    return row


def agreed(case_id: uuid.UUID, survivor_id: uuid.UUID) -> bool:
    """Return whether a survivor's consent to be referred is on record, and stands."""
    row = consents(case_id).get((survivor_id, PURPOSE))
    return row is not None and row.status == ConsentStatus.GIVEN


def facts_of(row: Referral) -> Facts:
    """Return what the conditions of the policy look at."""
    return Facts(accepted=row.status in WITH_PROVIDER)


def settle(actor: Actor, row: Referral, boxes: Boxes | None = None) -> None:
    """Make the keys of a referral follow its status and the survivor's consent.

    For care officers only: a provider does not see who else stands on the case.
    """
    accepted = facts_of(row).accepted and agreed(row.case_id, row.survivor_id)
    released = accepted and row.released_at is not None
    access.settle(actor, row.case_id, Facts(accepted=released), boxes, row.id)
