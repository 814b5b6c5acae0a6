"""Whoever has the whole database and the server's configuration opens nothing.

With one password besides, the same thief opens what that person stands for, and
nothing else: so the trying is in earnest.
"""

import secrets
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, text

from auth.actor import INTAKE
from auth.models import Office, Person
from auth.policy import Compartment, Facts, Opening, Standing, opening
from auth.sessions import sign_in
from casework.commands import desk, inquiry
from casework.commands.intake import Filing, file_report
from core import db
from tests.auth.acts import close, remove, reset
from tests.conftest import PASSWORD
from tests.people import choose
from tests.reports import report
from tests.vault import filled, thief
from tests.vault.columns import SEALED
from tests.worlds import another, sign_everyone_in
from vault import uris

LEFT = {"investigator-2", "care-2", "partner-1", "partner-2"}


def filing(own, **more):
    with db.transaction(INTAKE) as session:
        office = session.get_one(Office, own.made.offices["NBO"])
    key = secrets.token_hex(16)
    return Filing(report=report(), office=office, key=key, source="test", **more)


@pytest.fixture(scope="module")
def robbed(world, server):
    """A world of its own, in which everything that keys can go through has happened."""
    uris.make(world.config.checkpoint_key)
    with another(world, server) as own:
        cast = sign_everyone_in(own)
        engine = create_engine(own.where.owner, isolation_level="AUTOCOMMIT")
        with engine.connect() as raw:
            made = filled.fill(cast, filing(own, care_summary="She is safe"), raw)
            happen(own, cast)
            yield SimpleNamespace(own=own, cast=cast, raw=raw, made=made)
        engine.dispose()


def happen(own, cast):
    """Hold a grant back; re-make a desk's key; gate a last one; reset somebody."""
    adam, ines = cast["adam"], cast["ines"]
    with db.transaction(cast["amina"]):
        case_id = file_report(cast["amina"], filing(own)).id
    with db.transaction(ines):
        plan = {"urgent": False, "plan": "Who was at the stores."}
        inquiry.open_investigation(ines, case_id, plan)
    second = cast["investigator-2"].id
    with db.transaction(cast["cora"]):
        barred = {"person": str(second), "why": "personal_tie"}
        desk.bar_person(cast["cora"], case_id, barred)
    remove(adam, own.made.desks["investigation_a"], second)
    sign_in("ines", PASSWORD, own.pepper)
    for name in ("partner-1", "partner-2"):
        close(adam, own.made.people[name])
    again = own.made.people["care-2"]
    code = reset(adam, cast["cora"], again)
    with db.transaction(adam) as session:
        person = session.get_one(Person, again)
    choose(own, person, code)


@pytest.fixture(scope="module")
def beaten(robbed):
    """A thief who has tried everything there is."""
    config = thief.configuration(robbed.own.config)
    config += thief.kept_in(robbed.own.config.instance)
    tried = thief.Thief(robbed.raw, config)
    tried.steal()
    return tried


@pytest.fixture
def with_password(robbed, beaten):
    """Let the thief learn somebody's password: `with_password("salma")`."""
    return lambda name: beaten.twin().learn({robbed.own.made.people[name]: PASSWORD})


def test_there_is_something_of_every_kind_to_steal(robbed):
    there = {
        "a value in every sealed column": len(
            {value.column for value in filled.values_of(robbed.raw, robbed.made)}
        )
        == len(SEALED),
        **{
            query: bool(robbed.raw.scalar(text(f"SELECT count(*) FROM {query}")))
            for query in (
                "key_grants WHERE gated AND referral_id IS NOT NULL",
                "key_grants g JOIN compartments c ON c.id = g.compartment_id"
                " WHERE gated AND c.name = 'investigation'",
                "key_grants WHERE NOT gated AND referral_id IS NOT NULL",
                "holder_keys WHERE older IS NOT NULL",
                "held_keys WHERE gated",
                "sessions",
                "holder_keys JOIN people ON people.id = holder_id WHERE generation = 2",
                "audit_rows",
            )
        },
    }
    assert [what for what, is_there in there.items() if not is_there] == []


def test_the_database_and_the_configuration_open_nothing(beaten):
    loot = beaten.loot
    assert (loot.values, loot.grants, loot.privates) == (set(), set(), set())
    assert loot.keys > 10_000
    assert loot.tries > 1_000_000


def stolen(robbed, loot):
    """What was opened of the case, by referral and compartment, as whole columns."""
    return {
        (referral, name, column)
        for case_id, referral, name, column, _ in loot.values
        if case_id == robbed.made.case_id
    }


def standing_of(robbed, name):
    """How somebody and the desks whose key is theirs stand on the case, by hand."""
    rows = robbed.raw.execute(
        text(
            "SELECT kind, referral_id FROM standings WHERE case_id = :case"
            " AND ended_at IS NULL AND (holder_id = :who OR holder_id IN ("
            " SELECT holder_id FROM held_keys WHERE by_id = :who))"
        ),
        {"case": robbed.made.case_id, "who": robbed.own.made.people[name]},
    )
    return [(Standing(kind), referral) for kind, referral in rows]


def expected(robbed, name, shut):
    """What policy says that somebody opens, unless its opening is among `shut`."""
    made = robbed.made
    facts = {
        None: Facts(handed_over=True),
        made.accepted: Facts(accepted=True),
        made.offered: Facts(offered=True),
    }
    values = filled.values_of(robbed.raw, made)
    return {
        (value.referral_id, value.name, str(value.column))
        for value in values
        for kind, referral in standing_of(robbed, name)
        if referral in (None, value.referral_id)
        and opening(kind, Compartment(value.name), facts[value.referral_id]) not in shut
    }


PEOPLE = ["salma", "ines", "lena", "cora", "amina", "pia", "focal-2", "adam", "theo"]


@pytest.mark.parametrize("name", PEOPLE)
def test_one_password_opens_what_that_person_stands_for_and_no_more(
    robbed, with_password, name
):
    """The gate's key lifts the gates too, of what waits for that very person."""
    loot = with_password(name)
    assert stolen(robbed, loot) == expected(robbed, name, {Opening.SHUT})
    assert bool(loot.values) == (name not in ("adam", "theo"))
    assert len(loot.privates) >= 1


@pytest.mark.parametrize("name", ["pia", "focal-2"])
def test_without_the_gates_key_what_waits_behind_it_stays_shut(robbed, name):
    own = robbed.own
    pepper_alone = thief.Thief(robbed.raw, [own.pepper])
    loot = pepper_alone.learn({own.made.people[name]: PASSWORD})
    shut = {Opening.SHUT, Opening.GATED}
    assert stolen(robbed, loot) == expected(robbed, name, shut)
    assert len(stolen(robbed, loot)) < len(expected(robbed, name, {Opening.SHUT}))


@pytest.mark.parametrize("name", sorted(LEFT))
def test_the_password_of_who_left_or_was_reset_opens_nothing_of_the_case(
    robbed, with_password, name
):
    assert stolen(robbed, with_password(name)) == set()
