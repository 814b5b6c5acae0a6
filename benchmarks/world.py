"""A PostgreSQL of the benchmarks' own, with the cast in it, gone at the end."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from psycopg import Connection, connect
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from auth.actor import SETUP, Actor
from auth.sessions import resume, sign_in
from config import Config
from core import db, embedded
from demo.organisation import Organisation, build
from vault import server_keys, uris
from vault.crypto import Cost
from vault.keyring import Keyring
from web.database import APP_ROLE, Addresses, serve_on, upgrade

PASSWORD = "correct horse battery staple"
CHEAP = Cost(iterations=1, lanes=1, memory=64)


@dataclass(frozen=True)
class World:
    """A migrated database, the cast in it, and their unlocked keys."""

    where: Addresses
    made: Organisation
    people: dict[str, Actor]

    def actor(self, username: str) -> Actor:
        """Return a person as a request does: no desk's key is opened yet."""
        actor = self.people[username]
        assert actor.keyring is not None
        fresh = Keyring(actor.keyring.holder_id, actor.keyring.private)
        return replace(actor, keyring=fresh)

    def owner(self) -> Connection:
        """Connect as the owner, with the plain driver, past row security."""
        return plain(self.where.owner or "")

    @contextmanager
    def setting_up(self) -> Iterator[Session]:
        """Run one step as who sets an organisation up, then serve again."""
        db.connect(self.where.owner or "")
        with db.transaction(SETUP) as session:
            yield session
        serve_on(self.where)


def plain(url: str) -> Connection:
    """Connect with the driver alone."""
    parts = make_url(url).set(drivername="postgresql")
    return connect(parts.render_as_string(hide_password=False))


@contextmanager
def server() -> Iterator[embedded.Server]:
    """Run a server in a temporary folder; stop and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pseah-bench-"))
    folder.chmod(0o711)
    try:
        running = embedded.start(folder)
        try:
            yield running
        finally:
            db.disconnect()
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make(running: embedded.Server) -> World:
    """Migrate the server's database, and let the cast sign in."""
    config = Config(instance=running.data.parent, testing=True)
    where = Addresses(running.url(embedded.DATABASE, APP_ROLE), running.owner_url)
    upgrade(where)
    for uri in (config.pepper, config.gate):
        uris.make(uri)
    server_keys.use({}, pepper=config.pepper, gate=config.gate)
    pepper = uris.load(config.pepper)
    db.connect(where.owner or "")
    with db.transaction(SETUP):
        made = build(lambda _: PASSWORD, pepper, CHEAP)
    serve_on(where)
    return World(where, made, {name: signed_in(name, pepper) for name in made.people})


def signed_in(username: str, pepper: bytes) -> Actor:
    """Let somebody sign in with everybody's password."""
    resumed = resume(sign_in(username, PASSWORD, pepper))
    assert resumed is not None
    return resumed.actor


def copy(running: embedded.Server, world: World) -> World:
    """Copy the database, with the cast; nobody may be connected to it meanwhile."""
    name = f"bench_{uuid4().hex[:8]}"
    db.disconnect()
    with plain(running.url("postgres")) as connection:
        connection.autocommit = True
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE}")
    return replace(
        world, where=Addresses(running.url(name, APP_ROLE), running.url(name))
    )
