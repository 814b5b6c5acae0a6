"""How a step on a case is made: its form, its choices, when it is offered."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from marshmallow import Schema

from auth.actor import Actor
from auth.policy import May
from casework import cases
from casework.models.case import Case
from casework.queries.cases import events_since
from casework.stages import OPEN, can
from casework.vocabulary import AffectedAs, AgeBand
from core.fields import offer
from core.steps import Body, Step
from core.times import current_zone

When = Callable[[Any], bool]
SchemaOf = Callable[[Any, Any], Schema]


def fixed(form: type[Schema]) -> SchemaOf:
    """Ask with one form, whatever the case."""
    return lambda _actor, _id: form()


def choosing(
    form: type[Schema],
    field: str,
    choices: Callable[[Any, Any], Mapping[str, str]],
) -> SchemaOf:
    """Ask with a form of which one field chooses among what there is now."""
    return lambda actor, id: offer(form(), field, choices(actor, id))


def case_step(
    name: str,
    title: str,
    may: May,
    command: Callable[[Any, Any, Body], Any],
    form: type[Schema] | SchemaOf,
    *,
    when: When,
    **more: Any,
) -> Step:
    """Make a step on a case, at an address of its name."""

    def allow(actor: Actor, case_id: uuid.UUID) -> Case:
        return cases.load(actor, may, case_id)

    return Step(
        endpoint=f"casework.{name}",
        path=f"/cases/<uuid:id>/{name.replace('_', '-')}",
        title=title,
        schema=fixed(form) if isinstance(form, type) else form,
        command=command,
        allow=allow,
        after="casework.case",
        may=may,
        when=when,
        changes=events_since,
        **more,
    )


def _survivors(_: Actor, case_id: uuid.UUID) -> Mapping[str, str]:
    return {
        str(row.id): f"{row.number}. {gettext(AffectedAs(row.affected_as).label)},"
        f" {gettext(AgeBand(row.age_band).label)}"
        for row in cases.survivors(case_id)
    }


def of_survivor(form: type[Schema]) -> SchemaOf:
    """Ask with a form that is about one survivor of the case."""
    return choosing(form, "survivor", _survivors)


def just_now(_: Actor, __: Any) -> Body:
    """Fill in the present moment."""
    return {"done_at": datetime.now(current_zone() or ZoneInfo("UTC")).astimezone(UTC)}


def is_open(case: Case) -> bool:
    """Offer the step on any case that is not closed."""
    return case.stage in OPEN


def movable(name: str) -> When:
    """Offer the step where a move can be made."""
    return lambda case: can(name, case.stage, case.kind)


def at(*stages: str) -> When:
    """Offer the step at some stages."""
    return lambda case: case.stage in stages
