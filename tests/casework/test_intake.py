"""A report becomes a case: once, sealed, routed, with its clocks."""

import pytest
from sqlalchemy import select, text

from auth.actor import INTAKE
from casework.commands.intake import file_report, recognise
from casework.models.case import Case, Report, Survivor
from casework.models.progress import ClockRow
from core import db
from tests.pages import Browser, make_app


def test_a_report_is_filed_as_a_case_in_assessment(cast, filing):
    with db.transaction(cast.amina):
        receipt = file_report(cast.amina, filing())
    with db.transaction(cast.amina) as session:
        case = session.get(Case, receipt.id)
        assert case.stage == "assessment"
        codes = set(session.scalars(select(ClockRow.code)))
    assert {"intake.forward", "care.assign", "assess.decide"} <= codes


def test_the_same_key_gives_the_same_receipt_and_one_case(cast, filing):
    once = filing()
    with db.transaction(cast.amina):
        first = file_report(cast.amina, once)
    with db.transaction(cast.amina):
        second = file_report(cast.amina, once)
    assert (second.id, second.reference, second.new) == (
        first.id,
        first.reference,
        False,
    )


def test_an_import_needs_no_signed_in_person(cast, filing):
    with db.transaction(INTAKE):
        receipt = file_report(INTAKE, filing())
    with db.transaction(INTAKE) as session:
        assert session.get(Case, receipt.id) is None
    with db.transaction(cast.amina) as session:
        assert session.get(Case, receipt.id) is not None


def test_investigators_open_the_account_but_not_who_the_survivor_is(cast, filing):
    with db.transaction(cast.amina):
        receipt = file_report(cast.amina, filing())
    with db.transaction(cast.ines) as session:
        boxes = cast.ines.keyring.boxes(receipt.id)
        row = session.scalar(select(Report).where(Report.case_id == receipt.id))
        words = boxes["report", 1].open(Report.narrative, row.id, row.narrative)
    assert words == "She was told that help had a price."
    assert ("survivor", 1) not in boxes
    with db.transaction(cast.salma) as session:
        boxes = cast.salma.keyring.boxes(receipt.id)
        row = session.scalar(select(Survivor).where(Survivor.case_id == receipt.id))
        name = boxes["survivor", 1].open(Survivor.name, row.id, row.name)
    assert name == "Rita of the reports"
    assert ("report", 1) not in boxes


ADDRESSES = {"mallory": "mallory@example.org", "bruno": "bruno@example.org"}


@pytest.fixture
def addresses(world):
    """Two of the cast have an e-mail address."""
    write = text("UPDATE people SET email = :email WHERE username = :name")
    with world.owner() as owner:
        for name, email in ADDRESSES.items():
            owner.execute(write, {"name": name, "email": email})
    yield ADDRESSES
    with world.owner() as owner:
        for name in ADDRESSES:
            owner.execute(write, {"name": name, "email": None})


@pytest.mark.usefixtures("addresses")
@pytest.mark.parametrize(
    ("number", "email", "known"),
    [
        (None, None, []),
        ("S-1010", None, ["mallory"]),
        (None, "mallory@example.org", ["mallory"]),
        ("S-1010", "mallory@example.org", ["mallory"]),
        ("S-1010", "bruno@example.org", ["bruno", "mallory"]),
        ("S-0000", "nobody@example.org", []),
    ],
)
def test_an_account_is_recognised_by_number_or_address(
    cast, world, number, email, known
):
    with db.transaction(cast.amina):
        found = recognise(number, email)
    assert set(found) == {world.made.people[name] for name in known}


@pytest.mark.usefixtures("addresses")
def test_who_is_recognised_in_a_logged_report_is_shut_out(world, cast):
    cora = Browser(make_app(world)).sign_in("cora")
    answer = cora.post(
        "/cases/new",
        {
            "conflicted": "no",
            "danger": "no",
            "reporter_kind": "witness",
            "anonymous": "no",
            "office": str(world.made.offices["NBO"]),
            "received_at": "2025-03-03T10:00",
            "channel": "in_person",
            "language": "en",
            "kind": "sexual_exploitation",
            "precision": "unknown",
            "already_referred": "no",
            "medical_needed": "no",
            "subject_category": "staff",
            "subject_known": "no",
            "staff_number": "S-2001",
            "work_email": " Mallory@Example.org ",
        },
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    case_id = answer.headers["Location"].split("/")[2]
    for who in ("mallory", "focal_2"):
        actor = getattr(cast, who)
        with db.transaction(actor) as session:
            assert session.get(Case, case_id) is None
            assert not actor.keyring.boxes(case_id)
    with db.transaction(cast.amina) as session:
        assert session.get(Case, case_id) is not None
    with world.owner() as owner:
        kept = owner.scalars(
            text(
                "SELECT reason FROM standings WHERE case_id = :id AND kind = 'barred'"
            ),
            {"id": case_id},
        ).all()
        rows = owner.scalars(
            text("SELECT detail FROM audit_rows WHERE case_id = :id"), {"id": case_id}
        ).all()
    assert kept == ["recognised_account"] * 2
    assert not any("example.org" in row or "S-2001" in row for row in rows)


def test_an_address_is_asked_for_in_its_form(world):
    cora = Browser(make_app(world)).sign_in("cora")
    answer = cora.post("/cases/new", {"work_email": "somebody at work"})
    page = answer.get_data(as_text=True)
    assert "Enter an address like name@example.org" in page
    assert "somebody at work" in page
