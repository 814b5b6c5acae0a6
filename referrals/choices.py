"""What the forms offer to choose from, and what they are filled in with."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema
from sqlalchemy import select

from auth.actor import Actor
from auth.models import Desk, Office
from auth.policy import DeskKind
from casework import cases
from casework.models.case import Case
from casework.models.progress import CaseEvent
from casework.vocabulary import AffectedAs, AgeBand, NeedType
from core import db
from core.fields import offer
from core.steps import Body
from referrals import schemas
from referrals.models import Service
from referrals.queries import services

SchemaOf = Callable[[Any, Any], Schema]


def fixed(form: type[Schema]) -> SchemaOf:
    """Make a form that asks the same of everybody."""
    return lambda _actor, _id: form()


def _survivors(case_id: uuid.UUID) -> Mapping[str, str]:
    return {
        str(row.id): f"{row.number}. {AffectedAs(row.affected_as).label},"
        f" {AgeBand(row.age_band).label}"
        for row in cases.survivors(case_id)
    }


def of_survivor(form: type[Schema]) -> SchemaOf:
    """Make a form that asks which survivor of the case."""
    return lambda _, case_id: offer(form(), "survivor", _survivors(case_id))


def refer(_: Actor, case_id: uuid.UUID) -> Schema:
    """Make the form of a referral, with the case's survivors and the services."""
    office_id = db.session().get_one(Case, case_id).office_id
    choices = {
        str(row.id): f"{row.name}, {row.where} ({NeedType(row.kind).label})"
        for row in services.choosable(office_id)
    }
    form = offer(schemas.Refer(), "survivor", _survivors(case_id))
    return offer(form, "service", choices)


def only_survivor(_: Actor, case_id: uuid.UUID) -> Body:
    """Fill in the survivor where there is but one."""
    rows = cases.survivors(case_id)
    return {"survivor": str(rows[0].id)} if len(rows) == 1 else {}


def known(actor: Actor, case_id: uuid.UUID) -> Body:
    """Fill in the language of the report, and the survivor where there is but one."""
    case = db.session().get_one(Case, case_id)
    return {"language": case.language, **only_survivor(actor, case_id)}


def create_service(_: Actor, __: None) -> Schema:
    """Make the form of a service, with offices and providers' desks."""
    session = db.session()
    offices = session.scalars(select(Office).order_by(Office.name))
    providers = select(Desk).where(Desk.kind == DeskKind.PROVIDER)
    desks = session.scalars(providers.order_by(Desk.name))
    form = offer(
        schemas.CreateService(), "office", {str(row.id): row.name for row in offices}
    )
    return offer(form, "desk", {str(row.id): row.name for row in desks})


def just_now(_: Actor, __: uuid.UUID) -> Body:
    """Fill in the present moment."""
    return {"done_at": datetime.now(UTC)}


def as_listed(_: Actor, service_id: uuid.UUID) -> Body:
    """Fill in what the directory says."""
    row = db.session().get_one(Service, service_id)
    return {"where": row.where, "hours": row.hours}


def events_since(referral_id: uuid.UUID, since: datetime) -> list[str]:
    """Return what happened to a referral after a moment, as event codes."""
    rows = db.session().scalars(
        select(CaseEvent.event)
        .where(CaseEvent.referral_id == referral_id, CaseEvent.recorded_at > since)
        .order_by(CaseEvent.recorded_at)
    )
    return list(rows)
