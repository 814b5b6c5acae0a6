"""Need-to-know in the database: raw statements, through the application's own role."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from auth import access, rls
from auth.actor import INTAKE, PUBLIC, STATS, SWEEP, Actor
from auth.policy import Standing
from casework.commands import care, desk
from casework.commands.intake import Filing, file_report
from casework.models.case import Case
from core import db
from core.db import Base
from tests.reports import report
from vault import holders
from web.database import APP_ROLE
from web.models import MODELS

assert MODELS

TABLES = sorted(Base.metadata.tables)
# A case's tables, and who of the cast reads their rows in a case of Nairobi that
# investigations A, care and the coordinators take. By hand, not from the policy.
READ_BY = {
    "submissions": "amina cora",
    "cases": "amina cora ines salma",
    "reports": "amina cora ines",
    "survivors": "amina cora ines salma",
    "subjects": "amina cora ines",
    "consents": "amina cora ines salma",
    "case_events": "amina cora ines salma",
    "clocks": "amina cora ines salma",
    "standings": "amina cora ines salma",
    "compartments": "amina cora ines salma",
    "key_grants": "amina cora ines salma",
    "key_work": "amina cora ines salma",
    "emergencies": "cora",
    "interim_measures": "cora ines",
    "notes": "ines",
    "findings": "cora ines",
    "decisions": "cora",
    "outcomes": "salma",
    "care_notes": "salma",
    "needs": "salma",
    "referrals": "salma",
    "service_reports": "salma",
}
CASE_SCOPED = set(READ_BY) | {"audit_rows"}
CAST = (
    *("amina", "bruno", "ines", "omar", "salma", "lena", "cora", "theo", "adam", "pia"),
    "mallory",
)
# Mallory sits at Nairobi's intake desk: until barred, it is hers too.
AT_DESK = {"mallory": "amina"}


def key(table):
    return "id" if table in ("submissions", "cases") else "case_id"


def count(session, table, case_id):
    query = f"SELECT count(*) FROM {table} WHERE {key(table)} = :case"
    return session.scalar(text(query), {"case": case_id})


def run(actor, statement, **values):
    with db.transaction(actor) as session:
        return session.execute(text(statement), values)


def refused(actor, statement, **values):
    """Return how the database refuses a statement."""
    with pytest.raises(DBAPIError) as raised:
        run(actor, statement, **values)
    return str(raised.value.orig).splitlines()[0]


@pytest.fixture(scope="module")
def whole(world, signed_in):
    """Give a case with a row in every one of its tables."""
    amina = signed_in["amina"]
    with db.transaction(INTAKE) as session:
        office = session.get(MODELS_BY["offices"], world.made.offices["NBO"])
    filing = make_filing(office)
    with db.transaction(amina):
        case_id = file_report(amina, filing).id
    with world.owner() as connection:
        fill(connection, case_id, world)
    return case_id


MODELS_BY = {m.class_.__tablename__: m.class_ for m in Base.registry.mappers}


def make_filing(office):
    return Filing(report=report(), office=office, key=uuid.uuid4().hex, source="test")


FILL = {
    "emergencies": "id, case_id, reference, person_id, reason, opened_at, ends_at,"
    " alerted VALUES (:id, :case, :ref, :duty, 'urgent_medical', now(), now(), '{}')",
    "interim_measures": "id, case_id, kind, in_place_at, version_id"
    " VALUES (:id, :case, 'reassignment', now(), 1)",
    "notes": "id, case_id, written_at VALUES (:id, :case, now())",
    "findings": "id, case_id, episode, finding, issued_at"
    " VALUES (:id, :case, 1, 'substantiated', now())",
    "decisions": "id, case_id, episode, measures, decided_at"
    " VALUES (:id, :case, 1, '[]', now())",
    "outcomes": "id, case_id, survivor_id, how, told_at"
    " VALUES (:id, :case, :survivor, 'told', now())",
    "care_notes": "id, case_id, written_at VALUES (:id, :case, now())",
    "needs": "id, case_id, survivor_id, kind, answer, recorded_at, version_id"
    " VALUES (:id, :case, :survivor, 'medical', 'referred', now(), 1)",
    "consents": "id, case_id, survivor_id, purpose, status, recorded_at"
    " VALUES (:id, :case, :survivor, 'statistics', 'given', now())",
    "services": 'id, desk_id, office_id, kind, name, "where", hours, verified_at,'
    " version_id VALUES (:id, :desk, :office, 'medical', 'Clinic', 'There', 'Days',"
    " now(), 1)",
    "referrals": "id, case_id, reference, survivor_id, service_id, office_id, episode,"
    " kind, urgent, age_band, language, status, sent_at, version_id VALUES (:id, :case,"
    " :ref, :survivor, :service, :office, 1, 'medical', false, '25_59', 'en', 'sent',"
    " now(), 1)",
    "service_reports": "id, case_id, referral_id, status, reported_at"
    " VALUES (:id, :case, :referral, 'in_progress', now())",
}


def fill(connection, case_id, world):
    found = text("SELECT id FROM survivors WHERE case_id = :case")
    values = {
        "case": case_id,
        "survivor": connection.scalar(found, {"case": case_id}),
        "desk": world.made.desks["clinic"],
        "duty": world.made.people["focal-3"],
        "office": world.made.offices["NBO"],
        "ref": uuid.uuid4().hex,
        "service": uuid.uuid4(),
        "referral": uuid.uuid4(),
    }
    work = (
        "INSERT INTO key_work (compartment_id, case_id, renew, since)"
        " SELECT id, case_id, false, now() FROM compartments WHERE case_id = :case"
        " ON CONFLICT DO NOTHING"
    )
    connection.execute(text(work), values)
    ids = {"services": values["service"], "referrals": values["referral"]}
    for table, rest in FILL.items():
        row = {**values, "id": ids.get(table, uuid.uuid4())}
        connection.execute(
            text(f"INSERT INTO {table} ({rest.replace(' VALUES', ') VALUES', 1)}"), row
        )
    connection.execute(
        text(
            "INSERT INTO standings (id, case_id, referral_id, holder_id, kind, reason,"
            " started_at, entered_at) VALUES (:id, :case, :referral, :desk, 'provider',"
            " 'referred', now(), now())"
        ),
        {**values, "id": uuid.uuid4()},
    )


# Every table


def test_every_table_has_a_rule_and_every_rule_a_table():
    assert set(rls.RULES) == set(TABLES)


def test_every_table_that_holds_a_case_is_in_the_table_above():
    scoped = {n for n, t in Base.metadata.tables.items() if "case_id" in t.columns}
    assert scoped | {"submissions", "cases"} == CASE_SCOPED


@pytest.mark.parametrize("table", TABLES)
def test_row_security_is_on_and_has_its_four_policies(world, table):
    with world.owner() as connection:
        on = text(
            "SELECT relrowsecurity FROM pg_class WHERE oid = CAST(:t AS regclass)"
        )
        assert connection.scalar(on, {"t": table})
        names = text(
            "SELECT polname FROM pg_policy WHERE polrelid = CAST(:t AS regclass)"
        )
        found = set(connection.scalars(names, {"t": table}))
    assert found == {"read", "write", "change", "remove"}


@pytest.mark.parametrize("table", TABLES)
def test_without_an_actor_there_are_no_rows(whole, table):
    assert run(Actor(), f"SELECT * FROM {table}").all() == []
    with db.engine().connect() as connection:
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == []


@pytest.mark.parametrize("table", TABLES)
def test_an_unknown_service_sees_no_more_than_any_actor(whole, table):
    open_to_all = {"offices", "people", "desks", "routes", "changes"}
    open_to_all |= {"memberships", "holders", "holder_keys", "services"}
    rows = run(Actor(service="made up"), f"SELECT * FROM {table}").all()
    assert not rows or table in open_to_all


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE {}",
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
        "DROP TABLE {}",
        "DROP POLICY read ON {}",
    ],
)
def test_the_application_owns_nothing(cast, table, statement):
    said = refused(cast.adam, statement.format(table))
    assert "permission denied" in said or "must be owner" in said


@pytest.mark.parametrize("table", sorted(READ_BY))
@pytest.mark.parametrize("who", CAST)
def test_a_row_of_a_case_is_read_by_those_on_it_and_no_one_else(
    cast, whole, table, who
):
    like = AT_DESK.get(who, who)
    expected = like in READ_BY[table].split()
    if who == "pia" and table in PROVIDERS:
        expected = True
    with db.transaction(getattr(cast, who)) as session:
        assert bool(count(session, table, whole)) == expected


# The clinic stands on one referral: on its rows alone.
PROVIDERS = {"standings", "referrals", "service_reports"}


@pytest.mark.parametrize("table", sorted(READ_BY))
def test_the_barred_read_nothing_whatever_else_they_are(cast, filing, world, table):
    case_id = barred_case(cast, filing, world)
    for who in ("mallory", "ines", "cora"):
        with db.transaction(getattr(cast, who)) as session:
            assert count(session, table, case_id) == 0


_BARRED = {}


def barred_case(cast, filing, world):
    if not _BARRED:
        with db.transaction(cast.amina):
            case_id = file_report(cast.amina, filing(accounts=[cast.mallory.id])).id
        for who in ("ines", "cora"):
            with db.transaction(getattr(cast, who)):
                body = {"why": "personal_tie"}
                desk.declare_conflict(getattr(cast, who), case_id, body)
        with world.owner() as connection:
            fill(connection, case_id, world)
        _BARRED["id"] = case_id
    return _BARRED["id"]


@pytest.mark.parametrize("table", sorted(READ_BY))
@pytest.mark.parametrize(
    "service", [PUBLIC, INTAKE, SWEEP, STATS], ids=lambda s: s.service
)
def test_a_service_reads_only_its_own_tables(whole, table, service):
    narrow = {
        "intake": {"submissions"},
        "sweep": {"cases", "clocks", "consents", "standings", "key_work"}
        | {"referrals"},
        "stats": {"cases", "clocks", "survivors"},
        "public": set(),
    }
    with db.transaction(service) as session:
        expected = table in narrow[service.service]
        assert bool(count(session, table, whole)) == expected


@pytest.mark.parametrize("table", ["credentials", "sessions", "sign_in_attempts"])
def test_secrets_of_sign_in_are_for_their_owner_and_the_door(cast, table):
    for who in ("adam", "cora", "theo"):
        actor = getattr(cast, who)
        with db.transaction(actor) as session:
            rows = session.execute(text(f"SELECT * FROM {table}")).mappings().all()
        assert {row["person_id"] for row in rows} <= {actor.id}


def test_the_private_keys_of_desks_are_for_their_members(cast):
    for who in ("amina", "theo", "pia"):
        actor = getattr(cast, who)
        with db.transaction(actor) as session:
            rows = session.execute(text("SELECT holder_id, by_id FROM held_keys")).all()
        assert all(desk in actor.desks or by == actor.id for desk, by in rows)


# Writing


WRITES = {
    "consents": ("amina salma", "ines cora"),
    "interim_measures": ("ines cora", "amina salma"),
    "notes": ("ines", "amina cora salma"),
    "findings": ("ines", "amina cora salma"),
    "decisions": ("", "amina cora ines salma"),
    "outcomes": ("salma", "amina cora ines"),
    "care_notes": ("salma amina", "ines cora"),
    "needs": ("salma", "amina ines cora"),
}


@pytest.mark.parametrize("table", WRITES)
def test_one_writes_into_a_case_only_what_ones_standing_allows(
    cast, whole, world, table
):
    may, may_not = (names.split() for names in WRITES[table])
    with world.owner() as connection:
        found = text("SELECT id FROM survivors WHERE case_id = :case")
        survivor = connection.scalar(found, {"case": whole})
    statement = f"INSERT INTO {table} ({FILL[table].replace(' VALUES', ') VALUES', 1)}"
    for who in may:
        run(
            getattr(cast, who),
            statement,
            id=uuid.uuid4(),
            case=whole,
            survivor=survivor,
        )
    for who in (*may_not, "omar", "theo", "adam", "pia"):
        values = {"id": uuid.uuid4(), "case": whole, "survivor": survivor}
        said = refused(getattr(cast, who), statement, **values)
        assert "row-level security" in said


def test_who_may_only_look_changes_nothing(cast, whole):
    change = "UPDATE survivors SET number = 9 WHERE case_id = :case"
    assert "row-level security" in refused(cast.ines, change, case=whole)
    change = "UPDATE cases SET stage = 'closed' WHERE id = :case"
    assert "row-level security" in refused(cast.salma, change, case=whole)
    assert run(cast.omar, change, case=whole).rowcount == 0


@pytest.mark.parametrize("table", ["consents", "case_events", "notes", "care_notes"])
def test_what_is_on_record_stays_as_it_was(cast, whole, table):
    for who in ("amina", "cora", "ines", "salma"):
        actor = getattr(cast, who)
        assert "permission denied" in refused(actor, f"UPDATE {table} SET id = id")
        assert "permission denied" in refused(actor, f"DELETE FROM {table}")


KEPT = {"key_grants", "compartments", "key_work"}


@pytest.mark.parametrize("table", sorted(KEPT))
@pytest.mark.parametrize("who", ["amina", "cora", "ines", "salma"])
def test_keys_are_changed_by_their_keeper_alone(cast, whole, table, who):
    actor = getattr(cast, who)
    assert run(actor, f"DELETE FROM {table}").rowcount == 0
    if table != "compartments":
        same = f"UPDATE {table} SET case_id = case_id"
        assert "row-level security" in refused(actor, same)


@pytest.mark.parametrize("table", sorted(set(READ_BY) - KEPT))
def test_no_row_of_a_case_can_be_deleted(cast, whole, table):
    for who in ("amina", "cora", "ines", "salma"):
        said = refused(getattr(cast, who), f"DELETE FROM {table}")
        assert "permission denied" in said


STAND = (
    "INSERT INTO standings (id, case_id, referral_id, holder_id, kind, reason,"
    " started_at) VALUES (:id, :case, :referral, :holder, :kind, 'x', now())"
)


def standing_of(cast, **changes):
    values = {"id": uuid.uuid4(), "referral": None, "holder": cast.omar.id}
    return {**values, "kind": "investigator", **changes}


def test_nobody_gives_himself_a_case(cast, whole):
    for who in ("omar", "adam", "theo", "bruno", "pia", "lena"):
        values = standing_of(cast, case=whole, holder=getattr(cast, who).id)
        assert "row-level security" in refused(getattr(cast, who), STAND, **values)


def test_a_provider_reaches_no_other_case_with_a_referral_of_hers(
    cast, whole, filing, world
):
    with world.owner() as connection:
        mine = text("SELECT id FROM referrals WHERE case_id = :case LIMIT 1")
        referral = connection.scalar(mine, {"case": whole})
    with db.transaction(cast.amina):
        other = file_report(cast.amina, filing()).id
    event = (
        "INSERT INTO case_events (id, case_id, referral_id, event, track, occurred_at,"
        " recorded_at, facts) VALUES (:id, :case, :referral, 'referral:accepted',"
        " 'referral', now(), now(), '{}')"
    )
    values = {"id": uuid.uuid4(), "referral": referral}
    run(cast.pia, event, case=whole, **values)
    assert "row-level security" in refused(cast.pia, event, case=other, **values)
    stand = standing_of(cast, case=other, referral=referral, holder=cast.pia.id)
    assert "row-level security" in refused(cast.pia, STAND, **stand)


@pytest.mark.parametrize("who", ["omar", "pia", "adam", "theo"])
def test_an_absent_case_and_an_invisible_one_are_refused_alike(cast, whole, who):
    actor, absent = getattr(cast, who), uuid.uuid4()
    statements = {
        "notes": FILL["notes"],
        "care_notes": FILL["care_notes"],
        "findings": FILL["findings"],
        "interim_measures": FILL["interim_measures"],
    }
    for table, rest in statements.items():
        insert = f"INSERT INTO {table} ({rest.replace(' VALUES', ') VALUES', 1)}"
        said = {
            refused(actor, insert, id=uuid.uuid4(), case=case)
            for case in (whole, absent)
        }
        assert len(said) == 1
        assert "row-level security" in said.pop()
    said = {
        refused(actor, STAND, **standing_of(cast, case=case))
        for case in (whole, absent)
    }
    assert len(said) == 1


def test_a_conflict_of_keys_tells_nothing_of_an_invisible_row(cast, whole):
    again = (
        "INSERT INTO submissions (id, key_hash, source, office_id, state, problems,"
        " received_at, filed_at, version_id) SELECT :case, 'k', 'x', id, 'filed', '[]',"
        " now(), now(), 1 FROM offices LIMIT 1 ON CONFLICT DO NOTHING"
    )
    said = {refused(cast.omar, again, case=case) for case in (whole, uuid.uuid4())}
    assert len(said) == 1
    assert "row-level security" in said.pop()


# Standings that begin and end in the transaction


def test_one_ends_ones_own_standing_and_records_it_in_one_step(cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    with db.transaction(cast.salma):
        access.give(case_id, cast.salma.id, Standing.CARE_OFFICER, "test")
    alone = replace(cast.salma, desks=())
    with db.transaction(alone) as session:
        access.end(case_id, alone.id, Standing.CARE_OFFICER, "test")
        assert session.get(Case, case_id) is not None
        session.execute(
            text(
                "INSERT INTO case_events (id, case_id, event, track, occurred_at,"
                " recorded_at, facts) VALUES (:id, :case, 'care:noted', 'care', now(),"
                " now(), '{}')"
            ),
            {"id": uuid.uuid4(), "case": case_id},
        )
    with db.transaction(alone) as session:
        assert session.get(Case, case_id) is None


def test_a_bar_begins_with_the_next_transaction(cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    with db.transaction(cast.ines) as session:
        access.give(case_id, cast.ines.id, Standing.BARRED, "test")
        assert count(session, "key_grants", case_id)
    with db.transaction(cast.ines) as session:
        assert not count(session, "key_grants", case_id)
        assert not count(session, "standings", case_id)


def test_an_ended_standing_is_not_brought_back(cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    with db.transaction(cast.cora):
        access.give(case_id, cast.omar.id, Standing.INVESTIGATOR, "test")
        access.end(case_id, cast.omar.id, Standing.INVESTIGATOR, "test")
    again = (
        "UPDATE standings SET ended_at = NULL WHERE case_id = :case AND holder_id = :h"
    )
    values = {"case": case_id, "h": cast.omar.id}
    assert "row-level security" in refused(cast.ines, again, **values)


def test_a_bar_is_lifted_by_the_lead_alone(cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing(accounts=[cast.mallory.id])).id
    for who in ("amina", "ines", "salma"):
        lift = "UPDATE standings SET ended_at = now() WHERE case_id = :c"
        lift += " AND kind = 'barred'"
        assert "row-level security" in refused(getattr(cast, who), lift, c=case_id)
    with db.transaction(cast.cora):
        access.end(case_id, cast.mallory.id, Standing.BARRED, "not_the_person")


# Settings and roles


def test_claiming_to_create_a_case_that_exists_gives_nothing(cast, whole):
    with db.transaction(cast.omar), db.creating(whole):
        assert db.session().get(Case, whole) is None


def test_an_old_transaction_gains_nothing_by_claiming_a_newer_case(cast, filing):
    with db.transaction(cast.omar) as session:
        session.execute(text("SELECT 1"))
        with db.transaction(cast.amina):
            newer = file_report(cast.amina, filing()).id
        with db.creating(newer):
            for table in READ_BY:
                assert count(session, table, newer) == 0


def test_a_temporary_table_does_not_stand_in_for_ours(cast, whole):
    for table in ("standings", "people", "held_keys", "routes", "memberships"):
        with db.transaction(cast.omar) as session:
            execute = session.connection().exec_driver_sql
            execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL)")
            execute(f"GRANT ALL ON pg_temp.{table} TO PUBLIC")
            if table == "standings":
                execute(
                    "INSERT INTO pg_temp.standings (id, case_id, holder_id, kind,"
                    f" reason, started_at) VALUES (gen_random_uuid(), '{whole}',"
                    f" '{cast.omar.id}', 'lead', 'x', now())"
                )
            if table == "people":
                execute(
                    "INSERT INTO pg_temp.people (id, username, name, roles, language,"
                    f" version_id) VALUES ('{cast.omar.id}', 'omar', 'Omar',"
                    " '{auditor,administrator}', 'en', 1)"
                )
            execute("SET LOCAL search_path = pg_temp, public, pg_catalog")
            assert (
                session.scalar(
                    text("SELECT stands_on(:case, '{lead}')"), {"case": whole}
                )
                is False
            )
            assert session.scalar(text("SELECT has_role('{auditor}')")) is False
            assert session.scalar(text("SELECT may_route()")) is False
            session.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_shadow",
        "CREATE TABLE public.mine (id integer)",
        "CREATE FUNCTION public.acting() RETURNS boolean LANGUAGE sql RETURN true",
        "CREATE VIEW public.mine AS SELECT * FROM cases",
        "CREATE ROLE mine",
        "CREATE SCHEMA mine",
        "ALTER FUNCTION stands_on(uuid, text[]) SECURITY INVOKER",
        "COPY cases TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/hostname')",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_the_application_cannot_reach_past_its_rights(cast, statement):
    said = refused(cast.adam, statement)
    assert "permission denied" in said or "must be " in said


def test_turning_row_security_off_shows_nothing(cast, whole):
    with db.transaction(cast.omar) as session:
        session.execute(text("SET LOCAL row_security = off"))
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(text("SELECT * FROM cases"))
        session.rollback()


def test_there_are_no_views_past_row_security(world):
    with world.owner() as connection:
        views = text(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm')"
            " AND relnamespace = 'public'::regnamespace"
        )
        assert connection.scalars(views).all() == []


def test_every_function_that_runs_as_the_owner_has_a_safe_search_path(world):
    with world.owner() as connection:
        found = connection.execute(
            text(
                "SELECT proname, proconfig FROM pg_proc WHERE prosecdef"
                " AND pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert found
    for name, settings in found:
        assert settings == ["search_path=pg_catalog, public, pg_temp"], name


def test_the_applications_role_is_safe_to_serve_with(world):
    with db.engine().connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == APP_ROLE
        assert rls.unsafe(connection) == []


def test_a_mighty_role_is_not_served_with(world):
    with world.owner() as connection:
        assert "owns tables" in rls.unsafe(connection)[0]


@pytest.mark.parametrize("might", ["CREATEROLE", "BYPASSRLS", "SUPERUSER"])
def test_a_role_that_could_become_mighty_is_not_served_with(world, might):
    engine = create_engine(world.where.owner)
    with engine.connect() as connection:
        execute = connection.exec_driver_sql
        name = f"r{uuid.uuid4().hex[:8]}"
        execute(f"CREATE ROLE {name} LOGIN")
        execute(f"CREATE ROLE {name}_above {might}")
        execute(f"SET LOCAL ROLE {name}")
        assert rls.unsafe(connection) == []
        execute("RESET ROLE")
        execute(f"GRANT {name}_above TO {name}")
        execute(f"SET LOCAL ROLE {name}")
        assert rls.unsafe(connection)
        connection.rollback()
    engine.dispose()


def test_a_table_without_row_security_is_named(world):
    engine = create_engine(world.where.owner)
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE notes DISABLE ROW LEVEL SECURITY")
        connection.exec_driver_sql("DROP POLICY read ON needs")
        for name in ("write", "change", "remove"):
            connection.exec_driver_sql(f"DROP POLICY {name} ON needs")
        said = rls.unsafe(connection)
        connection.rollback()
    engine.dispose()
    assert {
        "the table notes has no row security",
        "the table needs has no row security",
    } <= set(said)


def test_rules_can_be_applied_again(world):
    with world.owner() as connection:
        rls.apply(connection, APP_ROLE)


# Keys of desks


def test_an_administrator_who_seats_himself_sees_no_case(world, cast, whole):
    """A place without the desk's key counts for nothing."""
    seat = (
        "INSERT INTO memberships (id, desk_id, person_id, joined_at)"
        " VALUES (:id, :desk, :adam, now())"
    )
    desk_id = world.made.desks["intake_nbo"]
    run(cast.adam, seat, id=uuid.uuid4(), desk=desk_id, adam=cast.adam.id)
    with db.transaction(cast.cora):
        assert cast.adam.id not in holders.members([desk_id])[desk_id]
    fake = (
        "INSERT INTO held_keys (holder_id, by_id, generation, gated, sealed_key,"
        " given_at) VALUES (:desk, :adam, 1, false, '', now())"
    )
    said = refused(cast.adam, fake, desk=desk_id, adam=cast.adam.id)
    assert "row-level security" in said
    with world.owner() as connection:
        gone = text("DELETE FROM memberships WHERE person_id = :adam")
        connection.execute(gone, {"adam": cast.adam.id})


