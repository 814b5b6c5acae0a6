"""One PostgreSQL for the whole run, one database per worker, and the cast in it."""

import os
import secrets
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

from auth.actor import INTAKE, SETUP, Actor
from auth.models import Office
from auth.sessions import resume, sign_in
from casework.commands.intake import Filing
from config import Config
from core import db, embedded
from demo.organisation import Organisation, build
from demo.services import furnish
from tests.reports import report
from vault import server_keys, uris
from vault.crypto import Cost
from web.database import APP_ROLE, Addresses, serve_on, upgrade

settings.register_profile("default", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

CHEAP = Cost(iterations=1, lanes=1, memory=64)
PASSWORD = "correct horse battery staple"


SERVER = "PSEAH_TEST_SERVER"


def pytest_configure(config: pytest.Config) -> None:
    """Choose one folder for the server of all workers; its path is short."""
    if not hasattr(config, "workerinput"):
        os.environ[SERVER] = tempfile.mkdtemp(prefix="pseah-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and remove it, in the process that chose its folder."""
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(SERVER))
        embedded.stop(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> embedded.Server:
    """The server that every worker shares; POSTGRESQL_BIN chooses another one."""
    binaries = os.environ.get("POSTGRESQL_BIN")
    shared = Path(os.environ[SERVER])
    return embedded.start(shared, Path(binaries) if binaries else None)


@dataclass(frozen=True)
class World:
    """A migrated database with the cast in it."""

    config: Config
    where: Addresses
    made: Organisation
    pepper: bytes

    def owner(self) -> "OwnerConnection":
        """Connect as the owner, past row security."""
        return OwnerConnection(self.where.owner or "")


class OwnerConnection:
    """A connection as the owner, as a context manager that commits."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)

    def __enter__(self):
        self.begun = self.engine.begin()
        return self.begun.__enter__()

    def __exit__(self, *failure):
        self.begun.__exit__(*failure)
        self.engine.dispose()


@pytest.fixture(scope="session")
def world(
    server: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    where = Addresses(server.url(name, APP_ROLE), server.url(name))
    upgrade(where)
    config = Config(instance=tmp_path_factory.mktemp("instance"), testing=True)
    for uri in (config.pepper, config.gate, config.secret_key):
        uris.make(uri)
    server_keys.use({}, pepper=config.pepper, gate=config.gate)
    pepper = uris.load(config.pepper)
    db.connect(where.owner or "")
    with db.transaction(SETUP):
        made = furnish(build(lambda _: PASSWORD, pepper, CHEAP))
    serve_on(where)
    yield World(config, where, made, pepper)
    db.disconnect()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def signed_in(world: World) -> dict[str, Actor]:
    """Every person of the cast, with keys unlocked."""
    found = {}
    for username in world.made.people:
        resumed = resume(sign_in(username, PASSWORD, world.pepper))
        assert resumed is not None
        found[username] = resumed.actor
    return found


class Cast:
    """The people by name: `cast.amina`; keyrings are fresh for every test."""

    def __init__(self, people: dict[str, Actor]) -> None:
        self._people = people

    def __getattr__(self, name: str) -> Actor:
        actor = self._people[name.replace("_", "-")]
        assert actor.keyring is not None
        return replace(actor, keyring=replace(actor.keyring, _desks={}))


@pytest.fixture
def cast(signed_in: dict[str, Actor]) -> Cast:
    return Cast(signed_in)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def make_filing(world: World) -> Callable[..., Filing]:
    """Build a filing for Nairobi: `make_filing(kind=…)` changes the report."""

    def build_filing(
        office: str = "NBO", key: str | None = None, **changes: Any
    ) -> Filing:
        own = {
            name: changes.pop(name)
            for name in list(changes)
            if name in Filing.__dataclass_fields__
        }
        with db.transaction(INTAKE) as session:
            row = session.get_one(Office, world.made.offices[office])
        return Filing(
            report=report(**changes),
            office=row,
            key=key or secrets.token_hex(16),
            source="test",
            **own,
        )

    return build_filing


@pytest.fixture
def filing(make_filing: Callable[..., Filing]) -> Callable[..., Filing]:
    return make_filing
