"""Grants follow what policy says; what cannot be done now waits for the next holder."""

import uuid

from sqlalchemy import text

from core import db
from tests.vault.lying import holding, noted, part, settled
from vault import grants, work
from vault.models import KeyGrant


def test_what_is_as_it_should_be_is_left_alone(cast, case_id, raw):
    rows = "SELECT max(xmin::text) FROM key_grants WHERE case_id = :c"
    before = raw.scalar(text(rows), {"c": case_id})
    assert settled(cast.cora, case_id) == grants.Outcome()
    assert raw.scalar(text(rows), {"c": case_id}) == before


def test_settling_again_lifts_no_gate_whose_condition_is_not_met(
    world, cast, case_id, raw
):
    duty = world.made.desks["duty"]
    assert duty in holding(raw, case_id, "report", gated=True)
    settled(cast.cora, case_id)
    assert duty in holding(raw, case_id, "report", gated=True)
    assert duty not in holding(raw, case_id, "report")


def test_a_gate_is_lifted_by_whoever_comes_once_its_condition_is_met(
    world, cast, case_id, raw
):
    """Also by somebody who holds nothing of what is behind it."""
    duty = world.made.desks["duty"]

    def met(should):
        should["care"].gated.discard(duty)
        should["care"].open.add(duty)

    assert settled(cast.cora, case_id, met) == grants.Outcome()
    assert duty in holding(raw, case_id, "care")


def test_a_grant_behind_a_gate_that_was_open_is_known_and_renewed(
    world, cast, case_id, raw
):
    legal = world.made.desks["legal"]

    def opened(should):
        should["report"].open.add(legal)

    def shut(should):
        should["report"].gated.add(legal)

    settled(cast.cora, case_id, opened)
    assert legal in holding(raw, case_id, "report")
    outcome = settled(cast.cora, case_id, shut)
    assert outcome.renewed == {"report"}
    assert legal in holding(raw, case_id, "report", gated=True)
    assert list(part(raw, case_id, "report")) == [2]


def test_who_does_not_open_it_leaves_the_renewal_to_the_next_who_does(
    world, cast, case_id, raw
):
    legal = world.made.desks["legal"]
    settled(cast.salma, case_id, lambda should: should["care"].open.add(legal))
    assert legal in holding(raw, case_id, "care")
    outcome = settled(cast.cora, case_id)
    assert (outcome.to_renew, outcome.renewed) == ({"care"}, frozenset())
    assert not outcome.waited
    assert noted(raw, case_id) == {"care": True}
    assert legal not in holding(raw, case_id, "care")
    outcome = settled(cast.salma, case_id)
    assert (outcome.to_renew, outcome.renewed) == (frozenset(), {"care"})
    assert outcome.waited
    assert noted(raw, case_id) == {}
    assert list(part(raw, case_id, "care")) == [2]


def test_what_was_to_be_given_becomes_what_is_to_be_renewed(world, cast, case_id, raw):
    """One lacks a key that none can give; then another knew it who should not."""
    legal, omar = world.made.desks["legal"], cast.omar.id
    settled(cast.salma, case_id, lambda should: should["care"].open.add(legal))

    def lacking(should):
        should["care"].open |= {legal, omar}

    assert settled(cast.cora, case_id, lacking).missing == {("care", omar)}
    assert noted(raw, case_id) == {"care": False}
    settled(cast.cora, case_id)
    assert noted(raw, case_id) == {"care": True}


def test_nothing_is_taken_from_the_last_who_holds_it_but_the_gate_is_shut(
    world, cast, case_id, raw
):
    care, omar = world.made.desks["care"], cast.omar.id

    def other(should):
        should["care"].open = {omar}

    outcome = settled(cast.cora, case_id, other)
    assert outcome.missing == {("care", omar)}
    assert outcome.to_renew == {"care"}
    assert holding(raw, case_id, "care") == set()
    assert care in holding(raw, case_id, "care", gated=True)
    settled(cast.salma, case_id)
    assert care in holding(raw, case_id, "care")
    assert list(part(raw, case_id, "care")) == [2]


def test_an_audit_row_names_what_was_done_by_ids_alone(world, cast, case_id, raw):
    legal = world.made.desks["legal"]
    settled(cast.cora, case_id, lambda should: should["report"].open.add(legal))
    settled(cast.cora, case_id)
    rows = text(
        "SELECT action, detail FROM audit_rows WHERE subject = :c"
        " AND action LIKE 'key:%' AND detail LIKE :who ORDER BY seq"
    )
    found = raw.execute(rows, {"c": case_id, "who": f"%report>{legal}%"}).all()
    assert [row.action for row in found] == ["key:given", "key:withdrawn"]


def test_a_grant_to_an_older_generation_is_given_anew_and_the_key_renewed(
    cast, case_id, raw, world
):
    """Whoever got a new key themselves: what the old one opened is not current."""
    raw.execute(
        text(
            "UPDATE key_grants g SET generation = 0 FROM compartments c"
            " WHERE c.id = g.compartment_id AND g.case_id = :c AND c.name = 'report'"
            " AND g.holder_id = :h"
        ),
        {"c": case_id, "h": world.made.desks["intake_nbo"]},
    )
    assert work_due(cast.cora, case_id) == {"report"}
    outcome = settled(cast.cora, case_id)
    assert outcome.renewed == {"report"}
    assert work_due(cast.cora, case_id) == set()
    with db.transaction(cast.amina):
        assert ("report", 2) in cast.amina.keyring.boxes(case_id)


def work_due(actor, case_id):
    with db.transaction(actor):
        return work.due(case_id)


# Holding back, and losing


def test_what_is_held_back_waits_behind_the_gate_and_is_noted(
    world, cast, case_id, raw
):
    desk_id = world.made.desks["care"]
    for knew in (False, True):
        own = (KeyGrant.case_id == case_id) & (KeyGrant.holder_id == desk_id)
        with db.transaction(cast.cora):
            grants.hold_back(own, knew=knew)
            grants.hold_back(own, knew=False)
        assert desk_id not in holding(raw, case_id, "care")
        assert noted(raw, case_id) == {"care": knew, "survivor": knew}
        settled(cast.salma, case_id)
        settled(cast.cora, case_id)
        assert desk_id in holding(raw, case_id, "care")
    assert noted(raw, case_id) == {}


def test_holding_back_nothing_does_nothing(cast, case_id, raw):
    with db.transaction(cast.cora):
        grants.hold_back(KeyGrant.holder_id == uuid.uuid4(), knew=True)
    assert noted(raw, case_id) == {}


def test_what_was_sealed_to_a_lost_key_goes_and_is_noted(cast, case_id, raw, hire):
    person_id = hire()
    settled(cast.cora, case_id, lambda should: should["report"].open.add(person_id))
    assert person_id in holding(raw, case_id, "report")
    with db.transaction(cast.adam):
        grants.lose(person_id)
    assert person_id not in holding(raw, case_id, "report")
    assert noted(raw, case_id) == {"report": True}
