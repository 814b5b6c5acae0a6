"""People, desks and routes as commands: who may, and that nobody lets himself in."""

import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from auth import accounts, commands, pepper, routing, sessions
from auth.models import Desk, Membership, Person, Route
from auth.policy import DeskKind, Role
from casework.commands.intake import file_report
from casework.models.case import Case
from core import db
from core.errors import Forbidden, Invalid, NotVisible, Stale
from tests.conftest import CHEAP, PASSWORD
from vault.models import HeldKey


@pytest.fixture(autouse=True)
def cheap(world, monkeypatch):
    """Stretching passwords is cheap here, and the pepper is this world's."""
    monkeypatch.setattr(accounts, "Cost", lambda: CHEAP)
    pepper.use(world.config.pepper, {})


@pytest.fixture
def hire(world, cast):
    """Register somebody: `hire(Role.INVESTIGATOR)` returns their id."""

    def hire_one(*roles, **more):
        with db.transaction(cast.adam):
            return accounts.create_person(
                f"p-{uuid.uuid4().hex[:8]}",
                "Somebody",
                roles or [Role.INVESTIGATOR],
                PASSWORD,
                world.pepper,
                cost=CHEAP,
                **more,
            ).id

    return hire_one


@pytest.fixture
def signed(world, cast):
    """Sign somebody in, by id."""

    def sign_one(person_id):
        with db.transaction(cast.adam) as session:
            username = session.get_one(Person, person_id).username
        cookie = sessions.sign_in(username, PASSWORD, world.pepper, uuid.uuid4().hex)
        return sessions.resume(cookie).actor

    return sign_one


@pytest.fixture
def set_up(world, cast):
    """Make a desk of somebody's: returns its id."""

    def make(*members, kind=DeskKind.INVESTIGATION):
        office_id = world.made.offices["GVA"]
        with db.transaction(cast.adam):
            name = uuid.uuid4().hex
            return accounts.create_desk(name, kind, office_id, members).id

    return make


@pytest.fixture
def desk(hire, set_up):
    """A desk of two investigators: its id, and theirs."""
    members = [hire(), hire()]
    return set_up(*members), members


@pytest.fixture
def office(cast):
    """An office whose cases go nowhere yet."""
    with db.transaction(cast.adam):
        code = uuid.uuid4().hex[:6].upper()
        return accounts.create_office(
            f"X{code}", "Office", "KE", "Eastern Africa", "Africa/Nairobi", ["sun"]
        ).id


def do(actor, command, target, **body):
    with db.transaction(actor):
        return command(actor, target, body)


def seat(cast, desk_id, person_id):
    do(cast.adam, commands.add_member, desk_id, person=str(person_id))


def able(cast, desk_id):
    with db.transaction(cast.adam):
        return accounts.able_members(desk_id)


# People

ALONE = (
    Role.AUDITOR,
    Role.ADMINISTRATOR,
    Role.PROVIDER,
    Role.PARTNER_INVESTIGATOR,
)


@pytest.mark.parametrize("role", ALONE)
def test_some_roles_go_with_no_other(hire, role):
    assert hire(role)
    with pytest.raises(Invalid) as refused:
        hire(role, Role.COORDINATOR)
    assert "roles" in refused.value.fields


def test_who_supports_survivors_does_not_investigate(hire):
    with pytest.raises(Invalid):
        hire(Role.CARE_OFFICER, Role.INVESTIGATOR)
    assert hire(Role.CARE_OFFICER, Role.FOCAL_POINT)


def test_a_staff_number_belongs_to_one_person(hire):
    number = uuid.uuid4().hex
    hire(staff_number=number)
    with pytest.raises(Invalid) as refused:
        hire(staff_number=number)
    assert "staff_number" in refused.value.fields


MANAGING = (
    commands.create_person,
    commands.disable_person,
    commands.create_desk,
    commands.add_member,
    commands.remove_member,
    commands.create_office,
    commands.ask_for_route,
)


@pytest.mark.parametrize("command", MANAGING)
@pytest.mark.parametrize("name", ["amina", "cora", "theo", "ines", "pia"])
def test_only_an_administrator_manages(cast, command, name):
    actor = getattr(cast, name)
    with pytest.raises(NotVisible):
        do(actor, command, uuid.uuid4(), person=str(actor.id))


def test_the_one_time_password_is_in_the_answer_alone(cast, world):
    shown = do(
        cast.adam,
        commands.create_person,
        None,
        username=f"p-{uuid.uuid4().hex[:8]}",
        name="Somebody",
        roles=[Role.AUDITOR],
        office=str(world.made.offices["GVA"]),
    )
    password = shown.values["password"]
    assert len(password) == 23
    assert password not in repr(shown)
    signed_in = sessions.resume(
        sessions.sign_in(
            shown.values["opened"].username, password, world.pepper, uuid.uuid4().hex
        )
    )
    assert signed_in.must_change


