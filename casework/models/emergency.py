"""A case opened because a life was in danger: by whom, until when, and its review."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, now


class Emergency(Base):
    """One person's opening of one case, for an hour; `alerted` are people's ids."""

    __tablename__ = "emergencies"

    id: Mapped[Id]
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    reference: Mapped[str]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), index=True)
    reason: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(default=now)
    ends_at: Mapped[datetime]
    alerted: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    verdict: Mapped[str | None]
