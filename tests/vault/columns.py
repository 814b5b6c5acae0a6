"""The sealed columns of the program, found from the mapper."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstrumentedAttribute

from core.db import Base
from vault.sealed import SealedType
from web.models import MODELS

assert MODELS


def _sealed() -> list[InstrumentedAttribute[Any]]:
    found = [
        getattr(mapper.class_, attribute.key)
        for mapper in Base.registry.mappers
        for attribute in inspect(mapper.class_).column_attrs
    ]
    return sorted((c for c in found if isinstance(c.type, SealedType)), key=str)


SEALED = _sealed()
