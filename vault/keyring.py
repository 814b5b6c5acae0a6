"""What a signed-in person can open: their own key and those of their desks."""

import uuid
from dataclasses import dataclass, field, replace

from sqlalchemy import Select, or_, select

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
        return {self.holder_id, *db.session().scalars(self._held())}

    def _held(self) -> Select[uuid.UUID]:
        return select(HeldKey.holder_id).where(HeldKey.by_id == self.holder_id)

    def boxes(
        self, case_id: uuid.UUID, referral_id: uuid.UUID | None = None
    ) -> dict[tuple[str, int], Box]:
        """Return every box of a case or referral that this ring opens."""
        grants = (
            select(
                CompartmentRow.id,
                CompartmentRow.name,
                CompartmentRow.version,
                KeyGrant.holder_id,
                KeyGrant.sealed_key,
            )
            .join(CompartmentRow, CompartmentRow.id == KeyGrant.compartment_id)
            .where(
                KeyGrant.case_id == case_id,
                KeyGrant.referral_id == referral_id
                if referral_id
                else KeyGrant.referral_id.is_(None),
                or_(
                    KeyGrant.holder_id == self.holder_id,
                    KeyGrant.holder_id.in_(self._held()),
                ),
            )
            .order_by(KeyGrant.holder_id != self.holder_id)
        )
        found: dict[tuple[str, int], Box] = {}
        for row_id, name, version, holder_id, sealed in db.session().execute(grants):
            if (name, version) not in found:
                box = Box(row_id, case_id, name, version, b"", referral_id)
                key = self._key(box, holder_id, sealed)
                found[name, version] = replace(box, key=key)
        return found

    def _key(self, box: Box, holder_id: uuid.UUID, sealed: bytes) -> bytes:
        info = bind(*box.grant_info, holder_id)
        return open_with(self.private_of(holder_id), sealed, info)
