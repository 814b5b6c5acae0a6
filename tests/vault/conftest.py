"""The raw database beside the pages, and a case of Nairobi's."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from casework.commands.intake import file_report
from core import db
from tests.auth.conftest import hire, set_up, signed

__all__ = ["hire", "set_up", "signed"]


@pytest.fixture(scope="module")
def raw(world: Any) -> Iterator[Connection]:
    """The database as its owner sees and changes it, past everything."""
    engine = create_engine(world.where.owner, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def case_id(cast: Any, filing: Any) -> uuid.UUID:
    """A case that Amina filed."""
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing()).id
