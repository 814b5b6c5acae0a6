"""The sweep notes each breach once, and starts what falls back on it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from auth.actor import SWEEP
from casework.commands.intake import file_report
from casework.models.case import Case
from casework.models.progress import ClockRow
from casework.sweeping import sweep
from casework.timeline import record
from core import db
from core.audit import AuditRow
from core.events import Event

# A time of its own, so that the clocks of other tests are not due.
PAST = datetime(2019, 3, 4, 9, tzinfo=UTC)
LATER = PAST + timedelta(days=8)
EVEN_LATER = PAST + timedelta(days=150)


@pytest.fixture(autouse=True)
def nothing_due(world):
    sweep(EVEN_LATER)


@pytest.fixture
def case_id(cast, filing):
    with db.transaction(cast.amina, at=PAST):
        return file_report(cast.amina, filing(received_at=PAST, incident_at=None)).id


def clocks(actor, case_id) -> dict[str, ClockRow]:
    with db.transaction(actor) as session:
        rows = session.scalars(select(ClockRow).where(ClockRow.case_id == case_id))
        return {row.code: row for row in rows}


def noted(world, case_id) -> int:
    with world.owner() as connection:
        return connection.scalar(
            select(func.count()).where(
                AuditRow.case_id == case_id, AuditRow.action == Event.CLOCK_BREACHED
            )
        )


def test_a_breach_is_noted_once(cast, case_id, world):
    count = sweep(LATER)
    assert count == noted(world, case_id) > 0
    assert sweep(LATER) == 0
    assert noted(world, case_id) == count


def test_nothing_is_noted_before_it_is_due(case_id):
    assert sweep(PAST + timedelta(hours=1)) == 0


def test_a_skipped_step_starts_the_clock_that_follows_it(cast, case_id):
    assert "reporter.feedback" not in clocks(cast.amina, case_id)
    sweep(LATER)
    after = clocks(cast.amina, case_id)
    assert after["reporter.feedback"].started_at == after["intake.acknowledge"].due_at


def test_a_clock_that_started_late_may_have_run_out_too(cast, case_id):
    sweep(EVEN_LATER)
    assert clocks(cast.amina, case_id)["reporter.feedback"].breach_noted_at


def test_a_late_step_starts_no_second_clock(cast, case_id):
    sweep(LATER)
    with db.transaction(cast.amina) as session:
        record(Event.REPORT_ACKNOWLEDGED, session.get_one(Case, case_id))
    with db.transaction(cast.amina) as session:
        count = select(func.count()).where(
            ClockRow.case_id == case_id, ClockRow.code == "reporter.feedback"
        )
        assert session.scalar(count) == 1


def test_a_step_taken_in_time_needs_no_fallback(cast, case_id):
    at = PAST + timedelta(days=1)
    with db.transaction(cast.amina, at=at) as session:
        record(Event.REPORT_ACKNOWLEDGED, session.get_one(Case, case_id))
    sweep(LATER)
    assert clocks(cast.amina, case_id)["reporter.feedback"].started_at == at


def test_several_sweeps_at_once_note_each_breach_once(case_id, world):
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(sweep, [LATER] * 4))
    counts.append(sweep(LATER))
    assert sum(counts) == noted(world, case_id) > 0


def test_the_sweep_reads_no_words(case_id):
    with db.transaction(SWEEP) as session:
        for table in ("reports", "survivors", "subjects", "submissions"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
