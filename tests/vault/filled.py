"""A case with two referrals and a word in every sealed column, by the real commands.

What the commands left empty is sealed in by hand, so that a new column is filled on
the day it is made; a new table is not, and says so.
"""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from auth.actor import Actor
from casework import cases
from casework.cases import survivors
from casework.commands import care as caring
from casework.commands import desk, inquiry, outcome
from casework.commands.intake import Filing, file_report
from casework.models.case import Case
from core import db
from referrals import loading
from referrals.commands import care, provider
from referrals.models import Referral
from tests.vault.columns import SEALED
from vault.boxes import Box, compartment_of, version_of
from vault.sealed import Sealed

Place = tuple[uuid.UUID | None, str, int]
READERS = ("amina", "ines", "salma", "lena", "cora", "pia")


@dataclass
class Filled:
    """The case, its referrals (accepted, and waiting behind the gate), its keys."""

    case_id: uuid.UUID
    accepted: uuid.UUID
    offered: uuid.UUID
    boxes: dict[Place, Box] = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """One sealed value of the database, and where it lies."""

    column: Any
    row_id: uuid.UUID
    referral_id: uuid.UUID | None
    sealed: Sealed

    @property
    def name(self) -> str:
        """Its compartment."""
        return compartment_of(self.column)

    @property
    def place(self) -> Place:
        """Its compartment with referral and version."""
        return self.referral_id, self.name, version_of(self.sealed)


def fill(cast: dict[str, Actor], filing: Filing, raw: Connection) -> Filled:
    """File a case, lead it to its outcome, and fill what is still empty."""
    amina, salma = cast["amina"], cast["salma"]
    with db.transaction(amina):
        case_id = file_report(amina, filing).id
    with db.transaction(salma):
        survivor = str(survivors(case_id)[0].id)
    _lead(cast, case_id, survivor)
    accepted, offered = (_refer(salma, case_id, survivor, raw) for _ in range(2))
    body: dict[str, Any] = {"status": "completed", "outcome": "received"}
    body |= {"done_at": datetime.now(UTC), "report": "She was seen."}
    _do(cast["pia"], provider.accept_referral, accepted)
    _do(cast["pia"], provider.report_service, accepted, **body)
    made = Filled(case_id, accepted, offered)
    made.boxes = boxes_of(cast, made)
    _fill_up(raw, made)
    return made


def _do(actor: Actor, command: Any, id: uuid.UUID, **body: Any) -> Any:
    with db.transaction(actor):
        return command(actor, id, body)


def _lead(cast: dict[str, Actor], case_id: uuid.UUID, survivor: str) -> None:
    amina, ines, salma, lena = (
        cast[name] for name in ("amina", "ines", "salma", "lena")
    )
    triage = {"danger": "no", "medical_needed": "no", "referred": "yes"}
    _do(amina, desk.record_triage, case_id, **triage, offered=True)
    _do(amina, desk.hand_over, case_id, confirmed=True)
    _do(salma, caring.accept_care, case_id, survivor=survivor)
    need = {"survivor": survivor, "kind": "legal", "answer": "not_available"}
    _do(salma, care.record_need, case_id, **need, note="Nobody near")
    _do(salma, caring.add_care_note, case_id, survivor=survivor, note="She sleeps ill")
    _do(ines, inquiry.take_case, case_id, confirmed=True)
    _do(ines, inquiry.open_investigation, case_id, urgent=False, plan="Listen")
    finding = {"finding": "substantiated", "lessons": "Two at each door"}
    summary = "It happened"
    _do(ines, inquiry.issue_report, case_id, **finding, summary=summary, to_legal=True)
    now = datetime.now(UTC)
    decision = {"measures": ["dismissal"], "decided_at": now, "grounds": "Borne out"}
    _do(lena, outcome.record_decision, case_id, **decision)
    told = {"survivor": survivor, "how": "told", "done_at": now, "words": "He is gone"}
    _do(salma, caring.tell_outcome, case_id, **told)


def _refer(
    salma: Actor, case_id: uuid.UUID, survivor: str, raw: Connection
) -> uuid.UUID:
    service = raw.scalar(
        text(
            "SELECT s.id FROM services s JOIN desks d ON d.id = s.desk_id"
            " WHERE d.kind = 'provider' AND d.name = 'Riverside clinic' LIMIT 1"
        )
    )
    body = {"survivor": survivor, "service": str(service), "urgent": False}
    body |= {"language": "en", "request": "A woman", "key": secrets.token_hex(16)}
    return uuid.UUID(str(_do(salma, care.refer, case_id, **body)))


def boxes_of(cast: dict[str, Actor], made: Filled) -> dict[Place, Box]:
    """Return every box of a case that somebody holds, by referral, name, version."""
    found: dict[Place, Box] = {}
    for name in READERS:
        with db.transaction(cast[name]):
            for referral in (None, made.accepted, made.offered):
                ring = cast[name].keyring
                assert ring
                for place, box in ring.boxes(made.case_id, referral).items():
                    found[referral, *place] = box
    return found


def _fill_up(raw: Connection, made: Filled) -> None:
    for column in SEALED:
        for row_id, referral, value in _rows(raw, made, column):
            if value is None:
                places = [p for p in made.boxes if p[:2] == (referral, _part(column))]
                box = made.boxes[max(places)]
                put(raw, column, row_id, box.seal(column, row_id, f"Filled {column}"))


def _part(column: Any) -> str:
    return str(compartment_of(column))


def _rows(raw: Connection, made: Filled, column: Any) -> list[Any]:
    table, kind = column.class_.__tablename__, column.type
    referral = kind.referral or "NULL::uuid"
    query = (
        f"SELECT id, {referral}, {column.key} FROM {table} WHERE {kind.case} = :case"
    )
    rows = raw.execute(text(query), {"case": made.case_id}).all()
    assert rows, f"the case has no row in {table}: add a step that makes one"
    return list(rows)


def put(raw: Connection, column: Any, row_id: uuid.UUID, value: Sealed | None) -> None:
    """Write a sealed value past everything, as the owner."""
    query = f"UPDATE {column.class_.__tablename__} SET {column.key} = :v WHERE id = :id"
    done = raw.execute(text(query), {"v": value and value.data, "id": row_id})
    assert done.rowcount == 1


def values_of(raw: Connection, made: Filled) -> list[Value]:
    """Return every sealed value of a case and its referrals."""
    return [
        Value(column, row_id, referral, Sealed(bytes(data)))
        for column in SEALED
        for row_id, referral, data in _rows(raw, made, column)
        if data is not None
    ]


def renew_all(cast: dict[str, Actor], raw: Connection, made: Filled) -> None:
    """Let everybody know every key; then have each renewed by who opens it."""
    raw.execute(
        text(
            "INSERT INTO key_work (compartment_id, case_id, referral_id, renew, since)"
            " SELECT id, case_id, referral_id, true, now() FROM compartments"
            " WHERE case_id = :case ON CONFLICT (compartment_id)"
            " DO UPDATE SET renew = true"
        ),
        {"case": made.case_id},
    )
    for name in ("cora", "ines", "salma", "lena"):
        with db.transaction(cast[name]) as session:
            cases.settle(cast[name], session.get_one(Case, made.case_id))
    for referral in (made.accepted, made.offered):
        with db.transaction(cast["salma"]) as session:
            loading.settle(cast["salma"], session.get_one(Referral, referral))
    left = "SELECT count(*) FROM key_work WHERE case_id = :case"
    assert raw.scalar(text(left), {"case": made.case_id}) == 0
