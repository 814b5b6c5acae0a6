"""A step: a form, the command behind it, who may take it. The web makes the page."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import Schema

Body = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """What a command made that is shown once, in the answer itself, and never kept."""

    template: str
    values: Mapping[str, Any] = field(repr=False)


def nothing_changed(_: uuid.UUID, __: datetime) -> Sequence[str]:
    """Tell of no changes, where nobody else can have made any."""
    return ()


def anytime(_: Any) -> bool:
    """Offer the step whatever the state of its target."""
    return True


def blank(_: Any, __: Any) -> Body:
    """Start from an empty form."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that can be done, with a page of its own.

    `endpoint` is `package.name`; `path` may hold one `<uuid:id>`. `allow(actor, id)`
    raises where the step is not the actor's, and returns its target. `schema(actor,
    id)` makes the form. `command(actor, id, body)` acts; `body` also holds `key`, the
    form's idempotency key, and for a `guarded` step the `version` that was seen.
    `after` is the endpoint shown next; it gets the id that the command returns, else
    the step's own; a command that returns `Shown` is answered with that at once.
    `when` says whether a target is in a state for the step. A command `in_parts` is
    many transactions, each whole by itself, and checks in each.
    """

    endpoint: str
    path: str
    title: str
    schema: Callable[[Any, Any], Schema]
    command: Callable[[Any, Any, Body], Any]
    allow: Callable[[Any, Any], Any]
    after: str
    may: str
    intro: str = ""
    submit: str = ""
    done: str = ""
    guarded: bool = False
    in_parts: bool = False
    when: Callable[[Any], bool] = anytime
    prefill: Callable[[Any, Any], Body] = blank
    changes: Callable[[uuid.UUID, datetime], Sequence[str]] = nothing_changed

    @property
    def name(self) -> str:
        """The endpoint without its package."""
        return self.endpoint.rpartition(".")[2]
