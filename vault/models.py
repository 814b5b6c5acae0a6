"""Holders, compartments and who holds which key. Knows cases and people by id only."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, now


class HolderKind(StrEnum):
    """Who can hold keys."""

    PERSON = "person"
    DESK = "desk"


class Holder(Base):
    """Someone keys are sealed to; a person or desk has the same id."""

    __tablename__ = "holders"

    id: Mapped[Id]
    kind: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(default=now)


class HeldKey(Base):
    """A desk's private key, sealed to one of its members."""

    __tablename__ = "held_keys"

    holder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True
    )
    by_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True, index=True
    )
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    given_at: Mapped[datetime] = mapped_column(default=now)


class CompartmentRow(Base):
    """One version of a compartment's key; the key itself is only in grants."""

    __tablename__ = "compartments"
    __table_args__ = (
        UniqueConstraint(
            "case_id",
            "referral_id",
            "name",
            "version",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID]
    referral_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    version: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(default=now)


class KeyGrant(Base):
    """A compartment's key, sealed to one holder."""

    __tablename__ = "key_grants"
    __table_args__ = (Index(None, "case_id", "holder_id"),)

    compartment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("compartments.id", ondelete="CASCADE"), primary_key=True
    )
    holder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True
    )
    case_id: Mapped[uuid.UUID]
    referral_id: Mapped[uuid.UUID | None]
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    given_by: Mapped[uuid.UUID | None]
    given_at: Mapped[datetime] = mapped_column(default=now)
