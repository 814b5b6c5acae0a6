"""The command line: `flask --app wsgi …`, for those who run the system."""

import json
from collections.abc import Iterator

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import select

from auth.accounts import create_person, open_with_code, somebody_administers
from auth.actor import INTAKE, SETUP
from auth.models import Person
from auth.policy import Role
from auth.schemas import USERNAME
from casework.cfm.export import load
from casework.import_report import Outcome
from casework.importing import import_items
from core import db
from demo.command import run
from web import database, rules
from web.audit_cli import audit_trail
from web.shell import addresses, owning, plainly, serving, settings, written
from web.sweep import sweep

cfm = AppGroup("cfm", help="Complaint-and-feedback mechanisms: bring in their exports.")
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
        run(settings(), _application(), click.echo)


def _application() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


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
    with written(report) as write, serving():
        outcome = import_items(INTAKE, items, office)
        write(json.dumps(outcome.report(), indent=1) + "\n")
    for line in _summary(outcome):
        click.echo(line)


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


@clocks.command("sweep")
def sweep_clocks() -> None:
    """Note every time limit that has passed, once, and end what ends by itself.

    Run it every few minutes: it also takes the keys of deputies, emergencies and
    consents whose time is over.
    """
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
        database.upgrade(addresses())
    click.echo("The database is migrated.")


@people.command("first-administrator")
@click.argument("username")
@click.option("--name", required=True, help="The name that colleagues know.")
def first_administrator(username: str, name: str) -> None:
    """Open the first account, as the owner of the database; it makes all others.

    Prints a code with which USERNAME chooses a password within a week; run it again
    where that week has passed. Does nothing where an administrator has a password.
    """
    username, name = username.lower(), name.strip()
    if not (USERNAME.fullmatch(username) and name):
        raise click.ClickException(
            "Give a name to sign in with, of 2 to 40 letters (a to z), digits, dots or"
            " dashes, and a name."
        )
    with owning("to open the first account"), db.transaction(SETUP):
        if somebody_administers():
            raise click.ClickException(
                "There is an administrator already, who opens other accounts in pages."
            )
        code = open_with_code(_administrator(username, name))
    click.echo(
        f"{name} signs in as {username} with this code, within a week, and chooses a"
        f" password:\n{code}"
    )


def _administrator(username: str, name: str) -> Person:
    """Return the administrator of a name, who may have been there without a key."""
    wanted = select(Person).where(Person.username == username)
    there = db.session().scalar(wanted)
    if there is None:
        return create_person(username, name, [Role.ADMINISTRATOR])
    if there.roles != [Role.ADMINISTRATOR]:
        raise click.ClickException("Somebody else has this name to sign in with.")
    return there
