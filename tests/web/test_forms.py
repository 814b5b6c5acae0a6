"""Each question of a schema as the page shows it."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from marshmallow import Schema
from werkzeug.datastructures import MultiDict

from core.times import times_in
from tests.web.drawn import (
    Element,
    Kind,
    Page,
    Plain,
    Report,
    draw,
)
from web import forms

NAIROBI = ZoneInfo("Africa/Nairobi")


def errors_of(schema: Schema, values: dict[str, Any]) -> dict[str, Any]:
    post = forms.take(schema, MultiDict(values))
    assert post.status == 422
    return post.errors


WIDGETS = {
    "line": ("input", {"type": "text"}),
    "email": ("input", {"type": "email"}),
    "secret": ("input", {"type": "password"}),
    "account": ("textarea", {}),
    "long_list": ("select", {}),
    "number": ("input", {"inputmode": "numeric"}),
    "on": ("input", {"type": "date"}),
    "at": ("input", {"type": "datetime-local"}),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_each_field_has_its_widget_label_hint_and_error(bare: Flask, name: str) -> None:
    tag, attributes = WIDGETS[name]
    page = draw(forms.page(Report(), errors={name: ["Mend this."]}))
    drawn = page.one(tag, name=name, id=f"q-{name}", **attributes)
    about = Report().fields[name].metadata
    assert str(about["label"]) in page.one("label", **{"for": f"q-{name}"}).text
    assert str(about["hint"]) in page.one("div", id=f"q-{name}-hint").text
    assert "Mend this." in page.one("p", id=f"q-{name}-error").text
    assert drawn.attributes["aria-describedby"] == f"q-{name}-hint q-{name}-error"


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [("kind", "radio", 2), ("sure", "radio", 2), ("ticks", "checkbox", 3)],
)
def test_choices_stand_in_a_fieldset_with_nothing_ticked(
    bare: Flask, name: str, kind: str, count: int
) -> None:
    page = draw(forms.page(Report(), errors={name: ["Mend this."]}))
    inputs = page.find("input", name=name, type=kind)
    assert len(inputs) == count
    assert inputs[0].attributes["id"] == f"q-{name}"
    assert not any("checked" in each.attributes for each in inputs)
    described = {"aria-describedby": f"q-{name}-hint q-{name}-error"}
    about = Report().fields[name].metadata
    assert str(about["label"]) in page.one("fieldset", **described).text


def test_a_choice_may_say_what_it_leads_to(bare: Flask) -> None:
    page = draw(forms.page(Report()))
    second = page.one("input", name="kind", value="two").attributes
    hint = page.one("div", id=second["aria-describedby"])
    assert "Leads elsewhere" in hint.text


def test_fields_of_marshmallow_are_drawn_too(bare: Flask) -> None:
    page = draw(forms.page(Plain()))
    assert len(page.find("input", name="pick", type="radio")) == 2
    assert len(page.find("input", name="picks", type="checkbox")) == 2
    assert len(page.find("input", name="flag", type="radio")) == 2
    assert page.one("textarea", name="long")
    assert page.one("input", name="on", type="date")
    assert page.one("input", name="at", type="datetime-local")
    assert page.one("input", name="people-0-note")
    assert not page.find("input", name="seen")


def test_required_is_said_in_words(bare: Flask) -> None:
    page = draw(forms.page(Report()))
    assert "(required)" in page.one("label", **{"for": "q-line"}).text
    assert "(required)" not in page.one("label", **{"for": "q-account"}).text


def test_a_question_that_depends_says_on_what(bare: Flask) -> None:
    hint = draw(forms.page(Report())).one("div", id="q-why-hint")
    assert "Answer only if you answered “Sure” with: No." in hint.text


def test_sections_have_headings(bare: Flask) -> None:
    page = draw(forms.page(Report()))
    headings = [each.text for each in page.find("h2")]
    assert headings == ["First", "Second"]


def test_every_id_is_unique_and_every_reference_leads_somewhere(bare: Flask) -> None:
    values = {"people": [{"note": "a"}, {"note": "b"}], "sure": "maybe"}
    page = draw(forms.page(Report(), values, errors_of(Report(), {"number": "x"})))
    assert len(page.ids) == len(set(page.ids))
    for element in page.elements:
        for name in ("for", "aria-describedby", "aria-labelledby"):
            assert set(element.attributes.get(name, "").split()) <= set(page.ids)
        href = element.attributes.get("href", "")
        assert not href.startswith("#") or href[1:] in page.ids


def test_every_input_of_a_page_has_a_label(bare: Flask) -> None:
    page = draw(forms.page(Report()))
    labelled = {each.attributes["for"] for each in page.find("label")}
    shown = [e for e in page.elements if e.tag in ("input", "select", "textarea")]
    visible = [e for e in shown if e.attributes.get("type") != "hidden"]
    assert {each.attributes["id"] for each in visible} == labelled


def test_nothing_personal_is_remembered_or_spelled_by_the_browser(bare: Flask) -> None:
    page = draw(forms.page(Report()))
    for tag in ("textarea", "input"):
        for each in page.find(tag):
            if each.attributes.get("type", "text") in ("text", "date", "email"):
                assert each.attributes["spellcheck"] == "false"
                remembered = "username" if each.attributes["name"] == "email" else "off"
                assert each.attributes["autocomplete"] == remembered
    form = page.one("form", novalidate="")
    assert form.attributes["method"] == "post"
    assert form.attributes["autocomplete"] == "off"
    assert "action" not in form.attributes


def test_hidden_fields_are_sent_along(bare: Flask) -> None:
    page = draw(forms.page(Report(), {"key": "k1"}, version=3))
    sent = {e.attributes["name"]: e.attributes["value"] for e in hidden_of(page)}
    assert sent == {"csrf_token": "tok", "key": "k1", "version": "3"}


def hidden_of(page: Page) -> list[Element]:
    form = page.elements.index(page.one("form", novalidate=""))
    return [e for e in page.elements[form:] if e.attributes.get("type") == "hidden"]


TYPED: dict[str, str | list[str]] = {
    "line": '"><script>alert(1)</script>',
    "account": "\n  first\n\n   second </textarea> {{ 7 * 7 }}",
    "kind": "two",
    "long_list": "c7",
    "ticks": ["a", "c"],
    "sure": "no",
    "number": "minus <one>",
    "on": "2031-01-01",
    "at": "1931-01-01T10:00",
}


def test_what_was_typed_is_kept(bare: Flask) -> None:
    post = forms.take(Report(), MultiDict(TYPED))
    page = draw(forms.page(Report(), post.values, post.errors))
    for name in ("line", "number", "on", "at"):
        assert page.one("input", name=name).attributes["value"] == TYPED[name]
    account = TYPED["account"]
    assert page.one("textarea", name="account").text == f"\n{account}"
    assert ticked(page) == {
        ("kind", "two"),
        ("ticks", "a"),
        ("ticks", "c"),
        ("sure", "no"),
    }
    chosen = [e for e in page.find("option") if "selected" in e.attributes]
    assert [each.attributes["value"] for each in chosen] == ["c7"]
    assert len(page.find("script")) == 1


def ticked(page: Page) -> set[tuple[str, str]]:
    inputs = [e.attributes for e in page.find("input") if "checked" in e.attributes]
    return {(each["name"], each["value"]) for each in inputs}


def test_what_a_date_widget_cannot_hold_is_kept_as_text(bare: Flask) -> None:
    page = draw(forms.page(Report(), {"on": "31/05/2024", "at": "yesterday"}))
    assert page.one("input", name="on", type="text").attributes["value"] == "31/05/2024"
    assert page.one("input", name="at", type="text").attributes["value"] == "yesterday"


def test_a_password_is_never_sent_back(bare: Flask) -> None:
    page = draw(forms.page(Report(), {"secret": "hunter2"}))
    assert "value" not in page.one("input", name="secret").attributes or (
        page.one("input", name="secret").attributes["value"] == ""
    )


def test_hidden_characters_are_shown_where_they_stand(bare: Flask) -> None:
    page = draw(forms.page(Report(), {"line": "a\u202eb\0c\ud800"}))
    assert page.one("input", name="line").attributes["value"] == "a�b�c�"


def test_what_is_known_already_is_filled_in_and_said_so(bare: Flask) -> None:
    at = datetime(2024, 5, 31, 11, 30, tzinfo=UTC)
    known = {"at": at, "on": date(2024, 5, 31), "kind": Kind.ONE, "sure": True}
    with times_in(NAIROBI):
        page = draw(forms.page(Report(), {**known, "number": 0, "line": None}))
    assert page.one("input", name="at").attributes["value"] == "2024-05-31T14:30"
    assert page.one("input", name="on").attributes["value"] == "2024-05-31"
    assert page.one("input", name="number").attributes["value"] == "0"
    assert ticked(page) == {("kind", "one"), ("sure", "yes")}
    assert "Filled in" in page.one("div", id="q-number-hint").text
    assert "Filled in" not in draw(forms.page(Report())).one("form", novalidate="").text


def test_all_problems_are_listed_and_each_leads_to_its_question(bare: Flask) -> None:
    sent = {"number": "x", "at": "x", "people-0-note": "a\0", "contact-note": "n"}
    post = forms.take(Report(), MultiDict(sent))
    page = draw(forms.page(Report(), post.values, post.errors))
    links = {
        each.attributes["href"]: " ".join(each.text.split())
        for each in page.find("a")
        if each.attributes["href"].startswith("#q-")
    }
    assert links["#q-line"] == "Line – Enter an answer."
    assert links["#q-people-0-note"].startswith("People 1, Note – Remove the hidden")
    assert links["#q-people-0-age"] == "People 1, Age – Choose an answer."
    assert links["#q-contact-age"] == "Contact, Age – Choose an answer."
    assert {"#q-number", "#q-at", "#q-sure"} <= set(links)
    assert set(links) <= {f"#{each}" for each in page.ids}
    assert page.one("title").text.startswith("Error:")


def test_problems_of_no_question_are_listed_too(bare: Flask) -> None:
    post = forms.take(Plain(), MultiDict({"pick": "y"}))
    assert (
        "These do not go together."
        in draw(forms.page(Plain(), post.values, post.errors))
        .one("ul", **{"class": "govuk-list govuk-error-summary__list"})
        .text
    )
    strange = forms.take(Plain(), MultiDict({"<b>": "1"}))
    page = draw(forms.page(Plain(), strange.values, strange.errors))
    assert "<b> – This is not asked for here." in page.one("div", role="alert").text


def test_a_wrong_tick_is_told_at_its_question(bare: Flask) -> None:
    errors = errors_of(Plain(), {"picks": ["x", "z"]})
    page = draw(forms.page(Plain(), {"picks": ["x", "z"]}, errors))
    assert "Must be one of: x, y." in page.one("p", id="q-picks-error").text
    assert ticked(page) == {("picks", "x")}


def test_problems_of_a_whole_group_lead_to_the_group(bare: Flask) -> None:
    for errors in ({"people": ["Too few."]}, {"people": {0: {"_schema": ["No."]}}}):
        page = draw(forms.page(Report(), errors=errors))
        (link,) = [e for e in page.find("a") if "#q-people" in e.attributes["href"]]
        assert page.one("fieldset", id=link.attributes["href"][1:])
