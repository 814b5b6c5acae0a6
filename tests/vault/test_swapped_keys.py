"""Keys of people and desks that are swapped in the database open nothing."""

from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import text

from auth.sessions import resume, sign_in
from casework.commands.intake import file_report
from core import db
from core.errors import Invalid
from tests.conftest import PASSWORD
from tests.vault.lying import changed
from vault.crypto import Tampered, new_pair


def held_of(raw, world, *desks):
    rows = text(
        "SELECT * FROM held_keys WHERE holder_id = ANY(:desks)"
        " AND by_id = ANY(:people) ORDER BY holder_id, by_id"
    )
    values = {
        "desks": [world.made.desks[desk] for desk in desks],
        "people": list(world.made.people.values()),
    }
    return raw.execute(rows, values).all()


def test_a_desks_key_opens_in_the_place_of_no_other(signed_in, world, raw):
    """Of another member, of another desk."""
    names = {id: name for name, id in world.made.people.items()}
    found = held_of(raw, world, "investigation_a", "care")
    assert len(found) == 4
    for here, there in permutations(found, 2):
        actor = signed_in[names[here.by_id]]
        key = {"holder_id": here.holder_id, "by_id": here.by_id}
        ring = replace(actor.keyring, _desks={})
        with (
            changed(raw, "held_keys", key, sealed_key=there.sealed_key),
            db.transaction(actor),
            pytest.raises(Tampered),
        ):
            ring.newest(here.holder_id)


@pytest.mark.parametrize("to", [0, 2])
def test_a_desks_key_under_another_generation_is_noticed(signed_in, world, raw, to):
    desk_id, ines = world.made.desks["legal"], signed_in["lena"]
    ring, key = replace(ines.keyring, _desks={}), {"holder_id": desk_id}
    with (
        changed(raw, "held_keys", {**key, "by_id": ines.id}, generation=to),
        db.transaction(ines),
        pytest.raises(Tampered),
    ):
        ring.newest(desk_id)


def test_a_private_key_opens_for_nobody_else_and_in_no_other_session(world, raw):
    cookie = sign_in("theo", PASSWORD, world.pepper)
    theo, adam = (world.made.people[name] for name in ("theo", "adam"))
    query = "SELECT {} FROM {} WHERE person_id = :id"
    other = raw.execute(
        text(query.format("salt, sealed_key", "credentials")), {"id": adam}
    ).one()
    with (
        changed(raw, "credentials", {"person_id": theo}, **other._asdict()),
        pytest.raises(Invalid),
    ):
        sign_in("theo", PASSWORD, world.pepper)
    sign_in("adam", PASSWORD, world.pepper)
    found = text(query.format("sealed_key", "sessions"))
    sealed = raw.scalars(found, {"id": adam}).first()
    mine = raw.scalars(text(query.format("id", "sessions")), {"id": theo}).all()
    for session_id in mine:
        with changed(raw, "sessions", {"id": session_id}, sealed_key=sealed):
            assert resume(cookie) is None or len(mine) > 1
    assert resume(cookie)


DESKS = ("intake_nbo", "coordination", "investigation_a", "care", "duty")


def test_these_are_all_to_whom_a_filing_seals(world, raw, case_id):
    rows = text("SELECT DISTINCT holder_id FROM key_grants WHERE case_id = :case")
    desks = {world.made.desks[name] for name in DESKS}
    found = set(raw.scalars(rows, {"case": case_id}))
    assert found == desks | {world.made.people["amina"]}


@pytest.mark.parametrize("who", [*DESKS, "amina"])
def test_nothing_is_filed_to_a_swapped_public_key(
    signed_in, world, raw, make_filing, who
):
    holder_id = world.made.desks.get(who) or world.made.people[who]
    newest = text("SELECT max(generation) FROM holder_keys WHERE holder_id = :id")
    generation = raw.scalar(newest, {"id": holder_id})
    key = {"holder_id": holder_id, "generation": generation}
    amina = signed_in["amina"]
    with (
        changed(raw, "holder_keys", key, public_key=new_pair().public),
        pytest.raises(Tampered),
        db.transaction(amina),
    ):
        file_report(amina, make_filing())
    with db.transaction(amina):
        file_report(amina, make_filing())
