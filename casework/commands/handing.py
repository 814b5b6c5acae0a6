"""Giving the cases of a desk to another desk of its kind, some at a time.

What is given stays given. It ends after a few seconds, and goes on when it is asked
again; nothing is done twice, also where two members do it at once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Select, exists, func, insert, select
from sqlalchemy.orm import aliased

from auth import access, desks, keys, many
from auth.actor import Actor
from auth.commands.desks import load_own_desk
from auth.models import Desk, StandingRow
from auth.policy import STANDING_OF_DESK, DeskKind, Facts
from casework import cases
from casework.facts import facts_of_each
from casework.models.case import Case
from casework.models.progress import CaseEvent
from core import audit, db
from core.errors import Invalid, NotVisible
from core.events import Event, track_of
from core.steps import Body, Shown
from core.text import N_

SECONDS = 4.0
# How many cases wait for one transaction, by whether the desk stays on them.
AT_ONCE: Mapping[bool, int] = {True: 100, False: 20}


def load_giving(actor: Actor, desk_id: uuid.UUID) -> Desk:
    """Return a desk that can give its cases away, to somebody who holds its key.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    desk = load_own_desk(actor, desk_id)
    if not many.gives_away(desk.kind):
        raise NotVisible
    return desk


def takers(desk_id: uuid.UUID) -> Sequence[Desk]:
    """Return the other desks of a desk's kind at which two members are able."""
    kind = db.session().get_one(Desk, desk_id).kind
    rows = select(Desk).where(Desk.kind == kind, Desk.id != desk_id)
    found = db.session().scalars(rows.order_by(Desk.name)).all()
    able = desks.able(row.id for row in found)
    return [row for row in found if len(able.get(row.id, ())) >= desks.LEAST_MEMBERS]


@dataclass(frozen=True)
class Giving:
    """Who gives what to whom, and why."""

    actor: Actor
    pair: many.Desks
    stays: bool
    why: str

    def left(self) -> Select[uuid.UUID]:
        """Return the cases that are still to be given, of those the actor sees."""
        first, pair = aliased(StandingRow), self.pair
        mine = select(first.case_id).where(
            first.holder_id == pair.first,
            first.kind == pair.kind,
            first.referral_id.is_(None),
            first.ended_at.is_(None),
        )
        there = exists().where(
            StandingRow.case_id == first.case_id,
            StandingRow.holder_id == pair.other,
            StandingRow.kind == pair.kind,
            StandingRow.referral_id.is_(None),
            access.lasts(),
        )
        return mine.where(~there) if self.stays else mine

    def some(self, after: uuid.UUID | None) -> tuple[int, uuid.UUID | None]:
        """Give the next cases after one; return how many, and the last looked at."""
        desks.hold(self.pair.other)
        found = self.left().order_by("case_id").limit(AT_ONCE[self.stays])
        later = found.where(found.selected_columns.case_id > after) if after else found
        ids = db.session().scalars(later).all()
        if not ids:
            return 0, None
        audit.hold(ids)
        new, there = many.sort(ids, self.pair)
        mine = new if self.stays else sorted(new + there)
        many.give(new, self.pair, self.why)
        if not self.stays:
            many.end(mine, self.pair, self.why)
        self._follow(mine)
        return len(mine), ids[-1]

    def _follow(self, ids: Sequence[uuid.UUID]) -> None:
        """Record on cases what was done, and let their keys follow."""
        rows = db.session().scalars(select(Case).where(Case.id.in_(ids)))
        known = {case.id: case for case in rows}
        self._record(known)
        # Of a submission there are no facts yet.
        facts = {**dict.fromkeys(ids, Facts()), **facts_of_each(known.values())}
        for case_id in sorted(many.settle(self.actor, facts)):
            if case_id in known:
                cases.settle(self.actor, known[case_id])
            else:
                keys.settle(self.actor, case_id, facts[case_id])
        many.settle_referrals(self.actor, ids, self.pair, stays=self.stays)

    def _record(self, known: Mapping[uuid.UUID, Case]) -> None:
        """Write the event; no clock listens to it."""
        event = Event.CASE_GIVEN
        said = {"desk": str(self.pair.other), "why": self.why, "stays": self.stays}
        row = {"event": event, "track": track_of(event), "occurred_at": db.now()}
        row |= {"actor_id": self.actor.id, "facts": said}
        rows = [{"id": uuid.uuid4(), "case_id": case_id, **row} for case_id in known]
        if rows:
            db.session().execute(insert(CaseEvent), rows)
        audit.record_each((case_id, event, said) for case_id in known)


def count(actor: Actor, desk_id: uuid.UUID) -> int:
    """Return on how many cases a desk stands, of those the actor sees."""
    desk = load_giving(actor, desk_id)
    pair = many.Desks(desk.id, desk.id, STANDING_OF_DESK[DeskKind(desk.kind)])
    return _count(Giving(actor, pair, stays=False, why=""))


def _count(giving: Giving) -> int:
    found = select(func.count()).select_from(giving.left().subquery())
    return db.session().scalar(found) or 0


def give_cases(actor: Actor, desk_id: uuid.UUID, body: Body) -> Shown:
    """Give a desk's cases to another, as far as one request goes; say how far.

    It is many steps, each whole by itself: it is called outside a transaction.

    :raises Invalid: where the other desk cannot take them.
    """
    with db.transaction(actor):
        giving, names = _start(actor, desk_id, body)
    end, given = monotonic() + SECONDS, body.get("done", 0)
    last: uuid.UUID | None = None
    while True:
        with db.transaction(actor):
            load_giving(actor, desk_id)
            more, last = giving.some(last)
        given += more
        if last is None or monotonic() > end:
            break
    with db.transaction(actor):
        left = _count(giving)
    return Shown(
        "casework/given.html",
        {
            **names,
            "given": given,
            "left": left,
            "ended": last is None or not left,
            "answers": _answers(body, given),
        },
    )


def _start(
    actor: Actor, desk_id: uuid.UUID, body: Body
) -> tuple[Giving, dict[str, Desk]]:
    desk = load_giving(actor, desk_id)
    by_id = {str(row.id): row for row in takers(desk_id)}
    if body["desk"] not in by_id:
        raise Invalid(desk=N_("Choose a desk from the list."))
    other = by_id[body["desk"]]
    kind = STANDING_OF_DESK[DeskKind(desk.kind)]
    pair = many.Desks(desk.id, other.id, kind)
    giving = Giving(actor, pair, body["stays"], str(body["why"].value))
    return giving, {"desk": desk, "other": other}


def _answers(body: Body, given: int) -> dict[str, Any]:
    """Return what the form says that goes on where this one ended."""
    return {
        "desk": body["desk"],
        "stays": "yes" if body["stays"] else "no",
        "why": body["why"].value,
        "done": given,
    }
