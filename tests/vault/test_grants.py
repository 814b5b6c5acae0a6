"""Keys in the database: what is swapped there is noticed, and nothing falls back."""

import secrets
import uuid
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from auth import desks, keys
from auth.actor import INTAKE
from auth.models import Desk, Office
from auth.policy import Compartment, Facts
from casework import sweeping
from casework.commands import desk, inquiry
from casework.commands.intake import file_report
from casework.facts import facts_of
from casework.models.case import Case, Report, Survivor
from casework.queries.cases import case_page
from core import db
from core.errors import Forbidden, NotHeld
from tests.vault import house as houses
from tests.vault.lying import settled
from vault import grants, holders, work
from vault.crypto import Tampered, fingerprint, new_pair, seal_to
from vault.keyring import held_boxes
from vault.models import HolderKey, KeyGrant

SWAP = (
    "UPDATE key_grants a SET sealed_key = b.sealed_key FROM key_grants b"
    " WHERE a.holder_id = b.holder_id AND a.compartment_id = :a"
    " AND b.compartment_id = :b"
)


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing()).id


def tamper(world, statement, **values):
    with world.owner() as connection:
        done = connection.execute(text(statement), values)
        assert done.rowcount > 0


@contextmanager
def for_a_while(world, statement, back, **values):
    tamper(world, statement, **values)
    try:
        yield
    finally:
        tamper(world, back, **values)


def compartment(world, case_id, name):
    query = "SELECT id FROM compartments WHERE case_id = :case AND name = :name"
    with world.owner() as connection:
        return connection.scalar(text(query), {"case": case_id, "name": name})


def open_to(session, case_id):
    """Return who holds a key of a case, and not behind the gate."""
    rows = session.query(KeyGrant).filter_by(case_id=case_id, gated=False)
    return {row.holder_id for row in rows}


def open_all(actor, case_id):
    with db.transaction(actor):
        return actor.keyring.boxes(case_id)


def test_a_grant_of_another_compartment_is_noticed(world, cast, case_id):
    a = compartment(world, case_id, "report")
    b = compartment(world, case_id, "subject")
    tamper(world, SWAP, a=a, b=b)
    with pytest.raises(Tampered):
        open_all(cast.ines, case_id)


def test_a_grant_of_another_case_is_noticed(world, cast, filing, case_id):
    with db.transaction(cast.amina):
        other = file_report(cast.amina, filing()).id
    a, b = (compartment(world, case, "report") for case in (case_id, other))
    tamper(world, SWAP, a=a, b=b)
    with pytest.raises(Tampered):
        open_all(cast.ines, case_id)


def test_a_grant_made_for_someone_else_is_noticed(world, cast, case_id):
    desk_id = world.made.desks["investigation_a"]
    tamper(
        world,
        "UPDATE key_grants SET holder_id = :to WHERE holder_id = :desk"
        " AND case_id = :case",
        to=cast.ines.id,
        desk=desk_id,
        case=case_id,
    )
    with pytest.raises(Tampered):
        open_all(cast.ines, case_id)


@pytest.mark.parametrize("change", ["version = 2", "name = 'report'", "id = :other"])
def test_a_compartment_under_another_label_is_noticed(world, cast, case_id, change):
    values = {"at": compartment(world, case_id, "thread"), "other": uuid.uuid4()}
    with world.owner() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("DELETE FROM compartments WHERE case_id = :case AND name = 'report'"),
            {"case": case_id},
        )
        label = text(f"UPDATE compartments SET {change} WHERE id = :at")
        connection.execute(label, values)
        if change.startswith("id"):
            move = "UPDATE key_grants SET compartment_id = :other"
            connection.execute(text(f"{move} WHERE compartment_id = :at"), values)
    with pytest.raises(Tampered):
        open_all(cast.ines, case_id)


def test_a_field_copied_into_another_row_is_noticed(world, cast, filing, case_id):
    with db.transaction(cast.amina):
        other = file_report(cast.amina, filing()).id
    copy = (
        "UPDATE reports a SET narrative = b.narrative FROM reports b"
        " WHERE a.case_id = :a AND b.case_id = :b"
    )
    tamper(world, copy, a=case_id, b=other)
    with db.transaction(cast.ines) as session:
        row = session.query(Report).filter_by(case_id=case_id).one()
        box = cast.ines.keyring.boxes(case_id)["report", 1]
        with pytest.raises(Tampered):
            box.open(Report.narrative, row.id, row.narrative)


def test_a_swapped_public_key_stops_the_sealing(world, cast, filing):
    desk_id, mine = world.made.desks["care"], new_pair()
    with world.owner() as connection:
        find = text("SELECT public_key FROM holder_keys WHERE holder_id = :id")
        true = connection.scalar(find, {"id": desk_id})
    change = "UPDATE holder_keys SET public_key = :{} WHERE holder_id = :desk"
    values = {"mine": mine.public, "true": true, "desk": desk_id}
    with (
        for_a_while(
            world,
            change.format("mine") + " AND public_key = :true",
            change.format("true") + " AND public_key = :mine",
            **values,
        ),
        pytest.raises(Tampered),
        db.transaction(cast.amina),
    ):
        file_report(cast.amina, filing())


