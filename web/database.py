"""Which database this process uses; making it, migrating it, refusing an unsafe one."""

from dataclasses import dataclass

from alembic import command
from alembic.config import Config as Alembic
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from auth import rls
from config import ROOT, Config
from core import db, embedded
from web.models import MODELS

APP_ROLE = "pseah_app"


class Unsafe(RuntimeError):
    """The application must not serve on this database; the text says why."""


@dataclass(frozen=True, repr=False)
class Addresses:
    """The database as the application, and as the owner who migrates it."""

    app: str
    owner: str | None


def addresses(config: Config) -> Addresses:
    """Return the database addresses, starting the embedded server if none is set."""
    if config.database_url:
        return Addresses(config.database_url, config.owner_database_url)
    server = embedded.start(config.instance)
    return Addresses(server.url(embedded.DATABASE, APP_ROLE), server.owner_url)


def upgrade(where: Addresses) -> None:
    """Migrate to the newest schema; make the application's role, policies and rights.

    :raises Unsafe: without an owner's address.
    """
    if where.owner is None:
        raise Unsafe("OWNER_DATABASE_URL is needed to migrate")
    role = make_url(where.app).username or APP_ROLE
    engine = create_engine(where.owner)
    with engine.begin() as connection:
        _make_role(connection, role)
        settings = alembic()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        rls.apply(connection, role)
    engine.dispose()


def _make_role(connection: Connection, role: str) -> None:
    """Make the application's role unless it is there, or is being made elsewhere."""
    name = connection.dialect.identifier_preparer.quote(role)
    literal = role.replace("'", "''")
    # A DO block takes no parameters, and both spellings of the name are quoted.
    known = f"SELECT FROM pg_roles WHERE rolname = '{literal}'"  # nosec B608
    connection.exec_driver_sql(
        f"DO $$ BEGIN IF NOT EXISTS ({known}) THEN CREATE ROLE {name} LOGIN; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def alembic() -> Alembic:
    """Return the settings that Alembic runs with."""
    settings = Alembic()
    settings.set_main_option("script_location", str(ROOT / "migrations"))
    return settings


def serve_on(where: Addresses) -> None:
    """Connect the application, unless that would be unsafe.

    :raises Unsafe: where row security would not hold; every reason is named.
    """
    assert MODELS
    db.connect(where.app)
    with db.engine().connect() as connection:
        reasons = rls.unsafe(connection)
        if connection.scalar(text("SELECT to_regclass('cases')")) is None:
            reasons.append("the database is not migrated: run flask db upgrade")
    if reasons:
        db.disconnect()
        raise Unsafe("; ".join(reasons))
