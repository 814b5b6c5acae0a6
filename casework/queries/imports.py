"""What the page of imports shows: what came in, what became of it, what waits."""

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from auth import access
from auth.actor import Actor
from auth.models import Office, Person, StandingRow
from auth.policy import Facts, May, Standing, by_standing
from casework.cfm.answers import LINE, is_blank, shown
from casework.commands.submissions import AWAITING
from casework.facts import facts_of
from casework.importing import offices
from casework.models.case import Case, ImportBatch, Submission
from casework.opening import reveal
from core import db
from core.errors import NotVisible

PAGE = 10
MOST_WAITING = 200
TECHNICAL = re.compile(r"_|meta/|formhub/|(start|end)$")
Answer = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """What became of one item; the case is there only if the reader may see it."""

    id: Any
    became: str
    case_id: uuid.UUID | None = None
    reference: str | None = None
    of: Any = None
    why: str | None = None
    problems: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Batch:
    """One import."""

    made_at: datetime
    made_by: str | None
    counts: Mapping[str, int]
    lines: Sequence[Line]


@dataclass(frozen=True)
class Waiting:
    """A submission that waits for a decision."""

    submission: Submission
    office: str


@dataclass(frozen=True)
class ImportsPage:
    """Everything that the page of imports shows."""

    batches: Sequence[Batch]
    waiting: Sequence[Waiting]
    offices: Mapping[str, str]
    own_office: str | None


def imports_page(actor: Actor, page: int = 0) -> ImportsPage:
    """Return one page of imports, newest first, and what waits for the actor.

    :raises NotVisible: where the actor's roles do not let them import.
    """
    access.require_role(actor, May.IMPORT_REPORTS)
    found = offices()
    own = (code for code, office in found.items() if office.id == actor.office_id)
    return ImportsPage(
        batches=_batches(actor, page),
        waiting=_waiting(actor),
        offices={code: office.name for code, office in sorted(found.items())},
        own_office=next(own, None),
    )


def _batches(actor: Actor, page: int) -> list[Batch]:
    rows = db.session().execute(
        select(ImportBatch, Person.name)
        .outerjoin(Person, Person.id == ImportBatch.made_by)
        .order_by(ImportBatch.made_at.desc())
        .limit(PAGE)
        .offset(page * PAGE)
    )
    batches = [(row, name) for row, name in rows]
    cases = _cases(actor, [row.outcome for row, _ in batches])
    return [
        Batch(
            made_at=row.made_at,
            made_by=name,
            counts=_counts(row.outcome),
            lines=list(_lines(row.outcome, cases)),
        )
        for row, name in batches
    ]


def _counts(outcome: Mapping[str, Any]) -> dict[str, int]:
    lists = {name: len(it) for name, it in outcome.items() if isinstance(it, list)}
    return {"received": outcome["received"], **lists}


def _cases(actor: Actor, outcomes: Iterable[Mapping[str, Any]]) -> dict[str, uuid.UUID]:
    references = [line["reference"] for each in outcomes for line in each["filed"]]
    rows = db.session().execute(
        select(Case.reference, Case.id).where(
            Case.reference.in_(references), Case.id.in_(_stood_on(actor))
        )
    )
    return {row.reference: row.id for row in rows}


def _stood_on(actor: Actor, *kinds: Standing) -> Select[Any]:
    """Name the actor's holder ids: row security guards, it does not drive."""
    return select(StandingRow.case_id).where(
        StandingRow.holder_id.in_(actor.holders),
        StandingRow.kind.in_(kinds) if kinds else StandingRow.kind != Standing.BARRED,
        StandingRow.referral_id.is_(None),
        access.lasts(),
    )


