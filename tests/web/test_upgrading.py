"""What the migrations do to what is there already; and back down, and up again."""

import uuid

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from tests.worlds import empty_database
from web.database import alembic, upgrade

# Who had which password: of their own, or one that somebody else knew.
ISSUED = ("new", "reset", "last", "pair_1", "pair_2")
PEOPLE = ("own", *ISSUED)


def migrate(connection, to, run=command.upgrade):
    settings = alembic()
    settings.attributes["connection"] = connection
    run(settings, to)


@pytest.fixture
def raw(server):
    """An empty database at the schema before codes, as its owner."""
    with empty_database(server) as where:
        engine = create_engine(where.owner)
        with engine.begin() as connection:
            migrate(connection, "0001")
        yield where, engine
        engine.dispose()


def fill(connection):
    """People and compartments: shared, of `last` alone, of a pair of issued ones."""
    ids = {name: uuid.uuid4() for name in PEOPLE}
    for name, person in ids.items():
        give = {"id": person, "name": name, "issued": name in ISSUED}
        for statement in (
            "INSERT INTO holders (id, kind, made_at) VALUES (:id, 'person', now())",
            "INSERT INTO people (id, username, name, roles, language, version_id)"
            " VALUES (:id, :name, :name, '{investigator}', 'en', 1)",
            "INSERT INTO credentials VALUES"
            " (:id, 's', 1, 1, 64, 'k', now(), CAST(:issued AS boolean))",
            "INSERT INTO holder_keys (holder_id, generation, public_key, made_at)"
            " VALUES (:id, 1, 'p', now())",
        ):
            connection.execute(text(statement), give)
    connection.execute(
        text("INSERT INTO holder_keys VALUES (:id, 2, 'q', NULL, now())"),
        {"id": ids["reset"]},
    )
    shared, alone, paired = (uuid.uuid4() for _ in range(3))
    for key, names in (
        (shared, ("own", "reset")),
        (alone, ("last",)),
        (paired, ("pair_1", "pair_2")),
    ):
        grant(connection, key, [ids[name] for name in names])
    return ids, {"shared": shared, "alone": alone, "paired": paired}


def grant(connection, key, holders):
    connection.execute(
        text(
            "INSERT INTO compartments (id, case_id, name, version, made_at)"
            " VALUES (:key, :case, 'report', 1, now())"
        ),
        {"key": key, "case": uuid.uuid4()},
    )
    for holder in holders:
        connection.execute(
            text(
                "INSERT INTO key_grants (compartment_id, holder_id, generation, gated,"
                " case_id, sealed_key, given_at)"
                " VALUES (:key, :holder, 1, false, :key, 'x', now())"
            ),
            {"key": key, "holder": holder},
        )


def names(connection, ids, query):
    found = set(connection.scalars(text(query)))
    return {name for name, person in ids.items() if person in found}


@pytest.fixture
def moved(raw):
    where, engine = raw
    with engine.begin() as connection:
        ids, keys = fill(connection)
    upgrade(where)
    with engine.connect() as connection:
        yield ids, keys, connection


def test_a_password_that_another_person_knew_opens_nothing_any_more(moved):
    ids, _, connection = moved
    kept = names(connection, ids, "SELECT person_id FROM credentials")
    assert kept == {"own", "last", "pair_1", "pair_2"}


def test_who_never_chose_a_password_can_be_given_a_code(moved):
    ids, _, connection = moved
    had = "SELECT id FROM people WHERE had_key(id)"
    assert names(connection, ids, had) == set(PEOPLE) - {"new"}


def test_a_key_that_was_reset_takes_two_again(moved):
    ids, _, connection = moved
    has = "SELECT id FROM people WHERE has_key(id)"
    assert names(connection, ids, has) == {"own", "last", "pair_1", "pair_2"}


def test_nothing_is_lost_by_it(moved):
    _, keys, connection = moved
    open_ = text("SELECT DISTINCT compartment_id FROM key_grants WHERE NOT gated")
    assert set(connection.scalars(open_)) == set(keys.values())
    due = connection.execute(text("SELECT compartment_id, renew FROM key_work")).all()
    assert [tuple(row) for row in due] == [(keys["shared"], True)]


def test_every_migration_goes_down_and_up_again(moved, raw):
    _, engine = raw
    with engine.begin() as connection:
        migrate(connection, "0001", command.downgrade)
        held = text("SELECT count(*) FROM credentials WHERE must_change")
        assert connection.scalar(held) == 0
        migrate(connection, "head")
