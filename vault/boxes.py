"""A compartment with its key in memory: what seals and opens fields."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from vault.crypto import KEY, Tampered, bind, decrypt, encrypt
from vault.sealed import Sealed, SealedType

FORMAT = 1
HEADER = 5


@dataclass(frozen=True, repr=False)
class Box:
    """One version of a compartment and its 256-bit key."""

    id: uuid.UUID
    case_id: uuid.UUID
    name: str
    version: int
    key: bytes
    referral_id: uuid.UUID | None = None

    def __repr__(self) -> str:
        return f"<Box {self.name}>"

    def grant_info(self, holder_id: uuid.UUID, generation: int) -> tuple[object, ...]:
        """What a grant of this box's key to a holder is bound to."""
        place = (self.id, self.case_id, self.name, self.version)
        return ("grant", *place, holder_id, generation)

    def _bound(self, column: InstrumentedAttribute[Any], row_id: uuid.UUID) -> bytes:
        """Return the associated data of a field: format, place and compartment."""
        name = column.type.compartment
        if name != self.name:
            raise TypeError(f"{column} belongs to {name}, not to {self.name}")
        table = column.class_.__tablename__
        place = (FORMAT, table, column.key, row_id, self.name, self.id, self.version)
        return bind(*place)

    def seal(
        self, column: InstrumentedAttribute[Any], row_id: uuid.UUID, value: str | None
    ) -> Sealed | None:
        """Seal `value` for one column of one row; None stays None."""
        if value is None:
            return None
        data = encrypt(self.key, value.encode(), self._bound(column, row_id))
        return Sealed(bytes([FORMAT]) + self.version.to_bytes(4) + data)

    def open(
        self,
        column: InstrumentedAttribute[Any],
        row_id: uuid.UUID,
        value: Sealed | None,
    ) -> str | None:
        """Open what `seal` made for the same column and row; None stays None.

        :raises Tampered: where the bytes were made elsewhere, or changed.
        """
        if value is None:
            return None
        if value.data[:1] != bytes([FORMAT]) or version_of(value) != self.version:
            raise Tampered
        body = value.data[HEADER:]
        return decrypt(self.key, body, self._bound(column, row_id)).decode()


def version_of(value: Sealed) -> int:
    """Return the compartment version that a field was sealed under."""
    return int.from_bytes(value.data[1:HEADER])


def compartment_of(column: InstrumentedAttribute[Any]) -> str:
    """Return the name of the compartment that a sealed column belongs to."""
    kind = column.type
    if not isinstance(kind, SealedType):
        raise TypeError(f"{column} is not a sealed column")
    return kind.compartment


def new_box(
    case_id: uuid.UUID,
    name: str,
    *,
    version: int = 1,
    referral_id: uuid.UUID | None = None,
) -> Box:
    """Make a box with a fresh random key."""
    key = secrets.token_bytes(KEY)
    return Box(uuid.uuid4(), case_id, name, version, key, referral_id)
