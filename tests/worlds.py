"""Another database with the cast in it, for tests that fill one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import create_engine, text

from auth.actor import SETUP, Actor
from auth.sessions import resume, sign_in
from core import db
from core.embedded import Server
from demo.organisation import build
from demo.services import furnish
from tests.conftest import CHEAP, PASSWORD
from web.database import APP_ROLE, Addresses, serve_on, upgrade


@contextmanager
def empty_database(server: Server) -> Iterator[Addresses]:
    """Make a database for a while, as a deployment addresses it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield Addresses(server.url(name, APP_ROLE), server.url(name))
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@contextmanager
def another(world: Any, server: Server) -> Iterator[Any]:
    """Turn to a world of the same cast and no cases; in the end, turn back."""
    with empty_database(server) as where:
        upgrade(where)
        db.connect(where.owner or "")
        with db.transaction(SETUP):
            made = furnish(build(lambda _: PASSWORD, world.pepper, CHEAP))
        serve_on(where)
        yield replace(world, where=where, made=made)
        serve_on(world.where)


def sign_everyone_in(world: Any) -> dict[str, Actor]:
    """Everybody of the cast, with keys unlocked."""
    found = {}
    for username in world.made.people:
        resumed = resume(sign_in(username, PASSWORD, world.pepper))
        assert resumed is not None
        found[username] = resumed.actor
    return found
