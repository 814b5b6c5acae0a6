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
    rows = db.session().execute(
        select(Survivor.id, Consent.status)
        .outerjoin(
            Consent,
            (Consent.survivor_id == Survivor.id) & (Consent.purpose == IDENTITY),
        )
        .where(Survivor.case_id == case_id)
        .order_by(Consent.recorded_at)
    )
    newest = {row.id: row.status for row in rows}
    return bool(newest) and set(newest.values()) == {ConsentStatus.GIVEN}


def facts_of(case: Case) -> Facts:
    """Return what the conditions of the policy look at."""
    return Facts(
        handed_over=case.handed_over_at is not None,
        identity_shared=identity_shared(case.id),
    )
