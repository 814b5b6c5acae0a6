"""What happens to a case: events, clocks, measures, notes, findings, decisions."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from casework.models.case import of_survivor
from core.db import Base, Id, now
from vault.sealed import Sealed, sealed


class CaseEvent(Base):
    """One thing that happened: codes only."""

    __tablename__ = "case_events"
    __table_args__ = (Index(None, "case_id", "recorded_at"),)

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    referral_id: Mapped[uuid.UUID | None]
    about_id: Mapped[uuid.UUID | None]
    event: Mapped[str]
    track: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=now)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class ClockRow(Base):
    """One running or ended clock; what it stands at is computed, never stored."""

    __tablename__ = "clocks"
    __table_args__ = (
        Index(None, "case_id", "code"),
        Index(
            "ix_clocks_attention",
            "attention_at",
            postgresql_where="attention_at IS NOT NULL",
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    referral_id: Mapped[uuid.UUID | None]
    about_id: Mapped[uuid.UUID | None]
    code: Mapped[str]
    rule_version: Mapped[int]
    track: Mapped[str]
    episode: Mapped[int]
    started_at: Mapped[datetime]
    first_due_at: Mapped[datetime]
    due_at: Mapped[datetime]
    at_risk_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str | None]
    stop_recorded_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    not_applicable: Mapped[str | None]
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    paused_seconds: Mapped[int] = mapped_column(default=0)
    extensions: Mapped[int] = mapped_column(default=0)
    attention_at: Mapped[datetime | None]
    breach_noted_at: Mapped[datetime | None]


class InterimMeasure(Base):
    """Protection while the case is open."""

    __tablename__ = "interim_measures"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str]
    in_place_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    recorded_by: Mapped[uuid.UUID | None]
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Note(Base):
    """A note of the investigation: plan, step taken, evidence gathered."""

    __tablename__ = "notes"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    author_id: Mapped[uuid.UUID | None]
    written_at: Mapped[datetime] = mapped_column(default=now)
    text: Mapped[Sealed | None] = sealed("investigation")


class FindingRow(Base):
    """The report of investigation of one episode."""

    __tablename__ = "findings"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    episode: Mapped[int]
    finding: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(default=now)
    issued_by: Mapped[uuid.UUID | None]
    summary: Mapped[Sealed | None] = sealed("final")
    lessons: Mapped[Sealed | None] = sealed("final")


class DecisionRow(Base):
    """What Legal decided, and the measure."""

    __tablename__ = "decisions"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    episode: Mapped[int]
    measures: Mapped[list[str]] = mapped_column(JSONB)
    decided_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    grounds: Mapped[Sealed | None] = sealed("final")


class OutcomeRow(Base):
    """How a survivor's outcome was told, or why it could not be."""

    __tablename__ = "outcomes"
    __table_args__ = (of_survivor(),)

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    survivor_id: Mapped[uuid.UUID]
    how: Mapped[str]
    told_at: Mapped[datetime]
    told_by: Mapped[uuid.UUID | None]
    words: Mapped[Sealed | None] = sealed("care")


class CareNote(Base):
    """What a care officer, or intake for her, wrote about a survivor's care."""

    __tablename__ = "care_notes"
    __table_args__ = (of_survivor(),)

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    survivor_id: Mapped[uuid.UUID | None]
    author_id: Mapped[uuid.UUID | None]
    written_at: Mapped[datetime] = mapped_column(default=now)
    text: Mapped[Sealed | None] = sealed("care")
