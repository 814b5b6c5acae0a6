"""Values move to the next key, all of them, and nobody else moves them."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from auth import keys
from auth.policy import Compartment
from casework.facts import facts_of
from casework.models.case import Case
from casework.models.progress import Note
from core import db
from core.errors import Stale
from tests.vault import filled
from tests.vault.columns import SEALED
from tests.vault.lying import part, settled, to_renew
from vault import resealing
from vault.compartments import make_boxes
from vault.crypto import Tampered
from vault.holders import KEEPER

MANY = 100
ROUNDS = 12


@pytest.fixture(scope="module")
def moved(signed_in, raw, make_filing):
    """A case whose every key was renewed: the values and keys of before and after."""
    made = filled.fill(signed_in, make_filing(care_summary="She is safe"), raw)
    before, old = filled.values_of(raw, made), dict(made.boxes)
    filled.renew_all(signed_in, raw, made)
    new = filled.boxes_of(signed_in, made)
    after = filled.values_of(raw, made)
    return SimpleNamespace(
        before={(v.column, v.row_id): v for v in before},
        after={(v.column, v.row_id): v for v in after},
        old=old,
        new=new,
    )


@pytest.mark.parametrize("column", SEALED, ids=str)
def test_every_sealed_column_moves_to_the_new_key(moved, column):
    values = {at: value for at, value in moved.after.items() if at[0] is column}
    assert values
    for at, value in values.items():
        was = moved.before[at]
        words = moved.old[was.place].open(column, value.row_id, was.sealed)
        box = moved.new[value.place]
        assert box.open(column, value.row_id, value.sealed) == words
        assert box.version > moved.old[was.place].version
        for version in (box.version, was.place[2]):
            kept = replace(moved.old[was.place], version=version, id=box.id)
            with pytest.raises(Tampered):
                kept.open(column, value.row_id, value.sealed)


def test_nothing_is_left_under_a_key_that_is_gone(moved):
    assert {value.place for value in moved.after.values()} <= moved.new.keys()
    assert not moved.old.keys() & moved.new.keys()


def write_notes(actor, case_id, count):
    with db.transaction(actor) as session:
        facts = facts_of(session.get_one(Case, case_id))
        box = keys.box_for(actor, case_id, Compartment.INVESTIGATION, facts)
        for number in range(count):
            row = Note(id=uuid.uuid4(), case_id=case_id, author_id=actor.id)
            row.text = box.seal(Note.text, row.id, f"Note {number}")
            db.session().add(row)


def read_notes(actor, case_id):
    with db.transaction(actor) as session:
        boxes = actor.keyring.boxes(case_id)
        rows = session.scalars(select(Note).where(Note.case_id == case_id)).all()
        return [open_note(boxes, row) for row in rows]


def open_note(boxes, row):
    version = int.from_bytes(row.text.data[1:5])
    return boxes["investigation", version].open(Note.text, row.id, row.text)


def test_a_hundred_values_move_at_once_and_are_counted(cast, case_id):
    write_notes(cast.ines, case_id, MANY)
    with db.transaction(cast.ines):
        old = cast.ines.keyring.boxes(case_id)["investigation", 1]
        new = make_boxes(case_id, ["investigation"])["investigation", 2]
        with db.serving(KEEPER):
            assert resealing.reseal([old], new) == MANY
            assert resealing.reseal([old], new) == 0
        db.session().rollback()


def test_a_value_that_changed_meanwhile_stops_the_move(cast, case_id, raw, monkeypatch):
    """What would be lost is found: the whole step is given up."""
    write_notes(cast.ines, case_id, 3)
    to_renew(raw, case_id, "investigation")
    put = resealing._put

    def late(place, values):
        raw.execute(
            text("UPDATE notes SET text = text || '\\x00'::bytea WHERE id = :id"),
            {"id": values[0][0]},
        )
        put(place, values)

    monkeypatch.setattr(resealing, "_put", late)
    with pytest.raises(Stale):
        settled(cast.ines, case_id)
    assert list(part(raw, case_id, "investigation")) == [1]


def find(place):
    db.session().execute(resealing._FIND, {**place, "compartment": "report"})


def put(place):
    more = {"table": "reports", "column": "narrative"}
    resealing._put({**place, **more}, [(uuid.uuid4(), b"", b"")])


@pytest.mark.parametrize(
    ("who", "service"),
    [("ines", ""), ("omar", KEEPER), ("adam", KEEPER), ("ines", "sweep")],
)
@pytest.mark.parametrize("act", [find, put])
def test_sealed_values_go_to_no_one_but_the_keeper_for_a_holder(
    cast, case_id, who, service, act
):
    with (
        db.transaction(getattr(cast, who)),
        pytest.raises(DBAPIError, match="only a holder re-seals"),
        db.serving(service),
    ):
        act({"case": case_id, "referral": None})


def test_no_other_column_is_reached_by_re_sealing(cast, case_id):
    place = {"case": case_id, "referral": None, "table": "cases", "column": "stage"}
    with (
        db.transaction(cast.ines),
        pytest.raises(DBAPIError),
        db.serving(KEEPER),
    ):
        resealing._put(place, [(case_id, b"", b"")])


# Several at once


def fresh(actor):
    return replace(actor, keyring=replace(actor.keyring, _desks={}))


def test_nothing_is_written_under_a_key_that_another_renews_meanwhile(
    cast, case_id, raw
):
    write_notes(cast.ines, case_id, 1)
    together = Barrier(2)

    def write():
        for _ in range(ROUNDS):
            together.wait(timeout=30)
            write_notes(fresh(cast.ines), case_id, 1)

    def renew():
        for _ in range(ROUNDS):
            to_renew(raw, case_id, "investigation")
            together.wait(timeout=30)
            settled(fresh(cast.investigator_2), case_id)

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(write), pool.submit(renew)):
            done.result(timeout=120)
    assert len(read_notes(cast.ines, case_id)) == ROUNDS + 1
    assert list(part(raw, case_id, "investigation")) == [ROUNDS + 1]


def test_two_renewals_at_once_make_one(cast, case_id, raw):
    write_notes(cast.ines, case_id, 5)
    to_renew(raw, case_id, "investigation")
    together = Barrier(2)

    def renew(actor):
        together.wait(timeout=30)
        return settled(fresh(actor), case_id).renewed

    with ThreadPoolExecutor(2) as pool:
        renewed = list(pool.map(renew, [cast.ines, cast.investigator_2]))
    assert sorted(map(len, renewed)) == [0, 1]
    assert list(part(raw, case_id, "investigation")) == [2]
    assert len(read_notes(cast.ines, case_id)) == 5
