"""What the pages of offices show: where their cases go."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from auth.actor import Actor
from auth.models import Desk, Office, Route
from auth.policy import DeskKind
from auth.queries.people import Named, administers, names
from auth.words import WEEKDAYS
from core import db
from core.errors import NotVisible

# The kinds of desk that take an office's cases; providers are chosen one by one.
ROUTED = tuple(kind for kind in DeskKind if kind is not DeskKind.PROVIDER)


@dataclass(frozen=True)
class RouteLine:
    """Where an office's cases of one kind go; empty where nowhere yet."""

    kind: str
    desk: str = ""
    alternative: str = ""


@dataclass(frozen=True)
class OfficeLine:
    """An office, and where its cases go."""

    row: Office
    routes: Sequence[RouteLine]

    @property
    def weekend(self) -> list[str]:
        """The days off, in words."""
        return [WEEKDAYS[day] for day in self.row.weekend]


def offices(actor: Actor) -> list[OfficeLine]:
    """Return every office, with its routes."""
    administers(actor)
    return _offices(select(Office).order_by(Office.name))


def office(actor: Actor, office_id: uuid.UUID) -> OfficeLine:
    """Return one office.

    :raises NotVisible: where there is none such.
    """
    administers(actor)
    for line in _offices(select(Office).where(Office.id == office_id)):
        return line
    raise NotVisible


def _offices(chosen: Select[Office]) -> list[OfficeLine]:
    rows, desks = db.session().scalars(chosen).all(), names(Desk)
    found = routes(row.id for row in rows)
    return [
        OfficeLine(
            row,
            [route_line(kind, found.get((row.id, kind)), desks) for kind in ROUTED],
        )
        for row in rows
    ]


def routes(
    office_ids: Iterable[uuid.UUID],
) -> Mapping[tuple[uuid.UUID, str], Route]:
    """Return the routes of some offices, by office and kind."""
    rows = db.session().scalars(select(Route).where(Route.office_id.in_(office_ids)))
    return {(row.office_id, row.kind): row for row in rows}


def route_line(kind: str, row: Route | None, desks: Named) -> RouteLine:
    """Return a route in the names of its desks."""
    if row is None:
        return RouteLine(kind)
    return RouteLine(kind, desks[row.desk_id], desks.get(row.alternative_id, ""))
