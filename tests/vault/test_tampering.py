"""Whatever is moved about in the database behind the program's back opens nothing.

Fields by themselves: `test_boxes.py`. Here: values, grants and keys where they lie.
"""

import secrets
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from casework.facts import facts_of
from casework.models.case import Case
from casework.opening import reveal
from core import db
from referrals import loading
from referrals.models import Referral
from tests.pages import Browser, make_app
from tests.vault import filled
from tests.vault.columns import SEALED
from tests.vault.lying import changed
from vault.boxes import Box
from vault.crypto import Tampered
from web.errors import TAMPERED

READER = {"investigation": "ines", "care": "salma", "referral": "salma"}


@pytest.fixture(scope="module")
def made(signed_in, make_filing, raw):
    return filled.fill(signed_in, make_filing(care_summary="She is safe"), raw)


def grants_of(raw, made, more=""):
    """Every grant of the case and its referrals, with its place."""
    rows = text(
        "SELECT g.*, c.name, c.version FROM key_grants g"
        " JOIN compartments c ON c.id = g.compartment_id"
        f" WHERE g.case_id = :case {more} ORDER BY c.name, g.holder_id"
    )
    return raw.execute(rows, {"case": made.case_id}).all()


def key_of(grant):
    return {"compartment_id": grant.compartment_id, "holder_id": grant.holder_id}


def box_of(grant):
    place = (grant.compartment_id, grant.case_id, grant.name, grant.version)
    return Box(*place, b"", grant.referral_id)


def opener_of(signed_in, world, holder_id):
    """Somebody who holds a holder's key: the person, or the first of the desk."""
    for name, desk in (
        *(("ines", "investigation_a"), ("salma", "care"), ("lena", "legal")),
        *(("cora", "coordination"), ("amina", "intake_nbo"), ("pia", "clinic")),
        ("focal-2", "duty"),
    ):
        if holder_id in (world.made.people[name], world.made.desks[desk]):
            actor = signed_in[name]
            return replace(actor, keyring=replace(actor.keyring, _desks={}))
    raise LookupError(holder_id)


@pytest.fixture(scope="module")
def renewed(signed_in, raw, make_filing):
    """A case whose every key was renewed, and the values of before."""
    made = filled.fill(signed_in, make_filing(care_summary="She is safe"), raw)
    before = {value.column: value for value in filled.values_of(raw, made)}
    filled.renew_all(signed_in, raw, made)
    return SimpleNamespace(made=made, before=before)


def row_of(session, value):
    return session.get_one(value.column.class_, value.row_id)


@pytest.mark.parametrize("column", SEALED, ids=str)
def test_an_older_value_put_back_is_shut_and_nothing_else_is(
    signed_in, raw, renewed, column
):
    value, case_id = renewed.before[column], renewed.made.case_id
    actor = signed_in[READER.get(value.name, "cora")]
    others = [
        other
        for other in renewed.before.values()
        if other.name == value.name and other.referral_id == value.referral_id
    ]
    key, old = {"id": value.row_id}, {column.key: value.sealed.data}
    with (
        changed(raw, column.class_.__tablename__, key, **old),
        db.transaction(actor) as session,
    ):
        case = session.get_one(Case, case_id)
        wanted = [(each.column, [row_of(session, each)]) for each in others]
        opened = reveal(actor, case_id, facts_of(case), wanted, value.referral_id)
        shown = {
            each.column: opened(each.column, row_of(session, each)) for each in others
        }
    assert opened.shut == {value.name}
    assert [each for each, words in shown.items() if words is None] == [column]


def test_the_page_shows_a_part_shut_whose_value_is_an_older_one(world, raw, renewed):
    value = next(v for c, v in renewed.before.items() if str(c) == "Report.narrative")
    browser = Browser(make_app(world)).sign_in("ines")
    path = f"/cases/{renewed.made.case_id}"
    with changed(raw, "reports", {"id": value.row_id}, narrative=value.sealed.data):
        page = browser.get(path)
    assert page.status_code == 200
    assert "This part is sealed and not open to you." in page.get_data(as_text=True)
    assert "had a price" not in page.get_data(as_text=True)
    assert "had a price" in browser.get(path).get_data(as_text=True)


def test_no_grant_opens_in_the_place_of_another(signed_in, world, raw, made):
    """Other compartments, referrals, holders; gated or not: every pair of two."""
    found, tried = grants_of(raw, made), 0
    for here, there in permutations(found, 2):
        grant = SimpleNamespace(**{**here._asdict(), "sealed_key": there.sealed_key})
        actor = opener_of(signed_in, world, here.holder_id)
        for gated in (True, False):
            grant.gated, tried = gated, tried + 1
            with db.transaction(actor), pytest.raises(Tampered):
                actor.keyring._key(box_of(here), grant)
    assert tried > 500


