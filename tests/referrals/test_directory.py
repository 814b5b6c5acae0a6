"""The service directory: who keeps it, and how current it is."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from casework.clocks import State
from core import db
from core.calendar import OfficeCalendar
from core.errors import Invalid, NotVisible, Stale, WrongStage
from referrals.commands.directory import (
    create_service,
    verify_service,
    withdraw_service,
)
from referrals.queries.services import choosable, service, services
from referrals.sla import verification
from tests.referrals.conftest import service_body

NAIROBI = OfficeCalendar(ZoneInfo("Africa/Nairobi"))
CHECKED = datetime(2026, 1, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "standing"),
    [(0, State.RUNNING), (67, State.RUNNING), (68, State.AT_RISK), (90, State.AT_RISK)],
)
def test_a_service_counts_as_current_for_ninety_days(days, standing):
    found = verification(CHECKED, NAIROBI, CHECKED + timedelta(days=days))
    assert (found.state, found.days_ago) == (standing, days)


def test_a_second_later_it_is_to_be_verified_again():
    now = CHECKED + timedelta(days=90, seconds=1)
    assert verification(CHECKED, NAIROBI, now).state == State.OVERDUE


@pytest.mark.parametrize("who", ["salma", "adam"])
def test_care_officers_and_administrators_keep_the_directory(world, cast, who):
    actor = getattr(cast, who)
    body = service_body(world)
    with db.transaction(actor):
        first = create_service(actor, None, body)
    with db.transaction(actor):
        assert create_service(actor, None, body) == first
        line = service(actor, first)
    assert (line.row.name, line.office) == (body["name"], "Nairobi")
    assert (line.desk, line.verification.days_ago) == ("Riverside clinic", 0)


@pytest.mark.parametrize("who", ["amina", "cora", "ines", "pia", "theo"])
def test_nobody_else_changes_it(world, cast, service_id, who):
    actor = getattr(cast, who)
    for command, body in (
        (create_service, service_body(world)),
        (verify_service, {"where": "Here", "hours": "Now"}),
        (withdraw_service, {"why": "closed"}),
    ):
        with pytest.raises(NotVisible), db.transaction(actor):
            command(actor, service_id, body)


def test_row_security_too_keeps_others_from_changing_it(cast, service_id):
    with db.transaction(cast.amina) as session:
        stolen = text("UPDATE services SET desk_id = NULL WHERE id = :id")
        with pytest.raises(ProgrammingError):
            session.execute(stolen, {"id": service_id})
        session.rollback()


@pytest.mark.parametrize("who", ["amina", "cora", "salma", "adam"])
def test_those_who_help_to_refer_see_it(cast, service_id, who):
    actor = getattr(cast, who)
    with db.transaction(actor):
        assert service_id in {line.row.id for line in services(actor)}


@pytest.mark.parametrize("who", ["ines", "pia", "theo", "lena"])
def test_others_do_not_find_it(cast, service_id, who):
    actor = getattr(cast, who)
    with db.transaction(actor):
        with pytest.raises(NotVisible):
            services(actor)
        with pytest.raises(NotVisible):
            service(actor, service_id)


def test_verifying_starts_the_ninety_days_again_and_corrects_the_entry(cast, world):
    salma = cast.salma
    before = datetime.now(UTC) - timedelta(days=100)
    with db.transaction(salma, before):
        service_id = create_service(salma, None, service_body(world))
    with db.transaction(salma):
        assert service(salma, service_id).verification.state == State.OVERDUE
        assert services(salma)[0].row.id == service_id
        verify_service(salma, service_id, {"where": "By the bridge", "hours": "Noon"})
    with db.transaction(salma):
        line = service(salma, service_id)
    assert line.verification.state == State.RUNNING
    assert (line.row.where, line.row.verified_by) == ("By the bridge", salma.id)


def test_a_withdrawn_service_is_offered_no_more_and_stays_as_it_was(cast, service_id):
    salma, office_id = cast.salma, cast.salma.office_id
    with db.transaction(salma):
        assert service_id in {row.id for row in choosable(office_id)}
        withdraw_service(salma, service_id, {"why": "not_safe"})
    with db.transaction(salma):
        assert service_id not in {row.id for row in choosable(office_id)}
        assert service_id not in {line.row.id for line in services(salma)}
        assert service(salma, service_id).row.withdrawn_at
        with pytest.raises(WrongStage):
            verify_service(salma, service_id, {"where": "Here", "hours": "Now"})


def test_a_stale_edit_is_refused(cast, service_id):
    salma, body = cast.salma, {"where": "Here", "hours": "Now", "version": 7}
    with pytest.raises(Stale), db.transaction(salma):
        verify_service(salma, service_id, body)


def test_a_service_that_is_not_there_does_not_exist(cast):
    with pytest.raises(NotVisible), db.transaction(cast.salma):
        withdraw_service(cast.salma, uuid.uuid4(), {"why": "closed"})
    with pytest.raises(NotVisible), db.transaction(cast.salma):
        service(cast.salma, uuid.uuid4())


def test_office_and_desk_must_be_such(world, cast):
    salma = cast.salma
    wrong = {
        "office": service_body(world, office=str(uuid.uuid4())),
        "desk": service_body(world, desk=str(world.made.desks["care"])),
    }
    for field, body in wrong.items():
        with pytest.raises(Invalid) as problem, db.transaction(salma):
            create_service(salma, None, body)
        assert field in problem.value.fields


def test_the_offices_own_services_come_first(world, cast, service_id):
    salma = cast.salma
    bogota = service_body(world, office=str(world.made.offices["BOG"]), kind="legal")
    with db.transaction(salma):
        create_service(salma, None, bogota)
        rows = choosable(world.made.offices["BOG"])
    assert rows[0].office_id == world.made.offices["BOG"]


@pytest.fixture
def service_id(world, cast):
    with db.transaction(cast.salma):
        return create_service(cast.salma, None, service_body(world))
