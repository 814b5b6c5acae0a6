"""What is left to do on keys, kept for the next holder who opens the case."""

import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core import db
from vault.models import CompartmentRow, HolderKey, KeyGrant, KeyWork

NEWEST = (
    select(func.max(HolderKey.generation))
    .where(HolderKey.holder_id == KeyGrant.holder_id)
    .correlate(KeyGrant)
    .scalar_subquery()
)


def due(case_id: uuid.UUID, referral_id: uuid.UUID | None = None) -> set[str]:
    """Return the names of the compartments with something left to do on their keys."""
    outdated = exists().where(
        KeyGrant.compartment_id == CompartmentRow.id, KeyGrant.generation < NEWEST
    )
    noted = exists().where(KeyWork.compartment_id == CompartmentRow.id)
    names = select(CompartmentRow.name).where(
        CompartmentRow.case_id == case_id,
        CompartmentRow.referral_id.is_not_distinct_from(referral_id),
        or_(noted, outdated),
    )
    return set(db.session().scalars(names))


def known(compartments: Iterable[uuid.UUID]) -> dict[uuid.UUID, bool]:
    """Return what is noted of some compartments: whether their key is to be renewed."""
    noted = select(KeyWork.compartment_id, KeyWork.renew).where(
        KeyWork.compartment_id.in_(list(compartments))
    )
    return {row.compartment_id: row.renew for row in db.session().execute(noted)}


def keep(
    before: Mapping[uuid.UUID, bool],
    left: Mapping[uuid.UUID, bool],
    case_id: uuid.UUID,
    referral_id: uuid.UUID | None,
) -> None:
    """Note what is left, by compartment, in place of what was noted before."""
    session = db.session()
    if done := before.keys() - left.keys():
        session.execute(delete(KeyWork).where(KeyWork.compartment_id.in_(done)))
    if more := [key for key in left.keys() & before.keys() if left[key] > before[key]]:
        these = update(KeyWork).where(KeyWork.compartment_id.in_(more))
        session.execute(these.values(renew=True))
    if new := left.keys() - before.keys():
        place = {"case_id": case_id, "referral_id": referral_id, "since": db.now()}
        rows = [{"compartment_id": key, "renew": left[key], **place} for key in new]
        session.execute(insert(KeyWork), rows)


Where = tuple[uuid.UUID, uuid.UUID, uuid.UUID | None]


def add(places: Iterable[Where], renew: bool) -> None:
    """Note that something is left to do on compartments: (id, case, referral)."""
    rows = [
        {
            "compartment_id": key,
            "case_id": case_id,
            "referral_id": referral_id,
            "renew": renew,
            "since": db.now(),
        }
        for key, case_id, referral_id in places
    ]
    if rows:
        new = upsert(KeyWork)
        more = {"renew": KeyWork.renew | new.excluded.renew}
        db.session().execute(
            new.on_conflict_do_update(index_elements=["compartment_id"], set_=more),
            rows,
        )
