"""What takes two people: routes, a desk's first members, a new key for somebody."""

import uuid
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from auth import accounts, changes, desks, routing, sessions
from auth.commands import changes as commands
from auth.commands import desks as desk_commands
from auth.commands import people
from auth.models import Change, Credential, Desk, Person, Route
from auth.policy import DeskKind, Role
from auth.queries import changes as pages
from auth.queries import desks as desk_pages
from auth.queries.people import fingerprints
from casework.commands.intake import file_report
from core import db
from core.errors import Forbidden, Invalid, NotVisible, Stale, WrongStage
from tests.auth.acts import (
    ask_for_reset,
    close,
    confirm,
    create_desk,
    decide,
    do,
    generation,
    give,
    holding,
    remove,
    reset,
    seat,
    waiting,
)
from tests.conftest import PASSWORD
from tests.people import choose
from tests.vault.raw import opened, privates
from vault.crypto import new_pair
from vault.models import HeldKey, HolderKey

# Routes


def ask(actor, office_id, desk_id, kind=DeskKind.LEGAL):
    do(actor, commands.ask_for_route, office_id, kind=kind, desk=str(desk_id))
    return waiting(actor, office_id)


def goes_to(cast, office_id, kind=DeskKind.LEGAL):
    with db.transaction(cast.cora) as session:
        row = session.get(Route, (office_id, kind))
        return row and row.desk_id


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_route_takes_two(cast, world, office, confirmed):
    legal = world.made.desks["legal"]
    change = ask(cast.adam, office, legal)
    assert goes_to(cast, office) is None
    with pytest.raises(NotVisible):
        decide(cast.adam, change, True, version=1)
    decide(cast.cora, change, confirmed, version=1)
    assert goes_to(cast, office) == (legal if confirmed else None)
    with pytest.raises(Stale):
        decide(cast.cora, change, True, version=2)


@pytest.mark.parametrize("name", ["amina", "ines", "theo", "lena"])
def test_a_route_is_confirmed_by_who_coordinates(cast, world, office, name):
    change = ask(cast.adam, office, world.made.desks["legal"])
    with pytest.raises(NotVisible):
        decide(getattr(cast, name), change, True)
    decide(cast.cora, change, False, version=1)


def test_a_coordinator_of_the_administrators_own_making_confirms_nothing(
    cast, world, office, hire, signed, set_up
):
    puppets = [hire(Role.COORDINATOR), hire(Role.COORDINATOR)]
    set_up(*puppets, kind=DeskKind.COORDINATION)
    seat(cast.adam, world.made.desks["coordination"], puppets[0])
    change = ask(cast.adam, office, world.made.desks["legal"])
    for puppet in puppets:
        with pytest.raises(NotVisible):
            decide(signed(puppet), change, True)
    decide(cast.cora, change, False, version=1)


def test_the_database_refuses_a_route_that_an_administrator_sets_alone(
    cast, world, office
):
    with pytest.raises(DBAPIError), db.transaction(cast.adam):
        routing.set_route(office, DeskKind.LEGAL, world.made.desks["legal"])


def test_a_desk_that_lost_its_members_meanwhile_is_not_routed_to(cast, office, desk):
    desk_id, (one, _) = desk
    change = ask(cast.adam, office, desk_id, DeskKind.INVESTIGATION)
    remove(cast.adam, desk_id, one)
    with pytest.raises(Invalid):
        decide(cast.cora, change, True, version=1)
    assert goes_to(cast, office, DeskKind.INVESTIGATION) is None
    decide(cast.cora, change, False, version=1)


# A desk's first members


@pytest.fixture
def asked(world, cast, hire):
    """Ask for a desk of two investigators: its id, and theirs."""
    members = [hire(), hire()]
    return create_desk(cast.adam, world.made.offices["GVA"], members), members


def test_a_desk_has_no_key_before_a_coordinator_confirms_its_members(
    world, cast, asked, signed
):
    desk_id, members = asked
    assert generation(world, desk_id) is None
    assert signed(members[0]).desks == ()
    confirm(cast.cora, desk_id)
    assert generation(world, desk_id) == 1
    assert holding(cast.adam, desk_id) == set(members)
    assert desk_id in signed(members[0]).desks


def test_a_desk_that_is_refused_can_be_asked_for_again(world, cast, asked):
    desk_id, members = asked
    with pytest.raises(WrongStage):
        do(cast.adam, desk_commands.ask_for_key, desk_id)
    decide(cast.cora, waiting(cast.cora, desk_id), False)
    assert generation(world, desk_id) is None
    do(cast.adam, desk_commands.ask_for_key, desk_id)
    confirm(cast.cora, desk_id)
    assert holding(cast.adam, desk_id) == set(members)
    with pytest.raises(WrongStage):
        do(cast.adam, desk_commands.ask_for_key, desk_id)


