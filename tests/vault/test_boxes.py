"""Every sealed column of the program, whatever is done to what it holds.

Columns are found from the mapper, so that a new one is covered on the day it is made.
"""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, literal, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute

from auth.policy import Compartment
from core.db import Base
from tests.vault.columns import SEALED
from vault.boxes import HEADER, Box, compartment_of, new_box, version_of
from vault.crypto import Tampered
from vault.sealed import Sealed, SealedType

CASE, ROW = uuid.uuid4(), uuid.uuid4()
WORDS = "She was told that help had a price."
COLUMNS = pytest.mark.parametrize("column", SEALED, ids=str)


def box_of(column: InstrumentedAttribute[Any]) -> Box:
    return new_box(CASE, compartment_of(column))


def changed(sealed: Sealed, place: int, bit: int = 1) -> Sealed:
    data = bytearray(sealed.data)
    data[place] ^= bit
    return Sealed(bytes(data))


def test_there_are_sealed_columns_in_every_compartment_but_none_elsewhere():
    assert {compartment_of(column) for column in SEALED} == set(Compartment)


@COLUMNS
@settings(max_examples=12)
@given(words=st.text(max_size=120))
def test_what_is_sealed_opens_to_the_same_words(column, words):
    box = box_of(column)
    assert box.open(column, ROW, box.seal(column, ROW, words)) == words


@COLUMNS
def test_nothing_stays_nothing(column):
    box = box_of(column)
    assert box.seal(column, ROW, None) is None
    assert box.open(column, ROW, None) is None


@COLUMNS
def test_a_field_opens_in_no_other_row(column):
    box = box_of(column)
    with pytest.raises(Tampered):
        box.open(column, uuid.uuid4(), box.seal(column, ROW, WORDS))


@COLUMNS
def test_a_field_opens_in_no_other_case(column):
    sealed = box_of(column).seal(column, ROW, WORDS)
    with pytest.raises(Tampered):
        box_of(column).open(column, ROW, sealed)


@COLUMNS
def test_a_field_opens_in_no_compartment_made_beside_its_own(column):
    """The same key under another compartment's id: the binding alone must tell."""
    box = box_of(column)
    other = replace(box, id=uuid.uuid4())
    with pytest.raises(Tampered):
        other.open(column, ROW, box.seal(column, ROW, WORDS))


@COLUMNS
def test_a_field_opens_in_no_other_column_of_its_compartment(column):
    box = box_of(column)
    sealed = box.seal(column, ROW, WORDS)
    for other in SEALED:
        if other is not column and compartment_of(other) == box.name:
            with pytest.raises(Tampered):
                box.open(other, ROW, sealed)


@COLUMNS
def test_a_box_refuses_a_column_of_another_compartment(column):
    others = [name for name in Compartment if name != compartment_of(column)]
    sealed = box_of(column).seal(column, ROW, WORDS)
    for name in others:
        box = new_box(CASE, name)
        with pytest.raises(TypeError):
            box.seal(column, ROW, WORDS)
        with pytest.raises(TypeError):
            box.open(column, ROW, sealed)


@COLUMNS
def test_a_field_opens_under_no_other_version(column):
    box = box_of(column)
    newer = replace(box, version=2)
    sealed = box.seal(column, ROW, WORDS)
    with pytest.raises(Tampered):
        newer.open(column, ROW, sealed)
    relabelled = Sealed(sealed.data[:1] + (2).to_bytes(4) + sealed.data[HEADER:])
    with pytest.raises(Tampered):
        newer.open(column, ROW, relabelled)


@COLUMNS
def test_a_changed_byte_is_noticed_wherever_it_is(column):
    box = box_of(column)
    sealed = box.seal(column, ROW, WORDS)
    for place in range(len(sealed.data)):
        with pytest.raises(Tampered):
            box.open(column, ROW, changed(sealed, place, 1 << place % 8))


@COLUMNS
def test_what_is_cut_or_lengthened_is_noticed(column):
    box = box_of(column)
    data = box.seal(column, ROW, WORDS).data
    for other in (b"", data[:1], data[:HEADER], data[:-1], data[1:], data + b"\0"):
        with pytest.raises(Tampered):
            box.open(column, ROW, Sealed(other))


