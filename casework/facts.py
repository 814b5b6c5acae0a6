"""The facts of a case that decide which keys follow: hand-over and consent."""

import uuid

from sqlalchemy import select

from auth.policy import Facts
from casework.models.case import Case, Consent, Survivor
from casework.vocabulary import ConsentPurpose, ConsentStatus
from core import db

IDENTITY = ConsentPurpose.SHARE_IDENTITY_WITH_INVESTIGATORS


def consents(case_id: uuid.UUID) -> dict[tuple[uuid.UUID, str], Consent]:
    """Return the newest consent per survivor and purpose."""
    rows = db.session().scalars(
        select(Consent).where(Consent.case_id == case_id).order_by(Consent.recorded_at)
    )
    return {(row.survivor_id, row.purpose): row for row in rows}


def identity_shared(case_id: uuid.UUID) -> bool:
    """Return whether every survivor of the case lets investigators know them.

    One compartment holds all their identities, so the most private of them decides.
    """
    survivors = select(Survivor.id).where(Survivor.case_id == case_id)
    ids = set(db.session().scalars(survivors))
    given = consents(case_id)
    rows = [given.get((survivor_id, IDENTITY)) for survivor_id in ids]
    agreed = [row is not None and row.status == ConsentStatus.GIVEN for row in rows]
    return bool(agreed) and all(agreed)


def facts_of(case: Case) -> Facts:
    """Return what the conditions of the policy look at."""
    return Facts(
        handed_over=case.handed_over_at is not None,
        identity_shared=identity_shared(case.id),
    )
