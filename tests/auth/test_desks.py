"""Desks: who sits there and holds the key, who is away, what ends by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from auth import desks as rules
from auth.actor import SWEEP
from auth.commands import desks
from auth.models import Membership
from auth.policy import DeskKind, Role
from auth.queries import desks as pages
from casework.commands.intake import file_report
from casework.models.case import Case
from core import db
from core.errors import Invalid, NotVisible, WrongStage
from tests.auth.acts import close, do, give, holding, remove, seat
from vault.models import HeldKey, Holder

DAY = timedelta(days=1)


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
        seat(cast.adam, desk[0], stranger)


def test_an_administrator_sits_at_no_desk_of_any_kind(cast, set_up, hire):
    for kind in DeskKind:
        with pytest.raises(Invalid):
            set_up(cast.adam.id, hire(), kind=kind)


def test_a_member_without_the_key_stands_nowhere(cast, desk, hire, signed):
    desk_id, (one, _) = desk
    new = hire()
    seat(cast.adam, desk_id, new)
    assert desk_id not in signed(new).desks
    give(signed(one), desk_id, new)
    member = signed(new)
    assert desk_id in member.desks
    with db.transaction(member):
        assert member.keyring.newest(desk_id)


def test_a_new_member_reads_the_desks_cases_once_they_hold_its_key(
    world, cast, filing, hire, signed
):
    desk_id = world.made.desks["intake_nbo"]
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    new = hire(Role.FOCAL_POINT)
    seat(cast.adam, desk_id, new)

    def seen():
        actor = signed(new)
        with db.transaction(actor) as session:
            boxes = actor.keyring.boxes(case_id)
            return session.get(Case, case_id) is not None, ("report", 1) in boxes

    assert seen() == (False, False)
    give(cast.amina, desk_id, new)
    assert seen() == (True, True)
    remove(cast.adam, desk_id, new)
    assert seen() == (False, False)


def test_a_key_is_given_by_who_holds_it_to_who_waits_for_it(cast, desk, hire, signed):
    desk_id, (one, two) = desk
    new, stranger = hire(), hire()
    seat(cast.adam, desk_id, new)
    for giver in (cast.adam, cast.ines, signed(new), signed(stranger)):
        with pytest.raises(NotVisible):
            give(giver, desk_id, new)
    for receiver in (stranger, two):
        with pytest.raises(Invalid):
            give(signed(one), desk_id, receiver)


def test_no_key_goes_to_who_has_chosen_no_password_yet(
    cast, desk, person_with_code, set_up, signed
):
    desk_id, (one, two) = desk
    new = person_with_code().id
    with pytest.raises(Invalid):
        set_up(two, new)
    seat(cast.adam, desk_id, new)
    with pytest.raises(Invalid) as refused:
        give(signed(one), desk_id, new)
    assert "person" in refused.value.fields
    assert new not in holding(cast.adam, desk_id)


def test_who_leaves_a_desk_loses_its_key_and_can_come_back(cast, desk, signed):
    desk_id, (one, two) = desk
    remove(cast.adam, desk_id, one)
    assert signed(one).desks == ()
    with pytest.raises(Invalid):
        remove(cast.adam, desk_id, two)
    with pytest.raises(NotVisible):
        remove(cast.adam, desk_id, one)
    seat(cast.adam, desk_id, one)
    assert holding(cast.adam, desk_id) == {two}
    give(signed(two), desk_id, one)
    assert holding(cast.adam, desk_id) == {one, two}


def test_a_place_at_a_desk_is_kept_with_its_end(cast, desk):
    desk_id, (one, _) = desk
    remove(cast.adam, desk_id, one)
    with db.transaction(cast.adam) as session:
        places = select(Membership).where(
            Membership.desk_id == desk_id, Membership.person_id == one
        )
        assert [row.left_at is not None for row in session.scalars(places)] == [True]


def test_the_owner_of_a_place_leaves_by_themselves(cast, desk, signed):
    desk_id, (one, two) = desk
    do(signed(one), desks.leave_desk, desk_id)
    assert holding(cast.adam, desk_id) == {two}
    assert signed(one).desks == ()


def test_the_last_who_holds_the_key_cannot_leave(cast, desk, signed):
    desk_id, (one, two) = desk
    do(signed(one), desks.leave_desk, desk_id)
    with pytest.raises(Invalid) as refused:
        do(signed(two), desks.leave_desk, desk_id)
    assert "Nobody else holds" in str(refused.value.fields)
    assert holding(cast.adam, desk_id) == {two}


def test_a_stranger_leaves_no_desk(cast, desk, hire, signed):
    desk_id, _ = desk
    new = hire()
    seat(cast.adam, desk_id, new)
    for who in (cast.ines, cast.adam, signed(new)):
        for command in (desks.leave_desk, desks.be_away, desks.come_back):
            with pytest.raises(NotVisible):
                do(who, command, desk_id)


# Away, and deputies

SOON = (datetime.now(UTC) + timedelta(days=7)).date()


def be_away(actor, desk_id, deputy, **more):
    body = {"until": SOON, "deputy": str(deputy), **more}
    do(actor, desks.be_away, desk_id, **body)


def able(cast, desk_id):
    with db.transaction(cast.adam):
        return rules.able([desk_id]).get(desk_id, set())


def place(cast, desk_id, person_id):
    with db.transaction(cast.adam):
        return rules.place(desk_id, person_id)


def test_a_colleague_who_covers_is_only_named(cast, desk, signed):
    desk_id, (one, two) = desk
    be_away(signed(one), desk_id, two)
    assert able(cast, desk_id) == {two}
    assert holding(cast.adam, desk_id) == {one, two}
    assert desk_id in signed(one).desks
    assert place(cast, desk_id, two).until is None
    assert place(cast, desk_id, one).deputy_id == two


def test_an_absence_lasts_to_the_end_of_its_day_where_the_desk_is(cast, desk, signed):
    desk_id, (one, two) = desk
    be_away(signed(one), desk_id, two)
    until = place(cast, desk_id, one).away_until
    assert until.astimezone(ZoneInfo("Europe/Zurich")).date() == SOON + DAY
    assert until.astimezone(ZoneInfo("Europe/Zurich")).hour == 0


def test_a_deputy_from_outside_sits_there_with_the_key_until_then(
    cast, desk, hire, signed
):
    desk_id, (one, two) = desk
    deputy = hire()
    be_away(signed(one), desk_id, deputy, compared=True)
    assert able(cast, desk_id) == {two, deputy}
    actor = signed(deputy)
    assert desk_id in actor.desks
    with db.transaction(actor):
        assert actor.keyring.newest(desk_id)
    until = place(cast, desk_id, deputy).until
    assert until == place(cast, desk_id, one).away_until


@pytest.mark.parametrize("compared", [None, False])
def test_a_deputy_from_outside_gets_no_key_uncompared(
    cast, desk, hire, signed, compared
):
    desk_id, (one, two) = desk
    deputy = hire()
    with pytest.raises(Invalid) as refused:
        be_away(signed(one), desk_id, deputy, compared=compared)
    assert "compared" in refused.value.fields
    assert able(cast, desk_id) == {one, two}


def test_a_deputy_must_fit_be_there_and_have_a_password_of_their_own(
    cast, desk, hire, person_with_code, signed
):
    desk_id, (one, two) = desk
    waits = hire()
    seat(cast.adam, desk_id, waits)
    for deputy in (one, waits, hire(Role.CARE_OFFICER), person_with_code().id):
        with pytest.raises(Invalid) as refused:
            be_away(signed(one), desk_id, deputy, compared=True)
        assert "deputy" in refused.value.fields
    be_away(signed(two), desk_id, one)
    with pytest.raises(Invalid):
        be_away(signed(one), desk_id, two)


def test_who_is_away_or_only_covers_cannot_go_away(cast, desk, hire, signed):
    desk_id, (one, two) = desk
    deputy = hire()
    be_away(signed(one), desk_id, deputy, compared=True)
    for who in (one, deputy):
        with pytest.raises(WrongStage):
            be_away(signed(who), desk_id, two)


def test_back_early_ends_the_deputys_place_at_once(cast, desk, hire, signed):
    desk_id, (one, two) = desk
    deputy = hire()
    be_away(signed(one), desk_id, deputy, compared=True)
    do(signed(one), desks.come_back, desk_id)
    assert able(cast, desk_id) == {one, two}
    assert holding(cast.adam, desk_id) == {one, two}
    assert signed(deputy).desks == ()
    with pytest.raises(WrongStage):
        do(signed(one), desks.come_back, desk_id)


def test_a_deputy_of_two_stays_until_both_are_back(cast, desk, hire, signed):
    desk_id, (one, two) = desk
    deputy = hire()
    be_away(signed(one), desk_id, deputy, compared=True)
    later = SOON + DAY
    do(signed(two), desks.be_away, desk_id, until=later, deputy=str(deputy))
    assert place(cast, desk_id, deputy).until == place(cast, desk_id, two).away_until
    do(signed(one), desks.come_back, desk_id)
    assert able(cast, desk_id) == {one, deputy}
    do(signed(two), desks.come_back, desk_id)
    assert able(cast, desk_id) == {one, two}


def test_nobody_leaves_a_desk_while_all_the_others_are_away(cast, desk, signed):
    desk_id, (one, two) = desk
    be_away(signed(one), desk_id, two)
    with pytest.raises(Invalid) as refused:
        do(signed(two), desks.leave_desk, desk_id)
    assert "is away now" in str(refused.value.fields)


def test_who_covers_and_is_removed_covers_no_more(cast, desk, hire, signed):
    desk_id, (one, two) = desk
    be_away(signed(one), desk_id, two)
    remove(cast.adam, desk_id, two)
    assert place(cast, desk_id, one).deputy_id is None


# What ends by itself


def expire(world, desk_id, column, person_id):
    past = f"UPDATE memberships SET {column} = now() - interval '1 second'"
    with world.owner() as owner:
        owner.execute(
            text(f"{past} WHERE desk_id = :desk AND person_id = :person"),
            {"desk": desk_id, "person": person_id},
        )


def sweep():
    with db.transaction(SWEEP):
        return rules.end_expired()


def test_a_deputy_counts_no_more_from_that_very_moment(world, cast, desk, hire, signed):
    desk_id, (one, two) = desk
    deputy = hire()
    be_away(signed(one), desk_id, deputy, compared=True)
    expire(world, desk_id, "until", deputy)
    assert able(cast, desk_id) == {two}
    assert holding(cast.adam, desk_id) == {one, two}
    assert signed(deputy).desks == ()


def test_the_sweep_ends_what_is_over_and_takes_its_key(world, cast, desk, hire, signed):
    sweep()
    desk_id, (one, _) = desk
    deputy = hire()
    be_away(signed(one), desk_id, deputy, compared=True)
    assert sweep() == 0
    expire(world, desk_id, "until", deputy)
    expire(world, desk_id, "away_until", one)
    assert sweep() == 2
    assert sweep() == 0
    with db.transaction(cast.adam) as session:
        assert session.get(HeldKey, (desk_id, deputy)) is None
        assert session.get(Holder, desk_id).renew_since is not None
    back = place(cast, desk_id, one)
    assert (back.away_until, back.deputy_id) == (None, None)
    with pytest.raises(NotVisible):
        place(cast, desk_id, deputy)


def test_a_deputy_who_coordinated_confirms_nothing_once_the_time_is_over(
    world, cast, hire, signed
):
    desk_id = world.made.desks["coordination"]
    deputy = hire(Role.COORDINATOR)
    be_away(cast.coordinator_2, desk_id, deputy, compared=True)
    allowed = select(text("may_route()"))
    try:
        with db.transaction(signed(deputy)) as session:
            assert session.scalar(allowed)
        expire(world, desk_id, "until", deputy)
        with db.transaction(signed(deputy)) as session:
            assert not session.scalar(allowed)
    finally:
        do(cast.coordinator_2, desks.come_back, desk_id)


# What the pages say


def alarms(actor):
    with db.transaction(actor):
        return {row.id for row in pages.alarms(actor)}


def test_a_desk_that_nobody_can_open_raises_an_alarm(cast, desk, signed):
    desk_id, (one, two) = desk
    assert desk_id not in alarms(cast.adam)
    close(cast.adam, one)
    assert desk_id not in alarms(cast.adam)
    close(cast.adam, two)
    assert desk_id in alarms(cast.adam)
    assert desk_id in alarms(cast.cora)
    assert alarms(cast.ines) == alarms(cast.theo) == set()


def test_a_desk_whose_only_holder_is_away_raises_an_alarm(world, cast, desk):
    desk_id, (one, two) = desk
    remove(cast.adam, desk_id, one)
    with world.owner() as owner:
        owner.execute(
            text(
                "UPDATE memberships SET away_until = now() + interval '1 day'"
                " WHERE desk_id = :desk AND person_id = :person"
            ),
            {"desk": desk_id, "person": two},
        )
    assert desk_id in alarms(cast.cora)


def test_a_desk_shows_its_key_and_whether_it_waits(world, cast, desk):
    desk_id, (one, _) = desk

    def shown():
        with db.transaction(cast.adam):
            line = pages.desk(cast.adam, desk_id).line
        return line.generation, line.renew_since is not None, line.holding, line.able

    assert shown() == (1, False, 2, 2)
    remove(cast.adam, desk_id, one)
    assert shown() == (1, True, 1, 1)