def _lines(
    outcome: Mapping[str, Any], cases: Mapping[str, uuid.UUID]
) -> Iterator[Line]:
    """Return what needs a look before what does not."""
    problems = defaultdict(list)
    for each in outcome["problems"]:
        problems[each["id"]].append(each)
    for each in outcome["rejected"]:
        yield Line(each["id"], "rejected", problems=each["problems"])
    for each in outcome["set_aside"]:
        said = problems[each["id"]]
        yield Line(each["id"], "set_aside", why=each["why"], problems=said)
    for each in outcome["filed"]:
        case_id = cases.get(each["reference"])
        shown_as = each["reference"] if case_id else None
        yield Line(
            each["id"], "filed", case_id, shown_as, problems=problems[each["id"]]
        )
    for each in outcome["duplicates"]:
        said = problems[each["id"]]
        yield Line(each["id"], "duplicate", of=each["of"], problems=said)


def _waiting(actor: Actor) -> list[Waiting]:
    deciders = [who for who in Standing if by_standing([who], May.DECIDE_SUBMISSION)]
    rows = db.session().execute(
        select(Submission, Office.name)
        .join(Office, Office.id == Submission.office_id)
        .where(
            Submission.state.in_(AWAITING),
            Submission.id.in_(_stood_on(actor, *deciders)),
        )
        .order_by(Submission.received_at)
        .limit(MOST_WAITING)
    )
    return [Waiting(row, office) for row, office in rows]


@dataclass(frozen=True)
class SubmissionPage:
    """A submission as somebody who stands on it sees it.

    `answers` is None where its key is not theirs to use any more.
    """

    submission: Submission
    office: str
    case: Case | None
    answers: Sequence[Answer] | None
    technical: Sequence[Answer]
    may_decide: bool


def submission_page(actor: Actor, submission_id: uuid.UUID) -> SubmissionPage:
    """Return a submission; the read is recorded before what was kept is opened.

    :raises NotVisible: where the actor does not stand on it.
    :raises Forbidden: where they stand on its case, but not as intake or lead.
    """
    held = access.require(actor, May.SEE_SUBMISSION, submission_id)
    session = db.session()
    row, case = session.get(Submission, submission_id), session.get(Case, submission_id)
    if row is None:
        raise NotVisible
    opened = reveal(
        actor, row.id, facts_of(case) if case else Facts(), [(Submission.raw, [row])]
    )
    words = opened(Submission.raw, row)
    answers = list(_answers(json.loads(words))) if words else []
    return SubmissionPage(
        submission=row,
        office=session.get_one(Office, row.office_id).name,
        case=case,
        answers=None if opened.shut else [_asked(a) for a in answers if not _dry(a)],
        technical=[answer for answer in answers if _dry(answer)],
        may_decide=row.state in AWAITING and by_standing(held, May.DECIDE_SUBMISSION),
    )


def _answers(kept: Any) -> Iterator[Answer]:
    """Return what was kept as pairs of question and answer, clean."""
    if isinstance(kept, dict):
        for key, value in kept.items():
            yield from _answer(shown(key)[:LINE], value)
    elif _is_leftover(kept):
        yield from ((shown(key), shown(value)) for key, value in kept)
    else:
        yield "", shown(kept)


def _answer(key: str, value: Any) -> Iterator[Answer]:
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, each in enumerate(value, 1):
            yield f"{key} {number}", _in_lines(each)
    elif not is_blank(value):
        yield key, shown(value)


def _in_lines(entry: Any) -> str:
    if not isinstance(entry, dict):
        return shown(entry)
    return "\n".join(f"{_name(shown(key))}: {shown(entry[key])}" for key in entry)


def _is_leftover(kept: Any) -> bool:
    return isinstance(kept, list) and all(
        isinstance(pair, list) and len(pair) == 2 for pair in kept
    )


def _dry(answer: Answer) -> bool:
    return TECHNICAL.match(answer[0]) is not None


def _asked(answer: Answer) -> Answer:
    return _name(answer[0]), answer[1]


def _name(key: str) -> str:
    """Return the form's own name of a question, without its group."""
    return key.rpartition("/")[2].replace("_", " ").strip().capitalize()
