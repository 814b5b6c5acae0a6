"""People, desks, offices, routes, sessions and standings: who stands where."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from core.db import Base, Id, now


class Office(Base):
    """A place that receives reports; its zone and weekend rule its clocks."""

    __tablename__ = "offices"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    country: Mapped[str]
    region: Mapped[str]
    zone: Mapped[str]
    weekend: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Person(Base):
    """Someone who signs in; a holder of the same id keeps their public key."""

    __tablename__ = "people"

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("holders.id"), primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    office_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("offices.id"))
    staff_number: Mapped[str | None] = mapped_column(unique=True)
    language: Mapped[str] = mapped_column(default="en")
    disabled_at: Mapped[datetime | None]
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class Credential(Base):
    """A person's private key, sealed under their password and the server's pepper."""

    __tablename__ = "credentials"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id"), primary_key=True
    )
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    iterations: Mapped[int]
    lanes: Mapped[int]
    memory: Mapped[int]
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    set_at: Mapped[datetime] = mapped_column(default=now)


class SignInCode(Base):
    """A code with which somebody without a key signs in to choose a password.

    Only a keyed mark of it is kept. It is used up when the password is chosen.
    """

    __tablename__ = "sign_in_codes"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id"), primary_key=True
    )
    mark: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class SignInAttempt(Base):
    """A failed sign-in not long ago: whose and from where, as keyed hashes only."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[Id]
    account: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    source: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)


class SignIn(Base):
    """A session: the private key sealed under the half that only the cookie holds.

    Without a key in it, it was started with a code, and opens only the page where a
    password is chosen.
    """

    __tablename__ = "sessions"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), index=True)
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class Desk(Base):
    """A group that takes cases; its private key is sealed to its members."""

    __tablename__ = "desks"

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("holders.id"), primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    office_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offices.id"))
    made_at: Mapped[datetime] = mapped_column(default=now)


class Membership(Base):
    """A person's place at a desk; a deputy's ends by itself at `until`.

    Who is away keeps the desk's key, and does not count as there.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        Index(
            "uq_memberships_active",
            "desk_id",
            "person_id",
            unique=True,
            postgresql_where="left_at IS NULL",
        ),
    )

    id: Mapped[Id]
    desk_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("desks.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), index=True)
    joined_at: Mapped[datetime] = mapped_column(default=now)
    until: Mapped[datetime | None]
    away_until: Mapped[datetime | None]
    deputy_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    left_at: Mapped[datetime | None]


class Route(Base):
    """Where an office's cases go, by kind of desk; and where, on a conflict."""

    __tablename__ = "routes"

    office_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("offices.id"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    desk_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("desks.id"))
    alternative_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("desks.id"))


class Change(Base):
    """What an administrator asks for and somebody else must confirm.

    A route of an office, the first members of a desk, or a new key for a person who
    lost theirs: `subject_id` is the office, desk or person; `facts` are ids and codes.
    `mark` is kept of the half of a code that whoever asked was shown.
    """

    __tablename__ = "changes"

    id: Mapped[Id]
    kind: Mapped[str]
    subject_id: Mapped[uuid.UUID] = mapped_column(index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    mark: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    confirmed: Mapped[bool | None]
    version_id: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version_id}


class StandingRow(Base):
    """That a person or desk stands on a case or on one referral of it, and why.

    At `until` it ends by itself, for all who ask from then on.
    """

    __tablename__ = "standings"
    __table_args__ = (
        Index(None, "case_id"),
        Index(
            "ix_standings_holder",
            "holder_id",
            "kind",
            "case_id",
            postgresql_where="ended_at IS NULL",
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submissions.id"))
    referral_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("referrals.id"))
    holder_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("holders.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    given_by: Mapped[uuid.UUID | None]
    started_at: Mapped[datetime] = mapped_column(default=now)
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    entered_at: Mapped[datetime] = mapped_column(server_default=func.now())

    # Row security shows no row before its standing is there: nothing comes back.
    __mapper_args__ = {"eager_defaults": False}
