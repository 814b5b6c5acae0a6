"""Plays cases forward, by the same commands as the pages, at moments in the past."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from auth.actor import INTAKE, Actor
from auth.models import Office
from casework.cfm.report import Affected, Attachments, IncomingReport
from casework.commands import care, desk, inquiry, outcome, protect
from casework.commands.intake import Filing, file_report
from casework.models.case import Case, Survivor
from casework.vocabulary import (
    AgeBand,
    Channel,
    ConsentStatus,
    Kind,
    Language,
    PersonnelCategory,
    Precision,
    ReferredAnswer,
    ReporterKind,
    Sex,
    SubjectKnown,
    YesNoUnknown,
)
from core import db

Command = Callable[[Actor, uuid.UUID, dict[str, Any]], Any]
PAST_QUARTERS = 3
PER_OFFICE_AND_QUARTER = 7
SEED = 20221124


@dataclass(frozen=True)
class Player:
    """The people of the demo, signed in."""

    actors: Mapping[str, Actor]

    def do(
        self, who: str, command: Command, case_id: uuid.UUID, at: datetime, **body: Any
    ) -> Any:
        """Let a person take one step, at a moment."""
        with db.transaction(self.actors[who], at):
            return command(self.actors[who], case_id, body)

    def survivor(self, case_id: uuid.UUID) -> str:
        """Return the id of a case's first survivor."""
        with db.transaction(self.actors["salma"]) as session:
            first = select(Survivor.id).where(Survivor.case_id == case_id)
            return str(session.scalar(first.order_by(Survivor.number)))


def history(player: Player, now: datetime) -> int:
    """Make closed and open cases of past quarters, without any words; return how many.

    Seeded, so that two demos look alike.
    """
    chance = random.Random(SEED)  # nosec B311 - invents demo data only
    with db.transaction(INTAKE) as session:
        offices = list(session.scalars(select(Office).order_by(Office.code)))
    made = 0
    for office in offices:
        for _ in range(PAST_QUARTERS * PER_OFFICE_AND_QUARTER):
            start = now - timedelta(days=chance.uniform(55, 330))
            _one(player, office, start, chance)
            made += 1
    return made


def _one(
    player: Player, office: Office, start: datetime, chance: random.Random
) -> None:
    kind = chance.choice((Kind.SEXUAL_EXPLOITATION, Kind.SEXUAL_ABUSE))
    at = start + timedelta(hours=chance.expovariate(1 / 12))
    with db.transaction(INTAKE, at):
        key = f"history:{office.code}:{start.isoformat()}"
        report = _wordless(kind, start)
        case_id = file_report(
            INTAKE, Filing(report=report, office=office, key=key, source="history")
        ).id
    decided = at + timedelta(days=chance.expovariate(1 / 22))
    if chance.random() < 0.85:
        player.do(
            "salma",
            care.accept_care,
            case_id,
            at + timedelta(hours=chance.expovariate(1 / 14)),
            survivor=player.survivor(case_id),
        )
    if chance.random() < 0.8:
        player.do("ines", inquiry.take_case, case_id, at + timedelta(days=1))
        player.do(
            "ines",
            outcome.close_case,
            case_id,
            decided,
            reason="insufficient_information",
            untold="unreachable",
        )


def _wordless(kind: Kind, received_at: datetime) -> IncomingReport:
    unknown = YesNoUnknown.UNKNOWN
    woman = Affected(AgeBand.FROM_25_TO_59, Sex.FEMALE, unknown, unknown, None)
    return IncomingReport(
        office=None,
        site=None,
        channel=Channel.HOTLINE,
        language=Language.ENGLISH,
        received_at=received_at,
        reporter_kind=ReporterKind.COMMUNITY_MEMBER,
        anonymous=True,
        reporter_name=None,
        safe_contact=None,
        kind=kind,
        precision=Precision.UNKNOWN,
        incident_at=None,
        incident_on=None,
        place=None,
        danger=YesNoUnknown.NO,
        people=(woman,),
        affected_count=1,
        medical_needed=unknown,
        already_referred=ReferredAnswer.YES,
        services=(),
        consent_share_identity=ConsentStatus.NOT_YET_ASKED,
        consent_referral=ConsentStatus.NOT_YET_ASKED,
        consent_statistics=ConsentStatus.NOT_YET_ASKED,
        subject_known=SubjectKnown.NO,
        subject_name=None,
        subject_description=None,
        subject_category=PersonnelCategory.STAFF,
        subject_employer=None,
        narrative=None,
        attachments=Attachments(0, ()),
        as_written=(),
    )


