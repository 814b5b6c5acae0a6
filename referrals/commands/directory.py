"""The service directory: entered, verified again, withdrawn."""

import uuid
from typing import Any

from auth import access
from auth.actor import Actor
from auth.models import Desk, Office
from auth.policy import DeskKind, May
from core import audit, db
from core.errors import Invalid, NotVisible, Stale, WrongStage
from core.text import N_
from referrals.models import Service

Body = dict[str, Any]


def load(actor: Actor, service_id: uuid.UUID, body: Body | None = None) -> Service:
    """Return a service that the actor may change.

    :raises NotVisible: where it is not there, or the directory not theirs to keep.
    :raises WrongStage: where it was withdrawn.
    :raises Stale: where `body` says which version was seen, and it is another now.
    """
    access.require_role(actor, May.MANAGE_DIRECTORY)
    row = db.session().get(Service, service_id)
    if row is None:
        raise NotVisible
    if row.withdrawn_at is not None:
        raise WrongStage(N_("This service was withdrawn from the directory."))
    seen = (body or {}).get("version")
    if seen is not None and seen != row.version_id:
        raise Stale
    return row


def create_service(actor: Actor, _: uuid.UUID | None, body: Body) -> uuid.UUID:
    """Enter a service that was just verified; return its id.

    :raises Invalid: where its office or desk cannot be chosen.
    """
    access.require_role(actor, May.MANAGE_DIRECTORY)
    key = body.get("key")
    row_id = (
        uuid.uuid5(uuid.NAMESPACE_OID, f"{actor.id}:{key}") if key else uuid.uuid4()
    )
    session = db.session()
    if session.get(Service, row_id):
        return row_id
    office = session.get(Office, uuid.UUID(body["office"]))
    if office is None:
        raise Invalid(office=N_("Choose an office from the list."))
    row = Service(
        id=row_id,
        desk_id=_desk(body.get("desk")),
        office_id=office.id,
        kind=body["kind"],
        name=body["name"],
        where=body["where"],
        hours=body["hours"],
        verified_at=db.now(),
        verified_by=actor.id,
    )
    db.add(row)
    audit.record(row_id, "service:entered", kind=row.kind, desk=row.desk_id)
    return row_id


def _desk(chosen: str | None) -> uuid.UUID | None:
    if chosen is None:
        return None
    desk = db.session().get(Desk, uuid.UUID(chosen))
    if desk is None or desk.kind != DeskKind.PROVIDER:
        raise Invalid(desk=N_("Choose a provider’s desk from the list."))
    return desk.id


def verify_service(actor: Actor, service_id: uuid.UUID, body: Body) -> None:
    """Record that a service was checked, with what has changed about it."""
    row = load(actor, service_id, body)
    row.where, row.hours = body["where"], body["hours"]
    row.verified_at, row.verified_by = db.now(), actor.id
    audit.record(row.id, "service:verified")


def withdraw_service(actor: Actor, service_id: uuid.UUID, body: Body) -> None:
    """Take a service off the directory; what was sent to it goes on."""
    row = load(actor, service_id, body)
    row.withdrawn_at = db.now()
    audit.record(row.id, "service:withdrawn", why=body["why"])
