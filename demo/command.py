"""`flask demo`: sets up everything once, says how to sign in, and serves."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy import select

from auth.actor import INTAKE, SETUP, Actor
from auth.models import Person
from auth.sessions import resume, sign_in
from casework.cfm.export import load
from casework.importing import import_items
from config import Config
from core import db
from demo import play
from demo.organisation import PEOPLE, build
from demo.services import furnish
from vault import uris
from web import database

Say = Callable[[str], None]
EXPORT = Path(__file__).with_name("cfm-export.json")
SHOWN = 12
PLAYED = timedelta(days=2)


def prepare(config: Config, say: Say) -> str:
    """Make keys, database, organisation and cases where there are none.

    Returns the password of every account of the demo.
    """
    for uri in (config.pepper, config.gate, config.secret_key):
        if uris.make(uri):
            say("Made a server key.")
    where = database.addresses(config)
    say("PostgreSQL runs.")
    database.upgrade(where)
    say("The database is migrated.")
    password = _password(config)
    pepper = uris.load(config.pepper, config.environment)
    db.connect(where.owner or where.app)
    if _is_new():
        say("Making offices, desks and one account for each user …")
        with db.transaction(SETUP):
            furnish(build(lambda _: password, pepper))
        database.serve_on(where)
        _fill(password, pepper, say)
    db.disconnect()
    return password


def _password(config: Config) -> str:
    """Return the demo's one password, made once for this instance."""
    path = config.instance / "demo-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("-".join(secrets.token_hex(2) for _ in range(4)))
    return path.read_text()


def _is_new() -> bool:
    with db.transaction(SETUP) as session:
        return session.scalar(select(Person.id).limit(1)) is None


def _fill(password: str, pepper: bytes, say: Say) -> None:
    say("Importing the complaint export …")
    start = play.utc_now() - PLAYED
    outcome = import_items(INTAKE, load(EXPORT), now=start).report()
    counts = {name: len(found) for name, found in outcome.items() if name != "received"}
    say("  " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    player = play.Player(_sign_everyone_in(password, pepper))
    say("Playing cases forward …")
    for line in play.imported(player, start + timedelta(hours=1)):
        say(f"  {line}")
    say("Making a history for the statistics …")
    say(f"  {play.history(player, play.utc_now())} cases without any words")


def _sign_everyone_in(password: str, pepper: bytes) -> dict[str, Actor]:
    names = ("amina", "ines", "salma", "lena", "cora", "pia")
    actors = {}
    for name in names:
        signed_in = resume(sign_in(name, password, pepper))
        assert signed_in is not None
        actors[name] = signed_in.actor
    return actors


def tell(config: Config, password: str, say: Say) -> None:
    """Say where to go and who can sign in."""
    say("")
    say(f"Open  http://{config.host}:{config.port}/  and sign in as one of:")
    for username, name, role, office, _ in PEOPLE[:SHOWN]:
        say(f"  {username:<9} {name}, {role.replace('_', ' ')}, {office}")
    say(f"The password of each is  {password}")
    say("Stop with Ctrl-C. Everything is kept; `make clean-demo` removes it.")
    say("")


def run(config: Config, app: Flask, say: Say) -> None:
    """Prepare the demo, say how to sign in, and serve until Ctrl-C."""
    tell(config, prepare(config, say), say)
    Server(config, app).run()


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn, in this process."""

    def __init__(self, config: Config, app: Flask) -> None:
        self.pseah, self.app = config, app
        super().__init__()

    def load_config(self) -> None:
        """Bind to the address of the settings."""
        settings = {
            "bind": f"{self.pseah.host}:{self.pseah.port}",
            "workers": 2,
            "threads": 4,
            "accesslog": None,
            "loglevel": "warning",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application; every worker connects by itself."""
        self.app.secret_key = uris.load(self.pseah.secret_key, self.pseah.environment)
        database.serve_on(database.addresses(self.pseah))
        return self.app