def test_a_first_key_is_only_given_while_its_desk_is_made(world, cast):
    desk_id = world.made.desks["legal"]
    with db.transaction(cast.adam) as session:
        may = text("SELECT may_give_key(:desk)")
        assert session.scalar(may, {"desk": desk_id}) is False
    with db.transaction(cast.lena) as session:
        assert session.scalar(may, {"desk": desk_id}) is True


def test_the_consent_that_opens_an_identity_is_not_written_by_investigators(
    cast, filing
):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    with db.transaction(cast.salma) as session:
        survivor = session.scalar(
            text("SELECT id FROM survivors WHERE case_id = :case"), {"case": case_id}
        )
    body = {
        "survivor": survivor,
        "purpose": "share_identity_with_investigators",
        "status": "given",
        "given_by": "self",
    }
    with db.transaction(cast.ines) as session:
        insert = FILL["consents"].replace(" VALUES", ") VALUES", 1)
        values = {"id": uuid.uuid4(), "case": case_id, "survivor": survivor}
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(text(f"INSERT INTO consents ({insert}"), values)
        session.rollback()
    with db.transaction(cast.salma):
        care.record_consent(cast.salma, case_id, body)


@pytest.mark.parametrize("table", ["consents", "needs", "referrals", "outcomes"])
def test_no_row_of_a_case_is_about_a_survivor_of_another(world, cast, whole, table):
    """Also past row security: the two belong together in the tables themselves."""
    with db.transaction(cast.amina):
        other = file_report(
            cast.amina,
            make_filing(
                db.session().get(MODELS_BY["offices"], world.made.offices["NBO"])
            ),
        ).id
    statement = (
        f"UPDATE {table} SET survivor_id = (SELECT id FROM survivors"
        " WHERE case_id = :other LIMIT 1) WHERE case_id = :case"
    )
    with pytest.raises(DBAPIError, match="foreign key"), world.owner() as connection:
        connection.execute(text(statement), {"case": whole, "other": other})
