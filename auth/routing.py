"""Changing which desk takes an office's cases: one person asks, another confirms.

Who confirms holds the key of a desk that coordinates, which members give and no
administrator can: so nobody leads cases to people of his own making.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select

from auth.accounts import check_route, set_route
from auth.actor import Actor
from auth.models import RouteChange
from auth.policy import DeskKind
from core import audit, db
from core.errors import NotVisible, Stale


def may_confirm() -> bool:
    """Return whether whoever acts may set routes; row security asks the same."""
    return bool(db.session().scalar(select(func.may_route())))


def ask(
    actor: Actor,
    office_id: uuid.UUID,
    kind: DeskKind,
    desk_id: uuid.UUID,
    alternative_id: uuid.UUID | None,
) -> None:
    """Ask for a route; where nobody coordinates yet, set it.

    :raises Invalid: where a desk cannot take cases.
    """
    if may_confirm():
        set_route(office_id, kind, desk_id, alternative_id)
        return
    check_route(kind, desk_id, alternative_id)
    change = RouteChange(
        id=uuid.uuid4(),
        office_id=office_id,
        kind=kind,
        desk_id=desk_id,
        alternative_id=alternative_id,
        asked_by=actor.id,
    )
    db.add(change)
    audit.record(
        office_id,
        "route:asked",
        change=change.id,
        kind=kind,
        desk=desk_id,
        other=alternative_id,
    )


def waiting() -> Sequence[RouteChange]:
    """Return the changes that nobody has decided on, oldest first."""
    statement = select(RouteChange).where(RouteChange.decided_at.is_(None))
    return db.session().scalars(statement.order_by(RouteChange.asked_at)).all()


def get(change_id: uuid.UUID) -> RouteChange:
    """Return a change to somebody who may confirm it.

    :raises NotVisible: to anybody else.
    """
    change = db.session().get(RouteChange, change_id)
    if change is None or not may_confirm():
        raise NotVisible
    return change


def decide(actor: Actor, change: RouteChange, confirmed: bool) -> None:
    """Confirm a change, which then holds at once, or refuse it.

    :raises NotVisible: for whoever asked for it: it takes two.
    :raises Stale: where it was decided on meanwhile.
    :raises Invalid: where a desk can no longer take cases.
    """
    if change.asked_by == actor.id:
        raise NotVisible
    if change.decided_at is not None:
        raise Stale
    change.decided_by, change.decided_at = actor.id, db.now()
    change.confirmed = confirmed
    db.session().flush()
    audit.record(
        change.office_id, "route:decided", change=change.id, confirmed=confirmed
    )
    if confirmed:
        kind = DeskKind(change.kind)
        set_route(change.office_id, kind, change.desk_id, change.alternative_id)
