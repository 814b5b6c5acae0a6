"""Where one stands on a case, what follows, and who is given or loses a standing."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from auth import access, keys
from auth.actor import INTAKE, Actor
from auth.policy import Compartment, Facts, May, Standing
from casework.commands.intake import file_report
from core import db
from core.errors import Forbidden, Invalid, NotVisible


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing()).id


def stand(cast, case_id, who):
    with db.transaction(getattr(cast, who)):
        return access.standings(getattr(cast, who), case_id)


BY = {Standing.CARE_OFFICER: "salma", Standing.PROVIDER: "salma"}
BY |= {Standing.PARTNER_INVESTIGATOR: "ines"}


def give(cast, case_id, who, kind, **more):
    """Let somebody who may give it give a standing."""
    with db.transaction(getattr(cast, BY.get(kind, "cora"))):
        access.give(case_id, getattr(cast, who).id, kind, "test", **more)


@pytest.mark.parametrize(
    ("who", "kinds"),
    [
        ("amina", {Standing.INTAKE}),
        ("mallory", {Standing.INTAKE}),
        ("cora", {Standing.LEAD}),
        ("ines", {Standing.INVESTIGATOR}),
        ("salma", {Standing.CARE_OFFICER}),
        ("omar", set()),
        ("lena", set()),
        ("theo", set()),
        ("adam", set()),
        ("pia", set()),
    ],
)
def test_a_new_case_is_stood_on_by_the_desks_it_goes_to(cast, case_id, who, kinds):
    assert stand(cast, case_id, who) == kinds


def test_on_a_conflict_another_desk_takes_it(cast, filing):
    with db.transaction(INTAKE):
        case_id = file_report(INTAKE, filing(conflicted=True)).id
    assert stand(cast, case_id, "amina") == set()
    assert stand(cast, case_id, "bruno") == {Standing.INTAKE}
    assert stand(cast, case_id, "omar") == {Standing.INVESTIGATOR}


def test_who_does_not_stand_on_a_case_does_not_see_that_it_is_there(cast, case_id):
    for who in ("omar", "theo", "adam", "pia"):
        for case in (case_id, uuid.uuid4()):
            with db.transaction(getattr(cast, who)), pytest.raises(NotVisible):
                access.require(getattr(cast, who), May.SEE_CASE, case)


def test_who_stands_on_a_case_is_told_what_is_not_theirs(cast, case_id):
    with db.transaction(cast.ines):
        assert access.require(cast.ines, May.DECIDE, case_id) == {Standing.INVESTIGATOR}
        with pytest.raises(Forbidden):
            access.require(cast.ines, May.CARE, case_id)


@pytest.mark.parametrize("who", ["amina", "ines", "cora"])
@pytest.mark.parametrize("action", May)
def test_the_barred_may_nothing(cast, case_id, who, action):
    give(cast, case_id, who, Standing.BARRED)
    with db.transaction(getattr(cast, who)), pytest.raises(NotVisible):
        access.require(getattr(cast, who), action, case_id)


def test_an_act_on_no_case_in_particular_goes_by_role(cast):
    access.require_role(cast.amina, May.LOG_REPORT)
    for who, action in (("theo", May.LOG_REPORT), ("amina", May.VERIFY_AUDIT)):
        with pytest.raises(NotVisible):
            access.require_role(getattr(cast, who), action)
    with pytest.raises(NotVisible):
        access.require_role(INTAKE, May.LOG_REPORT)


def test_the_same_standing_is_given_once(cast, case_id, world):
    for _ in range(2):
        give(cast, case_id, "omar", Standing.INVESTIGATOR)
    with world.owner() as connection:
        query = text(
            "SELECT count(*) FROM standings WHERE case_id = :case AND holder_id = :omar"
        )
        values = {"case": case_id, "omar": cast.omar.id}
        assert connection.scalar(query, values) == 1


def test_giving_and_ending_are_on_the_cases_chain(cast, case_id, world):
    give(cast, case_id, "omar", Standing.INVESTIGATOR)
    with db.transaction(cast.cora):
        access.end(case_id, cast.omar.id, Standing.INVESTIGATOR, "test")
    with world.owner() as connection:
        query = text(
            "SELECT action, actor FROM audit_rows WHERE subject = :case"
            " AND detail LIKE :who ORDER BY seq"
        )
        values = {"case": case_id, "who": f"%{cast.omar.id}%"}
        rows = connection.execute(query, values).all()
    by = str(cast.cora.id)
    assert rows == [("standing:given", by), ("standing:ended", by)]


def test_a_standing_that_is_not_there_cannot_be_ended(cast, case_id):
    with db.transaction(cast.cora), pytest.raises(NotVisible):
        access.end(case_id, cast.omar.id, Standing.INVESTIGATOR, "test")


def test_a_standing_on_a_referral_is_not_ended_with_that_on_the_case(cast, case_id):
    with db.transaction(cast.cora), pytest.raises(NotVisible):
        access.end(
            case_id,
            cast.salma.id,
            Standing.CARE_OFFICER,
            "test",
            referral_id=uuid.uuid4(),
        )


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        ("salma", Standing.INVESTIGATOR),
        ("care_2", Standing.PARTNER_INVESTIGATOR),
        ("ines", Standing.CARE_OFFICER),
        ("investigator_2", Standing.PROVIDER),
    ],
)
def test_who_supports_by_a_desk_does_not_investigate_and_back(cast, case_id, who, kind):
    with pytest.raises(Invalid) as refused:
        give(cast, case_id, who, kind)
    assert "person" in refused.value.fields


def test_support_and_investigation_do_not_meet_in_ones_own_name(cast, case_id):
    give(cast, case_id, "lena", Standing.CARE_OFFICER)
    with pytest.raises(Invalid):
        give(cast, case_id, "lena", Standing.INVESTIGATOR)
    give(cast, case_id, "lena", Standing.LEGAL_OFFICER)


def test_anyone_can_be_barred_whatever_they_are(cast, case_id):
    for who in ("salma", "ines", "omar"):
        give(cast, case_id, who, Standing.BARRED)
        assert stand(cast, case_id, who) == set()


def holders(cast, case_id, facts=None, by="cora"):
    with db.transaction(getattr(cast, by)):
        return keys.should_hold(case_id, facts or Facts())


def test_keys_are_wanted_by_the_desks_and_the_one_who_logged_it(cast, case_id, world):
    desks, made = world.made.desks, holders(cast, case_id)
    assert made["report"].open == {
        *(desks["intake_nbo"], desks["coordination"], desks["investigation_a"]),
        cast.amina.id,
    }
    assert made["report"].gated == {desks["duty"]}
    assert made["care"].open == {desks["care"]}
    assert desks["investigation_a"] not in made["survivor"].all


def test_consent_and_hand_over_change_who_wants_keys(cast, case_id, world):
    desks = world.made.desks
    shared = holders(cast, case_id, Facts(identity_shared=True))
    assert desks["investigation_a"] in shared["survivor"].open
    handed = holders(cast, case_id, Facts(handed_over=True))
    assert desks["intake_nbo"] not in handed["report"].all
    assert desks["intake_nbo"] in handed["thread"].open


def test_a_desk_with_a_barred_member_gives_way_to_its_others(cast, case_id, world):
    give(cast, case_id, "investigator_2", Standing.BARRED)
    wanted = holders(cast, case_id)["investigation"].open
    assert wanted == {cast.ines.id}


def test_a_barred_desk_bars_its_members(cast, case_id, world):
    desk_id = world.made.desks["investigation_a"]
    give(cast, case_id, "ines", Standing.INVESTIGATOR)
    with db.transaction(cast.cora):
        access.give(case_id, desk_id, Standing.BARRED, "test")
    assert holders(cast, case_id)["investigation"].all == set()
    assert stand(cast, case_id, "ines") == set()


def test_nobody_new_at_a_desk_takes_its_place(cast, case_id, world):
    """An administrator seats someone; without the desk's key they count for nothing."""
    desk_id = world.made.desks["investigation_a"]
    with db.transaction(cast.adam) as session:
        session.execute(
            text(
                "INSERT INTO memberships (id, desk_id, person_id, joined_at)"
                " VALUES (gen_random_uuid(), :desk, :omar, now())"
            ),
            {"desk": desk_id, "omar": cast.omar.id},
        )
    give(cast, case_id, "investigator_2", Standing.BARRED)
    wanted = holders(cast, case_id)["investigation"].open
    with world.owner() as connection:
        gone = "DELETE FROM memberships WHERE desk_id = :desk AND person_id = :omar"
        values = {"desk": desk_id, "omar": cast.omar.id}
        assert connection.execute(text(gone), values).rowcount == 1
    assert wanted == {cast.ines.id}