def imported(player: Player, now: datetime) -> list[str]:
    """Take imported cases to different stages; return a line about each."""
    cases = _imported_cases(player)
    told = []
    for play, (case_id, reference) in zip(SCENES, cases[: len(SCENES)], strict=False):
        stage = play(player, case_id, now)
        told.append(f"{reference}: {stage}")
    contracted = _first(player, cases[len(SCENES) :], category="third_party_contractor")
    harassment = _first(player, cases[len(SCENES) :], kind="sexual_harassment")
    if contracted:
        told.append(f"{contracted[1]}: {_partner(player, contracted[0], now)}")
    if harassment and harassment != contracted:
        told.append(f"{harassment[1]}: {_informal(player, harassment[0], now)}")
    return told


def _imported_cases(player: Player) -> list[tuple[uuid.UUID, str]]:
    with db.transaction(player.actors["amina"]) as session:
        amina = select(Case.id, Case.reference).order_by(Case.received_at)
        kinds = (Kind.SEXUAL_EXPLOITATION, Kind.SEXUAL_ABUSE)
        first = session.execute(amina.where(Case.kind.in_(kinds))).all()
    with db.transaction(player.actors["ines"]) as session:
        every = session.execute(
            select(Case.id, Case.reference)
            .where(Case.closed_at.is_(None))
            .order_by(Case.received_at.desc())
            .limit(40)
        ).all()
    known = {row[0] for row in first}
    rest = [(row[0], row[1]) for row in every if row[0] not in known]
    return [(row[0], row[1]) for row in first] + rest


def _first(
    player: Player, cases: Sequence[tuple[uuid.UUID, str]], **facts: str
) -> tuple[uuid.UUID, str] | None:
    with db.transaction(player.actors["ines"]) as session:
        for case_id, reference in cases:
            case = session.get(Case, case_id)
            known = {name: getattr(case, name, None) for name in facts}
            if known == facts:
                return case_id, reference
    return None


def _triaged(player: Player, case_id: uuid.UUID, at: datetime) -> str:
    player.do(
        "amina",
        desk.record_triage,
        case_id,
        at,
        danger="no",
        medical_needed="no",
        referred="yes",
        offered=True,
    )
    return "triaged by Amina"


def _taken(player: Player, case_id: uuid.UUID, at: datetime) -> str:
    _triaged(player, case_id, at)
    hour = timedelta(hours=1)
    player.do("amina", desk.hand_over, case_id, at + hour, confirmed=True)
    player.do("ines", inquiry.take_case, case_id, at + 2 * hour)
    survivor = player.survivor(case_id)
    player.do("salma", care.accept_care, case_id, at + 3 * hour, survivor=survivor)
    return "taken by Ines, in care with Salma"


def _investigated(player: Player, case_id: uuid.UUID, at: datetime) -> str:
    _taken(player, case_id, at)
    later = at + timedelta(hours=6)
    player.do("ines", inquiry.confirm_referral, case_id, later, answer="yes")
    player.do(
        "ines",
        inquiry.open_investigation,
        case_id,
        later,
        urgent=False,
        plan="Hear the survivor once, in her language. Then the stores’ records.",
    )
    player.do(
        "ines",
        protect.take_measure,
        case_id,
        later,
        kind="removed_from_frontline",
        in_place_at=later,
    )
    return "under investigation"


def _at_legal(player: Player, case_id: uuid.UUID, at: datetime) -> str:
    _investigated(player, case_id, at)
    later = at + timedelta(hours=12)
    player.do(
        "ines",
        inquiry.issue_report,
        case_id,
        later,
        finding="substantiated",
        to_legal=True,
        summary="The account is borne out by two witnesses and the records.",
        lessons="Distribution lists are to be kept by two people.",
    )
    return "with Legal"


def _partner(player: Player, case_id: uuid.UUID, now: datetime) -> str:
    player.do("ines", inquiry.take_case, case_id, now)
    player.do("ines", inquiry.hand_to_partner, case_id, now, capacity=True)
    return "with the partner’s investigators"


def _informal(player: Player, case_id: uuid.UUID, now: datetime) -> str:
    player.do("ines", inquiry.take_case, case_id, now)
    player.do("ines", inquiry.choose_informal, case_id, now, chosen=True)
    return "on the informal road"


SCENES: Sequence[Callable[[Player, uuid.UUID, datetime], str]] = (
    _at_legal,
    _investigated,
    _taken,
    _triaged,
)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
