"""The compartments of a case or referral: one row a version, no key in it."""

import uuid
from collections.abc import Iterable

from sqlalchemy import insert, select

from core import db
from vault.boxes import Box, new_box
from vault.keyring import Boxes
from vault.models import CompartmentRow


def known_boxes(case_id: uuid.UUID, referral_id: uuid.UUID | None) -> list[Box]:
    """Return the compartments of a case, or of one referral, without their keys."""
    rows = db.session().execute(
        select(CompartmentRow.id, CompartmentRow.name, CompartmentRow.version).where(
            CompartmentRow.case_id == case_id,
            CompartmentRow.referral_id.is_not_distinct_from(referral_id),
        )
    )
    return [
        Box(row.id, case_id, row.name, row.version, b"", referral_id) for row in rows
    ]


def make_boxes(
    case_id: uuid.UUID,
    names: Iterable[str],
    referral_id: uuid.UUID | None = None,
    *,
    new: bool = False,
) -> Boxes:
    """Make compartments with fresh keys; they open to nobody until `settle`."""
    versions: dict[str, int] = {}
    for box in () if new else known_boxes(case_id, referral_id):
        versions[box.name] = max(versions.get(box.name, 0), box.version)
    boxes = {}
    for name in names:
        version = versions.get(name, 0) + 1
        box = new_box(case_id, name, version=version, referral_id=referral_id)
        boxes[name, version] = box
    write_rows(boxes.values())
    return boxes


def write_rows(boxes: Iterable[Box]) -> None:
    """Register compartments, without their keys."""
    rows = [
        {
            "id": box.id,
            "case_id": box.case_id,
            "referral_id": box.referral_id,
            "name": box.name,
            "version": box.version,
            "made_at": db.now(),
        }
        for box in boxes
    ]
    db.session().execute(insert(CompartmentRow), rows)