def test_a_desk_that_waits_raises_no_alarm(cast, asked):
    with db.transaction(cast.adam):
        assert asked[0] not in {row.id for row in desk_pages.alarms(cast.adam)}


def test_an_administrator_confirms_no_desk_of_his_own_people(cast, asked):
    change = waiting(cast.adam, asked[0])
    with pytest.raises(NotVisible):
        decide(cast.adam, change)
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(cast.adam):
        desks.make_key(asked[0], asked[1])


def test_a_member_who_was_not_asked_for_gets_no_first_key(cast, asked, hire):
    desk_id, members = asked
    seat(cast.adam, desk_id, hire())
    confirm(cast.cora, desk_id)
    assert holding(cast.adam, desk_id) == set(members)


def test_a_desk_of_one_is_not_confirmed(world, cast, asked):
    desk_id, (one, _) = asked
    close(cast.adam, one)
    with pytest.raises(Invalid) as refused:
        confirm(cast.cora, desk_id)
    assert "confirmed" in refused.value.fields
    assert generation(world, desk_id) is None
    assert waiting(cast.cora, desk_id).decided_at is None


def test_a_desk_is_not_confirmed_while_a_member_has_no_key(cast, asked):
    desk_id, (one, _) = asked
    reset(cast.adam, cast.cora, one)
    with pytest.raises(Invalid) as refused:
        confirm(cast.cora, desk_id)
    assert "choose their own password" in str(refused.value.fields)


def test_who_confirms_sees_the_members_and_their_fingerprints(cast, asked):
    desk_id, members = asked
    with db.transaction(cast.cora):
        page = pages.change(cast.cora, waiting_id(desk_id))
        shown = {one.line.row.id: one.fingerprint for one in page.people}
        assert shown == fingerprints(members)
    assert page.may_decide


def waiting_id(subject_id):
    return changes.waiting(subject_id)[0].id


# A new key for somebody who lost their password


def test_a_new_key_takes_two_and_is_made_by_who_lost_theirs(world, cast, hire, signed):
    person = hire()
    before = key_of(world, person)
    first = ask_for_reset(cast.adam, person)
    assert signed(person)
    shown = confirm(cast.cora, person)
    second = shown.values["half"]
    assert second not in repr(shown)
    assert key_of(world, person) == before
    for word in (PASSWORD, first, second, f"{second}-{first}", f"{second}-{second}"):
        with pytest.raises(Invalid):
            enter(world, cast, person, word)
    again = enter(world, cast, person, f"{first}-{second}")
    assert again.must_choose
    assert again.actor.keyring is None
    assert again.actor.desks == ()
    finish(world, cast, person, f"{first}-{second}")
    assert key_of(world, person) != before
    assert signed(person)


def finish(world, cast, person, code):
    """Choose a password with a code."""
    with db.transaction(cast.adam) as session:
        row = session.get_one(Person, person)
    choose(world, row, code)


def key_of(world, person):
    with world.owner() as owner:
        newest = text(
            "SELECT public_key FROM holder_keys WHERE holder_id = :id"
            " ORDER BY generation DESC LIMIT 1"
        )
        return bytes(owner.scalar(newest, {"id": person}))


def enter(world, cast, person, password):
    with db.transaction(cast.adam) as session:
        name = session.get_one(Person, person).username
    cookie = sessions.sign_in(name, password, world.pepper, uuid.uuid4().hex)
    return sessions.resume(cookie)


def test_a_reset_ends_the_sessions_and_what_the_old_key_opened(
    world, cast, filing, hire, signed
):
    desk_id = world.made.desks["intake_nbo"]
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    person = hire(Role.FOCAL_POINT)
    seat(cast.adam, desk_id, person)
    give(cast.amina, desk_id, person)
    ring = signed(person).keyring
    with world.owner() as raw:
        assert opened(raw, ring, case_id)
    code = reset(cast.adam, cast.cora, person)
    with world.owner() as raw:
        assert opened(raw, ring, case_id) == set()
        assert {holder for holder, _ in privates(raw, ring)} == {person}
        count = "SELECT count(*) FROM {} WHERE {} = :id"
        for table, column in (("sessions", "person_id"), ("held_keys", "by_id")):
            query = text(count.format(table, column))
            assert raw.scalar(query, {"id": person}) == 0
        grants = text(count.format("key_grants", "holder_id"))
        assert raw.scalar(grants, {"id": person}) == 0
    finish(world, cast, person, code)
    fresh = signed(person)
    with world.owner() as raw:
        assert opened(raw, fresh.keyring, case_id) == set()


