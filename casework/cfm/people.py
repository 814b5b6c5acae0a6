"""The affected people of a submission, and the files that came with it."""

from typing import Any

from casework.cfm.answers import Answers, is_blank, shown
from casework.cfm.report import Affected, Attachments, Fault
from casework.vocabulary import AgeBand, Sex, YesNoUnknown

PEOPLE = "group_people/affected"
COUNT = "group_people/affected_count"
AGES = "under_12 12_17 18_59 60_plus unknown"
SEXES = "female male other unknown"
YES_NO_UNKNOWN = "yes no unknown"
MOST_DESCRIBED = 500
LONGEST_NAME = 200


def affected(ask: Answers) -> dict[str, Any]:
    """The people described, and how many there are: never fewer than described."""
    count = ask.count(COUNT)
    entries = _entries(ask, ask.raw(PEOPLE))
    if count is not None and count != len(entries):
        ask.note(COUNT, Fault.COUNT_MISMATCH)
    people = tuple(_person(Answers(entry, of=ask)) for entry in _objects(ask, entries))
    return {"people": people, "affected_count": max(count or 0, len(entries))}


def _entries(ask: Answers, value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    described = isinstance(value, dict)
    ask.note(PEOPLE, Fault.UNEXPECTED_SHAPE, keep=None if described else value)
    return [value] if described else []


def _objects(ask: Answers, entries: list[Any]) -> list[dict[str, Any]]:
    if len(entries) > MOST_DESCRIBED:
        ask.note(PEOPLE, Fault.TOO_MANY, keep=entries[MOST_DESCRIBED:])
    found = []
    for entry in entries[:MOST_DESCRIBED]:
        if isinstance(entry, dict):
            found.append(entry)
        else:
            ask.note(PEOPLE, Fault.UNEXPECTED_SHAPE, keep=entry)
    return found


def _person(ask: Answers) -> Affected:
    moving = _maybe(ask, "on_the_move")
    leaving = f"{PEOPLE}/leaving_on"
    if moving is not YesNoUnknown.YES and ask.has(leaving):
        ask.note(leaving, Fault.UNEXPECTED_ANSWER)
    person = Affected(
        age=ask.code(f"{PEOPLE}/age", AgeBand, AGES) or AgeBand.UNKNOWN,
        sex=ask.code(f"{PEOPLE}/sex", Sex, SEXES) or Sex.UNKNOWN,
        disability=_maybe(ask, "disability"),
        on_the_move=moving,
        leaving_on=ask.day(leaving),
    )
    ask.note_unasked("group_")
    return person


def _maybe(ask: Answers, name: str) -> YesNoUnknown:
    answer = ask.code(f"{PEOPLE}/{name}", YesNoUnknown, YES_NO_UNKNOWN, required=False)
    return answer or YesNoUnknown.UNKNOWN


def attachments(ask: Answers) -> Attachments:
    """How many files the form's server holds, and what they are called."""
    value = ask.raw("_attachments")
    if value is not None and not isinstance(value, list):
        ask.note("_attachments", Fault.UNEXPECTED_SHAPE, keep=value)
    files = value if isinstance(value, list) else []
    return Attachments(len(files), tuple(map(_name, files[:MOST_DESCRIBED])))


def _name(file: Any) -> str:
    path = file.get("filename") if isinstance(file, dict) else None
    if is_blank(path):
        return ""
    return shown(path).replace("\n", " ").rpartition("/")[2][-LONGEST_NAME:]
