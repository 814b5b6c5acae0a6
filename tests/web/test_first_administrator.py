"""The command that opens the first account of an organisation."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import Result
from sqlalchemy import create_engine, select, text

from auth.actor import PUBLIC
from auth.models import Person
from core import db
from tests.people import choose
from tests.worlds import empty_database
from web.app import create_app
from web.database import Addresses, serve_on, upgrade


@pytest.fixture(scope="module")
def where(server, world) -> Iterator[Addresses]:
    """A migrated database with nobody in it; the world's comes back in the end."""
    with empty_database(server) as made:
        upgrade(made)
        yield made
    serve_on(world.where)


@pytest.fixture
def run(world, where):
    """Run the command as an operator does."""

    def invoke(*words: str, owner: str | None = where.owner) -> Result:
        app = create_app(
            replace(
                world.config,
                database_url=where.app,
                owner_database_url=owner,
                command_line=True,
            )
        )
        command = ["people", "first-administrator", *words]
        return app.test_cli_runner().invoke(args=command)

    return invoke


def people(where):
    engine = create_engine(where.owner)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT username, name, roles, has_key(id) FROM people"
                " ORDER BY username"
            )
        ).all()
    engine.dispose()
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("words", [("a", "--name", "A"), ("adam", "--name", " ")])
def test_a_name_that_cannot_be_is_refused(run, where, words):
    answer = run(*words)
    assert answer.exit_code == 1
    assert "Give a name to sign in with" in answer.output
    assert people(where) == []


def test_it_needs_the_owner_of_the_database(run, where):
    answer = run("adam", "--name", "Adam", owner=None)
    assert answer.exit_code == 1
    assert "OWNER_DATABASE_URL is needed" in answer.output
    assert people(where) == []


CODE = re.compile(r"\b(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\b")


def test_it_opens_one_account_and_again_until_a_password_is_chosen(world, run, where):
    answer = run("Adam", "--name", "Adam")
    assert answer.exit_code == 0, answer.output
    assert "Adam signs in as adam with this code, within a week" in answer.output
    assert people(where) == [("adam", "Adam", ["administrator"], False)]
    code = CODE.search(run("adam", "--name", "Adam").output)[0]
    assert code != CODE.search(answer.output)[0]
    serve_on(where)
    with db.transaction(PUBLIC) as session:
        adam = session.scalar(select(Person).where(Person.username == "adam"))
    choose(world, adam, code)
    again = run("eve", "--name", "Eve")
    assert again.exit_code == 1
    assert "There is an administrator already" in again.output
    assert people(where) == [("adam", "Adam", ["administrator"], True)]
