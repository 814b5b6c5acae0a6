"""Sealed columns: a column that only ever holds ciphertext bound to its place.

    narrative: Mapped[Sealed | None] = sealed("report")

A bare string, a comparison or a literal raises. Opening is explicit: `Box.open`.
"""

from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator


@dataclass(frozen=True, eq=False, repr=False)
class Sealed:
    """Ciphertext of one field; shows nothing of itself."""

    data: bytes

    def __str__(self) -> str:
        return "<sealed>"

    __repr__ = __str__

    def __format__(self, _spec: str) -> str:
        return "<sealed>"


class SealedType(TypeDecorator[Sealed]):
    """Stores `Sealed`; refuses anything else.

    `compartment` names whose key opens the column; `case` and `referral` the columns
    that say whose compartment it is.
    """

    impl = LargeBinary
    cache_ok = True

    class Comparator(TypeDecorator.Comparator[Sealed]):
        """Refuses every comparison but `IS NULL`."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            """Let `IS NULL` and `IS NOT NULL` through."""
            for_null = len(other) == 1 and other[0] is None
            if for_null and op.__name__ in ("is_", "is_not", "eq", "ne"):
                return super().operate(op, *other, **kwargs)
            return _refuse("compared")

        reverse_operate = operate

    comparator_factory = Comparator

    def __init__(
        self, compartment: str, case: str = "case_id", referral: str | None = None
    ) -> None:
        self.compartment, self.case, self.referral = compartment, case, referral
        super().__init__()

    def process_bind_param(self, value: Any, _: Dialect) -> bytes | None:
        """Let `Sealed` and null through."""
        if value is None:
            return None
        return value.data if isinstance(value, Sealed) else _refuse("set to plain text")

    def process_literal_param(self, _: Any, __: Dialect) -> str:
        """Refuse to write ciphertext into SQL text."""
        return _refuse("written as a literal")

    def process_result_value(self, value: Any, _: Dialect) -> Sealed | None:
        """Box what was stored."""
        return None if value is None else Sealed(bytes(value))


def _refuse(what: str) -> NoReturn:
    raise TypeError(f"a sealed column cannot be {what}")


def sealed(
    compartment: str, *, case: str = "case_id", referral: str | None = None
) -> MappedColumn[Sealed | None]:
    """Declare a sealed column of a case's compartment, or of a referral's."""
    return mapped_column(SealedType(compartment, case, referral), nullable=True)
