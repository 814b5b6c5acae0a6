"""The audit trail: who did what, when, decided how; never a value.

One hash chain per subject. A change goes to the case's chain in the change's own
transaction; a read or a denial goes to the reader's chain, committed on a connection
of its own before anything is shown.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, select, text
from sqlalchemy.orm import Mapped, mapped_column

from core import db

INSTALL = Path(__file__).with_name("audit.sql").read_text()
request_id: ContextVar[str] = ContextVar("request_id", default="")

_APPEND = text(
    "SELECT audit_append(:subject, :action, :case, :decision, :request, :detail)"
)
_HOLD = text("SELECT audit_hold(:subject)")


class AuditRow(db.Base):
    """One link of a chain."""

    __tablename__ = "audit_rows"
    __table_args__ = (Index(None, "case_id", "at"),)

    subject: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str]
    actor: Mapped[str]
    case_id: Mapped[uuid.UUID | None]
    decision: Mapped[str]
    request: Mapped[str]
    detail: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(db.Base):
    """The newest link of each chain."""

    __tablename__ = "audit_heads"

    subject: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


def _row(
    subject: uuid.UUID,
    action: str,
    case_id: uuid.UUID | None,
    decision: str,
    detail: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "subject": subject,
        "action": str(action),
        "case": case_id,
        "decision": decision,
        "request": request_id.get(),
        "detail": json.dumps(detail, sort_keys=True, default=str),
    }


def record(
    subject: uuid.UUID, action: str, *, case_id: uuid.UUID | None = None, **detail: Any
) -> None:
    """Append a change to `subject`'s chain, in the transaction under way.

    `detail` holds ids and codes, never a value that a person wrote. Who acted is who
    the transaction announced to the database.
    """
    db.session().execute(_APPEND, _row(subject, action, case_id, "done", detail))


def record_all(
    case_id: uuid.UUID, changes: Iterable[tuple[str, Mapping[str, Any]]]
) -> None:
    """Append changes to a case's chain, in their order, as `record` appends one."""
    record_each((case_id, action, said) for action, said in changes)


def record_each(changes: Iterable[tuple[uuid.UUID, str, Mapping[str, Any]]]) -> None:
    """Append changes to the chains of several cases, as `record` appends one."""
    rows = [_row(case, action, case, "done", said) for case, action, said in changes]
    if rows:
        db.session().execute(_APPEND, rows)


def hold(subjects: Iterable[uuid.UUID]) -> None:
    """Take hold of several chains, in an order in which nobody waits in a circle.

    For who changes rows of many subjects: hold first, change, then record.
    """
    if rows := [{"subject": subject} for subject in sorted(set(subjects))]:
        db.session().execute(_HOLD, rows)


def record_read(actor: db.Acting, case_id: uuid.UUID, **detail: Any) -> None:
    """Append a read to the reader's chain, committed before this returns."""
    _beside(actor, "case:read", case_id, "allowed", detail)


def record_denial(
    actor: db.Acting, action: str, case_id: uuid.UUID | None, **detail: Any
) -> None:
    """Append a refusal to the reader's chain, committed before this returns."""
    _beside(actor, action, case_id, "denied", detail)


def _beside(
    actor: db.Acting,
    action: str,
    case_id: uuid.UUID | None,
    decision: str,
    detail: Mapping[str, Any],
) -> None:
    with db.aside(actor) as connection:
        subject = actor.id or uuid.uuid5(uuid.NAMESPACE_OID, actor.service)
        row = _row(subject, action, case_id, decision, detail)
        connection.execute(_APPEND, row)


def heads() -> dict[str, tuple[int, bytes]]:
    """Return seq and hash of the end of every chain that has rows, as of one moment."""
    found = db.session().execute(
        select(AuditHead.subject, AuditHead.seq, AuditHead.hash).where(
            AuditHead.seq > 0
        )
    )
    return {str(subject): (seq, digest) for subject, seq, digest in found}
