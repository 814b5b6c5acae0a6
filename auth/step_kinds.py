"""Kinds of steps on people and desks: by who administers, by members, on oneself."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from auth.actor import Actor
from auth.choices import SchemaOf
from auth.commands import desks, people
from auth.policy import May
from core.steps import Body, Step

Command = Callable[[Any, Any, Body], Any]
# What a page finds of somebody beside what their role allows.
WITH_KEY, CONFIRMS = "give the desk's key", "confirm the change"
SITS, AWAY, LEAVES = "note an absence", "end the absence", "leave the desk"
KEYLESS = "ask for the first key"
KEYED, NEVER_KEYED = "ask for a new key", "give another code"


def by_administrators(
    name: str,
    path: str,
    title: str,
    schema: SchemaOf,
    command: Command,
    allow: Callable[[Any, Any], Any] = people.administers,
    may: str = May.MANAGE_ORGANISATION,
    **more: Any,
) -> Step:
    """Make a step of those who look after the organisation."""
    return Step(
        endpoint=f"auth.{name}",
        path=path,
        title=title,
        schema=schema,
        command=command,
        allow=allow,
        may=may,
        **more,
    )


def _anybody(_: Actor, __: uuid.UUID | None) -> None:
    """Everybody looks after their own account."""


def on_oneself(
    name: str,
    title: str,
    schema: SchemaOf,
    command: Command,
    allow: Callable[[Any, Any], Any] = _anybody,
    **more: Any,
) -> Step:
    """Make a step on one's own account, after which one signs in again."""
    return Step(
        endpoint=f"auth.{name}",
        path=f"/account/{name.replace('_', '-')}",
        title=title,
        schema=schema,
        command=command,
        allow=allow,
        after="auth.sign_in",
        may="",
        **more,
    )


def by_members(
    name: str, title: str, schema: SchemaOf, command: Command, **more: Any
) -> Step:
    """Make a step of those who hold a desk's key."""
    return Step(
        endpoint=f"auth.{name}",
        path=f"/desks/<uuid:id>/{name.replace('_', '-')}",
        title=title,
        schema=schema,
        command=command,
        allow=desks.load_own_desk,
        **{"after": "auth.desk", **more},
    )


def of_key(had: bool) -> str:
    """Return what may be done about somebody's key: another one takes two people."""
    return KEYED if had else NEVER_KEYED


def open_steps(steps: Iterable[Step], may: Iterable[str], row: Any) -> list[Step]:
    """Return the steps that somebody who may do `may` can take on a row now."""
    allowed = set(may)
    return [step for step in steps if step.may in allowed and step.when(row)]
