"""No personal word leaves its seal: not in a dump, a log, an audit row, a statistic."""

import json
import logging
import re
import secrets
import subprocess
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core import db
from tests.pages import Browser, make_app
from vault.sealed import SealedType
from web.models import MODELS


def canary(where: str) -> str:
    """A string that can be nowhere by chance."""
    return f"canary{where}{secrets.token_hex(6)}"


def local(ago: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) - ago + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")


class Birds(dict):
    """Canaries by the field that they were put into."""

    def __missing__(self, name: str) -> str:
        self[name] = canary(name.replace("_", ""))
        return self[name]


def log_form(birds: Birds, office_id) -> dict:
    return {
        "conflicted": "no",
        "danger": "no",
        "reporter_kind": "affected_person",
        "anonymous": "no",
        "office": str(office_id),
        "received_at": local(timedelta(hours=1)),
        "channel": "in_person",
        "language": "en",
        "kind": "sexual_abuse",
        "precision": "unknown",
        "people-0-age_band": "25_59",
        "people-0-sex": "female",
        "already_referred": "no",
        "medical_needed": "no",
        "consent_referral": "given",
        "consent_identity": "given",
        "subject_category": "staff",
        "subject_known": "name",
        **{
            name: birds[name]
            for name in (
                "place",
                "care_summary",
                "survivor_name",
                "survivor_contact",
                "subject_name",
                "subject_employer",
                "narrative",
            )
        },
    }


def export(birds: Birds) -> list[dict]:
    """Two submissions of a complaint form: one is set aside, one filed with a file."""
    plain = {
        "group_intake/office": "NBO",
        "group_intake/channel": "in_person",
        "group_intake/language": "en",
        "group_intake/received_at": "2026-01-05T09:00:00+03:00",
        "group_reporter/who": "affected_person",
        "group_reporter/anonymous": "no",
    }
    aside = {"group_concern/kind": "not_pseah", "_uuid": secrets.token_hex(16)}
    filed = {"group_concern/kind": "sexual_abuse", "_uuid": secrets.token_hex(16)}
    file = {"filename": f"cfm/attachments/{birds['attachment']}.jpg"}
    return [
        {**plain, **aside, "group_account/narrative": birds["set_aside"]},
        {**plain, **filed, "group_concern/place": birds["imported"]}
        | {"_attachments": [file], "group_concern/immediate_danger": birds["odd"]},
    ]


@pytest.fixture(scope="module")
def walked(world, signed_in):
    """Walk a case through the pages, with a canary in every sealed field."""
    app, birds, texts = make_app(world), Birds(), []
    people = {
        name: Browser(app).sign_in(name)
        for name in ("amina", "ines", "salma", "lena", "cora", "pia")
    }
    handler = _Kept(texts)
    logging.getLogger().addHandler(handler)

    def send(name, path, **answers):
        answer = people[name].post(path, answers)
        assert answer.status_code == 303, (path, answer.get_data(as_text=True)[-3000:])
        return answer.headers["Location"]

    office_id = world.made.offices["NBO"]
    other = log_form(birds, office_id) | {
        "reporter_kind": "witness",
        "reporter_name": birds["reporter_name"],
        "reporter_contact": birds["reporter_contact"],
        "subject_known": "description",
        "subject_description": birds["subject_description"],
        "subject_name": "",
    }
    send("amina", "/cases/new", **other)
    case = send("amina", "/cases/new", **log_form(birds, office_id))
    case = case.removesuffix("/logged")
    now = {"done_at": local()}
    triage = {"danger": "no", "medical_needed": "no", "referred": "no"}
    send(
        "amina", f"{case}/record-triage", **triage, offered="yes", note=birds["triage"]
    )
    plan = {"urgent": "no", "plan": birds["plan"]}
    send("ines", f"{case}/open-investigation", **plan)
    send("ines", f"{case}/add-note", text=birds["note"])
    survivor = people["salma"].first_choice(f"{case}/accept-care", "survivor")
    send("salma", f"{case}/accept-care", survivor=survivor)
    send("salma", f"{case}/add-care-note", survivor=survivor, note=birds["care_note"])
    need = {"survivor": survivor, "kind": "legal", "answer": "not_available"}
    send("salma", f"{case}/record-need", **need, note=birds["need"])
    service = people["salma"].first_choice(f"{case}/refer", "service")
    refer = {"survivor": survivor, "service": service, "urgent": "no", "language": "en"}
    referral = send("salma", f"{case}/refer", **refer, request=birds["request"])
    if not referral.startswith("/referrals/"):
        page = people["salma"].get(f"{case}/referrals").get_data(as_text=True)
        referral = re.findall(r"/referrals/[0-9a-f-]{36}", page)[0]
    send("pia", f"{referral}/accept-referral")
    served = {"status": "completed", "outcome": "received", **now}
    send("pia", f"{referral}/report-service", **served, report=birds["service"])
    report = {"finding": "substantiated", "to_legal": "yes"}
    report |= {"lessons": birds["lessons"]}
    send("ines", f"{case}/issue-report", **report, summary=birds["summary"])
    decision = {"measures": "dismissal", "decided_at": local()}
    send("lena", f"{case}/record-decision", **decision, grounds=birds["grounds"])
    told = {"survivor": survivor, "how": "told", **now}
    send("salma", f"{case}/tell-outcome", **told, words=birds["outcome"])
    upload = {"file": (BytesIO(json.dumps(export(birds)).encode()), "export.json")}
    answer = people["amina"].client.post(
        "/imports/upload", data={**people["amina"].token(), **upload}
    )
    assert answer.status_code == 303
    for name in ("amina", "ines", "salma", "lena", "cora"):
        people[name].get(case)
    yield {"app": app, "birds": birds, "people": people, "case": case, "logs": texts}
    logging.getLogger().removeHandler(handler)


