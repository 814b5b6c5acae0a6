"""Forms that act: once per key, never over somebody else's change, nothing lost."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from casework.commands.intake import file_report
from casework.models.case import Case
from casework.models.progress import Note
from core import db
from tests.pages import HIDDEN, MAIN, Browser, make_app

ACCOUNT = "She was told that help had a price."


@pytest.fixture(scope="module")
def app(world, signed_in):
    return make_app(world)


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing()).id


def form(world, **changes):
    told = datetime.now(UTC) - timedelta(hours=1)
    return {
        "conflicted": "no",
        "danger": "no",
        "reporter_kind": "affected_person",
        "anonymous": "no",
        "office": str(world.made.offices["NBO"]),
        "received_at": told.strftime("%Y-%m-%dT%H:%M"),
        "channel": "in_person",
        "language": "en",
        "kind": "sexual_exploitation",
        "precision": "unknown",
        "already_referred": "no",
        "medical_needed": "no",
        "subject_category": "staff",
        "subject_known": "no",
        "narrative": ACCOUNT,
        **changes,
    }


def words(answer):
    return answer.get_data(as_text=True)


def test_the_same_form_sent_twice_makes_one_case(app, world):
    amina = Browser(app).sign_in("amina")
    data = {**amina.hidden("/cases/new"), **form(world)}
    first = amina.client.post("/cases/new", data=data)
    second = amina.client.post("/cases/new", data=data)
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]


def test_the_same_form_sent_twice_at_once_makes_one_case(app, world):
    amina = Browser(app).sign_in("amina")
    data = {**amina.hidden("/cases/new"), **form(world)}
    cookies = amina.client
    answers = []

    def send():
        twin = app.test_client()
        for cookie in cookies._cookies.values():
            twin.set_cookie(cookie.key, cookie.decoded_value)
        answers.append(twin.post("/cases/new", data=data))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_a_stale_form_says_what_changed_and_keeps_what_was_typed(app, case_id):
    ines, second = Browser(app).sign_in("ines"), Browser(app).sign_in("investigator-2")
    path = f"/cases/{case_id}/open-investigation"
    data = {**ines.hidden(path), "urgent": "no", "plan": "Hear the guards apart."}
    second.post(f"/cases/{case_id}/take-case", {"confirmed": "yes"})
    answer = ines.client.post(path, data=data)
    assert answer.status_code == 409
    assert "Hear the guards apart." in words(answer)
    assert "Taken by an investigator" in words(answer)
    again = {**data, **_hidden_of(answer)}
    assert ines.client.post(path, data=again).status_code == 303


def _hidden_of(answer):
    return dict(HIDDEN.findall(MAIN.search(words(answer))[0]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "theft"}, "Choose one of the answers listed"),
        ({"received_at": "2031-01-01T10:00"}, "This is in the future"),
        ({"received_at": "2026-02-30T10:00"}, "Enter a date and time that exist"),
        ({"precision": "day", "incident_on": "31/12/2025"}, "Enter a date that exists"),
        ({"narrative": "x" * 100_000}, "Shorten this to 50,000 characters"),
        ({"narrative": "nul \0 byte"}, "Remove the hidden character U+0000"),
        ({"narrative": "turn \u202e round"}, "Remove the hidden character U+202E"),
        ({"place": "two\nlines"}, "Write this on one line"),
        ({"people-0-age_band": "12_14"}, "Choose an answer"),
        ({"unasked": "yes"}, "This is not asked for here"),
        ({"office": "00000000-0000-0000-0000-000000000000"}, "Choose one of"),
    ],
)
def test_bad_input_is_named_at_its_field_with_a_remedy(app, world, changes, said):
    amina = Browser(app).sign_in("amina")
    answer = amina.post("/cases/new", form(world, **changes))
    assert answer.status_code == 422
    assert said in words(answer)
    assert "govuk-error-summary" in words(answer)
    if "narrative" not in changes:
        assert ACCOUNT in words(answer)


def test_half_a_surrogate_is_refused_not_crashed_on(app, world):
    amina = Browser(app).sign_in("amina")
    token = amina.hidden("/cases/new")
    body = "&".join(f"{key}={value}" for key, value in token.items())
    answer = amina.client.post(
        "/cases/new",
        data=(body + "&narrative=%ED%A0%80").encode(),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 422


def test_a_body_over_the_limit_is_refused_in_words(app, world):
    amina = Browser(app).sign_in("amina")
    answer = amina.post("/cases/new", form(world, narrative="x" * 3_000_000))
    assert answer.status_code == 413
    assert "too large" in words(answer)


def test_a_lock_that_is_held_says_try_again_and_changes_nothing(app, case_id, world):
    ines = Browser(app).sign_in("ines")
    data = {"confirmed": "yes"}
    with world.owner() as owner:
        owner.execute(
            text("SELECT * FROM cases WHERE id = :id FOR UPDATE"), {"id": case_id}
        )
        answer = ines.post(f"/cases/{case_id}/take-case", data)
    assert answer.status_code == 503
    assert "Nothing was changed" in words(answer)
    with world.owner() as owner:
        taken = select(Case.taken_by).where(Case.id == case_id)
        assert owner.scalar(taken) is None


def test_a_step_that_fails_midway_leaves_nothing(app, case_id, world, monkeypatch):
    ines = Browser(app).sign_in("ines")
    monkeypatch.setattr("casework.timeline._write", _break)
    path = f"/cases/{case_id}/open-investigation"
    answer = ines.post(path, {"urgent": "no", "plan": "Listen."})
    assert answer.status_code == 500
    assert "Listen." not in words(answer)
    with world.owner() as owner:
        assert (
            owner.scalar(select(Case.stage).where(Case.id == case_id)) == "assessment"
        )
        notes = select(func.count()).where(Note.case_id == case_id)
        assert owner.scalar(notes) == 0


def _break(*_):
    raise RuntimeError("the disk is full of words")


@pytest.mark.parametrize("page", ["99999999999999999999", "-5", "abc", ""])
def test_any_page_number_is_a_page(app, page):
    assert Browser(app).sign_in("amina").get(f"/cases?page={page}").status_code == 200


def test_a_form_without_its_token_is_refused(app, case_id):
    ines = Browser(app).sign_in("ines")
    answer = ines.client.post(f"/cases/{case_id}/take-case", data={"confirmed": "yes"})
    assert answer.status_code == 400


def test_a_stranger_is_led_to_the_door_whatever_the_address(app, case_id):
    stranger = app.test_client()
    for path in ("/", f"/cases/{case_id}", "/nowhere"):
        answer = stranger.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["Location"] == "/sign-in"


def test_every_answer_is_protected(app, case_id):
    for answer in (
        app.test_client().get("/sign-in"),
        app.test_client().get("/nowhere"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_another_host_name_is_refused(app):
    answer = app.test_client().get("/sign-in", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400


def test_leaving_goes_elsewhere_and_forgets_the_session(app):
    amina = Browser(app).sign_in("amina")
    answer = amina.get("/leave")
    assert answer.status_code == 303
    assert "Clear-Site-Data" in answer.headers
    assert amina.get("/").status_code == 303
