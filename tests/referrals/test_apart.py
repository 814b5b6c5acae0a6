"""Nobody supports a survivor and works on the investigation of the same case."""

import secrets

import pytest

from auth import access, desks
from auth.accounts import create_person
from auth.models import Desk
from auth.policy import Role, Standing
from casework.commands.care import accept_care
from casework.commands.inquiry import assign_case, take_case
from core import db
from core.errors import Forbidden, Invalid, NotVisible

SUPPORTERS = ("pia", "provider_2", "salma", "care_2")
INVESTIGATORS = ("ines", "investigator_2", "omar")


@pytest.mark.parametrize("who", SUPPORTERS)
def test_the_lead_cannot_make_a_supporter_the_investigator(play, who):
    play.accepted()
    body = {"person": str(getattr(play.cast, who).id)}
    with pytest.raises(Invalid) as problem:
        play.do("cora", assign_case, play.case_id, **body)
    assert "person" in problem.value.fields


@pytest.mark.parametrize(
    ("who", "refusal"), [("pia", NotVisible), ("salma", Forbidden)]
)
def test_a_supporter_cannot_take_the_case_to_investigate(play, who, refusal):
    play.accepted()
    with pytest.raises(refusal):
        play.do(who, take_case, play.case_id)


@pytest.mark.parametrize(
    ("who", "refusal"), [("ines", Forbidden), ("omar", NotVisible)]
)
def test_an_investigator_cannot_become_the_care_officer(play, who, refusal):
    body = {"survivor": str(play.survivor_id)}
    with pytest.raises(refusal):
        play.do(who, accept_care, play.case_id, **body)


@pytest.mark.parametrize("who", SUPPORTERS)
def test_nor_does_it_help_to_give_the_standing_past_the_form(play, who):
    play.accepted()
    person = getattr(play.cast, who).id
    with pytest.raises(Invalid), db.transaction(play.cast.cora):
        access.give(play.case_id, person, Standing.INVESTIGATOR, "assigned")


@pytest.mark.parametrize("who", ["ines", "investigator_2"])
@pytest.mark.parametrize("kind", [Standing.CARE_OFFICER, Standing.PROVIDER])
def test_care_cannot_let_an_investigator_support_the_survivor(play, who, kind):
    person = getattr(play.cast, who).id
    with pytest.raises(Invalid), db.transaction(play.cast.salma):
        access.give(play.case_id, person, kind, "referred")


@pytest.mark.parametrize("who", SUPPORTERS)
def test_no_supporter_sits_where_cases_are_investigated(play, who):
    person, desk_id = getattr(play.cast, who).id, play.world.made.desks
    with pytest.raises(Invalid), db.transaction(play.cast.adam) as session:
        desks.join(session.get_one(Desk, desk_id["investigation_a"]), person)


@pytest.mark.parametrize("who", INVESTIGATORS)
@pytest.mark.parametrize("where", ["care", "clinic"])
def test_no_investigator_sits_where_survivors_are_supported(play, who, where):
    person, desk_id = getattr(play.cast, who).id, play.world.made.desks[where]
    with pytest.raises(Invalid), db.transaction(play.cast.adam) as session:
        desks.join(session.get_one(Desk, desk_id), person)


@pytest.mark.parametrize("supports", [Role.CARE_OFFICER, Role.PROVIDER])
@pytest.mark.parametrize("works", [Role.INVESTIGATOR, Role.PARTNER_INVESTIGATOR])
def test_no_account_is_made_for_both(world, cast, supports, works):
    name = secrets.token_hex(4)
    roles = [supports, works]
    with pytest.raises(Invalid), db.transaction(cast.adam):
        create_person(name, name, roles)
