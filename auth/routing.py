"""Where an office's cases go: which desk takes them, and which on a conflict."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from auth import desks
from auth.models import Desk, Route
from auth.policy import DeskKind
from core import audit, db
from core.errors import Invalid
from core.text import N_
from vault import holders

# What an office may do without.
OPTIONAL = frozenset({DeskKind.DUTY})


def set_route(
    office_id: uuid.UUID,
    kind: DeskKind,
    desk_id: uuid.UUID,
    alternative_id: uuid.UUID | None = None,
) -> None:
    """Say which desk takes an office's cases, and which does on a conflict.

    :raises Invalid: where fewer than two members of a desk hold its key.
    """
    check(kind, desk_id, alternative_id)
    route = Route(
        office_id=office_id,
        kind=kind,
        desk_id=desk_id,
        alternative_id=alternative_id,
    )
    db.session().merge(route)
    db.session().flush()
    audit.record(office_id, "route:set", kind=kind, desk=desk_id, other=alternative_id)


def check(kind: DeskKind, desk_id: uuid.UUID, alternative_id: uuid.UUID | None) -> None:
    """Refuse a route to a desk that cannot take cases.

    :raises Invalid: naming the field.
    """
    _check_desk(kind, desk_id, "desk")
    if alternative_id == desk_id:
        raise Invalid(alternative=N_("Choose another desk than the first."))
    if alternative_id:
        _check_desk(kind, alternative_id, "alternative")


def _check_desk(kind: DeskKind, desk_id: uuid.UUID, field: str) -> None:
    desk = db.session().get(Desk, desk_id)
    if desk is None or desk.kind != kind:
        raise Invalid(**{field: N_("Choose a desk of this kind.")})
    if len(holders.able_members(desk_id)) < desks.LEAST_MEMBERS:
        raise Invalid(**{field: N_("Two members must hold the desk's key first.")})


def route(office_id: uuid.UUID, kind: DeskKind, conflicted: bool) -> uuid.UUID:
    """Return the desk that takes an office's case; on a conflict, the alternative.

    :raises Invalid: where no such desk takes cases, or a conflict leaves none.
    """
    return routes(office_id, [kind], conflicted)[kind]


def routes(
    office_id: uuid.UUID, kinds: Sequence[DeskKind], conflicted: bool
) -> dict[DeskKind, uuid.UUID]:
    """Return the desks of several kinds that take an office's case, as `route`.

    Where nobody at a desk is able, its cases go to the one above: the alternative, and
    from an intake desk the one that coordinates. A case is never refused for that. What
    an office may do without is left out where it has no route.
    """
    asked = select(Route).where(Route.office_id == office_id)
    rows = {DeskKind(row.kind): row for row in db.session().scalars(asked)}
    wanted = [kind for kind in kinds if kind in rows or kind not in OPTIONAL]
    choices = {kind: _choices(rows, kind, conflicted) for kind in wanted}
    able = desks.able(desk for listed in choices.values() for desk in listed)
    return {
        kind: next((desk for desk in listed if able.get(desk)), listed[0])
        for kind, listed in choices.items()
    }


def _choices(
    rows: Mapping[DeskKind, Route], kind: DeskKind, conflicted: bool
) -> list[uuid.UUID]:
    """Return the desks that may take a case of a kind, in their order."""
    row = rows.get(kind)
    if row is None or (
        conflicted and kind is DeskKind.INTAKE and not row.alternative_id
    ):
        raise Invalid(office=N_("No desk takes this office's reports yet."))
    first = [] if conflicted and row.alternative_id else [row.desk_id]
    above = rows.get(DeskKind.COORDINATION) if kind is DeskKind.INTAKE else None
    listed = [*first, row.alternative_id, above and above.desk_id]
    return [desk_id for desk_id in listed if desk_id]
