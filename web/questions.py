"""A schema's fields as questions on a page: labels, widgets, answers so far."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from marshmallow import Schema, fields

from core.fields import Several
from core.text import N_, Message
from core.times import ISO_DAY, ISO_MOMENT
from web.widgets import Asked, asked, codes, inner_schema, is_repeated, typed, widget

PREFILLED = N_("Filled in from what is known. Change it if it is wrong.")

MOST_ENTRIES = 100

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """One answer to choose."""

    value: str
    label: str
    hint: str
    checked: bool


@dataclass(frozen=True)
class Named:
    """Something on the page that the error summary can link to."""

    name: str
    errors: tuple[str, ...]

    @property
    def id(self) -> str:
        """Unique on the page."""
        return f"q-{self.name}"


@dataclass(frozen=True)
class Labelled(Named):
    """A question, or a group of them."""

    label: str
    hints: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class Question(Labelled):
    """One field as the macros draw it."""

    widget: str
    value: str
    options: tuple[Option, ...]
    autocomplete: str


@dataclass(frozen=True)
class Entry(Named):
    """One filling of a group, such as one person."""

    parts: tuple["Part", ...]
    filled: bool


@dataclass(frozen=True)
class Group(Labelled):
    """Questions that belong together, asked once or for each of several."""

    entries: tuple[Entry, ...]
    repeats: bool
    add_label: str


Part = Question | Group


def say(message: Any) -> str:
    """A message or label in the reader's language."""
    if isinstance(message, Message):
        return str(gettext(message.msgid, **message.values))
    return str(gettext(message) if type(message) is str and message else message)


def leaves(messages: Any) -> Iterator[str]:
    """Every message, however deep marshmallow nested it."""
    if isinstance(messages, Mapping):
        messages = list(messages.values())
    if isinstance(messages, list):
        for each in messages:
            yield from leaves(each)
    else:
        yield say(messages)


# A browser would blank what its own date widgets cannot hold.
HOLDS = {"day": ISO_DAY, "moment": ISO_MOMENT}


def _widget_for(field: Asked, value: str) -> str:
    drawn = widget(field)
    pattern = HOLDS.get(drawn)
    return "line" if pattern and value and not pattern.fullmatch(value) else drawn


def option_label(field: Asked, code: str) -> str:
    """What the reader sees for `code`."""
    if isinstance(field, fields.Boolean):
        return say(N_("Yes") if code == "yes" else N_("No"))
    return say(field.metadata.get("labels", {}).get(code, code.replace("_", " ")))


def options(field: Asked, value: Any) -> tuple[Option, ...]:
    """The answers to choose from, those given marked."""
    given = value if isinstance(value, list) else [value]
    chosen = {typed(each) for each in given}
    more = field.metadata.get("hints", {})
    return tuple(
        Option(code, option_label(field, code), say(more.get(code, "")), code in chosen)
        for code in codes(field)
    )


def hints(field: Asked, fields_beside: Mapping[str, Asked], known: bool) -> list[str]:
    """What helps to answer, under the label."""
    about = field.metadata
    said = [say(about["hint"])] if about.get("hint") else []
    if about.get("when"):
        other, answers = about["when"]
        said.append(_only_if(fields_beside[other], answers))
    if about.get("prefilled") and known:
        said.append(say(PREFILLED))
    return said


def _only_if(other: Asked, answers: Iterable[Any]) -> str:
    wanted = {typed(answer) for answer in answers}
    labels = [option_label(other, code) for code in codes(other) if code in wanted]
    return say(
        Message(
            N_("Answer only if you answered “%(question)s” with: %(answers)s."),
            question=say(other.metadata["label"]),
            answers=say(N_(" or ")).join(labels),
        )
    )


def parts(
    schema: Schema, values: Answers, errors: Any, prefix: str = ""
) -> Iterator[tuple[str, Part]]:
    """Each question or group of the schema, with its section's title."""
    beside = asked(schema)
    for name, field in beside.items():
        if widget(field) == "hidden":
            continue
        value, wrong = values.get(name), _under(errors, name)
        said = tuple(hints(field, beside, value is not None and not wrong))
        draw = _group if inner_schema(field) else _question
        yield (
            say(field.metadata.get("group", "")),
            draw(field, prefix + name, said, value, wrong),
        )


def _under(errors: Any, name: Any) -> Any:
    return errors.get(name, []) if isinstance(errors, Mapping) else []


def _question(
    field: Asked, name: str, said: tuple[str, ...], value: Any, errors: Any
) -> Question:
    shown = "" if isinstance(value, list) else typed(value)
    drawn = _widget_for(field, shown)
    return Question(
        name=name,
        label=say(field.metadata["label"]),
        hints=said,
        errors=tuple(leaves(errors)),
        required=field.required,
        widget=drawn,
        value="" if drawn == "password" else shown,
        options=options(field, value),
        autocomplete=field.metadata.get("autocomplete", "off"),
    )


def _group(
    field: Asked, name: str, said: tuple[str, ...], value: Any, errors: Any
) -> Group:
    repeats = is_repeated(field)
    entries = (
        tuple(_entries(field, name, value, errors))
        if repeats
        else (_entry(field, name, value, errors),)
    )
    own = errors if isinstance(errors, list) else []
    most = field.most if isinstance(field, Several) else MOST_ENTRIES
    adds = repeats and len(entries) < most
    add_label = field.metadata.get("add", N_("Add another"))
    return Group(
        name=name,
        label=say(field.metadata["label"]),
        hints=said,
        errors=tuple(leaves(own)),
        required=field.required,
        entries=entries,
        repeats=repeats,
        add_label=say(add_label) if adds else "",
    )


def _entries(field: Asked, name: str, value: Any, errors: Any) -> Iterator[Entry]:
    given = value if isinstance(value, list) else []
    for at in range(max(len(given), field.metadata.get("slots", 1))):
        each = given[at] if at < len(given) else {}
        yield _entry(field, f"{name}-{at}", each, _under(errors, at))


def _entry(field: Asked, name: str, value: Any, errors: Any) -> Entry:
    schema = inner_schema(field)
    assert schema is not None
    given = value if isinstance(value, Mapping) else {}
    drawn = parts(schema, given, errors, f"{name}-")
    own = errors if isinstance(errors, list) else _under(errors, "_schema")
    return Entry(
        name=name,
        errors=tuple(leaves(own)),
        parts=tuple(part for _, part in drawn),
        filled=bool(given),
    )
