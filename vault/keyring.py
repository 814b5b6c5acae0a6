"""What a signed-in person can open: their own key and those of their desks."""

import uuid
from dataclasses import dataclass, field

from sqlalchemy import select

from core import db
from core.errors import NotHeld
from vault.boxes import Box
from vault.crypto import bind, open_with
from vault.models import CompartmentRow, HeldKey, KeyGrant


@dataclass(repr=False)
class Keyring:
    """A person's unlocked private key; desk keys are opened with it when needed."""

    holder_id: uuid.UUID
    private: bytes
    _desks: dict[uuid.UUID, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<Keyring>"

    def private_of(self, holder_id: uuid.UUID) -> bytes:
        """Return the private key of the person, or of a desk whose key they hold.

        :raises NotHeld: where they hold no such key.
        """
        if holder_id == self.holder_id:
            return self.private
        if holder_id not in self._desks:
            self._desks[holder_id] = self._open_desk(holder_id)
        return self._desks[holder_id]

    def _open_desk(self, desk_id: uuid.UUID) -> bytes:
        held = db.session().get(HeldKey, (desk_id, self.holder_id))
        if held is None:
            raise NotHeld
        info = bind("desk", desk_id, self.holder_id)
        return open_with(self.private, held.sealed_key, info)

    def holders(self) -> set[uuid.UUID]:
        """Return the ids of all holders whose key this ring can reach."""
        held = select(HeldKey.holder_id).where(HeldKey.by_id == self.holder_id)
        return {self.holder_id, *db.session().scalars(held)}

    def boxes(
        self, case_id: uuid.UUID, referral_id: uuid.UUID | None = None
    ) -> dict[tuple[str, int], Box]:
        """Return every box of a case or referral that this ring opens."""
        grants = (
            select(KeyGrant, CompartmentRow)
            .join(CompartmentRow, CompartmentRow.id == KeyGrant.compartment_id)
            .where(
                KeyGrant.case_id == case_id,
                KeyGrant.referral_id == referral_id
                if referral_id
                else KeyGrant.referral_id.is_(None),
                KeyGrant.holder_id.in_(self.holders()),
            )
        )
        found: dict[tuple[str, int], Box] = {}
        for grant, row in db.session().execute(grants):
            place = (row.name, row.version)
            if place not in found:
                found[place] = self._unwrap(grant, row)
        return found

    def _unwrap(self, grant: KeyGrant, row: CompartmentRow) -> Box:
        box = Box(row.id, row.case_id, row.name, row.version, b"", row.referral_id)
        info = bind(*box.grant_info, grant.holder_id)
        key = open_with(self.private_of(grant.holder_id), grant.sealed_key, info)
        return Box(
            row.id, row.case_id, row.name, row.version, key, referral_id=row.referral_id
        )
