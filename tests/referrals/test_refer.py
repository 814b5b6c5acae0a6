"""Sending a referral: with consent only, and with nothing but codes to see."""

import uuid

import pytest
from sqlalchemy import func, select, text

from casework.commands.intake import file_report
from casework.models.case import Survivor
from casework.models.progress import CaseEvent
from core import db
from core.audit import AuditRow
from core.errors import Forbidden, Invalid, NotVisible
from referrals.commands.care import record_need
from referrals.commands.directory import create_service, withdraw_service
from referrals.commands.provider import report_service
from referrals.models import Need, Referral
from referrals.queries.care import needs_and_referrals
from tests.referrals.conftest import (
    CONTACT,
    NAME,
    REQUEST,
    a_minute_on,
    service_body,
    survivor_of,
)


def need(play, **changes):
    return {
        "survivor": str(play.survivor_id),
        "kind": "shelter",
        "answer": "not_available",
        "note": "A door that locks",
        "key": "the same form",
        **changes,
    }


def opened(play, referral_id, who="salma"):
    actor = getattr(play.cast, who)
    with db.transaction(actor) as session:
        row = session.get(Referral, referral_id)
        box = actor.keyring.boxes(play.case_id, referral_id)["referral", 1]
        columns = (Referral.name, Referral.contact, Referral.request)
        return [
            box.open(column, row.id, getattr(row, column.key)) for column in columns
        ]


def test_the_care_officer_sends_what_is_recorded_and_can_open_it(play):
    referral_id = play.refer()
    assert opened(play, referral_id) == [NAME, CONTACT, REQUEST]
    row = play.row(referral_id)
    assert (row.status, row.kind, row.age_band) == ("sent", "medical", "25_59")
    assert row.reference.startswith("R-")


def test_other_words_can_be_sent_than_those_recorded(play):
    referral_id = play.refer(name="R.", contact="She comes by herself")
    assert opened(play, referral_id)[:2] == ["R.", "She comes by herself"]


def test_the_same_form_sent_twice_makes_one_referral(play):
    assert play.refer(key="once") == play.refer(key="once")
    with db.transaction(play.cast.salma) as session:
        mine = select(func.count()).where(Referral.case_id == play.case_id)
        assert session.scalar(mine) == 1


def test_investigators_learn_that_the_survivor_was_referred_and_nothing_else(play):
    play.refer()
    play.do("salma", record_need, play.case_id, **need(play))
    with db.transaction(play.cast.ines) as session:
        assert session.get(Survivor, play.survivor_id).referred == "yes"
        assert not session.scalars(select(Referral)).all()
        assert not session.scalars(select(Need)).all()
        events = session.scalars(select(CaseEvent.event)).all()
        assert not [event for event in events if event.startswith("referral:")]
        for table in ("standings", "key_grants", "compartments", "clocks"):
            found = text(f"SELECT count(*) FROM {table} WHERE referral_id IS NOT NULL")
            assert session.scalar(found) == 0, table


@pytest.mark.parametrize("status", ["refused", "withdrawn", "expired"])
def test_without_consent_nobody_is_referred(play, status):
    play.consent(status)
    with pytest.raises(Invalid) as problem:
        play.refer()
    assert "survivor" in problem.value.fields


def test_consent_that_was_never_asked_is_no_consent(play, cast, filing):
    asked_later = filing(consent_referral="not_yet_asked")
    with db.transaction(cast.amina):
        play.case_id = file_report(cast.amina, asked_later).id
    play.survivor_id = survivor_of(cast, play.case_id)
    with pytest.raises(Invalid) as problem:
        play.refer()
    assert "survivor" in problem.value.fields


def test_a_survivor_who_cannot_be_reached_needs_a_meeting_said(play, cast, filing):
    with db.transaction(cast.amina):
        play.case_id = file_report(cast.amina, filing(safe_contact=None)).id
    play.survivor_id = survivor_of(cast, play.case_id)
    with pytest.raises(Invalid) as problem:
        play.refer()
    assert "contact" in problem.value.fields
    assert play.refer(contact="At the women's centre")


def test_a_survivor_of_another_case_cannot_be_chosen(play, another):
    with pytest.raises(Invalid) as problem:
        play.refer(survivor=str(another.survivor_id))
    assert "survivor" in problem.value.fields


def test_a_service_that_is_not_there_or_withdrawn_cannot_be_chosen(play, world):
    with pytest.raises(Invalid) as problem:
        play.refer(service=str(uuid.uuid4()))
    assert "service" in problem.value.fields
    play.do("salma", withdraw_service, play.service_id, why="closed")
    with pytest.raises(Invalid) as problem:
        play.refer()
    assert "service" in problem.value.fields


def test_a_service_without_a_desk_cannot_be_sent_a_referral(play, world):
    body = service_body(world, desk=None)
    play.service_id = play.do("salma", create_service, None, **body)
    with pytest.raises(Invalid) as problem:
        play.refer()
    assert "service" in problem.value.fields


@pytest.mark.parametrize("who", ["ines", "amina", "cora"])
def test_only_survivor_care_refers(play, who):
    with pytest.raises(Forbidden):
        play.refer(who=who)


@pytest.mark.parametrize("who", ["omar", "pia", "adam", "theo"])
def test_for_a_stranger_to_the_case_it_does_not_exist(play, who):
    with pytest.raises(NotVisible):
        play.refer(who=who)


def test_a_need_is_recorded_with_its_note_sealed_for_care(play):
    play.do("salma", record_need, play.case_id, **need(play))
    play.do("salma", record_need, play.case_id, **need(play))
    with db.transaction(play.cast.salma):
        page = needs_and_referrals(play.cast.salma, play.case_id)
    assert [(each.kind, each.answer, each.note) for each in page.needs] == [
        ("shelter", "not_available", "A door that locks")
    ]
    with play.world.owner() as connection:
        stored = text("SELECT note FROM needs WHERE case_id = :id")
        note = connection.scalar(stored, {"id": play.case_id})
    assert b"door" not in bytes(note)


def test_a_need_of_a_survivor_of_another_case_is_refused(play, another):
    body = need(play, survivor=str(another.survivor_id))
    with pytest.raises(Invalid):
        play.do("salma", record_need, play.case_id, **body)


def test_what_a_survivor_needs_stands_in_no_audit_row_or_event(play):
    play.do("salma", record_need, play.case_id, **need(play))
    referral_id = play.accepted()
    report = {"status": "completed", "outcome": "unsafe", "done_at": a_minute_on()}
    play.do("pia", report_service, referral_id, **report)
    with db.transaction(play.cast.theo) as session:
        mine = select(AuditRow.detail).where(AuditRow.case_id == play.case_id)
        details = " ".join(session.scalars(mine))
    for word in ("shelter", "medical", "not_available", "unsafe"):
        assert word not in details
