"""People and desks of one's own, made as an administrator and a coordinator do."""

import uuid

import pytest

from auth import accounts, sessions
from auth.models import Person
from auth.policy import DeskKind, Role
from core import db
from tests.auth.acts import confirm, create_desk
from tests.conftest import PASSWORD
from tests.people import hire as hire_somebody
from tests.people import opened


@pytest.fixture
def hire(world, cast):
    """Register somebody: `hire(Role.INVESTIGATOR)` returns their id."""

    def hire_one(*roles, **more):
        return hire_somebody(world, cast.adam, roles or [Role.INVESTIGATOR], **more).id

    return hire_one


@pytest.fixture
def person_with_code(cast):
    """Register somebody who has chosen no password yet."""

    def open_one(role=Role.INVESTIGATOR):
        return opened(cast.adam, [role])[0]

    return open_one


@pytest.fixture
def signed(world, cast):
    """Sign somebody in, by id."""

    def sign_one(person_id, password=PASSWORD):
        with db.transaction(cast.adam) as session:
            username = session.get_one(Person, person_id).username
        cookie = sessions.sign_in(username, password, world.pepper, uuid.uuid4().hex)
        return sessions.resume(cookie).actor

    return sign_one


@pytest.fixture
def set_up(world, cast):
    """Make a desk of somebody's, which a coordinator confirms: returns its id."""

    def make(*members, kind=DeskKind.INVESTIGATION):
        office_id = world.made.offices["GVA"]
        desk_id = create_desk(cast.adam, office_id, members, kind)
        confirm(cast.cora, desk_id)
        return desk_id

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
