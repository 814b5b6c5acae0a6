"""A page to ask questions of, and schemas to draw on it."""

from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum
from html.parser import HTMLParser
from typing import Any

from flask import Flask, render_template_string
from flask_babel import Babel
from flask_babel import lazy_gettext as _l
from marshmallow import ValidationError, fields, validate, validates_schema

from core.fields import (
    Body,
    Choice,
    Choices,
    Count,
    Day,
    Moment,
    Narrative,
    Several,
    Text,
    YesNo,
)
from web import forms

VOID = {"input", "br", "link", "meta", "hr", "img"}


class Kind(StrEnum):
    ONE = "one"
    TWO = "two"


class Person(Body):
    age = Choice(Kind, required=True, metadata={"label": _l("Age")})
    note = Text(metadata={"label": _l("Note"), "hint": _l("A few words")})
    ways = Choices(["phone", "visit"], metadata={"label": _l("Ways")})


def labelled(label: str, **more: Any) -> dict[str, Any]:
    return {"label": _l(label), "hint": _l(f"Hint of {label}"), **more}


class Report(Body):
    key = fields.UUID(metadata={"widget": "hidden"})
    line = Text(required=True, metadata=labelled("Line", group=_l("First")))
    email = Text(metadata=labelled("Mail", widget="email", autocomplete="username"))
    secret = Text(metadata=labelled("Password", widget="password"))
    account = Narrative(metadata=labelled("Account"))
    kind = Choice(
        Kind,
        {Kind.ONE: _l("The first"), Kind.TWO: _l("The second")},
        metadata=labelled("Kind", hints={Kind.TWO: _l("Leads elsewhere")}),
    )
    long_list = Choice([f"c{n}" for n in range(9)], metadata=labelled("Long list"))
    ticks = Choices(["a", "b", "c"], metadata=labelled("Ticks"))
    sure = YesNo(required=True, metadata=labelled("Sure", group=_l("Second")))
    why = Text(metadata=labelled("Why", when=("sure", {False})))
    number = Count(metadata=labelled("Number", prefilled=True))
    on = Day(metadata=labelled("On"))
    at = Moment(metadata=labelled("At"))
    people = Several(
        Person, most=3, metadata=labelled("People", add=_l("Add a person"))
    )
    contact = fields.Nested(Person, metadata=labelled("Contact"))


class Plain(Body):
    """Fields of marshmallow itself are drawn as well."""

    pick = fields.String(
        validate=validate.OneOf(["x", "y"]), metadata={"label": _l("Pick")}
    )
    picks = fields.List(
        fields.String(validate=validate.OneOf(["x", "y"])),
        metadata={"label": _l("Picks")},
    )
    long = fields.String(
        validate=validate.Length(max=500), metadata={"label": _l("Long")}
    )
    flag = fields.Boolean(metadata={"label": _l("Flag")})
    number = fields.Integer(metadata={"label": _l("Number")})
    on = fields.Date(metadata={"label": _l("On")})
    at = fields.AwareDateTime(metadata={"label": _l("At")})
    people = fields.Nested(Person, many=True, metadata={"label": _l("People")})
    seen = fields.String(dump_only=True)

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("pick") == "y":
            raise ValidationError("These do not go together.")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Element"] = attribute(default_factory=list)


class Page(HTMLParser):
    """Just enough of a page to ask what is on it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].tag not in ("script", "style", "time"):
            self.texts.append(data)
        for element in self.open:
            element.text += data

    def find(self, tag: str, **attributes: str) -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag and attributes.items() <= element.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        (element,) = self.find(tag, **attributes)
        return element

    @property
    def ids(self) -> list[str]:
        return [e.attributes["id"] for e in self.elements if "id" in e.attributes]


LANGUAGE = {"now": "en"}


def make_app() -> Flask:
    app = Flask("web", root_path=".")
    app.secret_key = "x"
    Babel(app, locale_selector=lambda: LANGUAGE["now"])
    forms.install_templates(app)
    app.jinja_env.globals.update(csrf_token=lambda: "tok", csp_nonce=lambda: "n0nce")
    app.add_url_rule("/language", "web.language", lambda: "", methods=["POST"])
    app.add_url_rule("/out", "auth.sign_out", lambda: "", methods=["POST"])
    app.add_url_rule("/leave", "web.leave", lambda: "")
    return app


FORM = """{% extends "layout.html" %}{% import "macros/forms.html" as forms %}
{% block content %}{{ forms.form(form) }}{% endblock %}"""


def draw(context: dict[str, Any]) -> Page:
    return Page(render_template_string(FORM, **context))


def signed_in() -> dict[str, Any]:
    return {"current_user": type("Someone", (), {"is_authenticated": True})()}
