"""The auditor's pages: numbers without people, and a trail that can be tried."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from auth.actor import CHECKPOINT
from auth.sessions import sign_in
from casework.commands.intake import file_report
from casework.models.case import Case
from core import audit, db
from core.checkpoints import Checkpoint
from core.signing import Heads, append
from demo.organisation import OFFICES, PEOPLE
from stats.measures import quarter_start
from tests.conftest import PASSWORD
from tests.stats.volume import DAY, Volume, volume_in
from web.app import create_app
from web.guard import LOCAL_COOKIE

PAGES = ("/timeliness", "/audit")
OPEN_TO = {"/timeliness": {"theo", "cora", "coordinator-2"}, "/audit": {"theo"}}
USERNAMES = [username for username, *_ in PEOPLE]


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Path:
    """Where the application looks for checkpoints; there is none."""
    return tmp_path_factory.mktemp("signed") / "checkpoints.jsonl"


@pytest.fixture(scope="module")
def app(world, signed) -> Flask:
    settings = {"command_line": True, "checkpoints_path": str(signed)}
    return create_app(replace(world.config, **settings))


@pytest.fixture
def volume(world) -> Iterator[Volume]:
    with volume_in(world) as written:
        yield written


@pytest.fixture(scope="module")
def browser(app, world):
    """A browser in which somebody is signed in, by username."""

    def open_browser(username: str) -> FlaskClient:
        client = app.test_client()
        client.set_cookie(LOCAL_COOKIE, sign_in(username, PASSWORD, world.pepper))
        return client

    return open_browser


@pytest.fixture
def theo(browser) -> FlaskClient:
    return browser("theo")


def words(client: FlaskClient, page: str) -> str:
    """What a page says, without its tags."""
    answer = client.get(page)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def section(page: str, title: str) -> str:
    """The words of one clock."""
    return page.rsplit(title, 1)[1].split("Not due, in no share", 1)[0]


@pytest.mark.parametrize("username", USERNAMES)
def test_each_page_is_there_only_for_those_it_is_open_to(browser, username):
    client = browser(username)
    seen = {page: client.get(page).status_code for page in PAGES}
    assert seen == {page: 200 if username in OPEN_TO[page] else 404 for page in PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_sent_to_sign_in(app, page):
    answer = app.test_client().get(page)
    assert (answer.status_code, answer.text.count("Timeliness")) == (303, 0)


@pytest.fixture
def last_quarter(volume, now) -> Volume:
    """Thirty clocks of triage in each region and quarter shown, but few in Asia."""
    at = quarter_start(now)
    while at.year > quarter_start(now).year - 2:
        at = quarter_start(at - DAY)
        for code, *_ in OFFICES:
            count = 5 if code == "COX" else 30
            start = at + 9 * DAY
            volume.clocks(count, code, start, stopped_at=start + timedelta(hours=5))
    return volume


def test_a_small_number_is_shown_as_words(last_quarter, theo):
    triage = section(words(theo, "/timeliness"), "Immediate safety and needs assessed")
    asia = triage.split("Asia", 1)[1].split("Eastern Africa", 1)[0]
    assert asia.strip().startswith("Too few to show Too few to show")
    assert re.search(r"Eastern Africa \d+–100% of about 30 half within 5 hours", triage)


def test_nothing_tells_a_clock_that_one_had_from_one_that_none_had(volume, theo, now):
    before = words(theo, "/timeliness")
    at = quarter_start(now) - 20 * DAY
    volume.clocks(9, "COX", at, stopped_at=at + DAY, code="care.clinical_72h")
    assert words(theo, "/timeliness") == before


def test_the_rule_stands_beside_the_numbers(theo):
    page = words(theo, "/timeliness")
    triage = section(page, "Immediate safety and needs assessed")
    assert "Limit: 24 hours; 2 hours where danger is immediate." in triage
    assert "Basis: Our choice; no rule." in triage
    assert "Found in a published source (WHO clinical guidance)" in page
    assert "5 working days" in page
    assert "6 calendar months" in page


def test_the_page_says_what_it_leaves_out(theo):
    page = words(theo, "/timeliness")
    assert "The quarter under way" in page
    assert "Numbers of fewer than 10, none included" in page
    assert "rounded to the nearest 5" in page
    assert "What is not due" in page


def test_open_cases_by_age_come_first(theo):
    page = words(theo, "/timeliness")
    assert page.index("Open cases by age") < page.index("Time limits, all regions")


def test_no_page_tells_what_a_case_is_about_or_who_is_in_it(
    world, cast, filing, theo, last_quarter
):
    canaries = {
        name: f"canary-{secrets.token_hex(8)}" for name in ("told", "who", "at")
    }
    with db.transaction(cast.amina) as session:
        told = filing(
            narrative=canaries["told"],
            subject_name=canaries["who"],
            reporter_name=canaries["who"],
            place=canaries["at"],
        )
        case_id = file_report(cast.amina, told).id
        reference = session.get_one(Case, case_id).reference
    _backdate(world, case_id)
    for page in (*PAGES, "/audit?verify=1"):
        seen = theo.get(page).text
        assert "</main>" in seen
        for secret in (*canaries.values(), reference, "Amina", "Salma", "Mallory"):
            assert secret not in seen


def _backdate(world, case_id) -> None:
    earlier = "started_at - interval '100 days', due_at = due_at - interval '100 days'"
    with world.owner() as connection:
        moved = f"UPDATE clocks SET started_at = {earlier} WHERE case_id = :case"
        connection.execute(text(moved), {"case": case_id})


def test_the_newest_rows_are_shown_by_opaque_ids(cast, theo):
    audit.record_denial(cast.amina, "request:denied", None)
    page = words(theo, "/audit")
    assert str(cast.amina.id)[:8] in page
    assert "Refused" in page
    assert "The trail is" not in page


def test_the_trail_is_verified_when_asked(theo):
    page = words(theo, "/audit?verify=1")
    counted = re.search(r"The trail is whole: ([\d,]+) rows in ([\d,]+) chains", page)
    assert counted
    assert f"Chains {counted[2]} Rows {counted[1]}" in page
    assert "There is no checkpoint to compare it with." in page
    assert "Last checkpoint There is none." in page


@pytest.fixture
def checkpoint(cast, signed) -> Iterator[Checkpoint]:
    """Theo's chain and all others, signed."""
    for _ in range(2):
        audit.record_denial(cast.theo, "request:denied", None)
    yield append(signed, bytes(32), _heads).checkpoint
    signed.unlink()


