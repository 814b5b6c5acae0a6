"""What pages show of cases. Lists unseal nothing; a page opens only what it shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from auth import access
from auth.actor import Actor
from auth.models import Office, Person, StandingRow
from auth.policy import Compartment, Facts, May, Standing, acts, by_standing, opens
from casework import cases
from casework.clocks import State, state
from casework.facts import consents, decisions, facts_of
from casework.models.case import (
    Case,
    Consent,
    Report,
    Subject,
    Submission,
    Survivor,
)
from casework.models.progress import (
    CareNote,
    CaseEvent,
    ClockRow,
    DecisionRow,
    FindingRow,
    InterimMeasure,
    Note,
    OutcomeRow,
)
from casework.opening import Opened, reveal
from casework.queries.emergencies import EmergencyLine, open_until
from casework.queries.parties import Party, own, parties
from casework.queries.readers import Ended, read_before
from casework.sla import CLOCKS
from core import db

PAGE = 50
SHORT = 10
ON_CASE = [one for one in Standing if by_standing([one], May.SEE_CASE)]
URGENT_FIRST = (State.OVERDUE, State.AT_RISK, State.RUNNING, State.PAUSED)


@dataclass(frozen=True)
class ClockView:
    """A clock as a page shows it."""

    id: uuid.UUID
    code: str
    label: str
    due: datetime
    state: State
    basis: str
    source: str
    extended: bool
    about_id: uuid.UUID | None = None

    @property
    def open(self) -> bool:
        """Whether it still runs."""
        return self.state in URGENT_FIRST


@dataclass(frozen=True)
class CaseLine:
    """A case as a list shows it: codes and clocks, no words."""

    case: Case
    office: str
    next: ClockView | None


@dataclass(frozen=True)
class CasePage:
    """Everything that a case's page shows to one person."""

    case: Case
    office: Office
    taken_by: str | None
    standings: set[Standing]
    clocks: Sequence[ClockView]
    events: Sequence[tuple[CaseEvent, str | None]]
    survivors: Sequence[Survivor]
    officers: dict[uuid.UUID, str]
    consents: dict[tuple[uuid.UUID, str], Consent]
    rows: dict[str, Sequence[Any]]
    opened: Opened
    parties: Sequence[Party]
    in_own_name: bool
    may: frozenset[May]
    emergency: EmergencyLine | None
    read_before: Ended | None
    opens: frozenset[Compartment]

    def first(self, name: str) -> Any:
        """Return the first row of a table, if any."""
        return next(iter(self.rows[name]), None)


def clock_view(row: ClockRow, now: datetime) -> ClockView:
    """Return a clock with what it stands at now."""
    rule = CLOCKS[row.code]
    return ClockView(
        id=row.id,
        code=row.code,
        label=rule.label,
        due=row.due_at,
        state=state(row, now),
        basis=rule.basis,
        source=rule.source,
        extended=row.extensions > 0,
        about_id=row.about_id,
    )


def _by_urgency(views: Sequence[ClockView]) -> list[ClockView]:
    order = {kind: place for place, kind in enumerate(URGENT_FIRST)}
    return sorted(views, key=lambda v: (order.get(v.state, len(order)), v.due))


def my_cases(actor: Actor, *, closed: bool = False, page: int = 0) -> list[CaseLine]:
    """Return the cases that the actor or their desks stand on, most pressing first.

    The query names the actor's holder ids: row security guards, it does not drive.
    """
    mine = (
        select(StandingRow.case_id)
        .where(
            StandingRow.holder_id.in_(actor.holders),
            StandingRow.kind.in_(ON_CASE),
            StandingRow.referral_id.is_(None),
            access.lasts(),
        )
        .distinct()
    )
    due = (
        select(func.min(ClockRow.due_at))
        .where(
            ClockRow.case_id == Case.id,
            ClockRow.stopped_at.is_(None),
            ClockRow.cancelled_at.is_(None),
            ClockRow.not_applicable.is_(None),
        )
        .scalar_subquery()
    )
    done = Case.closed_at.is_not(None) if closed else Case.closed_at.is_(None)
    rows = db.session().execute(
        select(Case, Office.name)
        .join(Office, Office.id == Case.office_id)
        .where(Case.id.in_(mine), done)
        .order_by(due.asc().nulls_last(), Case.registered_at.desc())
        .limit(PAGE)
        .offset(page * PAGE)
    )
    lines = [(case, office) for case, office in rows]
    clocks = _clocks([case.id for case, _ in lines])
    return [
        CaseLine(case, office, next(iter(clocks.get(case.id, [])), None))
        for case, office in lines
    ]


def _clocks(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[ClockView]]:
    now = db.now()
    found: dict[uuid.UUID, list[ClockView]] = {}
    for row in db.session().scalars(select(ClockRow).where(ClockRow.case_id.in_(ids))):
        view = clock_view(row, now)
        if view.open:
            found.setdefault(row.case_id, []).append(view)
    return {case_id: _by_urgency(views) for case_id, views in found.items()}


