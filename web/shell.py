"""What commands share: connecting, saying what is wrong, writing whole files."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.exc import ArgumentError, DBAPIError

from casework.cfm.export import Unreadable
from config import Config
from core import db
from core.embedded import EmbeddedError
from core.errors import Problem
from vault.uris import NoKey
from web import database
from web.database import Addresses, Unsafe

UNREADABLE = 2


def settings() -> Config:
    """Return the settings of the application."""
    config: Config = current_app.config["PSEAH"]
    return config


class CannotRead(click.ClickException):
    """The file to import cannot be read."""

    exit_code = UNREADABLE


@contextmanager
def plainly() -> Iterator[None]:
    """Say what is wrong, and what to do, in a line instead of a trace."""
    try:
        yield
    except Unreadable as error:
        raise CannotRead(str(error)) from None
    except (EmbeddedError, Unsafe, NoKey) as error:
        raise click.ClickException(str(error)) from None
    except Problem as error:
        raise click.ClickException(error.message % error.values) from None
    except ArgumentError:
        raise click.ClickException(
            "DATABASE_URL is no database address. Write it like"
            " postgresql+psycopg://role@host/name."
        ) from None
    except CommandError as error:
        raise click.ClickException(
            f"The database cannot be migrated: {error}. Is this program older than it?"
        ) from None
    except DBAPIError as error:
        raise click.ClickException(
            f"The database refused ({type(error.orig).__name__}). Is it running,"
            " migrated (flask db upgrade) and at DATABASE_URL? Then run this again:"
            " what was done stays done, and nothing is done twice."
        ) from None
    except OSError as error:
        raise click.ClickException(
            f"A file could not be read or written: {error.strerror}."
        ) from None


@contextmanager
def serving() -> Iterator[None]:
    """Connect as the application, which row security holds back."""
    with plainly():
        database.serve_on(addresses())
        try:
            yield
        finally:
            db.disconnect()


@contextmanager
def owning(why: str) -> Iterator[None]:
    """Connect as the owner of the database, past row security."""
    with plainly():
        owner = addresses().owner
        if owner is None:
            raise Unsafe(f"OWNER_DATABASE_URL is needed {why}.")
        db.connect(owner)
        try:
            yield
        finally:
            db.disconnect()


def addresses() -> Addresses:
    """Return the addresses of the database, as the settings have them."""
    return database.addresses(settings())


@contextmanager
def written(path: str | None) -> Iterator[Callable[[str], object]]:
    """Make sure first that a file can be written; replace it whole at the end."""
    if path is None:
        yield lambda _: None
        return
    try:
        if Path(path).is_dir():
            raise IsADirectoryError
        handle, name = tempfile.mkstemp(dir=Path(path).parent, prefix=".part-")
    except (OSError, ValueError):
        raise click.ClickException(
            "The file cannot be written there. Nothing was done. Choose a folder that"
            " exists and that you may write to."
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            yield out.write
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
