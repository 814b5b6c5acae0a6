"""The answers of one submission, typed; what is wrong with them is noted."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from casework.cfm.report import Fault, Problem
from casework.vocabulary import ConsentStatus, Word
from core.text import HIDDEN, HIDDEN_IN_LINE, NARRATIVE_LIMIT, NEW_LINE, whole
from core.times import EARLIEST

LINE, LINES = 300, 10_000
MOST_KEPT = 200_000
MOST_AFFECTED = 10_000
LATEST_YEAR = 2150
# Not all that str.strip() takes: it takes some control characters too.
BLANKS = " \t\r\n\xa0\u2028\u2029\u3000"
W = TypeVar("W", bound=Word)

CONSENTS = {
    "yes": ConsentStatus.GIVEN,
    "no": ConsentStatus.REFUSED,
    "not_asked": ConsentStatus.NOT_YET_ASKED,
}
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?",
    re.ASCII,
)


def is_blank(value: Any) -> bool:
    """Whether nothing was answered."""
    if isinstance(value, str):
        return not value.strip(BLANKS)
    return value is None or value == [] or value == {}


def cleaned(value: str, line: bool = True) -> tuple[str, bool]:
    """The text without hidden characters, and whether there were any."""
    text = value.strip(BLANKS)
    if not line:
        text = NEW_LINE.sub("\n", text)
    hidden = HIDDEN_IN_LINE if line else HIDDEN
    clean = hidden.sub(lambda found: " " if found[0].isspace() else "", text)
    return clean.strip(), clean != text


def shown(value: Any) -> str:
    """Any value as clean text, to be kept as it was written."""
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except (RecursionError, TypeError, ValueError):
            return "…"
    return cleaned(value, line=False)[0][:MOST_KEPT]


class Answers:
    """One submission, or one person in it: asked by key, answered in our types."""

    def __init__(self, item: Mapping[str, Any], of: "Answers | None" = None) -> None:
        self._item = item
        self._asked: set[str] = set()
        # Insertion order is the order in which the operator reads them.
        self._problems: dict[Problem, None] = of._problems if of else {}
        self._written: list[tuple[str, str]] = of._written if of else []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything noted so far, each once."""
        return tuple(self._problems)

    @property
    def as_written(self) -> tuple[tuple[str, str], ...]:
        """Answers that fitted nowhere else."""
        return tuple(self._written)

    def note(self, field: str, fault: Fault, keep: Any = None) -> None:
        """Note a problem; `keep` is an answer that would be lost by it."""
        self._problems[Problem(field, fault)] = None
        if not is_blank(keep):
            self._written.append((field, shown(keep)))

    def has(self, field: str) -> bool:
        """Whether anything is answered."""
        return not is_blank(self._item.get(field))

    def raw(self, field: str, required: bool = False) -> Any:
        """The answer as it is; None where there is none, which may be a problem."""
        self._asked.add(field)
        value = self._item.get(field)
        if not is_blank(value):
            return value
        if required:
            self.note(field, Fault.MISSING)
        return None

    def text(self, field: str, limit: int = LINE) -> str | None:
        """Words, clean; several lines of them where `limit` is above a line's."""
        value = self.raw(field)
        if value is not None and not isinstance(value, str):
            self.note(field, Fault.NOT_TEXT)
            value = shown(value)
        if value is None:
            return None
        text, hidden = cleaned(value, limit <= LINE)
        if hidden:
            self.note(field, Fault.CONTROL_CHARACTERS)
        if len(text) > limit:
            self.note(field, Fault.TOO_LONG)
        if len(text) > MOST_KEPT:
            self.note(field, Fault.CUT_SHORT)
        return text[:MOST_KEPT] or None

    def narrative(self, field: str) -> str | None:
        """A long account; one that is too long is noted and kept."""
        return self.text(field, NARRATIVE_LIMIT)

    def code(
        self, field: str, words: type[W], offered: str, required: bool = True
    ) -> W | None:
        """The word meant; noted if the form does not offer exactly this code."""
        code = self._code(field, required)
        if code is None:
            return None
        if code not in offered.split():
            self.note(field, Fault.UNKNOWN_CODE, keep=code)
        return _word(words, code)

    def office(self, field: str, offices: Mapping[str, Any]) -> str | None:
        """The office's code; capitals do not matter, but are noted."""
        code = self._code(field, required=True)
        if code is None:
            return None
        if code not in offices:
            self.note(field, Fault.UNKNOWN_CODE, keep=code)
        return code.upper() if code.upper() in offices else None

    def codes(self, field: str, words: type[W], offered: str) -> tuple[W, ...]:
        """Several codes with spaces between them, each once."""
        value = self.raw(field)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            self.note(field, Fault.UNEXPECTED_SHAPE)
            value = " ".join(value)
        if isinstance(value, str):
            return self._known(field, value, words, offered)
        if value is not None:
            self.note(field, Fault.UNEXPECTED_SHAPE, keep=value)
        return ()

    def consent(self, field: str) -> ConsentStatus:
        """Given only where the form's own `yes` says so, letter by letter."""
        value = self.raw(field, required=True)
        answer = value.strip() if isinstance(value, str) else ""
        if value is not None and answer not in CONSENTS:
            self.note(field, Fault.UNKNOWN_CODE, keep=value)
        return CONSENTS.get(answer, ConsentStatus.NOT_YET_ASKED)

    def count(self, field: str) -> int | None:
        """A number of people; None where it is no such number."""
        value = self.raw(field, required=True)
        if value is None:
            return None
        number = whole(value)
        if number is not None and 0 <= number <= MOST_AFFECTED:
            return number
        self.note(field, _number_fault(number), keep=value)
        return None

    def day(self, field: str) -> date | None:
        """A date; noted and None where it is none."""
        when = self.when(field)
        return when.date() if isinstance(when, datetime) else when

    def when(self, field: str, required: bool = False) -> date | datetime | None:
        """A date, or a date and time as it stands, offset or not."""
        value = self.raw(field, required)
        if value is None:
            return None
        when = parsed(value)
        if isinstance(when, Fault):
            self.note(field, when, keep=value)
            return None
        return when

    def note_unasked(self, prefix: str) -> None:
        """Note and keep every answer under `prefix` that nobody asked for."""
        for key in self._item:
            if key.startswith(prefix) and key not in self._asked and self.has(key):
                field = shown(key)[:LINE]
                self.note(field, Fault.UNKNOWN_FIELD, keep=self._item[key])

    def _code(self, field: str, required: bool) -> str | None:
        value = self.raw(field, required)
        if value is not None and not isinstance(value, str):
            self.note(field, Fault.UNKNOWN_CODE, keep=value)
            return None
        if value is None:
            return None
        code, hidden = cleaned(value)
        if hidden:
            self.note(field, Fault.CONTROL_CHARACTERS)
        return code or None

    def _known(
        self, field: str, codes: str, words: type[W], offered: str
    ) -> tuple[W, ...]:
        clean, hidden = cleaned(codes)
        if hidden:
            self.note(field, Fault.CONTROL_CHARACTERS)
        given = clean.split()
        if strange := [code for code in given if code not in offered.split()]:
            self.note(field, Fault.UNKNOWN_CODE, keep=" ".join(strange))
        found = dict.fromkeys(_word(words, code) for code in given)
        return tuple(word for word in found if word is not None)


def parsed(value: Any) -> date | datetime | Fault:
    """The date, or date and time, that is written; else what is wrong with it."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        if DAY.fullmatch(text):
            return _in_range(date.fromisoformat(text))
        if MOMENT.fullmatch(text):
            return _in_range(datetime.fromisoformat(text))
    except ValueError:
        return Fault.IMPOSSIBLE_DATE
    return Fault.NOT_A_DATE


def _in_range(when: date | datetime) -> date | datetime | Fault:
    if when.year < EARLIEST.year:
        return Fault.BEFORE_1950
    return Fault.FUTURE_DATE if when.year > LATEST_YEAR else when


def in_utc(when: date | datetime | Fault) -> datetime | None:
    """The instant, where there is one; a time without offset is taken for UTC."""
    if not isinstance(when, datetime):
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _word(words: type[W], code: str) -> W | None:
    codes = words.labels()
    return words(code.casefold()) if code.casefold() in codes else None


def _number_fault(number: int | None) -> Fault:
    if number is None:
        return Fault.NOT_A_NUMBER
    return Fault.NEGATIVE if number < 0 else Fault.TOO_LARGE