def case_page(actor: Actor, case_id: uuid.UUID) -> CasePage:
    """Return what the actor may see of a case; the read is recorded before it opens."""
    case = cases.load(actor, May.SEE_CASE, case_id)
    cases.catch_up(actor, case)
    session, facts, now = db.session(), facts_of(case), db.now()
    standings = access.standings(actor, case_id)
    rows = _rows(case_id)
    opened = reveal(actor, case_id, facts, _wanted(rows), standings=standings)
    everyone = {p.id: p.name for p in session.scalars(select(Person))}
    clocks = session.scalars(select(ClockRow).where(ClockRow.case_id == case_id))
    return CasePage(
        case=case,
        office=session.get_one(Office, case.office_id),
        taken_by=everyone.get(case.taken_by) if case.taken_by else None,
        standings=standings,
        clocks=_by_urgency([clock_view(row, now) for row in clocks]),
        events=[(e, everyone.get(e.actor_id)) for e in rows["events"]],
        survivors=rows["survivors"],
        officers=everyone,
        consents=consents(case_id),
        rows=rows,
        opened=opened,
        parties=parties(case_id, facts, everyone),
        in_own_name=bool(own(actor.id, case_id)),
        may=acts(standings, facts),
        emergency=open_until(actor, case_id),
        read_before=_read_before(case_id, facts, acts(standings, facts)),
        opens=frozenset(
            part
            for part in Compartment
            if any(opens(standing, part, facts) for standing in standings)
        ),
    )


def _read_before(case_id: uuid.UUID, facts: Facts, may: frozenset[May]) -> Ended | None:
    if May.SEE_READERS not in may:
        return None
    return read_before(case_id, facts, decisions(case_id))


def _rows(case_id: uuid.UUID) -> dict[str, Sequence[Any]]:
    tables = {
        "reports": (Report, Report.id),
        "survivors": (Survivor, Survivor.number),
        "subjects": (Subject, Subject.id),
        "measures": (InterimMeasure, InterimMeasure.in_place_at),
        "notes": (Note, Note.written_at),
        "findings": (FindingRow, FindingRow.issued_at),
        "decisions": (DecisionRow, DecisionRow.decided_at),
        "outcomes": (OutcomeRow, OutcomeRow.told_at),
        "care_notes": (CareNote, CareNote.written_at),
        "events": (CaseEvent, CaseEvent.occurred_at),
    }
    session = db.session()
    found: dict[str, Sequence[Any]] = {
        name: session.scalars(
            select(model).filter_by(case_id=case_id).order_by(order)
        ).all()
        for name, (model, order) in tables.items()
    }
    mine = select(Submission).where(Submission.id == case_id)
    return {**found, "submissions": session.scalars(mine).all()}


def _wanted(rows: dict[str, Sequence[Any]]) -> list[tuple[Any, Sequence[Any]]]:
    return [
        (Report.narrative, rows["reports"]),
        (Report.place, rows["reports"]),
        (Report.attachments, rows["reports"]),
        (Report.reporter_name, rows["reports"]),
        (Report.reporter_contact, rows["reports"]),
        (Survivor.name, rows["survivors"]),
        (Survivor.safe_contact, rows["survivors"]),
        (Subject.name, rows["subjects"]),
        (Subject.description, rows["subjects"]),
        (Subject.employer, rows["subjects"]),
        (Note.text, rows["notes"]),
        (FindingRow.summary, rows["findings"]),
        (FindingRow.lessons, rows["findings"]),
        (DecisionRow.grounds, rows["decisions"]),
        (OutcomeRow.words, rows["outcomes"]),
        (CareNote.text, rows["care_notes"]),
    ]


def events_since(case_id: uuid.UUID, since: datetime) -> list[str]:
    """Return what happened to a case after a moment, as event codes."""
    rows = db.session().scalars(
        select(CaseEvent.event)
        .where(CaseEvent.case_id == case_id, CaseEvent.recorded_at > since)
        .order_by(CaseEvent.recorded_at)
    )
    return list(rows)


@dataclass(frozen=True)
class Desktop:
    """The start page of somebody who works on cases."""

    overdue: Sequence[CaseLine]
    soon: Sequence[CaseLine]
    waiting: Sequence[CaseLine]


def desktop(actor: Actor) -> Desktop:
    """Return what presses: overdue, due soon, and cases that wait for the actor."""
    lines = my_cases(actor)
    late = [line for line in lines if line.next and line.next.state == State.OVERDUE]
    soon = [line for line in lines if line.next and line.next.state == State.AT_RISK]
    rest = [line for line in lines if line not in late and line not in soon]
    return Desktop(late[:SHORT], soon[:SHORT], rest[:SHORT])