def test_after_a_reset_one_waits_for_the_key_of_each_desk_and_gets_it_from_a_member(
    world, cast, desk, signed
):
    desk_id, (one, two) = desk
    code = reset(cast.adam, cast.cora, one)
    with db.transaction(cast.adam):
        assert [row.id for row in desk_pages.waiting_at(desk_id)] == [one]
    with pytest.raises(Invalid):
        give(signed(two), desk_id, one)
    finish(world, cast, one, code)
    give(signed(two), desk_id, one)
    assert generation(world, desk_id) == 2
    member = signed(one)
    with db.transaction(member):
        assert member.keyring.private_of(desk_id, 1)


def test_the_last_who_holds_a_desks_key_is_named_before_a_reset(cast, desk):
    desk_id, (one, two) = desk
    remove(cast.adam, desk_id, two)
    do(cast.adam, people.ask_for_reset, one)
    with db.transaction(cast.cora) as session:
        page = pages.change(cast.cora, waiting_id(one))
        assert list(page.alone) == [session.get_one(Desk, desk_id).name]
    confirm(cast.cora, one)
    assert holding(cast.adam, desk_id) == set()


def test_a_reset_is_asked_once_for_others_with_an_open_account(cast, hire):
    person, closed = hire(), hire()
    close(cast.adam, closed)
    do(cast.adam, people.ask_for_reset, person)
    for whom in (person, closed):
        with pytest.raises(WrongStage):
            do(cast.adam, people.ask_for_reset, whom)
    with pytest.raises(Forbidden):
        do(cast.adam, people.ask_for_reset, cast.adam.id)


def test_an_account_that_was_closed_meanwhile_gets_no_new_key(cast, hire):
    person = hire()
    do(cast.adam, people.ask_for_reset, person)
    close(cast.adam, person)
    with pytest.raises(WrongStage):
        confirm(cast.cora, person)


def test_nobody_confirms_a_new_key_for_themselves(cast, world, hire, signed):
    desk_id = world.made.desks["coordination"]
    person = hire(Role.COORDINATOR)
    seat(cast.adam, desk_id, person)
    give(cast.cora, desk_id, person)
    do(cast.adam, people.ask_for_reset, person)
    with pytest.raises(NotVisible):
        confirm(signed(person), person)
    decide(cast.cora, waiting(cast.cora, person), False)
    remove(cast.adam, desk_id, person)


def test_an_administrator_confirms_no_reset_and_takes_over_nobody(
    world, cast, hire, signed
):
    """Asking alone changes nothing, and neither does waiting."""
    person = hire()
    do(cast.adam, people.ask_for_reset, person)
    with pytest.raises(NotVisible):
        confirm(cast.adam, person)
    with pytest.raises(DBAPIError, match="not yours"), db.transaction(cast.adam):
        accounts.end_lost_key(db.session().get_one(Person, person), b"mark")
    assert signed(person)


def test_nobody_asks_for_a_reset_where_nobody_coordinates(world, cast, hire):
    person = hire()
    with nobody_coordinates(world), pytest.raises(WrongStage, match="coordinates yet"):
        do(cast.adam, people.ask_for_reset, person)


# The first set-up


@contextmanager
def nobody_coordinates(world):
    with world.owner() as owner:
        saved = owner.execute(
            text("DELETE FROM routes WHERE kind = 'coordination' RETURNING *")
        ).all()
    try:
        yield
    finally:
        with world.owner() as owner:
            for row in saved:
                owner.execute(
                    text(
                        "INSERT INTO routes VALUES"
                        " (:office_id, :kind, :desk_id, :alternative_id)"
                        " ON CONFLICT DO NOTHING"
                    ),
                    row._asdict(),
                )


def test_the_first_desks_and_routes_hold_at_once_until_one_coordinates(
    world, cast, hire, office
):
    with nobody_coordinates(world):
        investigators = [hire(), hire()]
        first = create_desk(cast.adam, world.made.offices["GVA"], investigators)
        assert holding(cast.adam, first) == set(investigators)
        own = [hire(Role.COORDINATOR), hire(Role.COORDINATOR)]
        coordination = create_desk(
            cast.adam, world.made.offices["GVA"], own, DeskKind.COORDINATION
        )
        assert holding(cast.adam, coordination) == set(own)
        body = {"kind": DeskKind.COORDINATION, "desk": str(coordination)}
        do(cast.adam, commands.ask_for_route, office, **body)
        assert goes_to(cast, office, DeskKind.COORDINATION) == coordination
        second = create_desk(cast.adam, world.made.offices["GVA"], [hire(), hire()])
        assert generation(world, second) is None
        with pytest.raises(NotVisible):
            confirm(cast.adam, second)
        change = waiting(cast.adam, second)
    decide(cast.cora, change, False)
    with world.owner() as owner:
        owner.execute(
            text("DELETE FROM routes WHERE office_id = :office"), {"office": office}
        )