class _Kept(logging.Handler):
    def __init__(self, texts):
        super().__init__(logging.DEBUG)
        self.texts = texts

    def emit(self, record):
        self.texts.append(self.format(record))


def assert_silent(birds, words):
    assert [name for name, bird in birds.items() if bird in words] == []


def test_the_walk_filled_every_sealed_column(world, walked):
    assert MODELS
    empty = []
    with world.owner() as owner:
        for table in db.Base.metadata.tables.values():
            for column in table.columns:
                if isinstance(column.type, SealedType):
                    count = f'SELECT count("{column.name}") FROM {table.name}'
                    if not owner.scalar(text(count)):
                        empty.append(str(column))
    assert empty == []


def test_a_dump_of_the_whole_database_names_nothing(world, server, walked):
    url = make_url(world.where.owner or "")
    dump = subprocess.run(
        [
            server.bin / "pg_dump",
            "--inserts",
            "-h",
            str(url.query["host"]),
            "-p",
            str(url.query["port"]),
            "-U",
            url.username or "",
            url.database or "",
        ],
        capture_output=True,
        check=True,
    ).stdout
    assert len(dump) > 100_000
    for name, bird in walked["birds"].items():
        assert bird.encode() not in dump, name
        assert bird.encode().hex().encode() not in dump, name


def test_neither_logs_nor_audit_rows_hold_a_word(world, walked):
    assert_silent(walked["birds"], "\n".join(walked["logs"]))
    with world.owner() as owner:
        rows = owner.execute(text("SELECT row_to_json(a) FROM audit_rows a"))
        assert_silent(walked["birds"], json.dumps([str(row) for row in rows]))


def test_statistics_and_lists_hold_no_word(walked):
    app = walked["app"]
    pages = [
        Browser(app).sign_in("theo").get("/timeliness"),
        Browser(app).sign_in("theo").get("/audit"),
        walked["people"]["amina"].get("/cases"),
        walked["people"]["amina"].get("/"),
        walked["people"]["pia"].get("/referrals"),
        Browser(app).sign_in("mallory").get("/imports"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert_silent(walked["birds"], page.get_data(as_text=True))


def test_an_error_page_repeats_nothing_that_was_sent(walked):
    omar, birds = Browser(walked["app"]).sign_in("omar"), walked["birds"]
    path = f"{walked['case']}/add-note"
    answer = omar.client.post(path, data={**omar.token(), "text": birds["note"]})
    assert answer.status_code == 404
    assert_silent(birds, answer.get_data(as_text=True))
    answer = omar.get(f"/cases/{birds['note']}")
    assert answer.status_code == 404
    assert_silent(birds, answer.get_data(as_text=True))


def test_no_address_holds_a_word(walked):
    for person in walked["people"].values():
        links = re.findall(r'href="([^"]*)"', person.get("/").get_data(as_text=True))
        assert_silent(walked["birds"], " ".join(links))
