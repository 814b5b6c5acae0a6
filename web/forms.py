"""Schemas as pages: what was posted is read here, and the page is made here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from flask import Flask, current_app
from flask_babel import get_locale
from jinja2 import BaseLoader, ChoiceLoader, PackageLoader, PrefixLoader
from marshmallow import Schema, ValidationError
from marshmallow.exceptions import SCHEMA
from werkzeug.datastructures import MultiDict

from web.questions import Group, Named, Part, Question, leaves, parts
from web.widgets import Asked, asked, inner_schema, is_list, is_repeated, typed, widget

LANGUAGES = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية"}
NOT_ANSWERS = {"csrf_token", "version", "key"}
ADD, REMOVE = "_add", "_remove"
MOST_ENTRIES = 100

Posted = MultiDict[str, str]


@dataclass
class Section:
    """Parts of a form under one heading."""

    title: str
    parts: list[Part] = attribute(default_factory=list)


@dataclass(frozen=True)
class Form:
    """A page's form, with everything that is wrong with it."""

    sections: tuple[Section, ...]
    problems: tuple[dict[str, str], ...]
    hidden: Mapping[str, str]

    @property
    def repeats(self) -> bool:
        """Whether it has buttons besides the one that sends it."""
        drawn = (part for section in self.sections for part in section.parts)
        return any(isinstance(part, Group) and part.repeats for part in drawn)


@dataclass(frozen=True)
class Post:
    """What was sent: `body` where it may be acted on, else what to show again."""

    body: dict[str, Any] | None
    values: dict[str, Any]
    errors: dict[str, Any]

    @property
    def status(self) -> int:
        """Of the answer that shows the page again."""
        return 422 if self.errors else 200


def install_templates(app: Flask) -> None:
    """Let templates use the components, the languages and `has_page`."""
    components = PackageLoader("govuk_frontend_jinja")
    own: list[BaseLoader] = [app.jinja_loader] if app.jinja_loader else []
    prefixed = PrefixLoader({"govuk_frontend_jinja": components})
    app.jinja_loader = ChoiceLoader([*own, prefixed])
    app.jinja_env.globals.update(
        get_locale=get_locale, LANGUAGES=LANGUAGES, has_page=has_page
    )


def has_page(endpoint: str) -> bool:
    """Whether the program answers at `endpoint`."""
    return endpoint in current_app.view_functions


def take(schema: Schema, form: Posted) -> Post:
    """Load a posted form; `_add` and `_remove` only change how many slots it has."""
    if REMOVE in form:
        return Post(None, read(schema, _without(form, form[REMOVE])), {})
    values = read(schema, form)
    if ADD in form:
        return Post(None, _with_slot(schema, values, form[ADD]), {})
    try:
        return Post(schema.load(values), values, {})
    except ValidationError as problem:
        return Post(None, values, _messages(problem))


def _messages(problem: ValidationError) -> dict[str, Any]:
    messages = problem.messages
    return messages if isinstance(messages, dict) else {SCHEMA: messages}


def _without(form: Posted, entry: str) -> Posted:
    kept = (pair for pair in form.items(multi=True))
    return MultiDict(pair for pair in kept if not pair[0].startswith(f"{entry}-"))


def _with_slot(schema: Schema, values: dict[str, Any], name: str) -> dict[str, Any]:
    group = asked(schema).get(name)
    if group is None or not is_repeated(group):
        return values
    return {**values, name: [*values.get(name, []), {}]}


def read(schema: Schema, form: Posted) -> dict[str, Any]:
    """The posted answers as the schema loads them; what was left empty is absent."""
    known = asked(schema)
    strangers = {
        name: form[name]
        for name in form
        if name.split("-")[0] not in known
        and name not in NOT_ANSWERS
        and not name.startswith("_")
    }
    return {**_read(schema, form, ""), **strangers}


def _read(schema: Schema, form: Posted, prefix: str) -> dict[str, Any]:
    given = (
        (name, _answer(field, form, prefix + name))
        for name, field in asked(schema).items()
    )
    return {name: answer for name, answer in given if answer}


def _answer(field: Asked, form: Posted, name: str) -> Any:
    schema = inner_schema(field)
    if schema is None:
        if is_list(field):
            return [answer for answer in form.getlist(name) if answer]
        return form.get(name, "")
    if not is_repeated(field):
        return _read(schema, form, f"{name}-")
    slots = (_read(schema, form, f"{name}-{at}-") for at in _slots(form, name))
    return [slot for slot in slots if slot]


def _slots(form: Posted, name: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(name)}-(\d{{1,3}})-", re.ASCII)
    found = {int(match[1]) for key in form if (match := pattern.match(key))}
    return sorted(found)[:MOST_ENTRIES]


def page(
    schema: Schema,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    **hidden: Any,
) -> dict[str, Form]:
    """The context of a page that asks for `schema`, with `hidden` fields sent along."""
    given, wrong = values or {}, errors or {}
    sections = tuple(_sections(schema, given, wrong))
    concealed = {
        name: given[name]
        for name, field in asked(schema).items()
        if widget(field) == "hidden" and name in given
    }
    sent = {name: typed(value) for name, value in {**concealed, **hidden}.items()}
    return {"form": Form(sections, tuple(_problems(sections, wrong)), sent)}


def _sections(
    schema: Schema, values: Mapping[str, Any], errors: Mapping[str, Any]
) -> Iterator[Section]:
    section = Section("")
    for title, part in parts(schema, values, errors):
        if title and title != section.title:
            if section.parts:
                yield section
            section = Section(title)
        section.parts.append(part)
    yield section


def _problems(
    sections: tuple[Section, ...], errors: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    drawn = [part for section in sections for part in section.parts]
    for part in drawn:
        yield from _wrong(part)
    names = {part.name for part in drawn}
    for name in errors.keys() - names:
        lead = "" if name == SCHEMA else f"{name} – "
        for message in leaves(errors[name]):
            yield {"text": lead + message}


def _wrong(part: Part, lead: str = "") -> Iterator[dict[str, str]]:
    where = lead + part.label
    yield from (_linked(part, where, message) for message in part.errors)
    if isinstance(part, Question):
        return
    for number, entry in enumerate(part.entries, 1):
        inside = f"{where} {number}" if part.repeats else where
        yield from (_linked(entry, inside, message) for message in entry.errors)
        for inner in entry.parts:
            yield from _wrong(inner, f"{inside}, ")


def _linked(named: Named, where: str, message: str) -> dict[str, str]:
    return {"text": f"{where} – {message}", "href": f"#{named.id}"}
