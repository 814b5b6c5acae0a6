"""The pages of referrals: who gets one, what it says, and what it never says."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text

from casework.models.case import Case
from core import db
from referrals.models import Need, Referral, Service
from referrals.queries import referrals
from referrals.steps import ON_CASE, ON_REFERRAL
from tests.referrals.conftest import CONTACT, NAME, REQUEST
from tests.referrals.pages import EVERYBODY, listed_pages, send, shown, words


@contextmanager
def looking(play, who: str = "salma") -> Iterator:
    with db.transaction(getattr(play.cast, who)) as session:
        yield session


def refer_in_pages(play, client, **answers) -> uuid.UUID:
    given = {
        "survivor": str(play.survivor_id),
        "service": str(play.service_id),
        "urgent": "yes",
        "language": "fr",
        "request": REQUEST,
        **answers,
    }
    answer = send(client, f"/cases/{play.case_id}/refer", **given)
    assert answer.location == f"/cases/{play.case_id}/referrals"
    with looking(play) as session:
        mine = select(Referral.id).where(Referral.case_id == play.case_id)
        return session.scalars(mine).one()


def test_a_referral_is_walked_through_from_need_to_follow_up(play, browser):
    salma, pia = browser("salma"), browser("pia")
    care = f"/cases/{play.case_id}/referrals"
    need = {"survivor": str(play.survivor_id), "kind": "shelter", "note": "A door"}
    send(salma, f"/cases/{play.case_id}/record-need", answer="not_available", **need)
    assert "A door" in shown(salma, care)
    referral_id = refer_in_pages(play, salma)
    path = f"/referrals/{referral_id}"
    assert path in shown(salma, care)

    inbox = listed_pages(pia)
    assert path in inbox
    assert "Urgent" in inbox
    page = shown(pia, path)
    assert "French" in page
    assert "Nairobi, Eastern Africa" in page
    assert "open with the acceptance" in page
    assert NAME not in page
    send(pia, f"{path}/receive-referral")
    assert "for this referral alone" in shown(pia, f"{path}/accept-referral")
    send(pia, f"{path}/accept-referral")
    page = shown(pia, path)
    assert all(each in page for each in (NAME, CONTACT, REQUEST))
    send(pia, f"{path}/report-service", status="in_progress")
    answers = {"status": "completed", "outcome": "received", "report": "Went well"}
    send(pia, f"{path}/report-service", **answers)
    send(salma, f"{path}/follow-up", reached="yes", note="She is content")
    page = shown(salma, path)
    assert "Went well" in page
    assert "Completed" in page
    assert path in listed_pages(pia, "/referrals?closed=1")
    assert path not in listed_pages(pia)


def test_no_page_of_the_provider_names_the_case(play, browser):
    referral_id = play.accepted()
    with looking(play) as session:
        reference = session.get(Case, play.case_id).reference
    pia = browser("pia")
    steps = [step.path.replace("<uuid:id>", str(referral_id)) for step in ON_REFERRAL]
    mine = [path for path in steps if pia.get(path).status_code == 200]
    assert len(mine) == 4
    for path in ("/referrals", f"/referrals/{referral_id}", *mine):
        page = shown(pia, path)
        for secret in (reference, play.case_id, play.survivor_id):
            assert str(secret) not in page, path


@pytest.mark.parametrize("who", [each for each in EVERYBODY if each != "salma"])
def test_a_case_s_needs_are_for_its_care_officers_alone(play, browser, who):
    client = browser(who)
    paths = [f"/cases/{play.case_id}/referrals"]
    paths += [step.path.replace("<uuid:id>", str(play.case_id)) for step in ON_CASE]
    for path in paths:
        assert client.get(path).status_code in (403, 404), path
        assert client.post(path).status_code in (403, 404), path


@pytest.mark.parametrize(
    "who", ["amina", "ines", "omar", "lena", "cora", "theo", "adam"]
)
def test_a_referral_exists_for_nobody_else(play, browser, who):
    client, referral_id = browser(who), play.refer()
    paths = [step.path.replace("<uuid:id>", str(referral_id)) for step in ON_REFERRAL]
    absent = client.get(f"/referrals/{uuid.uuid4()}")
    for path in ("/referrals", f"/referrals/{referral_id}", *paths):
        answer = client.get(path)
        assert answer.status_code == absent.status_code == 404, path
        assert client.post(path).status_code in (404, 405), path


def test_steps_of_one_side_are_forbidden_to_the_other(play, browser):
    referral_id = play.refer()
    salma, pia = browser("salma"), browser("pia")
    for name in ("follow-up", "withdraw-referral"):
        assert pia.get(f"/referrals/{referral_id}/{name}").status_code == 403
    for name in ("accept-referral", "reject-referral", "report-service"):
        assert salma.get(f"/referrals/{referral_id}/{name}").status_code == 403


def test_every_problem_stands_at_its_field_and_nothing_typed_is_lost(play, browser):
    salma = browser("salma")
    path = f"/cases/{play.case_id}/refer"
    answer = salma.post(path, data={"request": "Keep these words", "language": "xx"})
    page = words(answer)
    assert answer.status_code == 422
    for field in ("survivor", "service", "urgent", "language"):
        assert f'href="#q-{field}"' in page, field
    assert "Keep these words" in page
    play.consent("refused")
    data = {
        "survivor": str(play.survivor_id),
        "service": str(play.service_id),
        "urgent": "no",
        "language": "en",
        "request": "Keep these words",
    }
    answer = salma.post(path, data=data)
    assert answer.status_code == 422
    assert "has not agreed to be referred" in words(answer)
    assert "Keep these words" in words(answer)


def test_a_survivor_or_service_from_elsewhere_is_refused_at_its_field(
    play, another, browser
):
    salma = browser("salma")
    for field in ("survivor", "service"):
        path = f"/cases/{play.case_id}/refer"
        answer = salma.post(path, data={field: str(another.survivor_id)})
        assert answer.status_code == 422
        assert f'href="#q-{field}"' in words(answer)


def test_the_only_survivor_and_the_language_are_filled_in(play, browser):
    page = shown(browser("salma"), f"/cases/{play.case_id}/refer")
    chosen = re.findall(r'<input[^>]*value="([^"]*)"[^>]*checked', page)
    assert chosen == [str(play.survivor_id), "en"]


def test_the_care_page_says_who_has_not_agreed(play, browser):
    salma, path = browser("salma"), f"/cases/{play.case_id}/referrals"
    assert "has not agreed" not in shown(salma, path)
    play.consent("refused")
    assert "Person 1 has not agreed to be referred" in shown(salma, path)


def test_a_survivor_who_wants_no_referral_any_more_ends_them_in_one_step(play, browser):
    referral_id = play.accepted()
    answers = {"survivor": str(play.survivor_id), "given_by": "self"}
    send(browser("salma"), f"/cases/{play.case_id}/withdraw-consent", **answers)
    page = shown(browser("pia"), f"/referrals/{referral_id}")
    assert "Consent withdrawn" in page
    assert NAME not in page


def test_an_answer_to_what_changed_meanwhile_says_what_happened(play, browser):
    referral_id, pia = play.refer(), browser("pia")
    path = f"/referrals/{referral_id}/reject-referral"
    page = shown(pia, path)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    send(pia, f"/referrals/{referral_id}/accept-referral")
    answer = pia.post(path, data={**hidden, "reason": "too_far"})
    assert answer.status_code == 409
    assert play.row(referral_id).status == "accepted"


def test_looking_writes_nothing_but_who_looked(play, browser):
    referral_id, salma = play.accepted(), browser("salma")

    def state():
        with play.world.owner() as connection:
            counts = "SELECT count(*), max(version_id) FROM {}"
            return [
                tuple(
                    connection.execute(text(counts.format(model.__tablename__))).one()
                )
                for model in (Need, Referral, Service)
            ]

    before = state()
    for path in (
        f"/referrals/{referral_id}",
        f"/cases/{play.case_id}/referrals",
        "/referrals",
        "/services",
    ):
        shown(salma, path)
    assert state() == before


def test_a_long_list_goes_on_to_another_page(play, browser, monkeypatch):
    monkeypatch.setattr(referrals, "PAGE", 1)
    mine = {play.refer(), play.refer()}
    pia = browser("pia")
    first = shown(pia, "/referrals")
    assert sum(str(each) in first for each in mine) < 2
    every = listed_pages(pia)
    assert all(str(each) in every for each in mine)
    assert "No referrals here" in shown(pia, "/referrals?page=9999")
    assert "Referrals" in shown(pia, "/referrals?page=-3")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_pages_can_be_read_in_other_languages(play, browser, language):
    referral_id, salma = play.accepted(), browser("salma")
    salma.set_cookie("language", language)
    for path in ("/referrals", f"/referrals/{referral_id}", "/services"):
        assert f'lang="{language}"' in shown(salma, path)
