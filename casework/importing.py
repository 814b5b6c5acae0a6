"""Files the items of a complaint-form export: each whole, once, and accounted for.

Every item has a transaction of its own: one that fails takes no other with it, and
after a crash the same file can be imported again.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError

from auth import access
from auth.actor import INTAKE, Actor
from auth.models import Office, Route
from auth.policy import May
from casework.cfm.answers import cleaned, is_blank, shown
from casework.cfm.reading import ITEM, read
from casework.cfm.report import Fault, Problem, Reading
from casework.cfm.same import fingerprint
from casework.commands.intake import (
    ALL_DESKS,
    Arrival,
    Filing,
    Receipt,
    file_report,
    set_aside,
    was_same,
)
from casework.import_report import PLAIN, Outcome, plain, told
from casework.models.case import ImportBatch, Submission
from core import db
from core.errors import Invalid
from core.errors import Problem as Refusal
from core.text import N_, whole

HEADQUARTERS = "GVA"
SOURCE = "cfm"
OFFICE = "group_intake/office"
LONGEST_ID = 200
MOST_PROBLEMS = 200
# What one item can cause; anything else ends the import, which can be run again.
UNFIT = (DataError, IntegrityError, Invalid, ValueError, OverflowError, RecursionError)
ItemId = int | str


class NotReady(Refusal):
    """Nothing can be imported yet."""

    status = 409
    message = N_(
        "No desk takes the reports of the office %(office)s. Check its code, or ask an"
        " administrator to give it desks."
    )


@dataclass(frozen=True)
class Item:
    """One item with what was read in it."""

    raw: Any
    reading: Reading
    office: Office
    problems: tuple[Problem, ...]

    @property
    def id(self) -> ItemId:
        """The item's id as the file has it, cleaned and not endless."""
        given = self.reading.id
        if isinstance(given, int):
            return given
        return cleaned(given)[0][:LONGEST_ID] or "…"

    @property
    def external(self) -> str:
        """The id as it is stored: as it stands, unless it holds free text."""
        text = str(self.id)
        if PLAIN.fullmatch(text):
            return text
        return "#" + sha256(self.content.encode()).hexdigest()[:12]

    @property
    def key(self) -> str:
        """The idempotency key: equal for two deliveries of one submission."""
        return f"{SOURCE}:{self.reading.key}"

    @property
    def content(self) -> str:
        """The mark of the answers.

        It holds the key too, which is kept nowhere: without the file nobody can try
        out what the answers were.
        """
        return f"{self.key}:{self.reading.digest}"

    def arrival(self, **more: Any) -> dict[str, Any]:
        """What every road needs to know."""
        return {
            "office": self.office,
            "key": self.key,
            "content": self.content,
            "source": SOURCE,
            "external_id": self.external,
            "problems": [plain(told(each)) for each in self.problems],
            **more,
        }


def import_items(
    actor: Actor,
    items: Sequence[Any],
    office_default: str | None = None,
    now: datetime | None = None,
) -> Outcome:
    """File every item and write down what became of it.

    `office_default` is the code of the office of items that name none; else it is
    headquarters. `now` is the moment of the import, unless a past is played back.

    :raises NotVisible: where a person's roles do not let them import.
    :raises NotReady: where no desk takes the reports of that office.
    """
    if not actor.service:
        access.require_role(actor, May.IMPORT_REPORTS)
    run = _Run(Actor(id=actor.id, service=INTAKE.service), office_default, now)
    for index, item in enumerate(items):
        run.take(item, index)
    run.write_down()
    return run.outcome