def test_a_swapped_desk_key_is_noticed(world, cast, case_id):
    values = {"desk": world.made.desks["investigation_a"], "by": cast.ines.id}
    forged = seal_to(new_pair().public, secrets.token_bytes(96), b"")
    with world.owner() as connection:
        find = (
            "SELECT sealed_key FROM held_keys WHERE holder_id = :desk AND by_id = :by"
        )
        true = connection.scalar(text(find), values)
    put = (
        "UPDATE held_keys SET sealed_key = :{} WHERE holder_id = :desk AND by_id = :by"
        " AND (:true <> :forged)"
    )
    values |= {"true": true, "forged": forged}
    with (
        for_a_while(world, put.format("forged"), put.format("true"), **values),
        pytest.raises(Tampered),
    ):
        open_all(cast.ines, case_id)


def test_the_audited_fingerprint_is_the_keys(world, cast):
    with db.transaction(cast.amina) as session:
        by_age = session.query(HolderKey).order_by(HolderKey.generation)
        for key in {each.holder_id: each for each in by_age}.values():
            query = text("SELECT audited_fingerprint(:id)")
            found = session.scalar(query, {"id": key.holder_id})
            assert found == fingerprint(key.public_key)


@pytest.mark.parametrize("who", ["amina", "adam", "cora"])
def test_nobody_writes_the_making_of_a_key_by_request(cast, who):
    actor = getattr(cast, who)
    forged = text(
        "SELECT audit_append(:id, 'holder:key_made', NULL, 'done', '', :detail)"
    )
    values = {"id": cast.ines.id, "detail": '{"fingerprint": "ab"}'}
    with (
        pytest.raises(DBAPIError, match="by request"),
        db.transaction(actor) as session,
    ):
        session.execute(forged, values)


def test_nobody_adds_a_key_over_one_that_is_there(cast):
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(cast.adam):
        holders.add_key(cast.ines.id, "person", new_pair().public)


@pytest.mark.parametrize("who", ["adam", "amina", "cora", "ines"])
def test_nobody_adds_a_key_for_another_person(cast, who):
    actor = getattr(cast, who)
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(actor):
        holders.add_key(uuid.uuid4(), "person", new_pair().public)


def test_no_service_adds_holders():
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(INTAKE):
        holders.add_key(uuid.uuid4(), "person", new_pair().public)


def test_an_administrator_gives_himself_no_desks_key(world, cast):
    desk_id, pair = world.made.desks["intake_nbo"], new_pair()
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        db.transaction(cast.adam),
    ):
        holders.give_desk_key(desk_id, 1, [cast.adam.id], pair.private)


def test_a_bare_string_never_reaches_a_sealed_column(cast, case_id):
    with db.transaction(cast.cora) as session:
        row = session.query(Report).filter_by(case_id=case_id).one()
        row.narrative = "plain words"
        with pytest.raises(StatementError, match="sealed column"):
            session.flush()


def test_nothing_is_given_that_is_not_held(cast, case_id):
    """The lead holds no care key: she cannot give it, and hears what is missing."""
    with db.transaction(cast.cora) as session:
        facts, omar = facts_of(session.get_one(Case, case_id)), cast.omar.id
        should = keys.should_hold(case_id, facts)
        should["care"].open.add(omar)
        held = cast.cora.keyring.boxes(case_id)
        missing = grants.settle(case_id, should, held).missing
        session.rollback()
    assert missing == {("care", omar)}


def test_a_service_holds_nothing(case_id):
    with db.transaction(INTAKE):
        assert held_boxes(None, case_id) == {}


def test_what_one_does_not_hold_cannot_be_reached(world, cast):
    with db.transaction(cast.amina), pytest.raises(NotHeld):
        cast.amina.keyring.private_of(world.made.desks["legal"], 1)


def test_a_keyring_shows_nothing_of_itself(cast):
    ring = cast.amina.keyring
    for shown in (str(ring), repr(ring), f"{ring}", f"{[ring]}"):
        assert shown.strip("[]") == "<Keyring>"
    assert ring.private.hex()[:16] not in repr(cast.amina)


def test_the_last_key_is_held_back_until_a_colleague_takes_over(cast, case_id):
    """The lead bars one of the desk that alone holds a key: its words are not lost."""
    with db.transaction(cast.ines):
        plan = {"urgent": False, "plan": "Who was at the stores."}
        inquiry.open_investigation(cast.ines, case_id, plan)
    barred = {"person": str(cast.investigator_2.id), "why": "personal_tie"}
    with db.transaction(cast.cora):
        desk.bar_person(cast.cora, case_id, barred)
    for who in (cast.ines, cast.investigator_2):
        assert not any(name == "investigation" for name, _ in open_all(who, case_id))
    with db.transaction(cast.ines) as session:
        keys.settle(cast.ines, case_id, facts_of(session.get_one(Case, case_id)))
        held = open_to(session, case_id)
    assert ("investigation", 2) in open_all(cast.ines, case_id)
    assert cast.ines.id in held
    assert not held & set(cast.ines.desks)


