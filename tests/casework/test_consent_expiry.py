"""Consent that runs out: at once in policy, swept from the keys, told honestly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from auth.actor import SWEEP
from casework.commands import care
from casework.commands.intake import file_report
from casework.facts import IDENTITY, identity_shared
from casework.queries.cases import case_page
from casework.sweeping import end_consents
from core import db
from core.times import today
from tests.pages import Browser, make_app
from tests.vault.raw import opened


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing()).id


def one(world, query, **values):
    with world.owner() as connection:
        return connection.scalar(text(query), values)


def decide(cast, case_id, status="given", purpose=IDENTITY, **more):
    with db.transaction(cast.salma) as session:
        found = text("SELECT id FROM survivors WHERE case_id = :c")
        body = {
            "survivor": session.scalar(found, {"c": case_id}),
            "purpose": purpose,
            "status": status,
            "given_by": "self",
            **more,
        }
        care.record_consent(cast.salma, case_id, body)


def runs_out(world, case_id):
    past = (
        "UPDATE consents SET expires_at = now() - interval '1 second'"
        " WHERE case_id = :c AND expires_at IS NOT NULL"
    )
    with world.owner() as connection:
        assert connection.execute(text(past), {"c": case_id}).rowcount == 1


def knows(world, actor, case_id):
    """Whether somebody's key opens who the survivor is, in the raw database."""
    engine = create_engine(world.where.owner)
    with engine.connect() as connection:
        names = {name for name, _ in opened(connection, actor.keyring, case_id)}
    engine.dispose()
    return "survivor" in names


def test_it_holds_to_the_end_of_its_last_day_at_the_office(world, cast, case_id):
    decide(cast, case_id, until=today() + timedelta(days=3))
    ends = one(
        world,
        "SELECT to_char(expires_at AT TIME ZONE 'Africa/Nairobi', 'YYYY-MM-DD HH24:MI')"
        " FROM consents WHERE case_id = :c AND expires_at IS NOT NULL",
        c=case_id,
    )
    assert ends == f"{today() + timedelta(days=4)} 00:00"
    assert knows(world, cast.ines, case_id)


def test_it_is_over_at_once_and_the_sweep_takes_the_key(world, cast, case_id, now):
    decide(cast, case_id, until=today())
    runs_out(world, case_id)
    with db.transaction(cast.ines):
        assert not identity_shared(case_id)
        assert "survivor" not in case_page(cast.ines, case_id).opens
    end_consents(now + timedelta(days=2))
    assert not knows(world, cast.ines, case_id)
    assert knows(world, cast.salma, case_id)
    status = "SELECT status FROM consents WHERE case_id = :c ORDER BY recorded_at DESC"
    assert one(world, status, c=case_id) == "expired"
    waits = "SELECT renew FROM key_work w JOIN compartments c ON c.id = compartment_id"
    assert one(world, f"{waits} WHERE w.case_id = :c AND name = 'survivor'", c=case_id)


def test_what_ran_out_is_written_once_by_however_many_sweeps(world, cast, case_id, now):
    decide(cast, case_id, purpose="recontact", until=today())
    runs_out(world, case_id)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(end_consents, [now + timedelta(days=2)] * 2))
    end_consents(now + timedelta(days=2))
    count = "SELECT count(*) FROM consents WHERE case_id = :c AND status = 'expired'"
    assert one(world, count, c=case_id) == 1
    told = "SELECT count(*) FROM case_events WHERE case_id = :c AND event = :e"
    assert one(world, told, c=case_id, e="consent:recontact_ended") == 1


def test_a_later_decision_stands_in_its_place(world, cast, case_id, now):
    decide(cast, case_id, until=today())
    decide(cast, case_id)
    runs_out(world, case_id)
    end_consents(now + timedelta(days=2))
    count = "SELECT count(*) FROM consents WHERE case_id = :c AND status = 'expired'"
    assert one(world, count, c=case_id) == 0
    assert knows(world, cast.ines, case_id)


def test_the_sweep_writes_no_other_decision(world, cast, case_id):
    given = (
        "INSERT INTO consents (id, case_id, survivor_id, purpose, status, recorded_at)"
        " VALUES (gen_random_uuid(), :c, :s, :p, 'given', now())"
    )
    survivor = one(world, "SELECT id FROM survivors WHERE case_id = :c", c=case_id)
    with (
        pytest.raises(Exception, match="row-level security"),
        db.transaction(SWEEP) as session,
    ):
        session.execute(text(given), {"c": case_id, "s": survivor, "p": IDENTITY})


# What had been read


def page(actor, case_id):
    with db.transaction(actor):
        return case_page(actor, case_id)


def test_who_had_read_it_is_told_to_the_lead_and_to_care(cast, case_id):
    decide(cast, case_id)
    page(cast.ines, case_id)
    decide(cast, case_id, status="withdrawn")
    for who in (cast.cora, cast.salma):
        told = page(who, case_id).read_before
        assert [reader.name for reader in told.readers] == ["Ines"]
    for who in (cast.ines, cast.amina):
        assert page(who, case_id).read_before is None


def test_nobody_had_read_it_is_told_as_well(cast, case_id):
    decide(cast, case_id)
    decide(cast, case_id, status="withdrawn")
    assert page(cast.salma, case_id).read_before.readers == []


def test_where_no_consent_ended_nothing_is_told(cast, case_id):
    assert page(cast.salma, case_id).read_before is None
    decide(cast, case_id, status="refused")
    assert page(cast.salma, case_id).read_before is None
    decide(cast, case_id)
    assert page(cast.salma, case_id).read_before is None


def test_a_look_after_the_withdrawal_or_at_other_parts_does_not_count(cast, case_id):
    page(cast.ines, case_id)
    decide(cast, case_id)
    decide(cast, case_id, status="withdrawn")
    page(cast.ines, case_id)
    assert page(cast.cora, case_id).read_before.readers == []


def test_a_consent_that_ran_out_is_told_too(world, cast, case_id):
    decide(cast, case_id, until=today())
    page(cast.ines, case_id)
    runs_out(world, case_id)
    with world.owner() as connection:
        later = "UPDATE consents SET expires_at = clock_timestamp() WHERE case_id = :c"
        connection.execute(text(f"{later} AND expires_at IS NOT NULL"), {"c": case_id})
    told = page(cast.salma, case_id).read_before
    assert [reader.name for reader in told.readers] == ["Ines"]


# In pages


def test_the_form_asks_until_when_and_says_what_is_wrong(world, case_id):
    salma = Browser(make_app(world)).sign_in("salma")
    path = f"/cases/{case_id}/record-consent"
    form = {
        "survivor": salma.first_choice(path, "survivor"),
        "purpose": IDENTITY,
        "status": "given",
        "given_by": "self",
    }
    for day in ("1999-01-01", "2999-01-01", "tomorrow"):
        assert salma.post(path, {**form, "until": day}).status_code == 422
    other = {**form, "status": "refused", "until": str(today())}
    assert salma.post(path, other).status_code == 422
    assert salma.post(path, {**form, "until": str(today())}).status_code == 303
    shown = salma.get(f"/cases/{case_id}").get_data(as_text=True)
    assert "Holds until" in shown
