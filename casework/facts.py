"""The facts of a case that decide which keys follow: hand-over and consent."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select

from auth.policy import Facts
from casework.models.case import Case, Consent
from casework.vocabulary import ConsentPurpose, ConsentStatus
from core import db

IDENTITY = ConsentPurpose.SHARE_IDENTITY_WITH_INVESTIGATORS


def consents(case_id: uuid.UUID) -> dict[tuple[uuid.UUID, str], Consent]:
    """Return the newest consent per survivor and purpose."""
    return {(row.survivor_id, row.purpose): row for row in decisions(case_id)}


def decisions(case_id: uuid.UUID) -> Sequence[Consent]:
    """Return every decision of the survivors of a case, oldest first."""
    rows = select(Consent).where(Consent.case_id == case_id)
    return db.session().scalars(rows.order_by(Consent.recorded_at)).all()


def is_given(row: Consent | None) -> bool:
    """Return whether a consent was given and has not run out."""
    if row is None or row.status != ConsentStatus.GIVEN:
        return False
    return row.expires_at is None or row.expires_at > db.now()


def identity_shared(case_id: uuid.UUID) -> bool:
    """Return whether every survivor of the case lets investigators know them.

    One compartment holds all their identities, so the most private of them decides.
    """
    return case_id in identities_shared([case_id])


def identities_shared(case_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of some cases where `identity_shared` holds.

    The database answers everybody alike, also who sees no survivor.
    """
    db.session().flush()
    shared = select(func.identities_shared(case_ids, db.now()))
    return set(db.session().scalars(shared))


def facts_of(case: Case) -> Facts:
    """Return what the conditions of the policy look at."""
    return facts_of_each([case])[case.id]


def facts_of_each(cases: Iterable[Case]) -> Mapping[uuid.UUID, Facts]:
    """Return, for several cases, what `facts_of` returns for one."""
    known = {case.id: case for case in cases}
    shared = identities_shared(list(known))
    return {
        case_id: Facts(
            handed_over=case.handed_over_at is not None,
            identity_shared=case_id in shared,
        )
        for case_id, case in known.items()
    }
