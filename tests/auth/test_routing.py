"""Where cases go: never nowhere, and never to whom a complaint is about."""

from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text

from auth import routing
from auth.commands.changes import ask_for_route
from auth.policy import DeskKind
from casework.commands.intake import file_report
from core import db
from core.errors import Invalid
from tests.auth.acts import confirm, do

# Kind, on a conflict, desks where nobody is able, where it goes. Of Nairobi.
GOES = [
    ("intake", False, [], "intake_nbo"),
    ("intake", False, ["intake_nbo"], "intake_hq"),
    ("intake", False, ["intake_nbo", "intake_hq"], "coordination"),
    ("intake", False, ["intake_nbo", "intake_hq", "coordination"], "intake_nbo"),
    ("intake", False, ["intake_hq", "coordination"], "intake_nbo"),
    ("intake", True, [], "intake_hq"),
    ("intake", True, ["intake_nbo"], "intake_hq"),
    ("intake", True, ["intake_hq"], "coordination"),
    ("intake", True, ["intake_hq", "coordination"], "intake_hq"),
    ("intake", True, ["intake_nbo", "intake_hq", "coordination"], "intake_hq"),
    ("investigation", False, [], "investigation_a"),
    ("investigation", False, ["investigation_a"], "investigation_b"),
    (
        "investigation",
        False,
        ["investigation_a", "investigation_b"],
        "investigation_a",
    ),
    ("investigation", True, [], "investigation_b"),
    ("investigation", True, ["investigation_b"], "investigation_b"),
    ("care", False, [], "care"),
    ("care", False, ["care"], "care"),
    ("care", True, ["care"], "care"),
    ("coordination", False, ["coordination"], "coordination"),
]


@contextmanager
def nobody_able(world, desk):
    """Send everybody of a desk away for a while."""
    setting = "UPDATE memberships SET away_until = {} WHERE desk_id = :desk"
    place = {"desk": world.made.desks[desk]}
    with world.owner() as owner:
        owner.execute(text(setting.format("now() + interval '1 day'")), place)
    try:
        yield
    finally:
        with world.owner() as owner:
            owner.execute(text(setting.format("NULL")), place)


@pytest.mark.parametrize(("kind", "conflicted", "unable", "desk"), GOES)
def test_a_case_goes_to_the_first_desk_that_is_able(
    world, cast, kind, conflicted, unable, desk
):
    with ExitStack() as stack:
        for each in unable:
            stack.enter_context(nobody_able(world, each))
        with db.transaction(cast.amina):
            found = routing.route(world.made.offices["NBO"], DeskKind(kind), conflicted)
    assert found == world.made.desks[desk]


@pytest.mark.parametrize("conflicted", [True, False])
def test_a_report_is_taken_though_nobody_is_able_anywhere(
    world, cast, filing, conflicted
):
    with ExitStack() as stack:
        for desk in ("intake_nbo", "intake_hq", "coordination", "care"):
            stack.enter_context(nobody_able(world, desk))
        with db.transaction(cast.amina):
            assert file_report(cast.amina, filing(conflicted=conflicted)).id


def test_an_office_without_a_route_takes_no_report(cast, office):
    with pytest.raises(Invalid), db.transaction(cast.amina):
        routing.route(office, DeskKind.INTAKE, conflicted=False)


def test_intake_without_an_alternative_takes_no_report_about_itself(
    cast, world, office
):
    desk_id = world.made.desks["intake_hq"]
    do(cast.adam, ask_for_route, office, kind=DeskKind.INTAKE, desk=str(desk_id))
    confirm(cast.cora, office)
    with db.transaction(cast.amina):
        assert routing.route(office, DeskKind.INTAKE, conflicted=False) == desk_id
        with pytest.raises(Invalid):
            routing.route(office, DeskKind.INTAKE, conflicted=True)
