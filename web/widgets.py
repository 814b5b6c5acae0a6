"""What a field's type says about the way it is drawn and filled in."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from marshmallow import Schema, fields, validate

from core.fields import Choices, Text
from core.text import HIDDEN
from core.times import current_zone

MOST_RADIOS = 8
LONG_TEXT = 200
SHOWN_FOR_HIDDEN = "\N{REPLACEMENT CHARACTER}"

Asked = fields.Field[Any]


def asked(schema: Schema) -> dict[str, Asked]:
    """The fields that a page asks for, by the name that is sent."""
    return {f.data_key or name: f for name, f in schema.load_fields.items()}


def inner_schema(field: Asked) -> Schema | None:
    """The schema of a group's entries; None for a plain field."""
    nested = field.inner if isinstance(field, fields.List) else field
    return nested.schema if isinstance(nested, fields.Nested) else None


def is_repeated(field: Asked) -> bool:
    """Whether the field asks for several entries of a group."""
    nested = isinstance(field, fields.Nested) and field.many
    return inner_schema(field) is not None and (
        nested or isinstance(field, fields.List)
    )


def is_list(field: Asked) -> bool:
    """Whether several answers may be ticked."""
    return isinstance(field, (Choices, fields.List)) and not is_repeated(field)


def codes(field: Asked) -> list[str]:
    """The answers among which the field asks to choose."""
    if isinstance(field, fields.Boolean):
        return ["yes", "no"]
    if isinstance(own := getattr(field, "codes", None), dict):
        return list(own)
    if isinstance(field, fields.List):
        return codes(field.inner)
    rules = (r for r in field.validators if isinstance(r, validate.OneOf))
    return [typed(choice) for rule in rules for choice in rule.choices]


def longest(field: Asked) -> int:
    """The number of characters that the field takes; 0 where it does not say."""
    if isinstance(field, Text):
        return field.max if field.multiline else 0
    rules = (r for r in field.validators if isinstance(r, validate.Length))
    return max((rule.max or 0 for rule in rules), default=0)


WIDGETS: tuple[tuple[str, Callable[[Asked], Any]], ...] = (
    ("checkboxes", is_list),
    ("select", lambda field: len(codes(field)) > MOST_RADIOS),
    ("radios", codes),
    ("number", lambda field: isinstance(field, fields.Integer)),
    ("moment", lambda field: isinstance(field, fields.DateTime)),
    ("day", lambda field: isinstance(field, fields.Date)),
    ("textarea", lambda field: longest(field) > LONG_TEXT),
    ("line", lambda _: True),
)


def widget(field: Asked) -> str:
    """How the field is drawn: as its metadata says, else as its type suggests."""
    if chosen := field.metadata.get("widget"):
        return str(chosen)
    return next(name for name, suits in WIDGETS if suits(field))


def typed(value: Any) -> str:
    """The value as one would type it; moments in the zone of `times_in`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return typed(value.value)
    if isinstance(value, datetime):
        local = value.astimezone(current_zone() or UTC)
        return local.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return HIDDEN.sub(SHOWN_FOR_HIDDEN, str(value))
