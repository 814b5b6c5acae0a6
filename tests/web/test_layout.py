"""The frame of every page, and the pieces that pages share."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, flash, render_template, render_template_string
from flask_babel import Babel
from flask_babel.speaklater import LazyString

from tests.web.drawn import (
    LANGUAGE,
    Page,
    Plain,
    Report,
    draw,
    make_app,
    signed_in,
)
from web import forms, questions


def test_the_page_is_named_in_neutral_words(bare: Flask) -> None:
    page = Page(render_template("layout.html"))
    assert page.one("title").text == "Case work"
    assert Page(render_template("layout.html", title="Steps")).one("h1").text == "Steps"


@pytest.mark.parametrize(
    ("code", "direction", "sheet"),
    [("en", "ltr", "app.css"), ("ar", "rtl", "app.rtl.css")],
)
def test_the_page_reads_in_its_language_and_direction(
    bare: Flask, code: str, direction: str, sheet: str
) -> None:
    LANGUAGE["now"] = code
    page = Page(render_template("layout.html"))
    assert page.one("html").attributes["lang"] == code
    assert page.one("html").attributes["dir"] == direction
    assert page.one("link", rel="stylesheet").attributes["href"] == f"/static/{sheet}"
    others = page.find("button", name="language")
    assert {e.attributes["value"] for e in others} == set(forms.LANGUAGES) - {code}


def test_signing_out_is_posted_with_its_token(bare: Flask) -> None:
    page = Page(render_template("layout.html", **signed_in()))
    assert page.one("form", action="/out").attributes["method"] == "post"
    assert len(page.find("input", name="csrf_token", value="tok")) == 2
    assert not Page(render_template("layout.html")).find("form", action="/out")


def test_there_is_always_a_quick_way_out(bare: Flask) -> None:
    page = Page(render_template("layout.html"))
    assert "noreferrer" in page.one("a", href="/leave").attributes["rel"]
    assert page.one("a", href="#main-content")


def test_pages_that_do_not_exist_are_not_linked() -> None:
    app = Flask("web", root_path=".")
    Babel(app)
    forms.install_templates(app)
    with app.test_request_context("/"):
        page = Page(render_template("layout.html"))
    assert not page.find("form")
    assert not page.find("a", href="/leave")


def test_navigation_marks_where_one_is(bare: Flask) -> None:
    items = [{"href": "/a", "text": "A", "active": True}, {"href": "/b", "text": "B"}]
    page = Page(render_template("layout.html", navigation=items))
    assert page.one("a", href="/a").attributes["aria-current"] == "true"
    assert "aria-current" not in page.one("a", href="/b").attributes


def test_messages_are_shown_once_and_escaped(bare: Flask) -> None:
    flash("Saved <b>", "success")
    flash("Look")
    page = Page(render_template("layout.html"))
    assert "Saved <b>" in page.one("div", role="alert").text
    assert "Look" in page.one("div", role="region").text
    assert len(page.ids) == len(set(page.ids))


def test_no_page_needs_what_the_security_policy_forbids(bare: Flask) -> None:
    page = draw(forms.page(Report(), {"people": [{}, {}]}))
    for element in page.elements:
        assert "style" not in element.attributes
        assert not any(name.startswith("on") for name in element.attributes)
        assert "hidden" not in element.attributes
        for name in ("href", "src", "action"):
            assert "//" not in element.attributes.get(name, "")
    assert page.one("script").attributes["nonce"] == "n0nce"
    assert page.one("script").text == ""
    assert not page.find("style")


PIECES = """{% extends "layout.html" %}
{% import "macros/pages.html" as pages %}{% import "macros/forms.html" as forms %}
{% block content %}
{{ pages.clocks(clocks, _("Limits")) }}{{ pages.clocks([], _("Limits")) }}
{{ pages.facts([(_("Kind"), "<1>"), (_("Office"), none)]) }}
{{ pages.steps([{"text": _("Go"), "href": "/go", "note": _("Soon")}]) }}
{{ pages.steps([{"text": _("Gone"), "done": true}], _("Behind you")) }}
{{ pages.table(_("Table"), [_("Left"), _("Right")], rows) }}
{{ pages.table(_("Bare"), [_("Left")], []) }}
{{ pages.pagination("/before", "/after") }}{{ pages.pagination() }}
{{ pages.words("1\n<2>") }}{{ pages.reference("7-9") }}{{ pages.tag(_("Tag")) }}
{{ forms.button(_("Press"), "/press", {"version": 2}) }}
{% endblock %}"""


def pieces() -> Page:
    clock = {"standing": "overdue", "standing_label": "1", "basis": "2", "note": "3"}
    due = datetime(2024, 5, 31, 11, 30, tzinfo=UTC)
    clocks = [
        {**clock, "label": "4", "due": due},
        {**clock, "label": "5", "due": "6"},
        {**clock, "label": "7", "due": None, "standing": "unheard_of"},
    ]
    rows = [[{"text": "8", "href": "/8"}, "<9>"]]
    return Page(render_template_string(PIECES, clocks=clocks, rows=rows))


def test_the_pieces_of_a_page_say_what_they_show(bare: Flask) -> None:
    page = pieces()
    assert page.find("time", datetime="2024-05-31T11:30:00+00:00")
    assert [
        e.text for e in page.find("strong", **{"class": "govuk-tag govuk-tag--red"})
    ]
    text = "".join(page.texts)
    for shown in ("<1>", "Not recorded", "What to do next", "1\n<2>", "<9>", "Basis"):
        assert shown in text
    assert page.one("a", href="/8").text == "8"
    assert page.one("a", href="/after", rel="next")
    assert page.one("form", action="/press").attributes["method"] == "post"
    assert page.one("input", name="version", value="2")
    assert page.one("bdi", dir="ltr").text == "7-9"


def foreign(text: str, **values: Any) -> str:
    """Each letter of the message as ¤, its placeholders untouched."""
    words = re.split(r"(%\(\w+\)s)", text)
    words[::2] = [re.sub(LETTER, "¤", word) for word in words[::2]]
    said = "".join(words)
    return said % values if values else said


LETTER = r"[^\W\d_]"


def test_every_word_of_a_page_can_be_translated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app()
    install = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install(foreign, foreign, newstyle=True)
    monkeypatch.setattr(questions, "gettext", foreign)
    monkeypatch.setattr(LazyString, "__str__", lambda self: foreign(self._args[0]))
    errors = {"line": ["Mend."], "people": {0: {"age": ["Mend."]}}, "sure": ["Mend."]}
    values = {"people": [{}, {}], "number": 1}
    with app.test_request_context("/"):
        flash("1", "success")
        flash("2")
        context = forms.page(Report(), values, errors)
        pages = [draw({**context, **signed_in()}), pieces(), draw(forms.page(Plain()))]
    names = set(forms.LANGUAGES.values())
    seen = {text.strip() for page in pages for text in page.texts} - names
    assert [text for text in seen if re.search(LETTER, text)] == []


@pytest.mark.parametrize("name", ["app.css", "app.rtl.css"])
def test_the_style_sheet_needs_nothing_from_outside(name: str) -> None:
    sheet = (Path("static") / name).read_text()
    assert not re.search(r"url\(|@import|@font-face|GDS Transport|sourceMapping", sheet)


def test_the_lock_file_names_no_place_to_load_from() -> None:
    assert '"resolved"' not in Path("package-lock.json").read_text()
