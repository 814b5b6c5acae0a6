"""The audit trail: who did what, when, decided how; never a value.

One hash chain per subject. A change goes to the case's chain in the change's own
transaction; a read or a denial goes to the reader's chain, committed on a connection
of its own before anything is shown.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import db

INSTALL = Path(__file__).with_name("audit.sql").read_text()
GENESIS = bytes(32)
FIELDS = ("action", "actor", "case_id", "decision", "request", "detail")
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
    rows = [_row(case_id, action, case_id, "done", said) for action, said in changes]
    db.session().execute(_APPEND, rows)


def hold(subjects: Iterable[uuid.UUID]) -> None:
    """Take hold of several chains, in an order in which nobody waits in a circle.

    For who changes rows of many subjects: hold first, change, then record.
    """
    for subject in sorted(set(subjects)):
        db.session().execute(_HOLD, {"subject": subject})


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


# Columns, not objects: a trail is long. The same names as an AuditRow's.
_EVERYTHING = (
    select(
        func.coalesce(AuditRow.subject, AuditHead.subject).label("chain"),
        *AuditRow.__table__.columns,
        AuditHead.seq.label("head_seq"),
        AuditHead.hash.label("head_hash"),
    )
    .join_from(AuditRow, AuditHead, AuditHead.subject == AuditRow.subject, full=True)
    .order_by("chain", AuditRow.seq)
    .execution_options(yield_per=5000)
)


@dataclass(frozen=True)
class Verdict:
    """The outcome of a verification; `bad` names the first bad row, if any."""

    rows: int
    chains: int
    bad: str | None = None

    @property
    def whole(self) -> bool:
        """Whether no bad row was found."""
        return self.bad is None


def link(prev: bytes, row: AuditRow) -> bytes:
    """Return the hash that `row` must carry after `prev`; the same as audit.sql's."""
    at = row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields: list[str | None] = [str(row.subject), str(row.seq), at]
    fields += [_text(getattr(row, name)) for name in FIELDS]
    return hashlib.sha256(prev + b"".join(map(_netstring, fields))).digest()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _netstring(value: str | None) -> bytes:
    if value is None:
        return b"-,"
    data = value.encode()
    return b"%d:%s," % (len(data), data)


def first_bad(rows: Iterable[AuditRow], head: AuditHead | None) -> str | None:
    """Return what is wrong with one chain, as `subject/seq: reason`; None if whole."""
    prev, seq, subject = GENESIS, 0, ""
    for row in rows:
        seq, subject = seq + 1, str(row.subject)
        if row.seq != seq:
            return f"{subject}/{seq}: missing"
        if row.hash != link(prev, row):
            return f"{subject}/{seq}: changed"
        prev = row.hash
    if head is None:
        return f"{subject}/{seq}: the chain has no head"
    if head.seq != seq:
        reason = "missing" if head.seq > seq else "added"
        return f"{head.subject}/{min(head.seq, seq) + 1}: {reason}"
    return (
        None if head.hash == prev else f"{head.subject}/{seq}: not what the head says"
    )


def verify(session: Session) -> Verdict:
    """Recompute every chain that the session may see, all as of one moment.

    Rows and heads come in one statement: what is appended meanwhile is no fault.
    """
    rows = chains = 0
    with session.execute(_EVERYTHING) as found:
        for _, links in groupby(found, key=attrgetter("chain")):
            read, bad = _check(links)
            rows, chains = rows + read, chains + bool(read)
            if bad:
                return Verdict(rows, chains, bad)
    return Verdict(rows, chains)


def _check(links: Iterator[Any]) -> tuple[int, str | None]:
    """How many rows of one chain were read, and what is wrong with them."""
    first = next(links)
    if first.seq is None:
        return 0, f"{first.chain}/1: missing" if first.head_seq else None
    head = AuditHead(subject=first.chain, seq=first.head_seq, hash=first.head_hash)
    read = 0

    def rows() -> Iterator[AuditRow]:
        nonlocal read
        for row in chain([first], links):
            read += 1
            yield row

    bad = first_bad(rows(), None if first.head_seq is None else head)
    return read, bad
