"""Services, needs and referrals: codes and dates clear, words sealed."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casework.models.case import of_survivor
from core.db import Base, Id, now
from vault.sealed import Sealed, sealed


class Service(Base):
    """An entry of the service directory."""

    __tablename__ = "services"

    id: Mapped[Id]
    desk_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("desks.id"))
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offices.id"))
    kind: Mapped[str]
    name: Mapped[str]
    where: Mapped[str]
    hours: Mapped[str]
    verified_at: Mapped[datetime]
    verified_by: Mapped[uuid.UUID | None]
    withdrawn_at: Mapped[datetime | None]
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Need(Base):
    """What a survivor needs, and what was done about it."""

    __tablename__ = "needs"
    __table_args__ = (of_survivor(),)

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    survivor_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    answer: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(default=now)
    recorded_by: Mapped[uuid.UUID | None]
    note: Mapped[Sealed | None] = sealed("care")
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Referral(Base):
    """A referral to one service: the minimum, sealed for its provider alone.

    The codes are all that a provider sees before accepting; `office_id` says near
    which office the survivor is. Who it is opens with its acceptance.
    """

    __tablename__ = "referrals"
    __table_args__ = (of_survivor(), Index(None, "case_id", "survivor_id"))

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    reference: Mapped[str] = mapped_column(unique=True)
    survivor_id: Mapped[uuid.UUID]
    service_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("services.id"))
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offices.id"))
    episode: Mapped[int]
    kind: Mapped[str]
    urgent: Mapped[bool]
    age_band: Mapped[str]
    language: Mapped[str]
    status: Mapped[str]
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reject_reason: Mapped[str | None]
    made_by: Mapped[uuid.UUID | None]
    name: Mapped[Sealed | None] = sealed("referral", referral="id")
    contact: Mapped[Sealed | None] = sealed("referral", referral="id")
    request: Mapped[Sealed | None] = sealed("referral", referral="id")
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class ServiceReport(Base):
    """What a provider reported about a referral: a status, and words if any."""

    __tablename__ = "service_reports"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    referral_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("referrals.id"), index=True
    )
    status: Mapped[str]
    outcome: Mapped[str | None]
    reported_at: Mapped[datetime] = mapped_column(default=now)
    reported_by: Mapped[uuid.UUID | None]
    text: Mapped[Sealed | None] = sealed("referral", referral="referral_id")
