"""The answers that are read from a posted form."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from core.times import times_in
from tests.web.drawn import (
    Kind,
    Report,
    draw,
)
from web import forms

NAIROBI = ZoneInfo("Africa/Nairobi")


def test_reading_drops_what_is_no_answer(bare: Flask) -> None:
    sent = MultiDict(
        [
            ("csrf_token", "t"),
            ("version", "3"),
            ("_other", "x"),
            ("line", "a"),
            ("account", ""),
            ("ticks", "a"),
            ("ticks", ""),
            ("ticks", "b"),
            ("people-0-age", ""),
            ("people-4-age", "one"),
            ("people-4-ways", "phone"),
            ("people-10-age", "two"),
            ("people-x-age", "two"),
            ("contact-note", "n"),
            ("stranger", "s"),
        ]
    )
    assert forms.read(Report(), sent) == {
        "line": "a",
        "ticks": ["a", "b"],
        "people": [{"age": "one", "ways": ["phone"]}, {"age": "two"}],
        "contact": {"note": "n"},
        "stranger": "s",
    }


def test_a_good_post_is_loaded(bare: Flask) -> None:
    sent = {"line": " a ", "sure": "yes", "at": "2024-05-31T14:30", "kind": "one"}
    with times_in(NAIROBI):
        post = forms.take(Report(), MultiDict(sent))
    at = datetime(2024, 5, 31, 11, 30, tzinfo=UTC)
    assert post.body == {"line": "a", "sure": True, "at": at, "kind": Kind.ONE}
    assert post.errors == {}


def test_another_person_can_be_added_without_being_told_off(bare: Flask) -> None:
    post = forms.take(Report(), MultiDict({"people-0-note": "a", "_add": "people"}))
    assert (post.body, post.errors, post.status) == (None, {}, 200)
    page = draw(forms.page(Report(), post.values, post.errors))
    assert page.one("input", name="people-0-note").attributes["value"] == "a"
    assert page.one("input", name="people-1-note")
    assert (
        page.one("button", name="_add", value="people").text.strip() == "Add a person"
    )


def test_no_more_are_offered_than_are_taken(bare: Flask) -> None:
    page = draw(forms.page(Report(), {"people": [{"note": "a"}] * 3}))
    assert not page.find("button", name="_add")


@pytest.mark.parametrize("name", ["line", "nothing"])
def test_only_groups_grow(bare: Flask, name: str) -> None:
    post = forms.take(Report(), MultiDict({"line": "a", "_add": name}))
    assert post.values == {"line": "a"}


def test_a_person_can_be_removed(bare: Flask) -> None:
    sent = {f"people-{n}-note": str(n) for n in (0, 1, 10)}
    post = forms.take(Report(), MultiDict({**sent, "_remove": "people-1"}))
    assert post.values == {"people": [{"note": "0"}, {"note": "10"}]}
    assert (post.body, post.errors) == (None, {})


def test_the_only_person_can_be_removed_once_filled_in(bare: Flask) -> None:
    assert not draw(forms.page(Report())).find("button", name="_remove")
    page = draw(forms.page(Report(), {"people": [{"note": "a"}]}))
    assert page.one("button", name="_remove", value="people-0")


def test_enter_sends_the_form_rather_than_adding_a_person(bare: Flask) -> None:
    page = draw(forms.page(Report()))
    form = page.elements.index(page.one("form", novalidate=""))
    first = next(e for e in page.elements[form:] if e.tag == "button")
    assert "name" not in first.attributes


@given(st.dictionaries(st.sampled_from(list(Report().fields)), st.text(max_size=20)))
def test_any_post_is_answered(sent: dict[str, str]) -> None:
    form = MultiDict({**sent, "people-0-note": "a"})
    post = forms.take(Report(), form)
    assert post.status == 422 or post.body
