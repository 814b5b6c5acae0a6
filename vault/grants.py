"""Giving and taking keys, so that what opens follows what policy says.

You can only give what you hold: a grant re-seals a key that is in memory. Taking needs
no key: what nobody else could open yet is held back behind the gate.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.sql import ColumnElement

from core import audit, db
from vault import gate, work
from vault.boxes import Box
from vault.holders import KEEPER
from vault.keyring import Boxes, Keyring
from vault.models import CompartmentRow, KeyGrant
from vault.settling import Settling, Should

Missing = frozenset[tuple[str, uuid.UUID]]


@dataclass(frozen=True)
class Outcome:
    """What is left to the next holder: keys to give, and compartments to renew.

    `waited`: there was something to renew before.
    """

    missing: Missing = frozenset()
    to_renew: frozenset[str] = frozenset()
    renewed: frozenset[str] = frozenset()
    waited: bool = False


def settle(
    case_id: uuid.UUID,
    should: Mapping[str, Should],
    boxes: Boxes,
    referral_id: uuid.UUID | None = None,
    keyring: Keyring | None = None,
    mine: Set[uuid.UUID] = frozenset(),
) -> Outcome:
    """Make the grants of a case equal `should`, by the name of each compartment.

    The caller holds the case's audit chain since before it asked who should.

    Grants that should not be are deleted at once, or held back where nobody who should
    hold the key holds it yet. Missing ones are given from `boxes` and from what
    `keyring` opens. A key that somebody knew who should not any more is renewed where
    one of `mine`, the ids of who acts, should hold it; else by the next holder.
    """
    with db.serving(KEEPER):
        now = Settling(case_id, referral_id, should, mine)
        now.move_gates()
        missing = now.give(boxes, keyring)
        kept = now.take()
        renewed = now.renew()
        now.note()
        undone = kept | {key for key, _ in missing} | now.stale
        left = {key: key in now.stale for key in undone & now.rows.keys()}
        work.keep(now.noted, left, case_id, referral_id)
    names = {key: row.name for key, row in now.rows.items()}
    return Outcome(
        frozenset((names[key], who) for key, who in missing if key in names),
        frozenset(names[key] for key, renew in left.items() if renew),
        frozenset(renewed),
        any(now.noted.values()),
    )


def hold_back(grants: ColumnElement[bool], *, knew: bool) -> None:
    """Put grants behind the gate, on whichever case, for the next holder to settle.

    `knew`: who reaches them had them until now, so that the keys are renewed as well.
    """
    with db.serving(KEEPER):
        found = _held(grants & KeyGrant.gated.is_(False))
        for row in found:
            _shut(row)
        work.add(
            [(row.compartment_id, row.case_id, row.referral_id) for row in found], knew
        )
    _say("key:gated", found)


def _held(which: ColumnElement[bool]) -> Sequence[Any]:
    """Return grants on whichever case, of which nobody changes one meanwhile.

    Chains are held before rows are read, as in every step on a case.
    """
    first = select(KeyGrant.case_id).where(which).distinct()
    cases = set(db.session().scalars(first))
    audit.hold(cases)
    rows = (
        select(*KeyGrant.__table__.columns, CompartmentRow.name, CompartmentRow.version)
        .join(CompartmentRow, CompartmentRow.id == KeyGrant.compartment_id)
        .where(which, KeyGrant.case_id.in_(cases))
    )
    return db.session().execute(rows).all()


def _say(action: str, rows: Iterable[Any]) -> None:
    for row in rows:
        key = f"{row.name}>{row.holder_id}"
        audit.record(row.case_id, action, case_id=row.case_id, keys=[key])


def _shut(row: Any) -> None:
    box = Box(row.compartment_id, row.case_id, row.name, row.version, b"")
    info = box.grant_info(row.holder_id, row.generation)
    this = update(KeyGrant).where(
        KeyGrant.compartment_id == row.compartment_id,
        KeyGrant.holder_id == row.holder_id,
    )
    sealed = gate.close(row.sealed_key, *info)
    db.session().execute(this.values(sealed_key=sealed, gated=True))


def lose(holder_id: uuid.UUID) -> None:
    """Delete every grant to a key that is lost; what it opened is to be given anew."""
    with db.serving(KEEPER):
        found = _held(KeyGrant.holder_id == holder_id)
        gone = delete(KeyGrant).where(KeyGrant.holder_id == holder_id)
        db.session().execute(gone)
        work.add(
            [(row.compartment_id, row.case_id, row.referral_id) for row in found], True
        )
    _say("key:withdrawn", found)
