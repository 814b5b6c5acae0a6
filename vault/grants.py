"""Giving and taking keys, so that what opens follows what policy says.

You can only give what you hold: a grant re-seals a key that is in memory.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select, text

from core import audit, db
from vault.boxes import Box, new_box
from vault.crypto import Tampered, bind, fingerprint, seal_to
from vault.keyring import Keyring
from vault.models import CompartmentRow, HeldKey, KeyGrant

Boxes = dict[tuple[str, int], Box]

_ADD = text("SELECT add_holder(:id, :kind, :key, :request)")
_ABLE = text("SELECT desk, person FROM able_members(:desks)")
_KEYS = text(
    "SELECT id, public_key, audited_fingerprint(id) FROM holders"
    " WHERE id = ANY(:holders)"
)


def public_keys(holders: Iterable[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """Return public keys, each checked against the fingerprint in the audit trail.

    :raises Tampered: where a key is not the one whose making was audited.
    """
    rows = db.session().execute(_KEYS, {"holders": list(holders)})
    keys = {}
    for holder_id, public, audited in rows:
        if audited != fingerprint(public):
            raise Tampered
        keys[holder_id] = public
    return keys


def add_holder(holder_id: uuid.UUID, kind: str, public: bytes) -> None:
    """Register a holder's public key, with its fingerprint in the audit trail.

    The database writes both, only for who administers, and never over a key.
    """
    values = {"id": holder_id, "kind": kind, "key": public}
    db.session().execute(_ADD, {**values, "request": audit.request_id.get()})


def give_desk_key(desk_id: uuid.UUID, member_id: uuid.UUID, private: bytes) -> None:
    """Seal a desk's private key to one of its members."""
    info = bind("desk", desk_id, member_id)
    sealed = seal_to(public_keys([member_id])[member_id], private, info)
    db.add(HeldKey(holder_id=desk_id, by_id=member_id, sealed_key=sealed))
    audit.record(desk_id, "desk:key_given", member=member_id)


def able_members(desk_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the members who hold the desk's key."""
    return members([desk_id]).get(desk_id, set())


def members(desk_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the members of desks who hold the desk's key: only they count."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for desk, person in db.session().execute(_ABLE, {"desks": list(desk_ids)}):
        found.setdefault(desk, set()).add(person)
    return found


def make_boxes(
    case_id: uuid.UUID,
    names: Iterable[str],
    referral_id: uuid.UUID | None = None,
    *,
    new: bool = False,
) -> Boxes:
    """Make compartments with fresh keys; they open to nobody until `settle`."""
    boxes = {}
    newest = {} if new else _newest(case_id, referral_id)
    for name in names:
        version = newest.get(name, 0) + 1
        box = new_box(case_id, name, version=version, referral_id=referral_id)
        boxes[name, version] = box
        row = CompartmentRow(
            id=box.id,
            case_id=case_id,
            referral_id=referral_id,
            name=name,
            version=version,
        )
        db.session().add(row)
    db.session().flush()
    return boxes


def _newest(case_id: uuid.UUID, referral_id: uuid.UUID | None) -> dict[str, int]:
    rows = sorted(_compartments(case_id, referral_id), key=lambda row: row.version)
    return {row.name: row.version for row in rows}


def _compartments(
    case_id: uuid.UUID, referral_id: uuid.UUID | None
) -> list[CompartmentRow]:
    statement = select(CompartmentRow).where(
        CompartmentRow.case_id == case_id,
        CompartmentRow.referral_id.is_not_distinct_from(referral_id),
    )
    return list(db.session().scalars(statement))


def settle(
    case_id: uuid.UUID,
    should: Mapping[str, set[uuid.UUID]],
    boxes: Boxes,
    referral_id: uuid.UUID | None = None,
    keyring: Keyring | None = None,
) -> set[tuple[str, uuid.UUID]]:
    """Make the grants of a case equal `should`: compartment name -> holders.

    Grants that should not be are deleted at once, unless nobody who should holds the
    key: without them, what it seals would be lost. Missing ones are given from `boxes`
    and, where those do not do, from what `keyring` opens; those that could not be given
    are returned, as (compartment, holder), for the next step of a holder.
    """
    rows, grants = _compartments(case_id, referral_id), _grants(case_id, referral_id)
    wanted = [(row, who) for row in rows for who in should.get(row.name, ())]
    held = {(grant.compartment_id, grant.holder_id) for grant in grants}
    lacking = [(row, who) for row, who in wanted if (row.id, who) not in held]
    if any((row.name, row.version) not in boxes for row, _ in lacking):
        boxes = held_boxes(keyring, case_id, referral_id) | boxes
    given, missing = _give(lacking, boxes)
    taken = _take(grants, {(row.id, who) for row, who in wanted}, given)
    names = {row.id: row.name for row in rows}
    _note(case_id, "key:withdrawn", [(names[key], who) for key, who in taken])
    _note(case_id, "key:given", [(row.name, who) for row, who in given])
    db.session().flush()
    return {(row.name, who) for row, who in missing}


Place = tuple[CompartmentRow, uuid.UUID]


def _take(
    grants: list[KeyGrant],
    should: set[tuple[uuid.UUID, uuid.UUID]],
    given: list[Place],
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Delete the grants that should not be, of keys that someone rightly holds."""
    places = {(grant.compartment_id, grant.holder_id): grant for grant in grants}
    safe = {row.id for row, _ in given} | {key for key, _ in should & places.keys()}
    taken = [place for place in places.keys() - should if place[0] in safe]
    for place in taken:
        db.session().delete(places[place])
    return taken


def _give(lacking: list[Place], boxes: Boxes) -> tuple[list[Place], list[Place]]:
    """Grant what can be granted; return what was given and what was not."""
    keys = public_keys({who for _, who in lacking}) if lacking else {}
    given, missing, rows = [], [], []
    for row, who in lacking:
        box = boxes.get((row.name, row.version))
        if box is None or who not in keys:
            missing.append((row, who))
        else:
            rows.append(_grant(box, who, keys[who]))
            given.append((row, who))
    if rows:
        db.session().execute(insert(KeyGrant), rows)
    return given, missing


def _grants(case_id: uuid.UUID, referral_id: uuid.UUID | None) -> list[KeyGrant]:
    statement = select(KeyGrant).where(
        KeyGrant.case_id == case_id,
        KeyGrant.referral_id.is_not_distinct_from(referral_id),
    )
    return list(db.session().scalars(statement))


def _grant(box: Box, holder_id: uuid.UUID, public: bytes) -> dict[str, Any]:
    info = bind(*box.grant_info, holder_id)
    return {
        "compartment_id": box.id,
        "holder_id": holder_id,
        "case_id": box.case_id,
        "referral_id": box.referral_id,
        "sealed_key": seal_to(public, box.key, info),
        "given_by": db.actor().id,
    }


def _note(case_id: uuid.UUID, action: str, keys: list[tuple[str, uuid.UUID]]) -> None:
    if keys:
        listed = sorted(f"{name}>{holder_id}" for name, holder_id in keys)
        audit.record(case_id, action, case_id=case_id, keys=listed)


def held_boxes(
    keyring: Keyring | None, case_id: uuid.UUID, referral_id: uuid.UUID | None = None
) -> Boxes:
    """Return what the actor can open of a case; nothing for a service."""
    return keyring.boxes(case_id, referral_id) if keyring else {}
