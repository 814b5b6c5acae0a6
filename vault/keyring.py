"""What a signed-in person can open: their own key and those of their desks."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from core import db
from core.errors import NotHeld
from vault import gate
from vault.boxes import Box
from vault.crypto import Tampered, bind, open_with
from vault.models import CompartmentRow, HeldKey, HolderKey, KeyGrant

Boxes = dict[tuple[str, int], Box]
DeskKeys = dict[int, bytes]


def shut(_: str) -> bool:
    """Lift no gate."""
    return False


@dataclass(repr=False)
class Keyring:
    """A person's unlocked private key; desk keys are opened with it when needed."""

    holder_id: uuid.UUID
    private: bytes
    _desks: dict[uuid.UUID, DeskKeys] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<Keyring>"

    def newest(self, desk_id: uuid.UUID) -> tuple[int, bytes]:
        """Return the newest generation of a desk's private key, and its number.

        :raises NotHeld: where they hold no such key.
        """
        keys = self._desk(desk_id)
        return max(keys.items())

    def private_of(self, holder_id: uuid.UUID, generation: int) -> bytes:
        """Return the private key of the person, or of a desk whose key they hold.

        :raises NotHeld: where they hold no such key.
        :raises Tampered: where the desk's key never had this generation.
        """
        if holder_id == self.holder_id:
            return self.private
        if generation > max(self._desk(holder_id)):
            self.forget(holder_id)  # re-made since it was opened
        keys = self._desk(holder_id)
        if generation not in keys:
            keys |= _older(holder_id, keys)
        if generation not in keys:
            raise Tampered
        return keys[generation]

    def _desk(self, desk_id: uuid.UUID) -> DeskKeys:
        if desk_id not in self._desks:
            self._desks[desk_id] = self._open_desk(desk_id)
        return self._desks[desk_id]

    def _open_desk(self, desk_id: uuid.UUID) -> DeskKeys:
        held = (
            db.session()
            .execute(
                select(HeldKey.generation, HeldKey.sealed_key).where(
                    HeldKey.holder_id == desk_id,
                    HeldKey.by_id == self.holder_id,
                    HeldKey.gated.is_(False),
                )
            )
            .first()
        )
        if held is None:
            raise NotHeld
        info = bind("desk", desk_id, held.generation, self.holder_id)
        return {held.generation: open_with(self.private, held.sealed_key, info)}

    def forget(self, desk_id: uuid.UUID) -> None:
        """Let go of a desk's keys, to open them anew."""
        self._desks.pop(desk_id, None)

    def _held(self) -> Select[uuid.UUID]:
        return select(HeldKey.holder_id).where(
            HeldKey.by_id == self.holder_id, HeldKey.gated.is_(False)
        )

    def boxes(
        self,
        case_id: uuid.UUID,
        referral_id: uuid.UUID | None = None,
        may_lift: Callable[[str], bool] = shut,
    ) -> Boxes:
        """Return every box of a case or referral that this ring opens.

        `may_lift` says of which compartments the gate opens to this person.
        """
        grants = self._grants(
            KeyGrant.case_id == case_id,
            KeyGrant.referral_id.is_not_distinct_from(referral_id),
        )
        found: Boxes = {}
        for grant in db.session().execute(grants):
            place = (grant.name, grant.version)
            if place in found or (grant.gated and not may_lift(grant.name)):
                continue
            found[place] = self._box(grant)
        return found

    def boxes_of(self, compartments: Iterable[uuid.UUID]) -> dict[uuid.UUID, Box]:
        """Return the boxes of some compartments, of any case, that this ring opens.

        No gate is lifted.
        """
        these = KeyGrant.compartment_id.in_(list(compartments))
        found: dict[uuid.UUID, Box] = {}
        for grant in db.session().execute(self._grants(these, ~KeyGrant.gated)):
            if grant.compartment_id not in found:
                found[grant.compartment_id] = self._box(grant)
        return found

    def _grants(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """Return the grants to the person and their desks; their own come first."""
        return (
            select(
                *KeyGrant.__table__.columns,
                CompartmentRow.name,
                CompartmentRow.version,
            )
            .join(CompartmentRow, CompartmentRow.id == KeyGrant.compartment_id)
            .where(
                *conditions,
                or_(
                    KeyGrant.holder_id == self.holder_id,
                    KeyGrant.holder_id.in_(self._held()),
                ),
            )
            .order_by(KeyGrant.holder_id != self.holder_id)
        )

    def _box(self, grant: Any) -> Box:
        place = (grant.case_id, grant.name, grant.version)
        box = Box(grant.compartment_id, *place, b"", grant.referral_id)
        return replace(box, key=self._key(box, grant))

    def _key(self, box: Box, grant: Any) -> bytes:
        info = box.grant_info(grant.holder_id, grant.generation)
        sealed = grant.sealed_key
        if grant.gated:
            sealed = gate.lift(sealed, *info)
        private = self.private_of(grant.holder_id, grant.generation)
        return open_with(private, sealed, bind(*info))


def _older(desk_id: uuid.UUID, keys: DeskKeys) -> DeskKeys:
    """Open the generations of a desk's key before the one that is known."""
    rows = db.session().scalars(
        select(HolderKey)
        .where(
            HolderKey.holder_id == desk_id,
            HolderKey.older.is_not(None),
            HolderKey.generation <= max(keys),
        )
        .order_by(HolderKey.generation.desc())
    )
    found = dict(keys)
    for row in rows:
        assert row.older
        info = bind("older", desk_id, row.generation)
        found[row.generation - 1] = open_with(found[row.generation], row.older, info)
    return found


def held_boxes(
    keyring: Keyring | None, case_id: uuid.UUID, referral_id: uuid.UUID | None = None
) -> Boxes:
    """Return what the actor can open of a case; nothing for a service."""
    return keyring.boxes(case_id, referral_id) if keyring else {}