def test_nothing_is_left_to_do_after_a_report_is_filed(cast, case_id):
    with db.transaction(cast.amina):
        assert not work.due(case_id)


def test_stepping_back_takes_ones_desk_off_the_keys_at_once(world, cast, case_id):
    with db.transaction(cast.investigator_2):
        body = {"why": "personal_tie"}
        desk.declare_conflict(cast.investigator_2, case_id, body)
    with db.transaction(cast.ines) as session:
        held = open_to(session, case_id)
    assert cast.ines.id in held
    assert world.made.desks["investigation_a"] not in held


def test_nothing_is_sealed_that_nobody_could_read(world, cast, case_id):
    """Without care desk and officer a note for care is refused, not lost."""
    end = "UPDATE standings SET ended_at = now() WHERE case_id = :case AND kind = :kind"
    tamper(world, end, case=case_id, kind="care_officer")
    with db.transaction(cast.amina), pytest.raises(NotHeld, match="Nobody"):
        keys.box_for(cast.amina, case_id, Compartment.CARE, Facts())


def test_intake_writes_for_care_what_it_cannot_read(cast, case_id):
    with db.transaction(cast.amina):
        box = keys.box_for(cast.amina, case_id, Compartment.CARE, Facts())
    assert (box.name, box.version) not in open_all(cast.amina, case_id)
    assert (box.name, box.version) in open_all(cast.salma, case_id)


def test_a_new_word_goes_under_the_newest_key_that_is_held(cast, case_id):
    with db.transaction(cast.salma):
        first = keys.box_for(cast.salma, case_id, Compartment.CARE, Facts())
    with db.transaction(cast.amina):
        keys.box_for(cast.amina, case_id, Compartment.CARE, Facts())
    with db.transaction(cast.salma):
        second = keys.box_for(cast.salma, case_id, Compartment.CARE, Facts())
    assert second.version > first.version


def test_a_box_is_refused_to_who_may_neither_read_nor_write(cast, case_id):
    for who, name in (("ines", "care"), ("salma", "report"), ("cora", "care")):
        with db.transaction(getattr(cast, who)), pytest.raises(Forbidden):
            keys.box_for(getattr(cast, who), case_id, Compartment(name), Facts())


def test_a_survivors_name_opens_to_care_and_is_what_was_sealed(cast, case_id):
    with db.transaction(cast.salma) as session:
        row = session.query(Survivor).filter_by(case_id=case_id).one()
        box = cast.salma.keyring.boxes(case_id)["survivor", 1]
        assert box.open(Survivor.name, row.id, row.name) == "Rita of the reports"


def test_who_leaves_a_desk_that_gave_way_takes_no_key_along(world, cast, filing):
    """A colleague is barred, so the desk's members hold the keys in their own names."""
    house = houses.build(world)
    with db.transaction(INTAKE) as session:
        office = session.get_one(Office, house.office)
    amina = house.actor("amina")
    with db.transaction(amina):
        case_id = file_report(amina, replace(filing(), office=office)).id
    cora = house.actor("cora")
    with db.transaction(cora):
        desk.declare_conflict(cora, case_id, {"why": "personal_tie"})
    assert open_all(house.actor("cleo"), case_id)
    with db.transaction(house.actor("adam")):
        desks.leave(house.desks["coordination"], house.people["cleo"])
    assert not open_all(house.actor("cleo"), case_id)


def test_who_joins_a_desk_that_gave_way_gets_the_keys_from_the_next_holder(
    world, cast, filing
):
    house = houses.build(world)
    with db.transaction(INTAKE) as session:
        office = session.get_one(Office, house.office)
    amina = house.actor("amina")
    with db.transaction(amina):
        case_id = file_report(amina, replace(filing(), office=office)).id
    omar, ines = house.actor("omar"), house.actor("ines")
    with db.transaction(omar):
        desk.declare_conflict(omar, case_id, {"why": "personal_tie"})
    place = house.desks["investigation"]
    with db.transaction(house.actor("adam")) as session:
        desks.join(session.get_one(Desk, place), house.people["inga"])
    with db.transaction(ines):
        desks.give_key(ines, place, house.people["inga"])
    assert not open_all(house.actor("inga"), case_id)
    with db.transaction(ines):
        case_page(ines, case_id)
    assert ("report", 2) in open_all(house.actor("inga"), case_id)


def test_the_sweep_takes_what_somebody_holds_of_a_case_where_they_do_not_stand(
    cast, case_id, now
):
    """As when a desk gave way to somebody who was leaving it at that very moment."""
    settled(cast.cora, case_id, lambda should: should["report"].open.add(cast.omar.id))
    with db.transaction(cast.cora) as session:
        assert cast.omar.id in open_to(session, case_id)
    sweeping.hold_back_strays(now)
    with db.transaction(cast.cora) as session:
        assert cast.omar.id not in open_to(session, case_id)
        assert work.due(case_id) == {"report"}
    for who in (cast.cora, cast.ines, cast.amina):
        assert ("report", 1) in open_all(who, case_id)