def test_a_closed_account_ends_its_sessions_in_the_same_step(world, cast, hire, signed):
    person_id = hire()
    signed(person_id)
    do(cast.adam, commands.disable_person, person_id, version=1)
    with world.owner() as owner:
        query = text("SELECT count(*) FROM sessions WHERE person_id = :id")
        assert owner.execute(query, {"id": person_id}).scalar_one() == 0


def test_a_closed_account_leaves_each_desk_that_somebody_else_opens(cast, desk):
    desk_id, (one, two) = desk
    do(cast.adam, commands.disable_person, one, version=1)
    assert able(cast, desk_id) == {two}
    with db.transaction(cast.adam) as session:
        assert session.get(HeldKey, (desk_id, one)) is None
    do(cast.adam, commands.disable_person, two, version=1)
    assert able(cast, desk_id) == set()
    with db.transaction(cast.adam) as session:
        assert session.get(HeldKey, (desk_id, two)) is not None


def test_nobody_closes_their_own_account(cast):
    with pytest.raises(Forbidden):
        do(cast.adam, commands.disable_person, cast.adam.id, version=1)


# Desks


def test_a_desk_never_hangs_on_one_person(hire, set_up):
    one = hire()
    for members in ([], [one], [one, one]):
        with pytest.raises(Invalid):
            set_up(*members)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.CARE_OFFICER])
def test_only_who_fits_sits_at_a_desk(cast, hire, set_up, desk, role):
    stranger = hire(role)
    with pytest.raises(Invalid):
        set_up(hire(), stranger)
    with pytest.raises(Invalid):
        seat(cast, desk[0], stranger)


def test_an_administrator_sits_at_no_desk_of_any_kind(cast, set_up, hire):
    for kind in DeskKind:
        with pytest.raises(Invalid):
            set_up(cast.adam.id, hire(), kind=kind)


def test_a_member_without_the_key_stands_nowhere(cast, desk, hire, signed):
    desk_id, (one, _) = desk
    new = hire()
    seat(cast, desk_id, new)
    assert desk_id not in signed(new).desks
    do(signed(one), commands.give_key, desk_id, person=str(new))
    member = signed(new)
    assert desk_id in member.desks
    with db.transaction(member):
        assert member.keyring.private_of(desk_id)


def test_a_new_member_reads_the_desks_cases_once_they_hold_its_key(
    world, cast, filing, hire, signed
):
    desk_id = world.made.desks["intake_nbo"]
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    new = hire(Role.FOCAL_POINT)
    seat(cast, desk_id, new)

    def seen():
        actor = signed(new)
        with db.transaction(actor) as session:
            boxes = actor.keyring.boxes(case_id)
            return session.get(Case, case_id) is not None, ("report", 1) in boxes

    assert seen() == (False, False)
    do(cast.amina, commands.give_key, desk_id, person=str(new))
    assert seen() == (True, True)
    do(cast.adam, commands.remove_member, desk_id, person=str(new))
    assert seen() == (False, False)


def test_a_key_is_given_by_who_holds_it_to_who_waits_for_it(cast, desk, hire, signed):
    desk_id, (one, two) = desk
    new, stranger = hire(), hire()
    seat(cast, desk_id, new)
    for giver in (cast.adam, cast.ines, signed(new), signed(stranger)):
        with pytest.raises(NotVisible):
            do(giver, commands.give_key, desk_id, person=str(new))
    for receiver in (stranger, two):
        with pytest.raises(Invalid):
            do(signed(one), commands.give_key, desk_id, person=str(receiver))


def test_no_key_goes_to_who_still_has_a_password_that_another_knows(
    cast, desk, hire, set_up, signed
):
    desk_id, (one, two) = desk
    new = hire(must_change=True)
    with pytest.raises(Invalid):
        set_up(two, new)
    seat(cast, desk_id, new)
    with pytest.raises(Invalid) as refused:
        do(signed(one), commands.give_key, desk_id, person=str(new))
    assert "person" in refused.value.fields
    assert new not in able(cast, desk_id)


def test_who_leaves_a_desk_loses_its_key_and_can_come_back(cast, desk, signed):
    desk_id, (one, two) = desk
    do(cast.adam, commands.remove_member, desk_id, person=str(one))
    assert signed(one).desks == ()
    with pytest.raises(Invalid):
        do(cast.adam, commands.remove_member, desk_id, person=str(two))
    with pytest.raises(NotVisible):
        do(cast.adam, commands.remove_member, desk_id, person=str(one))
    seat(cast, desk_id, one)
    assert able(cast, desk_id) == {two}
    do(signed(two), commands.give_key, desk_id, person=str(one))
    assert able(cast, desk_id) == {one, two}


