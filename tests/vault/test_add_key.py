"""Who makes which key: the decision of the database, line by line."""

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from auth.actor import INTAKE, SETUP
from auth.changes import Kind, ask
from core import db
from tests.auth.acts import waiting
from vault import holders
from vault.crypto import fingerprint, new_pair
from vault.models import Holder


@pytest.fixture
def desk(hire, set_up, signed):
    """A desk of three, signed in."""
    people = [hire() for _ in range(3)]
    desk_id = set_up(*people)
    return desk_id, [signed(person) for person in people]


def first_person(_):
    return uuid.uuid4(), "person", None


def first_desk(_):
    return uuid.uuid4(), "desk", None


def next_desk(desk_id):
    return desk_id, "desk", b"older"


def next_desk_without_the_one_before(desk_id):
    return desk_id, "desk", None


def next_person(_):
    return None, "person", None


def person_under_a_desks_id(desk_id):
    return desk_id, "person", None


OUTSIDE = ("theo", "pia", "amina", "ines", "salma", "mallory")
DECIDES = [
    *((who, first_person, False) for who in ("adam", "cora", *OUTSIDE)),
    *((who, first_desk, who == "cora") for who in ("adam", "cora", *OUTSIDE)),
    *((who, next_desk, who == "member") for who in ("member", "adam", "cora", "ines")),
    *((who, next_desk_without_the_one_before, False) for who in ("member", "cora")),
    *((who, next_person, False) for who in ("member", "adam", "cora", "ines")),
    *((who, person_under_a_desks_id, False) for who in ("member", "adam", "cora")),
    *(("a service", make, False) for make in (first_person, first_desk, next_desk)),
    *(("the owner", make, True) for make in (first_person, first_desk)),
    *(("the owner", make, False) for make in (next_desk, next_person)),
]


@pytest.mark.parametrize(("who", "make", "allowed"), DECIDES)
def test_a_key_is_made_by_whom_the_database_lets(
    world, raw, cast, desk, who, make, allowed
):
    desk_id, (one, *_) = desk
    holder_id, kind, older = make(desk_id)
    values = (holder_id or cast.omar.id, kind, new_pair().public, older)
    actor = {"member": one, "a service": INTAKE, "the owner": SETUP}.get(who)
    actor = actor or getattr(cast, who)
    newest = text("SELECT max(generation) FROM holder_keys WHERE holder_id = :id")
    before = raw.scalar(newest, {"id": values[0]}) or 0
    where = world.where.owner if who == "the owner" else world.where.app
    db.connect(where)
    try:
        with db.transaction(actor):
            if allowed:
                holders.add_key(*values)
            else:
                with pytest.raises(DBAPIError, match="not yours"):
                    holders.add_key(*values)
                db.session().rollback()
    finally:
        db.connect(world.where.app)
    assert (raw.scalar(newest, {"id": values[0]}) or 0) == before + allowed
    if allowed:
        audited = text("SELECT audited_fingerprint(:id)")
        assert raw.scalar(audited, {"id": values[0]}) == fingerprint(values[2])


@pytest.mark.parametrize("by", ["adam", "cora", "coordinator_2"])
def test_a_persons_next_key_takes_a_confirmed_reset_of_that_very_step(cast, hire, by):
    """Asked for alone it is not enough, nor confirmed at another time."""
    person_id = hire()
    with db.transaction(cast.adam):
        ask(cast.adam, Kind.RESET, person_id, {})
    assert waiting(cast.cora, person_id)
    with (
        pytest.raises(DBAPIError, match="not yours"),
        db.transaction(getattr(cast, by)),
    ):
        holders.add_key(person_id, "person", new_pair().public)


def test_a_desk_that_is_registered_as_a_person_stays_what_it_is(cast, raw):
    """A holder of one kind gets no key of the other."""
    holder_id = uuid.uuid4()
    with db.transaction(cast.adam):
        db.add(Holder(id=holder_id, kind="person"))
    with (
        pytest.raises(DBAPIError, match="another kind"),
        db.transaction(cast.cora),
    ):
        holders.add_key(holder_id, "desk", new_pair().public)