def test_a_grant_of_another_case_opens_in_none(signed_in, world, raw, made, renewed):
    for here in grants_of(raw, made):
        for there in grants_of(raw, renewed.made):
            if (here.name, here.holder_id) == (there.name, there.holder_id):
                grant = SimpleNamespace(
                    **{**here._asdict(), "sealed_key": there.sealed_key}
                )
                actor = opener_of(signed_in, world, here.holder_id)
                with db.transaction(actor), pytest.raises(Tampered):
                    actor.keyring._key(box_of(here), grant)


def opened(actor, made, may_lift):
    """Return every key that somebody reaches, of the case and its referrals."""
    found = {}
    with db.transaction(actor):
        for referral in (None, made.accepted, made.offered):
            boxes = actor.keyring.boxes(made.case_id, referral, may_lift)
            found |= {box.id: box.key for box in boxes.values()}
    return found


def assert_noticed(signed_in, world, raw, made, grant, **values):
    """Change a grant: it opens to nobody who held it, and nothing else opens instead.

    Who has another grant of their own still opens the true key with that one.
    """
    actor = opener_of(signed_in, world, grant.holder_id)
    true = opened(actor, made, lambda _: True)
    with changed(raw, "key_grants", key_of(grant), **values):
        row = SimpleNamespace(**{**grant._asdict(), **values})
        with db.transaction(actor), pytest.raises(Tampered):
            actor.keyring._key(box_of(grant), row)
        for may_lift in (lambda _: False, lambda _: True):
            with suppress(Tampered):
                found = opened(actor, made, may_lift)
                assert found.items() <= true.items()


def test_a_gate_taken_down_in_the_database_opens_nothing(signed_in, world, raw, made):
    gated = grants_of(raw, made, "AND g.gated")
    assert {grant.name for grant in gated} >= {"referral", "report", "care"}
    for grant in gated:
        assert_noticed(signed_in, world, raw, made, grant, gated=False)


def test_a_gate_put_up_in_the_database_is_never_lifted(signed_in, world, raw, made):
    for grant in grants_of(raw, made, "AND NOT g.gated"):
        assert_noticed(signed_in, world, raw, made, grant, gated=True)


@pytest.mark.parametrize("gated", [True, False])
def test_a_gate_changed_in_the_database_is_never_settled_into_an_opening(
    signed_in, raw, make_filing, gated
):
    """The next care officer makes the referral's keys anew, or is told."""
    made = filled.fill(signed_in, make_filing(), raw)
    referral_id = made.offered if gated else made.accepted
    (grant,) = [
        row
        for row in grants_of(raw, made)
        if row.referral_id == referral_id
        and row.gated is gated
        and row.holder_id in signed_in["pia"].desks
    ]
    raw.execute(
        text(
            "UPDATE key_grants SET gated = NOT gated WHERE holder_id = :holder_id"
            " AND compartment_id = :compartment_id"
        ),
        key_of(grant),
    )
    salma, pia = signed_in["salma"], signed_in["pia"]
    opened = None
    with db.transaction(salma) as session:
        if gated:
            loading.settle(salma, session.get_one(Referral, referral_id))
        else:
            with pytest.raises(Tampered):
                loading.settle(salma, session.get_one(Referral, referral_id))
            session.rollback()
    if gated:
        with db.transaction(pia):
            opened = pia.keyring.boxes(made.case_id, referral_id)
        assert opened == {}


@pytest.mark.parametrize("step", [-1, 1, 7])
def test_a_grant_under_another_generation_is_noticed(signed_in, world, raw, made, step):
    for grant in grants_of(raw, made):
        other = grant.generation + step
        assert_noticed(signed_in, world, raw, made, grant, generation=other)


def test_a_page_says_honestly_that_something_was_changed_and_shows_nothing(
    world, raw, made
):
    (grant, *_) = [
        row
        for row in grants_of(raw, made, "AND NOT g.gated")
        if row.holder_id == world.made.desks["coordination"]
    ]
    browser = Browser(make_app(world)).sign_in("cora")
    forged = secrets.token_bytes(len(grant.sealed_key))
    denied = text(
        "SELECT count(*) FROM audit_rows WHERE action = 'vault:tampered'"
        " AND subject = :who"
    )
    who = {"who": world.made.people["cora"]}
    before = raw.scalar(denied, who)
    with changed(raw, "key_grants", key_of(grant), sealed_key=forged):
        page = browser.get(f"/cases/{made.case_id}")
        lists = browser.get("/cases")
    words = page.get_data(as_text=True)
    assert page.status_code == 500
    assert TAMPERED in words
    assert "had a price" not in words
    assert lists.status_code == 200
    assert raw.scalar(denied, who) == before + 1
    assert browser.get(f"/cases/{made.case_id}").status_code == 200
