"""What is opened is on record first."""

import pytest
from sqlalchemy import text

from auth.policy import Facts
from casework.models.case import Report
from casework.opening import reveal
from core import db
from tests.vault.lying import changed
from vault.crypto import Tampered


def test_a_read_is_on_record_before_anything_is_opened(cast, case_id, raw):
    """Also where the opening fails: the row is committed first."""
    cora = cast.cora
    reads = text(
        "SELECT count(*) FROM audit_rows WHERE subject = :who AND action = 'case:read'"
    )
    before = raw.scalar(reads, {"who": cora.id})
    find = text("SELECT id, narrative FROM reports WHERE case_id = :case")
    row_id, data = raw.execute(find, {"case": case_id}).one()
    forged = data[:-1] + bytes([data[-1] ^ 1])
    with (
        changed(raw, "reports", {"id": row_id}, narrative=forged),
        db.transaction(cora) as session,
    ):
        wanted = [(Report.narrative, [session.get_one(Report, row_id)])]
        with pytest.raises(Tampered):
            reveal(cora, case_id, Facts(), wanted)
    assert raw.scalar(reads, {"who": cora.id}) == before + 1
