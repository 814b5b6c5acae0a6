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
    """Someone keys are sealed to; a person or desk has the same id.

    `renew_since`: somebody left who held this desk's key, so that it must be re-made.
    """

    __tablename__ = "holders"

    id: Mapped[Id]
    kind: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=now)
    renew_since: Mapped[datetime | None]


class HolderKey(Base):
    """One generation of a holder's key pair; the newest is what one seals to.

    `older` is the private key of the generation before, sealed to this one: who holds
    a desk's newest key opens what was sealed to the desk before.
    `ended_at`: nothing is sealed to it any more; the person has no key until they
    choose another password.
    """

    __tablename__ = "holder_keys"

    holder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True
    )
    generation: Mapped[int] = mapped_column(primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    older: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class HeldKey(Base):
    """A desk's newest private key, sealed to one of its members.

    `gated`: the last one, of somebody who may not use it any more.
    """

    __tablename__ = "held_keys"

    holder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True
    )
    by_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True, index=True
    )
    generation: Mapped[int]
    gated: Mapped[bool] = mapped_column(default=False)
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
    """A compartment's key, sealed to one generation of one holder's key.

    `gated`: the server's gate is wrapped around it, and opens only on its condition.
    """

    __tablename__ = "key_grants"
    __table_args__ = (Index(None, "case_id", "holder_id"),)

    compartment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("compartments.id", ondelete="CASCADE"), primary_key=True
    )
    holder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("holders.id"), primary_key=True, index=True
    )
    generation: Mapped[int]
    gated: Mapped[bool]
    case_id: Mapped[uuid.UUID]
    referral_id: Mapped[uuid.UUID | None]
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    given_by: Mapped[uuid.UUID | None]
    given_at: Mapped[datetime] = mapped_column(default=now)


class KeyWork(Base):
    """What is left to do on a compartment's keys, for the next holder who opens it.

    `renew`: somebody knew the key who must not know it any more. Else a grant is still
    to be given, and one that should end is held back behind the gate until then.
    """

    __tablename__ = "key_work"

    compartment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("compartments.id", ondelete="CASCADE"), primary_key=True
    )
    case_id: Mapped[uuid.UUID] = mapped_column(index=True)
    referral_id: Mapped[uuid.UUID | None]
    renew: Mapped[bool]
    since: Mapped[datetime] = mapped_column(default=now)
