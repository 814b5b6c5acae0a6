"""People, desks and routes as commands: who may, and that nobody lets himself in."""

import uuid

import pytest
from sqlalchemy import select, text

from auth import sessions
from auth.commands import changes, desks, people
from auth.models import Desk
from auth.policy import Role
from core import db
from core.errors import Forbidden, Invalid, NotVisible
from tests.auth.acts import close, do, holding
from vault.models import HeldKey

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
    people.create_person,
    people.disable_person,
    people.ask_for_reset,
    people.give_code,
    desks.create_desk,
    desks.ask_for_key,
    desks.add_member,
    desks.remove_member,
    changes.create_office,
    changes.ask_for_route,
)


@pytest.mark.parametrize("command", MANAGING)
@pytest.mark.parametrize("name", ["amina", "cora", "theo", "ines", "pia"])
def test_only_an_administrator_manages(cast, command, name):
    actor = getattr(cast, name)
    with pytest.raises(NotVisible):
        do(actor, command, uuid.uuid4(), person=str(actor.id))


def test_the_code_is_in_the_answer_alone(cast, world):
    shown = do(
        cast.adam,
        people.create_person,
        None,
        username=f"p-{uuid.uuid4().hex[:8]}",
        name="Somebody",
        roles=[Role.AUDITOR],
        office=str(world.made.offices["GVA"]),
    )
    code = shown.values["code"]
    assert len(code) == 23
    assert code not in repr(shown)
    signed_in = sessions.resume(
        sessions.sign_in(
            shown.values["opened"].username, code, world.pepper, uuid.uuid4().hex
        )
    )
    assert signed_in.must_choose


def test_a_closed_account_ends_its_sessions_in_the_same_step(world, cast, hire, signed):
    person_id = hire()
    signed(person_id)
    close(cast.adam, person_id)
    with world.owner() as owner:
        query = text("SELECT count(*) FROM sessions WHERE person_id = :id")
        assert owner.execute(query, {"id": person_id}).scalar_one() == 0


def test_a_closed_account_leaves_each_desk_that_somebody_else_opens(cast, desk):
    desk_id, (one, two) = desk
    close(cast.adam, one)
    assert holding(cast.adam, desk_id) == {two}
    with db.transaction(cast.adam) as session:
        assert session.get(HeldKey, (desk_id, one)) is None
    close(cast.adam, two)
    assert holding(cast.adam, desk_id) == set()
    with db.transaction(cast.adam) as session:
        assert session.get(HeldKey, (desk_id, two)) is not None


def test_nobody_closes_their_own_account(cast):
    with pytest.raises(Forbidden):
        do(cast.adam, people.disable_person, cast.adam.id, version=1)


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
        "desk:asked",
        "desk:decided",
        "desk:joined",
        "desk:key_given",
        "office:created",
        "person:created",
        "person:code_made",
        "person:password_chosen",
        "session:started",
        "session:all_ended",
    }
    assert not any(word in detail for _, detail in rows for word in (name, "Somebody"))
