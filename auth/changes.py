"""What takes two people: one asks, another confirms.

Where an office's cases go, a desk's first members, a new key for somebody who lost
theirs. Who confirms holds the key of a desk that coordinates, which members give and
no administrator can: so nobody leads cases to people of his own making.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from auth import accounts, desks, routing
from auth.actor import Actor
from auth.credentials import first_mark, new_half
from auth.models import Change, Desk, Person, Route
from auth.policy import DeskKind
from core import audit, db
from core.errors import Invalid, NotVisible, Stale


class Kind(StrEnum):
    """What may be asked for."""

    ROUTE = "route"
    DESK = "desk"
    RESET = "reset"


Facts = Mapping[str, Any]


def _id(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None


def check_route(change: Change) -> None:
    """Refuse a route to a desk that cannot take cases."""
    facts, desk_id = change.facts, uuid.UUID(change.facts["desk"])
    routing.check(DeskKind(facts["kind"]), desk_id, _id(facts["alternative"]))


def set_route(change: Change) -> None:
    """Let an office's cases go where was asked for."""
    facts, desk_id = change.facts, uuid.UUID(change.facts["desk"])
    kind, other = DeskKind(facts["kind"]), _id(facts["alternative"])
    routing.set_route(change.subject_id, kind, desk_id, other)


def make_desk_key(change: Change) -> None:
    """Make a desk's key for the members that were asked for and still sit there.

    :raises Invalid: where these are fewer than two, or somebody knows a password.
    """
    desk_id = change.subject_id
    asked = {uuid.UUID(each) for each in change.facts["members"]}
    members = sorted(asked & desks.seated(desk_id))
    kind = DeskKind(db.session().get_one(Desk, desk_id).kind)
    desks.check_first(members, kind, "confirmed")
    desks.make_key(desk_id, members)


def first_half(change: Change) -> str:
    """Return the half of a code that whoever asks for a reset is shown."""
    half = new_half()
    change.mark = first_mark(change.subject_id, half)
    return half


def reset_key(change: Change) -> str:
    """End a person's lost key; return the half of a code that who confirms is shown."""
    assert change.mark
    person = db.session().get_one(Person, change.subject_id)
    return accounts.end_lost_key(person, change.mark)


def anything(_: Change) -> None:
    """Refuse nothing: it was checked before it was asked for."""


# What is checked, or made to be shown, when it is asked for, and what is done once it
# is confirmed.
DOES: Mapping[Kind, tuple[Callable[[Change], Any], Callable[[Change], Any]]] = {
    Kind.ROUTE: (check_route, set_route),
    Kind.DESK: (anything, make_desk_key),
    Kind.RESET: (first_half, reset_key),
}


def may_confirm() -> bool:
    """Return whether whoever acts may confirm; row security asks the same."""
    return bool(db.session().scalar(select(func.may_route())))


def somebody_coordinates() -> bool:
    """Return whether a desk coordinates, so that changes take two."""
    route = select(Route.desk_id).where(Route.kind == DeskKind.COORDINATION)
    return db.session().scalar(route.limit(1)) is not None


def ask(actor: Actor, kind: Kind, subject_id: uuid.UUID, facts: Facts) -> Any:
    """Ask for a change; where nobody coordinates yet, make it.

    Return what asking for it comes to: half of a code, or nothing.

    :raises Invalid: where it could not be made.
    """
    first, make = DOES[kind]
    change = Change(
        id=uuid.uuid4(),
        kind=kind,
        subject_id=subject_id,
        facts=dict(facts),
        asked_by=actor.id,
    )
    if may_confirm() and kind is not Kind.RESET:
        return make(change)
    shown = first(change)
    db.add(change)
    audit.record(subject_id, f"{kind}:asked", change=change.id, **facts)
    return shown


def waiting(subject_id: uuid.UUID | None = None) -> Sequence[Change]:
    """Return the changes (of one subject) that nobody has decided on, oldest first."""
    statement = select(Change).where(Change.decided_at.is_(None))
    if subject_id is not None:
        statement = statement.where(Change.subject_id == subject_id)
    return db.session().scalars(statement.order_by(Change.asked_at)).all()


def decided(most: int) -> Sequence[Change]:
    """Return the changes that were decided on, the newest first."""
    statement = select(Change).where(Change.decided_at.is_not(None))
    newest = statement.order_by(Change.decided_at.desc()).limit(most)
    return db.session().scalars(newest).all()


def get(actor: Actor, change_id: uuid.UUID) -> Change:
    """Return a change to somebody who may confirm it.

    :raises NotVisible: to anybody else: who asked for it, and whom it is about, too.
    """
    change = db.session().get(Change, change_id)
    if change is None or not may_decide(actor, change):
        raise NotVisible
    return change


def may_decide(actor: Actor, change: Change) -> bool:
    """Return whether an actor may confirm a change: it takes two."""
    return may_confirm() and actor.id not in (change.asked_by, change.subject_id)


def decide(actor: Actor, change: Change, confirmed: bool) -> Any:
    """Confirm a change, which is then made at once, or refuse it.

    Return what making it comes to: half of a code, or nothing.

    :raises NotVisible: for whoever asked for it, or whom it is about: it takes two.
    :raises Stale: where it was decided on meanwhile.
    :raises Invalid: where it can no longer be made.
    """
    if not may_decide(actor, change):
        raise NotVisible
    if change.decided_at is not None:
        raise Stale
    change.decided_by, change.decided_at = actor.id, db.now()
    change.confirmed = confirmed
    db.session().flush()
    audit.record(
        change.subject_id,
        f"{change.kind}:decided",
        change=change.id,
        confirmed=confirmed,
    )
    return _make(change) if confirmed else None


def _make(change: Change) -> Any:
    _, make = DOES[Kind(change.kind)]
    try:
        return make(change)
    except Invalid as problem:
        ((why, *_), *_) = problem.fields.values()
        raise Invalid(confirmed=why) from problem