def test_a_place_at_a_desk_is_kept_with_its_end(cast, desk):
    desk_id, (one, _) = desk
    do(cast.adam, commands.remove_member, desk_id, person=str(one))
    with db.transaction(cast.adam) as session:
        places = select(Membership).where(
            Membership.desk_id == desk_id, Membership.person_id == one
        )
        assert [row.left_at is not None for row in session.scalars(places)] == [True]


# Routes


def ask(actor, office_id, desk_id, kind=DeskKind.LEGAL):
    do(actor, commands.ask_for_route, office_id, kind=kind, desk=str(desk_id))
    with db.transaction(actor):
        return next(row for row in routing.waiting() if row.office_id == office_id)


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
        do(cast.adam, commands.decide_route, change.id, confirmed=True, version=1)
    do(cast.cora, commands.decide_route, change.id, confirmed=confirmed, version=1)
    assert goes_to(cast, office) == (legal if confirmed else None)
    with pytest.raises(Stale):
        do(cast.cora, commands.decide_route, change.id, confirmed=True, version=2)


@pytest.mark.parametrize("name", ["amina", "ines", "theo", "lena"])
def test_a_route_is_confirmed_by_who_coordinates(cast, world, office, name):
    change = ask(cast.adam, office, world.made.desks["legal"])
    with pytest.raises(NotVisible):
        do(getattr(cast, name), commands.decide_route, change.id, confirmed=True)
    do(cast.cora, commands.decide_route, change.id, confirmed=False, version=1)


def test_a_coordinator_of_the_administrators_own_making_confirms_nothing(
    cast, world, office, hire, signed, set_up
):
    puppets = [hire(Role.COORDINATOR), hire(Role.COORDINATOR)]
    set_up(*puppets, kind=DeskKind.COORDINATION)
    seat(cast, world.made.desks["coordination"], puppets[0])
    change = ask(cast.adam, office, world.made.desks["legal"])
    for puppet in puppets:
        with pytest.raises(NotVisible):
            do(signed(puppet), commands.decide_route, change.id, confirmed=True)
    do(cast.cora, commands.decide_route, change.id, confirmed=False, version=1)


def test_the_database_refuses_a_route_that_an_administrator_sets_alone(
    cast, world, office
):
    with pytest.raises(DBAPIError), db.transaction(cast.adam):
        accounts.set_route(office, DeskKind.LEGAL, world.made.desks["legal"])


def test_a_desk_that_lost_its_members_meanwhile_is_not_routed_to(cast, office, desk):
    desk_id, (one, _) = desk
    change = ask(cast.adam, office, desk_id, DeskKind.INVESTIGATION)
    do(cast.adam, commands.remove_member, desk_id, person=str(one))
    with pytest.raises(Invalid):
        do(cast.cora, commands.decide_route, change.id, confirmed=True, version=1)
    assert goes_to(cast, office, DeskKind.INVESTIGATION) is None
    do(cast.cora, commands.decide_route, change.id, confirmed=False, version=1)


def test_an_office_without_a_route_takes_no_report(cast, office):
    with pytest.raises(Invalid), db.transaction(cast.amina):
        accounts.route(office, DeskKind.INTAKE, conflicted=False)


def test_intake_without_an_alternative_takes_no_report_about_itself(
    cast, world, office
):
    desk_id = world.made.desks["intake_hq"]
    change = ask(cast.adam, office, desk_id, DeskKind.INTAKE)
    do(cast.cora, commands.decide_route, change.id, confirmed=True, version=1)
    with db.transaction(cast.amina):
        assert accounts.route(office, DeskKind.INTAKE, conflicted=False) == desk_id
        with pytest.raises(Invalid):
            accounts.route(office, DeskKind.INTAKE, conflicted=True)


def test_the_trail_of_the_organisation_holds_ids_and_codes_alone(
    world, cast, desk, office
):
    with world.owner() as owner:
        rows = owner.execute(
            text("SELECT action, detail FROM audit_rows WHERE subject = ANY(:ids)"),
            {"ids": [desk[0], office, *desk[1]]},
        ).all()
        name = owner.execute(select(Desk.name).where(Desk.id == desk[0])).scalar_one()
    assert {action for action, _ in rows} == {
        "holder:key_made",
        "desk:joined",
        "desk:key_given",
        "office:created",
        "person:created",
    }
    assert not any(word in detail for _, detail in rows for word in (name, "Somebody"))
