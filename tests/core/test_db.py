"""A transaction: whole or not at all, and the database knows who acts in it."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from auth.actor import INTAKE, SWEEP, Actor
from auth.models import Office
from core import db
from core.errors import NotVisible

SETTING = text("SELECT current_setting('pseah.' || :name, true)")
PAST = datetime(2023, 5, 4, 12, tzinfo=UTC)


def setting(name):
    return db.session().scalar(SETTING, {"name": name})


def an_office(code):
    return Office(
        code=code,
        name=code,
        country="KE",
        region="",
        zone="Africa/Nairobi",
        weekend=["sat", "sun"],
    )


def and_fail(actor, work):
    with db.transaction(actor):
        work()
        raise NotVisible


def offices(world):
    with world.owner() as connection:
        return set(connection.scalars(text("SELECT code FROM offices")))


def test_the_database_is_told_who_acts(cast):
    with db.transaction(cast.amina):
        assert setting("person") == str(cast.amina.id)
        assert str(cast.amina.desks[0]) in setting("holders")
        assert setting("service") == ""
    with db.transaction(INTAKE):
        assert (setting("person"), setting("service")) == ("", "intake")


def test_who_acts_is_forgotten_with_the_transaction(world, cast):
    with db.transaction(cast.amina):
        pass
    with db.engine().connect() as connection:
        for name in ("person", "holders", "service", "creating"):
            assert not connection.scalar(SETTING, {"name": name})


def test_a_step_happens_whole_or_not_at_all(world, cast):
    with pytest.raises(NotVisible):
        and_fail(cast.adam, lambda: db.add(an_office("GONE")))
    with db.transaction(cast.adam):
        db.add(an_office("KEPT"))
    assert "KEPT" in offices(world)
    assert "GONE" not in offices(world)


def test_there_is_no_session_outside_a_transaction(world):
    with pytest.raises(LookupError):
        db.session()


def test_the_moment_of_a_step_is_one_moment(cast):
    with db.transaction(cast.amina):
        assert db.now() == db.now()
        assert db.now().tzinfo is UTC
    with db.transaction(cast.amina, PAST):
        assert db.now() == PAST
    assert db.now() > PAST


def test_waiting_for_a_lock_ends(world, cast):
    with db.transaction(cast.amina) as session:
        assert session.scalar(text("SHOW lock_timeout")) == "5s"


def test_a_waiting_step_gives_up_with_an_error_and_changes_nothing(world, cast):
    key = text("SELECT pg_advisory_xact_lock(7)")
    with db.transaction(cast.amina) as session:
        session.execute(key)
        with db.transaction(cast.bruno) as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError):
                other.execute(key)
            other.rollback()


def test_serving_lends_a_services_rules_and_takes_them_back(cast):
    with db.transaction(cast.amina):
        with db.serving("clocks"):
            assert setting("service") == "clocks"
            assert setting("person") == str(cast.amina.id)
        assert setting("service") == ""


def test_serving_inside_serving_gives_back_what_was_lent_before(cast):
    with db.transaction(SWEEP):
        with db.serving("clocks"):
            with db.serving("public"):
                assert setting("service") == "public"
            assert setting("service") == "clocks"
        assert setting("service") == "sweep"


def test_serving_ends_also_where_a_refusal_is_caught(cast):
    with db.transaction(cast.amina):
        with pytest.raises(NotVisible), db.serving("public"):
            raise NotVisible
        assert setting("service") == ""


def test_creating_ends_with_its_block(cast):
    case_id = uuid.uuid4()
    with db.transaction(cast.amina):
        with db.creating(case_id):
            assert setting("creating") == str(case_id)
        assert setting("creating") == ""


def test_an_error_of_the_database_comes_through_as_it_is(cast):
    wrong = text("SELECT 1 / 0")
    with (
        pytest.raises(DBAPIError, match="division by zero"),
        db.transaction(cast.amina),
        db.serving("clocks"),
    ):
        db.session().execute(wrong)


def test_what_is_committed_aside_stays_when_the_step_fails(world, cast):
    name = uuid.uuid4().hex
    row = text("SELECT audit_append(:id, :name, NULL, 'denied', '', '{}')")

    def write_aside():
        with db.aside(cast.amina) as connection:
            connection.execute(row, {"id": cast.amina.id, "name": name})

    with pytest.raises(NotVisible):
        and_fail(cast.amina, write_aside)
    with world.owner() as connection:
        count = text("SELECT count(*) FROM audit_rows WHERE action = :name")
        assert connection.scalar(count, {"name": name}) == 1


def test_an_error_does_not_repeat_the_values_of_its_statement(cast):
    wrong = text("SELECT 1 / 0 WHERE :words <> ''")
    with pytest.raises(DBAPIError) as raised, db.transaction(cast.amina) as session:
        session.execute(wrong, {"words": "swordfish"})
    assert "swordfish" not in str(raised.value)


def test_nobody_acting_sees_no_office(world):
    with db.transaction(Actor()) as session:
        assert session.query(Office).all() == []
