"""Opening sealed fields: policy, then the read row, then the words. In that order."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from auth import access
from auth.actor import Actor
from auth.policy import Compartment, Facts, Standing, opens
from core import audit, db
from vault.boxes import Box, compartment_of, version_of
from vault.keyring import held_boxes
from vault.sealed import Sealed

Column = InstrumentedAttribute[Any]


@dataclass
class Opened:
    """What was opened, by column and row; and compartments that stayed shut."""

    words: dict[tuple[str, uuid.UUID], str | None] = field(default_factory=dict)
    shut: set[Compartment] = field(default_factory=set)

    def __call__(self, column: Column | str, row: Any) -> str | None:
        """Return a field's words; None where it is empty or stays shut.

        A template names the column as `Report.narrative`.
        """
        return None if row is None else self.words.get((str(column), row.id))


def reveal(
    actor: Actor,
    case_id: uuid.UUID,
    facts: Facts,
    wanted: Iterable[tuple[Column, Sequence[Any]]],
    referral_id: uuid.UUID | None = None,
    standings: Collection[Standing] | None = None,
) -> Opened:
    """Open columns of rows that the actor may read, and whose key they hold.

    The read is committed to the reader's own chain before anything is opened.
    """
    if standings is None:
        standings = access.standings(actor, case_id, referral_id)
    boxes = held_boxes(actor.keyring, case_id, referral_id)
    opened, ready = Opened(), []
    for column, rows in wanted:
        compartment = Compartment(compartment_of(column))
        filled = [row for row in rows if getattr(row, column.key) is not None]
        if any(opens(standing, compartment, facts) for standing in standings):
            _renewed_meanwhile(column, filled, boxes)
            ready += [(column, row) for row in filled if _held(column, row, boxes)]
        if len(filled) > sum(column is known for known, _ in ready):
            opened.shut.add(compartment)
    if ready:
        names = sorted({compartment_of(column) for column, _ in ready})
        audit.record_read(actor, case_id, compartments=names, fields=len(ready))
    for column, row in ready:
        opened.words[str(column), row.id] = _open(column, row, boxes)
    return opened


def _renewed_meanwhile(
    column: Column, rows: Iterable[Any], boxes: Mapping[tuple[str, int], Box]
) -> None:
    """Read rows again whose key was renewed between their reading and the keys'."""
    for row in rows:
        if not _held(column, row, boxes):
            db.session().refresh(row)


def _place(column: Column, row: Any) -> tuple[str, int]:
    sealed: Sealed = getattr(row, column.key)
    return compartment_of(column), version_of(sealed)


def _held(column: Column, row: Any, boxes: Mapping[tuple[str, int], Box]) -> bool:
    return _place(column, row) in boxes


def _open(column: Column, row: Any, boxes: Mapping[tuple[str, int], Box]) -> str | None:
    return boxes[_place(column, row)].open(column, row.id, getattr(row, column.key))