class _Run:
    """One import under way."""

    def __init__(self, actor: Actor, office: str | None, now: datetime | None) -> None:
        self.actor, self.at = actor, now
        self.now = now or datetime.now(UTC)
        self.outcome = Outcome()
        self._ids: dict[str, ItemId] = {}
        with db.transaction(actor):
            self._offices = offices()
        default = office or HEADQUARTERS
        if default not in self._offices:
            raise NotReady(office=default[:20])
        self._default = self._offices[default]

    def take(self, raw: Any, index: int) -> None:
        """Read one item and act on it, or keep it for a person where that fails."""
        item = self._item(raw, read(raw, index, self.now))
        self._ids.setdefault(item.external, item.id)
        self.outcome.received += 1
        try:
            with db.transaction(self.actor, self.at):
                self._road(item)(item)
        except UNFIT:
            with db.transaction(self.actor, self.at):
                self._reject(item, Problem(ITEM, Fault.NOT_FILED))

    def _item(self, raw: Any, reading: Reading) -> Item:
        wanted = reading.report.office if reading.report else None
        problems = reading.problems[:MOST_PROBLEMS]
        if wanted and wanted not in self._offices:
            problems += (Problem(OFFICE, Fault.NO_DESK),)
        office = self._offices.get(wanted or "", self._default)
        return Item(raw, reading, office, problems)

    def _road(self, item: Item) -> Callable[[Item], None]:
        if item.reading.report is None:
            return self._reject
        return self._set_aside if item.reading.set_aside else self._file

    def _file(self, item: Item) -> None:
        assert item.reading.report is not None
        filing = Filing(report=item.reading.report, **item.arrival())
        receipt = file_report(self.actor, filing)
        if not receipt.new:
            return self._repeat(item, receipt)
        kind = item.reading.report.kind.value
        self.outcome.filed.append(
            {"id": item.id, "reference": receipt.reference, "kind": kind}
        )
        return self._tell(item.id, item.problems)

    def _set_aside(self, item: Item) -> None:
        why = item.reading.set_aside
        assert item.reading.report is not None
        assert why is not None
        filing = Filing(report=item.reading.report, **item.arrival())
        receipt = set_aside(self.actor, filing, _kept(item.raw), "set_aside", why)
        if not receipt.new:
            return self._repeat(item, receipt)
        self.outcome.set_aside.append({"id": item.id, "why": why})
        return self._tell(item.id, item.problems)

    def _repeat(self, item: Item, receipt: Receipt) -> None:
        """Note a second delivery; other answers in it are kept beside the first's."""
        first = db.session().get_one(Submission, receipt.id)
        of = self._ids.get(first.external_id or "", _id(first.external_id))
        problems = item.problems
        if not was_same(first, item.content):
            differs = Problem(ITEM, Fault.CONTENT_DIFFERS)
            problems = (*problems, differs)
            self._keep(item, item.content, differs)
        self.outcome.duplicates.append({"id": item.id, "of": of})
        self._tell(item.id, problems)

    def _reject(self, item: Item, *more: Problem) -> None:
        """List what cannot be filed, and keep it if it holds anything."""
        problems = (*item.problems, *more)
        if not is_blank(item.raw):
            self._keep(item, f"{item.key}:{fingerprint(item.raw)}", problems[-1])
        listed = [told(each) for each in problems]
        self.outcome.rejected.append({"id": item.id, "problems": listed})

    def _keep(self, item: Item, key: str, why: Problem) -> None:
        # A key of its own leaves the submission's free for what can be filed.
        problems = [plain(told(each)) for each in dict.fromkeys((*item.problems, why))]
        given = item.arrival(key=key, problems=problems)
        code = why.problem.value
        set_aside(self.actor, Arrival(**given), _kept(item.raw), "kept", code)

    def _tell(self, item: ItemId, problems: Iterable[Problem]) -> None:
        self.outcome.problems += [{"id": item, **told(each)} for each in problems]

    def write_down(self) -> None:
        """Keep what became of every item, for the page of imports."""
        with db.transaction(self.actor, self.at):
            batch = ImportBatch(
                id=uuid.uuid4(), made_by=self.actor.id, outcome=self.outcome.stored()
            )
            db.add(batch)


def offices() -> Mapping[str, Office]:
    """Return the offices whose reports have a desk for every kind of work, by code."""
    routed = (
        select(Route.office_id)
        .where(Route.kind.in_(ALL_DESKS))
        .group_by(Route.office_id)
        .having(func.count() == len(ALL_DESKS))
    )
    rows = db.session().scalars(select(Office).where(Office.id.in_(routed)))
    return {office.code: office for office in rows}


def _kept(item: Any) -> Any:
    """The item as it is kept; what is nested too deeply to write gives way to `…`."""
    try:
        json.dumps(item)
    except RecursionError:
        return (
            {key: shown(item[key]) for key in item} if isinstance(item, dict) else "…"
        )
    return item


def _id(external: str | None) -> ItemId:
    number = whole(external) if external else None
    return external or "…" if number is None else number