def test_a_box_goes_to_who_may_write_and_to_no_one_else(cast, case_id):
    with db.transaction(cast.ines):
        box = keys.box_for(cast.ines, case_id, Compartment.FINAL, Facts())
        assert box.name == "final"
        with pytest.raises(Forbidden):
            keys.box_for(cast.ines, case_id, Compartment.CARE, Facts())


def test_keys_that_cannot_be_given_yet_are_named(cast, case_id):
    with db.transaction(cast.salma):
        keys.box_for(cast.salma, case_id, Compartment.CARE, Facts())
    give(cast, case_id, "lena", Standing.CARE_OFFICER)
    with db.transaction(cast.cora):
        left = keys.settle(cast.cora, case_id, Facts())
    care = {part for part, who in left.missing if who == cast.lena.id}
    assert "care" in care


@pytest.mark.parametrize(
    ("by", "kind"),
    [
        ("cora", Standing.CARE_OFFICER),
        ("cora", Standing.PARTNER_INVESTIGATOR),
        ("salma", Standing.INVESTIGATOR),
        ("salma", Standing.LEAD),
        ("ines", Standing.LEAD),
        ("ines", Standing.CARE_OFFICER),
        ("amina", Standing.INVESTIGATOR),
        ("cora", Standing.EMERGENCY),
        ("cora", Standing.DUTY),
    ],
)
def test_nobody_gives_a_standing_beyond_their_own(cast, case_id, by, kind):
    actor = getattr(cast, by)
    with db.transaction(actor), pytest.raises(Forbidden):
        access.give(case_id, cast.lena.id, kind, "test")
    planted = text(
        "INSERT INTO standings (id, case_id, holder_id, kind, reason, started_at)"
        " VALUES (gen_random_uuid(), :case, :who, :kind, 'test', now())"
    )
    values = {"case": case_id, "who": cast.lena.id, "kind": kind}
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        db.transaction(actor) as session,
    ):
        session.execute(planted, values)


