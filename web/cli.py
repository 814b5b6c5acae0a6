"""The command line: `flask --app wsgi …`, for those who run the system."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from alembic.util import CommandError
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import create_engine, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from auth import pepper
from auth.accounts import create_person
from auth.actor import INTAKE, SETUP
from auth.credentials import one_time_password
from auth.models import Person
from auth.policy import Role
from auth.schemas import USERNAME
from casework.cfm.export import Unreadable, load
from casework.import_report import Outcome
from casework.importing import import_items
from casework.sweeping import sweep
from config import Config
from core import audit, db
from core.embedded import EmbeddedError
from core.errors import Problem
from demo.command import run
from vault.uris import NoKey
from web import database, rules
from web.database import Addresses, Unsafe

UNREADABLE = 2
cfm = AppGroup("cfm", help="Complaint-and-feedback mechanisms: bring in their exports.")
audit_trail = AppGroup("audit", help="The audit trail.")
clocks = AppGroup("clocks", help="Time limits.")
policy = AppGroup("policy", help="Who may do what.")
base = AppGroup("db", help="The database.")
people = AppGroup("people", help="Who signs in.")
GROUPS = (cfm, audit_trail, clocks, policy, base, people)


def install(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (*GROUPS, demo):
        app.cli.add_command(command)


@click.command("demo")
def demo() -> None:
    """Set up a demo, once, and serve it until Ctrl-C.

    Makes keys, an embedded database, offices, desks, one account for each user and
    cases at different stages; says how to sign in. What is there is kept.
    """
    with plainly():
        run(current_app.config["PSEAH"], _application(), click.echo)


def _application() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


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


@contextmanager
def serving() -> Iterator[None]:
    """Connect as the application, which row security holds back."""
    with plainly():
        database.serve_on(_addresses())
        try:
            yield
        finally:
            db.disconnect()


@contextmanager
def owning(why: str) -> Iterator[None]:
    """Connect as the owner of the database, past row security."""
    with plainly():
        owner = _addresses().owner
        if owner is None:
            raise Unsafe(f"OWNER_DATABASE_URL is needed {why}.")
        db.connect(owner)
        try:
            yield
        finally:
            db.disconnect()


def _addresses() -> Addresses:
    config: Config = current_app.config["PSEAH"]
    return database.addresses(config)


@cfm.command("import")
@click.argument("file")
@click.option(
    "--office", metavar="CODE", help="Office of items that name none; else GVA."
)
@click.option(
    "--report", metavar="OUT.json", help="Write what became of every item here."
)
def import_(file: str, office: str | None, report: str | None) -> None:
    """File the submissions of a Kobo API v2 export as cases, each once.

    FILE may be imported again: what is there already counts as a duplicate. What is
    not about sexual misconduct is set aside for a person, and what cannot be filed
    is kept sealed. Exits with 0 when every item is accounted for, with 2 when the
    file cannot be read.
    """
    with plainly():
        items = load(file)
    with _written(report) as write, serving():
        outcome = import_items(INTAKE, items, office)
        write(json.dumps(outcome.report(), indent=1) + "\n")
    for line in _summary(outcome):
        click.echo(line)


@contextmanager
def _written(path: str | None) -> Iterator[Any]:
    """Make sure first that the report can be written; replace it whole at the end."""
    if path is None:
        yield lambda _: None
        return
    try:
        if Path(path).is_dir():
            raise IsADirectoryError
        handle, name = tempfile.mkstemp(dir=Path(path).parent, prefix=".report-")
    except (OSError, ValueError):
        raise click.ClickException(
            "The report cannot be written there. Nothing was imported. Choose a folder"
            " that exists and that you may write to."
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            yield out.write
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _summary(outcome: Outcome) -> Iterator[str]:
    done = outcome.report()
    yield f"{outcome.received} received"
    for name in ("filed", "duplicates", "set_aside", "rejected", "problems"):
        yield f"{len(done[name]):>6} {name.replace('_', ' ')}"
    for item in outcome.rejected:
        faults = ", ".join(each["problem"] for each in item["problems"])
        yield f"rejected {item['id']}: {faults}"
    for each in outcome.problems:
        yield f"look at {each['id']}: {each['field']}: {each['problem']}"


@audit_trail.command("verify")
def verify() -> None:
    """Recompute every chain of the audit trail, as the owner of the database.

    Exits with 0 when all of it is whole; else with 1, naming the first bad row.
    """
    with plainly():
        owner = _addresses().owner
        if owner is None:
            raise Unsafe(
                "OWNER_DATABASE_URL is needed to verify the whole audit trail."
            )
        verdict = _verify(owner)
    if not verdict.whole:
        raise click.ClickException(f"The audit trail is broken at {verdict.bad}.")
    click.echo(
        f"The audit trail is whole: {verdict.rows} rows, {verdict.chains} chains."
    )


def _verify(owner: str) -> audit.Verdict:
    engine = create_engine(owner, hide_parameters=True)
    try:
        with Session(engine) as session:
            return audit.verify(session)
    finally:
        engine.dispose()


@clocks.command("sweep")
def sweep_clocks() -> None:
    """Note every time limit that has passed, once; run it every few minutes."""
    with serving():
        count = sweep()
    click.echo(f"{count} time limits have passed since the last sweep.")


@policy.command("show")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def show_policy(as_json: bool) -> None:
    """Print who may do what and open what, the moves between stages, the limits."""
    tables = rules.tables()
    if as_json:
        click.echo(json.dumps(tables, indent=1, ensure_ascii=False))
        return
    for line in rules.lines(tables):
        click.echo(line)


@base.command("upgrade")
def upgrade() -> None:
    """Migrate the database to this version, and renew its roles and policies."""
    with plainly():
        database.upgrade(_addresses())
    click.echo("The database is migrated.")


@people.command("first-administrator")
@click.argument("username")
@click.option("--name", required=True, help="The name that colleagues know.")
def first_administrator(username: str, name: str) -> None:
    """Open the first account, as the owner of the database; it makes all others.

    Prints a password for one sign-in under USERNAME: it has to be changed then. Does
    nothing where anybody has an account already.
    """
    username, name = username.lower(), name.strip()
    if not (USERNAME.fullmatch(username) and name):
        raise click.ClickException(
            "Give a name to sign in with, of 2 to 40 letters (a to z), digits, dots or"
            " dashes, and a name."
        )
    password = one_time_password()
    with owning("to open the first account"), db.transaction(SETUP) as session:
        if session.scalar(select(Person.id).limit(1)):
            raise click.ClickException(
                "There are accounts already. An administrator opens others, in pages."
            )
        create_person(
            username,
            name,
            [Role.ADMINISTRATOR],
            password,
            pepper.load(),
            must_change=True,
        )
    click.echo(f"{name} signs in as {username} with this password, once:\n{password}")
