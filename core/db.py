"""The database: one engine, one transaction at a time, row-security settings.

`transaction(actor)` is the only commit. It tells the database who acts, in settings
that end with the transaction, so that row-level security holds for every statement.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    MetaData,
    Text,
    Uuid,
    create_engine,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
LOCK_TIMEOUT = "5s"
Id = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid.uuid4)]


class Base(DeclarativeBase):
    """Every mapped class."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text,
        uuid.UUID: Uuid,
    }


class Acting(Protocol):
    """Who acts, as row security needs to know it."""

    @property
    def id(self) -> uuid.UUID | None:
        """The person; None for a service."""

    @property
    def holders(self) -> Sequence[uuid.UUID]:
        """The person and the desks whose standings count as theirs."""

    @property
    def service(self) -> str:
        """The service's name; empty for a person."""


@dataclass(frozen=True)
class Current:
    """The transaction under way."""

    session: Session
    actor: Acting
    at: datetime


_current: ContextVar[Current] = ContextVar("transaction")
_engines: dict[str, Engine] = {}

ANNOUNCE = text(
    "SELECT set_config('pseah.person', :person, true),"
    " set_config('pseah.holders', :holders, true),"
    " set_config('pseah.service', :service, true),"
    f" set_config('lock_timeout', '{LOCK_TIMEOUT}', true)"
)

SET = text("SELECT set_config(:name, :value, true)")


def connect(url: str, *, pool: int = 10) -> None:
    """Point this process at a database.

    Read rows of the audit trail are committed on connections of their own
    (`aside`), so that they never wait for a place in the main pool.
    """
    disconnect()
    _engines["main"] = _engine(url, pool)
    _engines["aside"] = _engine(url, max(pool // 2, 1))


def _engine(url: str, pool: int) -> Engine:
    return create_engine(
        url,
        pool_size=pool,
        max_overflow=pool,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def disconnect() -> None:
    """Close all connections."""
    for engine in _engines.values():
        engine.dispose()
    _engines.clear()


def engine() -> Engine:
    """Return the engine that `connect` made."""
    return _engines["main"]


def now() -> datetime:
    """Return the moment of the transaction under way, else of the clock; UTC."""
    current = _current.get(None)
    return current.at if current else datetime.now(UTC)


def _announce(connection: Connection | Session, actor: Acting) -> None:
    connection.execute(
        ANNOUNCE,
        {
            "person": str(actor.id or ""),
            "holders": "{" + ",".join(map(str, actor.holders)) + "}",
            "service": actor.service,
        },
    )


@contextmanager
def transaction(actor: Acting, at: datetime | None = None) -> Iterator[Session]:
    """Run one step: all of it is committed at the end, or nothing.

    `at` is the moment of the step (UTC; now unless a past is played back).
    """
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        _announce(session, actor)
        token = _current.set(Current(session, actor, at or datetime.now(UTC)))
        try:
            yield session
        finally:
            _current.reset(token)


@contextmanager
def aside(actor: Acting) -> Iterator[Connection]:
    """Run and commit on a connection of its own, beside the transaction under way."""
    with _engines["aside"].begin() as connection:
        _announce(connection, actor)
        yield connection


@contextmanager
def creating(case_id: uuid.UUID) -> Iterator[None]:
    """Let row security accept rows of a case that has no standing yet."""
    with _having("pseah.creating", str(case_id), before=""):
        yield


@contextmanager
def serving(service: str) -> Iterator[None]:
    """Let a service's own policies apply beside the actor's, for a few statements."""
    with _having("pseah.service", service, before=actor().service):
        yield


@contextmanager
def _having(name: str, value: str, before: str) -> Iterator[None]:
    """Have a setting for a few statements, and back what an outer one had set."""
    outer = session().info.get(name, before)
    if outer == value:
        yield
        return
    _setting(name, value)
    try:
        yield
        session().flush()
    except DBAPIError:
        # The database has given the transaction up, and its settings with it.
        raise
    except BaseException:
        _setting(name, outer)
        raise
    _setting(name, outer)


def _setting(name: str, value: str) -> None:
    session().execute(SET, {"name": name, "value": value})
    session().info[name] = value


def session() -> Session:
    """Return the session of the transaction under way."""
    return _current.get().session


def under_way() -> bool:
    """Return whether a transaction is under way."""
    return _current.get(None) is not None


def actor() -> Acting:
    """Return who acts in the transaction under way."""
    return _current.get().actor


def add(*rows: Any) -> None:
    """Add rows and write them now, so that a refusal is raised where it is caused."""
    session().add_all(rows)
    session().flush()
