"""What people may type, and what they are told when they may not."""

import pickle
import unicodedata
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

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
from core.text import Message, tidy
from core.times import times_in

NAIROBI = ZoneInfo("Africa/Nairobi")
MADRID = ZoneInfo("Europe/Madrid")
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Person(Body):
    name = Text(required=True)


class Everything(Body):
    line = Text(max=20)
    account = Narrative()
    colour = Choice(Colour)
    colours = Choices(["red", "blue"])
    sure = YesNo()
    number = Count(max=50)
    on = Day()
    at = Moment()
    planned_on = Day(future=True)
    planned_at = Moment(future=True)
    people = Several(Person, most=2)


def load(**answers: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = Everything().load(answers)
    return loaded


def problems(**answers: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        Everything().load(answers)
    assert isinstance(caught.value.messages, dict)
    return caught.value.messages


def problem(**answers: Any) -> str:
    (messages,) = problems(**answers).values()
    (message,) = messages
    assert isinstance(message, str)
    return message


def test_text_is_trimmed_and_normalised() -> None:
    assert load(line=f" {NO_BREAK_SPACE} Cafe\u0301 \n")["line"] == "Café"


def test_line_breaks_of_every_kind_become_one_kind() -> None:
    assert load(account="a\r\nb\rc\u2028d\te")["account"] == "a\nb\nc\nd\te"


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\u2029b"])
def test_a_single_line_stays_on_one_line(text: str) -> None:
    assert "one line" in problem(line=text)


@pytest.mark.parametrize("blank", ["", "  ", "\n", NO_BREAK_SPACE])
def test_a_blank_answer_is_no_answer(blank: str) -> None:
    assert load(line=blank, colour=blank, at=blank, number=blank) == {}


HOSTILE = [0x0, 0x8, 0x1B, 0x1C, 0x7F, 0x85, 0x202A, 0x202E, 0x2066, 0x2069]


@pytest.mark.parametrize("code", [*HOSTILE, 0xD800, 0xDFFF])
@pytest.mark.parametrize("field", ["line", "account"])
def test_a_hidden_character_is_named_with_its_place(field: str, code: int) -> None:
    message = problem(**{field: f"ab{chr(code)}c"})
    assert f"U+{code:04X}" in message
    assert "number 3" in message


def test_a_lone_control_character_is_not_taken_for_a_blank() -> None:
    assert "U+001C" in problem(line="\x1c")


@pytest.mark.parametrize("mark", ["\u200e", "\u200f", "\u200c", "\u200d"])
def test_marks_that_arabic_and_persian_need_are_kept(mark: str) -> None:
    assert load(line=f"a{mark}b")["line"] == f"a{mark}b"


def test_the_limit_is_named_when_text_is_too_long() -> None:
    assert "50,000" in problem(account="x" * 100_000)
    assert "20 characters" in problem(line="x" * 21)
    assert load(line="x" * 20, account="x" * 50_000)


def test_text_that_grows_when_normalised_still_keeps_the_limit() -> None:
    assert "20 characters" in problem(line="\u0958" * 20)


def test_a_pile_of_accents_is_refused() -> None:
    assert "accents" in problem(account="a" + "\u0301\u0316" * 20)


@pytest.mark.parametrize("value", [1, True, ["a"], {"a": 1}, b"a"])
def test_text_is_text(value: object) -> None:
    assert problem(line=value) == "Enter text."


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_is_kept_normalised_or_refused(text: str) -> None:
    for multiline in (True, False):
        try:
            kept = tidy(text, 60, multiline)
        except ValidationError:
            continue
        assert kept == unicodedata.normalize("NFC", kept).strip()
        assert tidy(kept, 60, multiline) == kept
        kept.encode()
        assert "\0" not in kept


WORDS = st.text("0123456789-T:Z+ aé\u0301\0\ud800", max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(Everything().fields)), JSON))
def test_any_json_is_loaded_or_refused(answers: dict[str, Any]) -> None:
    with times_in(MADRID):
        try:
            Everything().load(answers)
        except ValidationError:
            return


def test_all_problems_are_told_at_once() -> None:
    wrong = problems(line=1, colour="green", number=-1, at="x", on="x", sure="x")
    assert set(wrong) == {"line", "colour", "number", "at", "on", "sure"}


def test_nothing_that_was_not_asked_is_accepted() -> None:
    assert problem(csrf="x") == "This is not asked for here. Remove it."


def test_a_missing_required_answer_is_asked_for() -> None:
    assert problems(people=[{}]) == {"people": {0: {"name": ["Enter an answer."]}}}


def test_a_choice_is_a_member_of_its_enum() -> None:
    assert load(colour="red")["colour"] is Colour.RED
    assert load(colour=Colour.RED)["colour"] is Colour.RED


@pytest.mark.parametrize("value", ["green", "RED", 1, ["red"], {}])
def test_an_unknown_choice_is_told_what_there_is(value: object) -> None:
    assert "red, blue" in problem(colour=value)


def test_choices_are_kept_once_and_in_order() -> None:
    assert load(colours=["blue", "red", "blue"])["colours"] == ["blue", "red"]
    assert load(colours=[]) == {}


