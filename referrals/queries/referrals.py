"""What pages show of referrals. Lists unseal nothing; a page opens what it shows."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from auth import access
from auth.actor import Actor
from auth.models import Office, StandingRow
from auth.policy import May, Role, Standing, by_standing
from casework.models.case import Case
from casework.models.progress import CaseEvent, ClockRow
from casework.opening import reveal
from casework.queries.cases import ClockView, clock_view
from core import db
from core.errors import NotVisible
from core.events import Event
from referrals import loading
from referrals.models import Referral, Service, ServiceReport
from referrals.stages import FINAL, WAITING, RejectReason

PAGE = 50
READERS = frozenset({Role.PROVIDER, Role.CARE_OFFICER})
KEY_EVENTS = (Event.REFERRAL_KEYS_TO_RENEW, Event.REFERRAL_KEYS_RENEWED)


@dataclass(frozen=True)
class ReferralLine:
    """A referral as a list shows it: codes and its clock; nothing of the case."""

    id: uuid.UUID
    reference: str
    service: str
    kind: str
    urgent: bool
    age_band: str
    language: str
    area: str
    status: str
    sent_at: datetime
    clock: ClockView | None

    @property
    def waiting(self) -> bool:
        """Whether its service has not answered yet."""
        return self.status in WAITING


@dataclass(frozen=True)
class ReportLine:
    """What a provider reported, with its words where they open."""

    reported_at: datetime
    status: str
    outcome: str | None
    text: str | None


@dataclass(frozen=True)
class ReferralPage:
    """One referral as its care officer or its provider sees it.

    `case` is for the care officer alone.
    """

    line: ReferralLine
    row: Referral
    case: Case | None
    may: frozenset[May]
    name: str | None
    contact: str | None
    request: str | None
    is_open: bool
    reason: str | None
    reports: Sequence[ReportLine]
    clocks: Sequence[ClockView]
    events: Sequence[CaseEvent]


def inbox(actor: Actor, *, closed: bool = False, page: int = 0) -> list[ReferralLine]:
    """Return the referrals to the actor's desk, or of survivors in their care.

    :raises NotVisible: for anybody who is neither provider nor care officer.
    """
    if not actor.roles & READERS:
        raise NotVisible
    final = Referral.status.in_(FINAL)
    rows = db.session().scalars(
        select(Referral)
        .where(_stands(actor), final if closed else ~final)
        .order_by(_first_due().asc().nulls_last(), Referral.sent_at.desc())
        .limit(PAGE)
        .offset(page * PAGE)
    )
    return lines(actor, rows.all())


def _stands(actor: Actor) -> Any:
    """Name the actor's holder ids: row security guards, it does not drive."""
    return exists().where(
        StandingRow.holder_id.in_(actor.holders),
        access.lasts(),
        or_(
            and_(
                StandingRow.kind == Standing.PROVIDER,
                StandingRow.referral_id == Referral.id,
            ),
            and_(
                StandingRow.kind == Standing.CARE_OFFICER,
                StandingRow.case_id == Referral.case_id,
            ),
        ),
    )


def _first_due() -> Any:
    return (
        select(func.min(ClockRow.due_at))
        .where(
            ClockRow.referral_id == Referral.id,
            ClockRow.case_id == Referral.case_id,
            ClockRow.stopped_at.is_(None),
            ClockRow.cancelled_at.is_(None),
        )
        .scalar_subquery()
    )


def lines(actor: Actor, rows: Sequence[Referral]) -> list[ReferralLine]:
    """Return referrals as lists show them, each with the clock that presses."""
    session = db.session()
    ids = {row.service_id for row in rows}
    services = {
        row.id: row.name
        for row in session.scalars(select(Service).where(Service.id.in_(ids)))
    }
    offices = {row.id: row for row in session.scalars(select(Office))}
    clocks = _clocks(actor, [row.id for row in rows])
    return [
        ReferralLine(
            id=row.id,
            reference=row.reference,
            service=services[row.service_id],
            kind=row.kind,
            urgent=row.urgent,
            age_band=row.age_band,
            language=row.language,
            area=f"{offices[row.office_id].name}, {offices[row.office_id].region}",
            status=row.status,
            sent_at=row.sent_at,
            clock=next((view for view in clocks.get(row.id, ()) if view.open), None),
        )
        for row in rows
    ]


def _clocks(actor: Actor, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[ClockView]]:
    """Return clocks by referral; that of its keys is no business of a provider's."""
    found: dict[uuid.UUID, list[ClockView]] = {}
    hidden = [loading.KEYS] if Role.PROVIDER in actor.roles else []
    rows = db.session().scalars(
        select(ClockRow)
        .where(ClockRow.referral_id.in_(ids), ClockRow.code.not_in(hidden))
        .order_by(ClockRow.due_at)
    )
    for row in rows:
        assert row.referral_id
        found.setdefault(row.referral_id, []).append(clock_view(row, db.now()))
    return found


def referral_page(actor: Actor, referral_id: uuid.UUID) -> ReferralPage:
    """Return what the actor may see of a referral; the read is recorded first."""
    row = loading.load(actor, May.SEE_REFERRAL, referral_id)
    held = access.standings(actor, row.case_id, row.id)
    may = frozenset(act for act in May if by_standing(held, act))
    session = db.session()
    reports = session.scalars(
        select(ServiceReport)
        .where(ServiceReport.referral_id == row.id)
        .order_by(ServiceReport.reported_at)
    ).all()
    sealed = [(column, [row]) for column in (Referral.name, Referral.contact)]
    sealed += [(Referral.request, [row])]
    wanted = [*sealed, (ServiceReport.text, reports)]
    opened = reveal(actor, row.case_id, loading.facts_of(row), wanted, row.id)
    hidden = [] if May.CARE in may else KEY_EVENTS
    events = session.scalars(
        select(CaseEvent)
        .where(CaseEvent.case_id == row.case_id, CaseEvent.referral_id == row.id)
        .where(CaseEvent.event.not_in(hidden))
        .order_by(CaseEvent.occurred_at)
    )
    return ReferralPage(
        line=lines(actor, [row])[0],
        row=row,
        case=session.get(Case, row.case_id) if May.CARE in may else None,
        may=may,
        name=opened(Referral.name, row),
        contact=opened(Referral.contact, row),
        request=opened(Referral.request, row),
        is_open=not opened.shut,
        reason=RejectReason(row.reject_reason).label if row.reject_reason else None,
        reports=[
            ReportLine(
                each.reported_at,
                each.status,
                each.outcome,
                opened(ServiceReport.text, each),
            )
            for each in reports
        ],
        clocks=_clocks(actor, [row.id]).get(row.id, []),
        events=events.all(),
    )
