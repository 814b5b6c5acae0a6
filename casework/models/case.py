"""A report and the case that it becomes: clear codes and dates, sealed words.

A submission's id is its case's id, if it ever becomes one.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, now
from vault.sealed import Sealed, sealed


def of_survivor() -> ForeignKeyConstraint:
    """Tie a row to a survivor of its own case, and of no other."""
    return ForeignKeyConstraint(
        ["survivor_id", "case_id"], ["survivors.id", "survivors.case_id"]
    )


class ImportBatch(Base):
    """What one import did with every item: ids of the file, codes, no words."""

    __tablename__ = "import_batches"

    id: Mapped[Id]
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[datetime] = mapped_column(default=now)
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Submission(Base):
    """What came in, once per idempotency key."""

    __tablename__ = "submissions"

    id: Mapped[Id]
    key_hash: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    external_id: Mapped[str | None]
    content_hash: Mapped[str | None]
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offices.id"))
    state: Mapped[str]
    why: Mapped[str | None]
    problems: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    received_at: Mapped[datetime]
    filed_at: Mapped[datetime] = mapped_column(default=now)
    raw: Mapped[Sealed | None] = sealed("survivor", case="id")
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Case(Base):
    """The clear facts of a case: codes, dates and where it stands."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "office_id", "registered_at"),)

    id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("submissions.id"), primary_key=True
    )
    reference: Mapped[str] = mapped_column(unique=True)
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offices.id"))
    kind: Mapped[str]
    stage: Mapped[str]
    episode: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str]
    language: Mapped[str]
    reporter_kind: Mapped[str]
    anonymous: Mapped[bool]
    reachable: Mapped[bool]
    received_at: Mapped[datetime]
    registered_at: Mapped[datetime]
    incident_precision: Mapped[str]
    incident_at: Mapped[datetime | None]
    incident_on: Mapped[date | None]
    danger: Mapped[str]
    medical_needed: Mapped[str]
    referred: Mapped[str]
    services: Mapped[list[str]] = mapped_column(JSONB, default=list)
    category: Mapped[str]
    subject_known: Mapped[str]
    conflicted: Mapped[bool] = mapped_column(default=False)
    urgent: Mapped[bool] = mapped_column(default=False)
    handed_over_at: Mapped[datetime | None]
    taken_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    finding: Mapped[str | None]
    closure_reason: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Report(Base):
    """The words of a report, sealed."""

    __tablename__ = "reports"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    narrative: Mapped[Sealed | None] = sealed("report")
    place: Mapped[Sealed | None] = sealed("report")
    attachments: Mapped[Sealed | None] = sealed("report")
    reporter_name: Mapped[Sealed | None] = sealed("thread")
    reporter_contact: Mapped[Sealed | None] = sealed("thread")


class Survivor(Base):
    """An affected person: coded facts, and a sealed identity and safe contact."""

    __tablename__ = "survivors"
    __table_args__ = (UniqueConstraint("id", "case_id"),)

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[int]
    age_band: Mapped[str]
    sex: Mapped[str]
    affected_as: Mapped[str]
    disability: Mapped[str]
    on_the_move: Mapped[str]
    leaving_on: Mapped[date | None]
    referred: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    outcome_told: Mapped[str | None]
    name: Mapped[Sealed | None] = sealed("survivor")
    safe_contact: Mapped[Sealed | None] = sealed("survivor")
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Subject(Base):
    """The person complained of."""

    __tablename__ = "subjects"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    name: Mapped[Sealed | None] = sealed("subject")
    description: Mapped[Sealed | None] = sealed("subject")
    employer: Mapped[Sealed | None] = sealed("subject")


class Consent(Base):
    """A decision about one purpose; the newest per survivor and purpose counts."""

    __tablename__ = "consents"
    __table_args__ = (
        of_survivor(),
        Index(None, "case_id", "survivor_id", "purpose", "recorded_at"),
    )

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    survivor_id: Mapped[uuid.UUID]
    purpose: Mapped[str]
    recipient: Mapped[str | None]
    status: Mapped[str]
    given_by: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    recorded_by: Mapped[uuid.UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(default=now)