@pytest.mark.parametrize("value", ["red", {"red": 1}, [["red"]], ["green"]])
def test_choices_are_a_list_of_known_codes(value: object) -> None:
    assert problem(colours=value)


@pytest.mark.parametrize(
    ("value", "answer"), [("yes", True), ("no", False), (True, True), (False, False)]
)
def test_yes_and_no_are_understood(value: object, answer: bool) -> None:
    assert load(sure=value)["sure"] is answer


@pytest.mark.parametrize("value", ["maybe", 1, 0, {}, "Yes!"])
def test_nothing_else_is_a_yes(value: object) -> None:
    assert problem(sure=value) == "Choose yes or no."


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3), ("3", 3), (" 07 ", 7), ("٣", 3), (0, 0), (50, 50)]
)
def test_a_count_is_read_in_any_script(value: object, number: int) -> None:
    assert load(number=value)["number"] == number


@pytest.mark.parametrize("value", [-1, 51, 3.5, True, "3.0", "x", "9" * 5000, "²"])
def test_a_count_is_whole_and_within_bounds(value: object) -> None:
    assert problem(number=value) == "Enter a whole number from 0 to 50."


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-31T14:30+03:00",
        "2024-05-31 14:30:00+03:00",
        "2024-05-31T11:30:00.000Z",
        datetime(2024, 5, 31, 14, 30, tzinfo=NAIROBI),
    ],
)
def test_a_moment_is_kept_in_utc(text: object) -> None:
    assert load(at=text)["at"] == datetime(2024, 5, 31, 11, 30, tzinfo=UTC)
    assert load(at=text)["at"].tzinfo is UTC


def test_a_moment_without_offset_is_read_in_the_offices_zone() -> None:
    with times_in(NAIROBI):
        at = load(at="2024-05-31T14:30")["at"]
    assert at == datetime(2024, 5, 31, 11, 30, tzinfo=UTC)


def test_a_moment_without_offset_is_refused_where_no_zone_is_known() -> None:
    assert "offset" in problem(at="2024-05-31T14:30")


def test_a_time_that_the_clocks_skipped_is_refused() -> None:
    with times_in(MADRID):
        assert "clocks" in problem(at="2024-03-31T02:30")
        assert load(at="2024-10-27T02:30")["at"].hour == 0


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30T10:00Z",
        "20240531T1430Z",
        "2024-05-31",
        "soon",
        5,
        "٢٠٢٤-05-31T10:00Z",
    ],
)
def test_an_impossible_moment_is_refused(text: object) -> None:
    assert problem(at=text).startswith("Enter a date and time that exist")


def test_the_future_is_refused_save_where_it_is_asked_for() -> None:
    now = datetime.now(UTC)
    soon, later = now + timedelta(minutes=4), now + timedelta(minutes=6)
    assert load(at=soon.isoformat())
    assert "future" in problem(at=later.isoformat())
    assert load(planned_at=later.isoformat())
    assert "future" in problem(on=(now + timedelta(days=2)).date().isoformat())
    assert load(planned_on=(now + timedelta(days=2)).date().isoformat())


@pytest.mark.parametrize("name", ["at", "planned_at"])
@pytest.mark.parametrize("text", ["1949-12-31T00:00Z", "0001-01-01T00:00+14:00"])
def test_a_moment_before_1950_is_refused(name: str, text: str) -> None:
    assert "1950" in problem(**{name: text})


@pytest.mark.parametrize("text", ["9999-12-31T23:59-14:00", "2150-01-02T00:00Z"])
def test_no_moment_is_past_reckoning(text: str) -> None:
    assert "2150" in problem(planned_at=text)
    assert "2150" in problem(planned_on="9999-12-31")


@pytest.mark.parametrize("zone", [NAIROBI, MADRID])
@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_the_ends_of_the_calendar_are_refused_in_any_zone(
    zone: ZoneInfo, text: str
) -> None:
    with times_in(zone):
        assert problem(planned_at=text)


def test_a_day_is_a_date_that_exists() -> None:
    assert load(on="2024-02-29")["on"] == date(2024, 2, 29)
    assert load(on=date(2024, 2, 29))["on"] == date(2024, 2, 29)
    for wrong in ("2023-02-29", "29/02/2024", "2024-W09-4", 20240229):
        assert problem(on=wrong).startswith("Enter a date that exists")
    assert "1950" in problem(on="1949-12-31")


def test_today_is_the_offices_today() -> None:
    with times_in(NAIROBI):
        assert load(on=datetime.now(NAIROBI).date().isoformat())


def test_a_group_takes_so_many_and_no_more() -> None:
    assert load(people=[{"name": "a"}, {"name": "b"}])["people"][1] == {"name": "b"}
    assert problem(people=[{"name": "a"}] * 3) == "Enter at most 2."
    assert problem(people="x") == "Send a list."


def test_what_was_loaded_dumps_to_codes() -> None:
    body = load(colour="red", colours=["blue"])
    assert Everything().dump(body) == {"colour": "red", "colours": ["blue"]}
    assert Everything().dump({"colours": None}) == {"colours": None}


def test_a_message_remembers_what_to_translate() -> None:
    message = Message("At most %(most)s.", most=3)
    assert message == "At most 3."
    assert pickle.loads(pickle.dumps(message)).values == {"most": 3}
