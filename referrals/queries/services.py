"""What pages show of the service directory."""

import uuid
from dataclasses import dataclass

from sqlalchemy import case, select

from auth import access
from auth.actor import Actor
from auth.models import Desk, Office
from auth.policy import May
from casework.timeline import calendar_of
from core import db
from core.errors import NotVisible
from referrals.models import Service
from referrals.sla import Verification, verification


@dataclass(frozen=True)
class ServiceLine:
    """An entry of the directory, and how current it is."""

    row: Service
    office: str
    desk: str | None
    verification: Verification


def services(actor: Actor) -> list[ServiceLine]:
    """Return the directory, those to be verified soonest first."""
    access.require_role(actor, May.SEE_DIRECTORY)
    return sorted(_services(), key=lambda line: line.verification.due)


def service(actor: Actor, service_id: uuid.UUID) -> ServiceLine:
    """Return one entry of the directory, also a withdrawn one."""
    access.require_role(actor, May.SEE_DIRECTORY)
    for line in _services(service_id):
        return line
    raise NotVisible


def _services(only: uuid.UUID | None = None) -> list[ServiceLine]:
    session = db.session()
    wanted = Service.id == only if only else Service.withdrawn_at.is_(None)
    rows = session.execute(
        select(Service, Office, Desk.name)
        .join(Office, Office.id == Service.office_id)
        .outerjoin(Desk, Desk.id == Service.desk_id)
        .where(wanted)
    )
    return [
        ServiceLine(
            row,
            office.name,
            desk,
            verification(row.verified_at, calendar_of(office), db.now()),
        )
        for row, office, desk in rows
    ]


def choosable(office_id: uuid.UUID) -> list[Service]:
    """Return services that take referrals here, those of the office first."""
    elsewhere = case((Service.office_id == office_id, 0), else_=1)
    rows = db.session().scalars(
        select(Service)
        .where(Service.withdrawn_at.is_(None), Service.desk_id.is_not(None))
        .order_by(elsewhere, Service.kind, Service.name)
    )
    return list(rows)
