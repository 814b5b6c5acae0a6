"""Loading a referral for an act, moving it, ending it, and letting its keys follow."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, func, select

from auth import access, keys
from auth.actor import SWEEP, Actor
from auth.policy import Facts, May, by_standing
from casework.facts import consents, is_given
from casework.models.progress import ClockRow
from casework.vocabulary import ConsentPurpose, ConsentStatus
from core import audit, db
from core.errors import NotVisible, Stale
from core.events import Event
from referrals import timeline
from referrals.models import Referral
from referrals.stages import MOVES, OPEN, WAITING, WITH_PROVIDER, target
from vault import work
from vault.keyring import Boxes
from vault.models import KeyWork

Body = dict[str, Any]
PURPOSE = ConsentPurpose.SERVICE_REFERRAL
RAN_OUT = frozenset({ConsentStatus.GIVEN, ConsentStatus.EXPIRED})
KEYS = "referral.keys"
AT_ONCE = 50


def load(
    actor: Actor, action: May, referral_id: uuid.UUID, body: Body | None = None
) -> Referral:
    """Return a referral that the actor may act on.

    To act, which is to come with a `body`, is to hold the case's chain first: nobody
    else moves the referral or renews its keys until the step is done.

    :raises NotVisible: where the actor stands neither on it nor in its care.
    :raises Forbidden: where the act is not theirs.
    :raises Stale: where `body` says which version was seen, and it is another now.
    """
    row = db.session().get(Referral, referral_id)
    if row is None:
        raise NotVisible
    access.require(actor, action, row.case_id, row.id)
    if body is not None:
        _hold(row)
    seen = (body or {}).get("version")
    if seen is not None and seen != row.version_id:
        raise Stale
    return row


def _hold(row: Referral) -> None:
    """Hold the case's chain, and learn what was done while waiting for it."""
    audit.hold([row.case_id])
    db.session().refresh(row)


def take(actor: Actor, move: str, referral_id: uuid.UUID, body: Body) -> Referral:
    """Load a referral for a move, and make the move.

    :raises WrongStage: where it cannot be made from here.
    """
    row = load(actor, MOVES[move].may, referral_id, body)
    row.status = target(move, row.status)
    return row


def agreed(case_id: uuid.UUID, survivor_id: uuid.UUID) -> bool:
    """Return whether a survivor's consent to be referred is on record, and stands."""
    return is_given(consents(case_id).get((survivor_id, PURPOSE)))


def way_out(row: Referral) -> str:
    """Return the move that ends a referral to which its survivor agrees no longer."""
    newest = consents(row.case_id).get((row.survivor_id, PURPOSE))
    return "expire" if newest and newest.status in RAN_OUT else "withdraw_consent"


def end(actor: Actor, row: Referral, move: str) -> None:
    """End a referral; the provider's key goes in the same step.

    :raises WrongStage: where it cannot be ended so from here.
    """
    row.status = target(move, row.status)
    event = MOVES[move].event
    assert event
    timeline.record(event, row)
    settle(actor, row)


def facts_of(row: Referral) -> Facts:
    """Return what the conditions of the policy look at.

    The database says whether the survivor still agrees: a provider sees no consent.
    """
    still = bool(db.session().scalar(select(func.still_agreed(row.id))))
    return Facts(
        offered=still and row.status in WAITING,
        accepted=still and row.status in WITH_PROVIDER,
    )


def settle(actor: Actor, row: Referral, boxes: Boxes | None = None) -> None:
    """Make the keys of a referral follow its status and the survivor's consent.

    A key that waits to be renewed has a time limit until somebody renews it.
    """
    db.session().flush()
    left = keys.settle(actor, row.case_id, facts_of(row), boxes, row.id)
    if left.to_renew and not left.waited:
        timeline.record(Event.REFERRAL_KEYS_TO_RENEW, row)
    elif left.waited and not left.to_renew:
        timeline.record(Event.REFERRAL_KEYS_RENEWED, row)


def catch_up(actor: Actor, row: Referral) -> None:
    """Do what is left on a referral's keys, where the actor cares for its survivor.

    A provider does not: who else should hold the key is for survivor care to settle.
    """
    held = access.standings(actor, row.case_id, row.id)
    if by_standing(held, May.CARE) and work.due(row.case_id, row.id):
        _hold(row)
        settle(actor, row)


def open_one(actor: Actor, referral_id: uuid.UUID) -> None:
    """Catch up on a referral that is about to be shown, where it is visible at all."""
    row = db.session().get(Referral, referral_id)
    if row is not None:
        catch_up(actor, row)


def open_all(actor: Actor, case_id: uuid.UUID) -> None:
    """Catch up on every referral of a case that is about to be shown."""
    mine = select(Referral).where(Referral.case_id == case_id).order_by(Referral.id)
    for row in db.session().scalars(mine).all():
        catch_up(actor, row)


def expire(now: datetime | None = None) -> int:
    """End the open referrals of survivors who agree no longer; return how many.

    Run it as often as you like, and several at once: each referral is ended by one of
    them. It needs no key: what is to be renewed waits for survivor care.
    """
    at, found = now or datetime.now(UTC), 0
    while count := _expire(at):
        found += count
    return found


def _expire(at: datetime) -> int:
    over = Referral.status.in_(OPEN) & func.still_agreed(Referral.id).is_(False)
    with db.transaction(SWEEP, at) as session:
        cases = select(Referral.case_id).where(over).distinct().limit(AT_ONCE)
        held = session.scalars(cases).all()
        audit.hold(held)
        rows = select(Referral).where(Referral.case_id.in_(held), over)
        found = session.scalars(rows.order_by(Referral.id)).all()
        for row in found:
            end(SWEEP, row, way_out(row))
    return len(found)


def watch_keys(now: datetime | None = None) -> int:
    """Put a time limit on keys that wait since somebody was barred, or left a desk.

    Return how many referrals there were, of some cases at once.
    """
    watched = exists().where(
        ClockRow.referral_id == KeyWork.referral_id,
        ClockRow.case_id == KeyWork.case_id,
        ClockRow.code == KEYS,
        ClockRow.stopped_at.is_(None),
    )
    waits = KeyWork.renew & KeyWork.referral_id.is_not(None) & ~watched
    with db.transaction(SWEEP, now or datetime.now(UTC)) as session:
        cases = select(KeyWork.case_id).where(waits).distinct().limit(AT_ONCE)
        held = session.scalars(cases).all()
        audit.hold(held)
        rows = select(Referral).join(KeyWork, KeyWork.referral_id == Referral.id)
        found = session.scalars(rows.where(Referral.case_id.in_(held), waits)).all()
        for row in found:
            timeline.record(Event.REFERRAL_KEYS_TO_RENEW, row)
    return len(found)