# What the administrator tries in the database, past the pages


def test_no_change_is_entered_as_confirmed(cast, world, office):
    facts = {"kind": "legal", "desk": str(world.made.desks["legal"])}
    with pytest.raises(DBAPIError, match="row-level"), db.transaction(cast.adam):
        db.add(
            Change(
                kind="route",
                subject_id=office,
                facts=facts,
                asked_by=cast.cora.id,
                decided_by=cast.adam.id,
                decided_at=db.now(),
                confirmed=True,
            )
        )


def test_no_change_is_entered_in_anothers_name(cast, world, office):
    with pytest.raises(DBAPIError, match="row-level"), db.transaction(cast.adam):
        db.add(Change(kind="reset", subject_id=cast.ines.id, asked_by=cast.cora.id))


@pytest.mark.parametrize("column", ["asked_by", "subject_id", "facts", "kind"])
def test_what_was_asked_for_is_not_changed(cast, world, office, column):
    change = ask(cast.adam, office, world.made.desks["legal"])
    setting = text(f"UPDATE changes SET {column} = {column} WHERE id = :id")
    for who in (cast.adam, cast.cora):
        with pytest.raises(DBAPIError, match="permission denied"):
            run(who, setting, id=change.id)
    decide(cast.cora, change, False)


def run(actor, statement, **values):
    with db.transaction(actor) as session:
        return session.execute(statement, values)


def test_an_administrator_decides_on_nothing_in_the_database(cast, world, office):
    change = ask(cast.adam, office, world.made.desks["legal"])
    setting = text(
        "UPDATE changes SET confirmed = true, decided_at = now(), decided_by = :who"
        " WHERE id = :id"
    )
    for who in (cast.adam.id, cast.cora.id):
        assert run(cast.adam, setting, id=change.id, who=who).rowcount == 0
    with pytest.raises(DBAPIError, match="row-level"):
        run(cast.cora, setting, id=change.id, who=cast.adam.id)
    decide(cast.cora, change, False)
    assert (
        run(cast.coordinator_2, setting, id=change.id, who=cast.cora.id).rowcount == 0
    )


def test_an_administrator_enters_no_key_of_a_desk(cast, world):
    desk_id = world.made.desks["intake_nbo"]
    row = HeldKey(holder_id=desk_id, by_id=cast.adam.id, generation=1, sealed_key=b"x")
    with pytest.raises(DBAPIError, match="row-level"), db.transaction(cast.adam):
        db.add(row)


def test_an_administrator_registers_no_key_by_a_bare_row(cast):
    row = HolderKey(holder_id=cast.ines.id, generation=2, public_key=new_pair().public)
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        db.transaction(cast.adam),
    ):
        db.add(row)


@pytest.mark.parametrize("who", ["adam", "cora", "amina"])
def test_nobody_replaces_anothers_password_alone(world, cast, hire, who):
    person = hire()
    with world.owner() as owner:
        kept = owner.execute(select(Credential.salt).filter_by(person_id=person))
        before = kept.scalar_one()
    changed = text("UPDATE credentials SET salt = :salt WHERE person_id = :id")
    with (
        pytest.raises(DBAPIError, match="row-level"),
        db.transaction(getattr(cast, who)) as session,
        db.serving("public"),
    ):
        session.execute(changed, {"salt": b"mine", "id": person})
    with world.owner() as owner:
        kept = owner.execute(select(Credential.salt).filter_by(person_id=person))
        assert kept.scalar_one() == before


def test_an_administrator_sits_at_a_desk_in_the_database_and_still_reads_nothing(
    world, cast, filing
):
    desk_id = world.made.desks["intake_nbo"]
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    with db.transaction(cast.adam):
        desks.seat(desk_id, cast.adam.id)
    try:
        assert holding(cast.adam, desk_id) == {cast.amina.id, cast.mallory.id}
        with world.owner() as raw:
            assert opened(raw, cast.adam.keyring, case_id) == set()
    finally:
        with db.transaction(cast.adam):
            desks.leave(desk_id, cast.adam.id)