def test_a_standing_ends_by_itself(cast, case_id, world, now):
    later = now + timedelta(minutes=60)
    with db.transaction(cast.cora):
        access.give(case_id, cast.lena.id, Standing.LEGAL_OFFICER, "test", until=later)
    assert stand(cast, case_id, "lena") == {Standing.LEGAL_OFFICER}
    with db.transaction(cast.lena, later):
        assert access.standings(cast.lena, case_id) == set()
    past = "UPDATE standings SET until = now() WHERE case_id = :c AND holder_id = :who"
    with world.owner() as connection:
        connection.execute(text(past), {"c": case_id, "who": cast.lena.id})
    with db.transaction(cast.lena) as session:
        seen = text("SELECT count(*) FROM cases WHERE id = :case")
        assert session.scalar(seen, {"case": case_id}) == 0


def test_from_a_duty_desk_a_case_looks_absent(cast, case_id):
    for action in set(May) - {May.BREAK_GLASS}:
        with db.transaction(cast.focal_3), pytest.raises(NotVisible):
            access.require(cast.focal_3, action, case_id)
    with db.transaction(cast.focal_3) as session:
        seen = text("SELECT count(*) FROM cases WHERE id = :case")
        assert session.scalar(seen, {"case": case_id}) == 0
        assert cast.focal_3.keyring.boxes(case_id) == {}


def test_a_claimed_desk_opens_no_keys(cast, case_id, world):
    """Whoever could claim a desk still holds none of its keys."""
    claiming = replace(cast.omar, desks=(world.made.desks["investigation_a"],))
    with db.transaction(claiming):
        assert access.standings(claiming, case_id) == {Standing.INVESTIGATOR}
        assert claiming.keyring.boxes(case_id) == {}


def test_a_service_stands_on_nothing(case_id):
    for actor in (INTAKE, Actor(service="stats")):
        with db.transaction(actor):
            assert access.standings(actor, case_id) == set()