def _heads() -> Heads:
    with db.transaction(CHECKPOINT):
        return audit.heads()


def test_the_last_checkpoint_is_shown_with_its_key(theo, checkpoint):
    page = words(theo, "/audit")
    assert "Last checkpoint Number 1 " in page
    assert f"Chains it covers {checkpoint.chains:,} " in page
    assert f" {checkpoint.root[:16]} Public key {checkpoint.key} " in page
    assert "There is none" not in page


def test_verifying_compares_with_every_checkpoint(cast, theo, checkpoint, signed):
    said = "It agrees with all checkpoints up to number 1 of "
    page = words(theo, "/audit?verify=1")
    assert said in page
    assert "torn" not in page
    audit.record_denial(cast.theo, "request:denied", None)
    assert said in words(theo, "/audit?verify=1")
    with signed.open("a") as file:
        file.write("{")
    assert "The last line of the checkpoints is torn" in words(theo, "/audit?verify=1")


def test_what_the_owner_wrote_anew_is_named_by_the_checkpoint(
    world, cast, theo, checkpoint
):
    """Nothing but the checkpoint tells that the last row was written anew."""
    audit.record_denial(cast.theo, "request:denied", None)
    subject = str(cast.theo.id)
    with db.transaction(CHECKPOINT):
        seq = audit.heads()[subject][0]
    named = next(at for who, at, _ in checkpoint.heads if who == subject)
    assert seq == named + 1
    anew = text(
        "UPDATE audit_rows r SET action = :action, hash = audit_hash(p.hash, r.subject,"
        " r.seq, r.at, :action, r.actor, r.case_id, r.decision, r.request, r.detail)"
        " FROM audit_rows p WHERE p.subject = r.subject AND p.seq = r.seq - 1"
        " AND r.subject = :subject AND r.seq = :seq"
    )
    end = text(
        "UPDATE audit_heads h SET hash = r.hash FROM audit_rows r WHERE"
        " r.subject = h.subject AND r.seq = h.seq AND h.subject = :subject"
    )

    def rewrite(action: str) -> str:
        with world.owner() as connection:
            for at in (named, seq):
                said = action if at == named else "request:denied"
                values = {"subject": subject, "seq": at, "action": said}
                connection.execute(anew, values)
            connection.execute(end, {"subject": subject})
        return words(theo, "/audit?verify=1")

    page = rewrite("request:allowed")
    assert "The trail is not whole" in page
    assert f"{subject}/{named} " in page
    assert "was rewritten after a checkpoint named it" in page
    assert "The trail is whole" in rewrite("request:denied")


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        (lambda line: line.replace(b'"number":1', b'"number":2'), False),
        (lambda line: line + b"{}\n" + line, True),
    ],
)
def test_a_broken_file_of_checkpoints_is_said(theo, checkpoint, signed, changed, shown):
    signed.write_bytes(changed(signed.read_bytes()))
    page = words(theo, "/audit?verify=1")
    assert "The trail is not whole" in page
    assert "The first bad line of the file of checkpoints is this one:" in page
    assert f"checkpoints/{1 + shown}" in page
    assert ("cannot be trusted" in page) is not shown


@pytest.mark.parametrize(
    ("change", "back", "said"),
    [
        ("detail = detail || ' '", "detail = rtrim(detail)", "was changed after"),
        ("seq = -1", "seq = 1", "is missing"),
    ],
)
def test_a_row_that_was_tampered_with_is_named(world, cast, theo, change, back, said):
    audit.record_denial(cast.amina, "request:denied", None, endpoint="x")
    which = "WHERE subject = :who AND seq IN (1, -1)"
    try:
        with world.owner() as connection:
            sql = text(f"UPDATE audit_rows SET {change} {which}")
            connection.execute(sql, {"who": cast.amina.id})
        page = words(theo, "/audit?verify=1")
    finally:
        with world.owner() as connection:
            sql = text(f"UPDATE audit_rows SET {back} {which}")
            connection.execute(sql, {"who": cast.amina.id})
    assert "The trail is not whole" in page
    assert f"{cast.amina.id}/1" in page
    assert said in page
    assert "The trail is whole" in words(theo, "/audit?verify=1")


def test_older_rows_are_on_the_next_page(cast, theo):
    for _ in range(60):
        audit.record_denial(cast.amina, "request:denied", None)
    first = theo.get("/audit").text
    assert "?page=2" in first
    assert "?page=0" not in first
    assert "Page 2 of" in words(theo, "/audit?page=2")


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", ""])
def test_a_page_that_does_not_exist_is_the_nearest_that_does(theo, page):
    assert "Newest rows" in words(theo, f"/audit?page={page}")
