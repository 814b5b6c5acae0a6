"""A report becomes a case: once, sealed, routed, with its clocks."""

from sqlalchemy import select

from auth.actor import INTAKE
from casework.commands.intake import file_report
from casework.models.case import Case, Report, Survivor
from casework.models.progress import ClockRow
from core import db


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