@COLUMNS
def test_plain_words_in_the_database_are_not_taken_for_sealed_ones(column):
    for plain in (b"", WORDS.encode(), b"\x01\x00\x00\x00\x01" + WORDS.encode()):
        with pytest.raises(Tampered):
            box_of(column).open(column, ROW, Sealed(plain))


@COLUMNS
def test_a_sealed_column_takes_no_bare_words(column):
    for value in (WORDS, WORDS.encode(), 7, ""):
        with pytest.raises(TypeError, match="sealed column"):
            column.type.process_bind_param(value, postgresql.dialect())


@COLUMNS
def test_a_sealed_column_is_compared_with_nothing(column):
    for compare in (
        lambda: column == WORDS,
        lambda: column != WORDS,
        lambda: column < WORDS,
        lambda: column < WORDS,
        lambda: column.in_([WORDS]),
        lambda: column.like("%price%"),
        lambda: column.ilike("%price%"),
        lambda: column.startswith("She"),
        lambda: column.contains("price"),
        lambda: column.between("a", "b"),
        lambda: column + WORDS,
        lambda: column.op("~")(WORDS),
        column.desc,
        lambda: column == column,
        lambda: column.is_(literal(WORDS)),
    ):
        with pytest.raises(TypeError, match="sealed column"):
            compare()


@COLUMNS
def test_whether_a_field_is_empty_can_be_asked(column):
    for asked in (column.is_(None), column.is_not(None), column == None):  # noqa: E711
        assert "NULL" in str(select(column).where(asked))


@COLUMNS
def test_a_sealed_column_is_written_into_no_statement(column):
    sealed = box_of(column).seal(column, ROW, WORDS)
    statement = update(column.class_).values({column.key: sealed})
    with pytest.raises(TypeError, match="literal"):
        column.type.process_literal_param(sealed, postgresql.dialect())
    with pytest.raises(Exception, match="literal"):
        statement.compile(
            dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
        )


def test_only_sealed_columns_have_a_compartment():
    for mapper in Base.registry.mappers:
        for attribute in inspect(mapper.class_).column_attrs:
            column = getattr(mapper.class_, attribute.key)
            if not isinstance(column.type, SealedType):
                with pytest.raises(TypeError):
                    compartment_of(column)


def test_a_box_and_what_it_sealed_show_nothing():
    column = SEALED[0]
    box = box_of(column)
    sealed = box.seal(column, ROW, WORDS)
    for thing in (box, sealed):
        for shown in (str(thing), repr(thing), f"{thing}", f"{thing!r}", f"{[thing]}"):
            assert shown.strip("[]") in ("<sealed>", f"<Box {box.name}>")
    assert f"{sealed:>30}" == "<sealed>"
    assert f"{sealed!s}" == "<sealed>"


def test_two_sealed_fields_are_never_equal_by_their_bytes():
    assert Sealed(b"same") != Sealed(b"same")


def test_lengths_of_words_show_only_in_steps_of_32_bytes():
    column = SEALED[0]
    box = box_of(column)
    sizes = {len(box.seal(column, ROW, "x" * n).data) for n in range(32)}
    assert len(sizes) == 1
    assert len(box.seal(column, ROW, "x" * 32).data) == sizes.pop() + 32


def test_every_box_has_a_key_of_its_own_and_says_its_version():
    made = [new_box(CASE, "report", version=7) for _ in range(50)]
    assert len({box.key for box in made}) == len({box.id for box in made}) == 50
    column = next(c for c in SEALED if compartment_of(c) == "report")
    assert version_of(made[0].seal(column, ROW, WORDS)) == 7


def test_a_grant_is_bound_to_compartment_case_name_version_and_holder():
    box, who = new_box(CASE, "report"), uuid.uuid4()
    changes = (
        {"id": uuid.uuid4()},
        {"case_id": uuid.uuid4()},
        {"name": "care"},
        {"version": 2},
    )
    infos = {replace(box, **change).grant_info(who, 1) for change in changes}
    infos |= {box.grant_info(who, 1), box.grant_info(who, 2)}
    infos.add(box.grant_info(uuid.uuid4(), 1))
    assert len(infos) == 3 + len(changes)
