"""What the pages of statistics read, through row security, from real rows."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from auth.actor import STATS
from casework.sla import CLOCKS
from core import audit, db
from core.checkpoints import History
from core.trail import stored, verify
from stats import queries
from stats.queries import ClockTable, Timeliness
from stats.suppression import ALL, Apart
from tests.stats.volume import DAY, Volume, volume_in
from tests.worlds import another, sign_everyone_in

HOUR = timedelta(hours=1)
# A time of its own: nothing else of the tests happened then.
NOW = datetime(2021, 5, 15, 12, tzinfo=UTC)
AT = datetime(2021, 4, 1, tzinfo=UTC)
SPRING = datetime(2020, 5, 4, 9, tzinfo=UTC)
ASIA = ("Asia", "2020Q2")


@pytest.fixture(scope="module")
def world(world, server):
    with another(world, server) as own:
        yield own


@pytest.fixture(scope="module")
def signed_in(world):
    return sign_everyone_in(world)


@pytest.fixture
def volume(world) -> Iterator[Volume]:
    with volume_in(world) as written:
        yield written


@pytest.fixture
def busy(volume) -> Volume:
    """Thirty clocks in every region and quarter, but for Asia in spring 2020."""
    for office in ("NBO", "COX", "BOG", "AMM", "KYV", "DKR"):
        for at in (SPRING + 91 * n * DAY for n in range(-1, 4)):
            if (office, at) != ("COX", SPRING):
                volume.clocks(30, office, at, stopped_at=at + HOUR)
    return volume


def read(now: datetime = NOW) -> Timeliness:
    with db.transaction(STATS, at=now):
        return queries.timeliness()


def triage(data: Timeliness) -> ClockTable:
    return next(each for each in data.tables if each.rule.code == "safety.triage")


def test_what_was_due_is_counted_by_region_and_quarter(busy):
    busy.clocks(16, "COX", SPRING, stopped_at=SPRING + 5 * HOUR)
    busy.clocks(3, "COX", SPRING, stopped_at=SPRING + 2 * DAY)
    busy.clocks(2, "COX", SPRING)
    seen = triage(read()).figures[ASIA].published
    assert (seen.due, seen.low, seen.high) == (20, 59, 95)


def test_every_clock_region_and_quarter_has_its_place_whatever_happened(volume):
    before = read()
    volume.clocks(1, "COX", SPRING, stopped_at=SPRING + HOUR)
    after = read()
    assert [each.rule.code for each in after.tables] == list(CLOCKS)
    assert after.quarters == ("2020Q1", "2020Q2", "2020Q3", "2020Q4", "2021Q1")
    assert {"Asia", "Europe", "Latin America"} <= set(after.regions)
    assert after == before


def test_only_the_service_reads_the_clocks(volume, cast):
    volume.clocks(30, "COX", SPRING, stopped_at=SPRING + HOUR)
    assert not triage(read()).hidden
    for person in (cast.theo, cast.cora, cast.adam):
        with db.transaction(person, at=NOW):
            assert triage(queries.timeliness()).hidden


def test_nothing_changes_within_the_quarter(busy):
    open_ones = busy.clocks(30, "COX", SPRING, due_at=AT + DAY)
    late = busy.clocks(20, "COX", SPRING)
    before = read(AT + HOUR)
    busy.change(open_ones[:10], stopped_at=AT + DAY)
    busy.change(open_ones[10:20], cancelled_at=AT + DAY)
    busy.change(open_ones[20:], paused_at=AT + DAY)
    busy.change(late, stopped_at=AT + 3 * DAY)
    busy.clocks(40, "COX", AT + DAY, stopped_at=AT + 2 * DAY)
    after = read(NOW)
    assert after == before
    assert triage(after).apart == Apart(30, None, None)
    assert triage(after).figures[ASIA].published.due == 20


def test_what_ended_before_it_was_due_does_not_count_and_stands_apart(volume):
    volume.clocks(12, "COX", SPRING, cancelled_at=SPRING + HOUR)
    volume.clocks(12, "COX", SPRING, not_applicable="no_channel")
    volume.clocks(15, "COX", SPRING, paused_at=SPRING + HOUR)
    seen = triage(read())
    assert seen.hidden
    assert seen.apart == Apart(None, 15, 25)


def test_what_ended_overdue_counts_as_open_until_then(busy):
    busy.clocks(10, "COX", SPRING, cancelled_at=SPRING + 2 * DAY)
    busy.clocks(10, "COX", SPRING, stopped_at=SPRING + 3 * DAY)
    figure = triage(read()).figures[ASIA]
    assert figure.published.due == 20
    assert figure.median == 3 * DAY  # all who were left after two days


def test_how_long_it_took_is_told_from_ten_and_from_fifty(busy):
    busy.clocks(60, "COX", SPRING, stopped_at=SPRING + 2 * HOUR)
    seen = triage(read())
    assert (seen.figures[ASIA].median, seen.figures[ASIA].p90) == (2 * HOUR, 2 * HOUR)
    assert seen.figures["Europe", "2020Q1"].p90 is None


def test_where_the_number_is_hidden_so_is_how_long_it_took(busy):
    busy.clocks(9, "COX", SPRING, stopped_at=SPRING + HOUR)
    figure = triage(read()).figures[ASIA]
    assert (figure.published.due, figure.median, figure.p90) == (None, None, None)


def test_a_time_net_of_pauses_is_told(busy):
    busy.clocks(20, "COX", SPRING, stopped_at=SPRING + 5 * HOUR, paused_seconds=7200)
    assert triage(read()).figures[ASIA].median == 3 * HOUR


def test_a_small_cell_is_hidden_among_large_ones(busy):
    busy.clocks(9, "COX", SPRING, stopped_at=SPRING + HOUR)
    figures = triage(read()).figures
    assert figures[ASIA].published.due is None
    assert figures["Europe", "2020Q2"].published.due == 30
    assert figures["Asia", ALL].published.due == 130


def test_what_began_before_the_year_before_is_left_out(volume):
    start = datetime(2020, 1, 1, tzinfo=UTC)
    volume.clocks(20, "COX", start - HOUR, stopped_at=start)
    volume.clocks(30, "COX", start, stopped_at=start + HOUR)
    assert triage(read()).total.published.due == 30


@pytest.mark.parametrize(
    ("month", "first", "count"),
    [(1, "2019Q1", 8), (4, "2020Q1", 5), (7, "2020Q1", 6), (10, "2020Q1", 7)],
)
def test_the_quarters_shown_start_with_a_year(month, first, count):
    with db.transaction(STATS, at=datetime(2021, month, 20, tzinfo=UTC)):
        data = queries.timeliness()
    assert (data.quarters[0], len(data.quarters)) == (first, count)


def test_a_quarter_is_one_of_utc_wherever_the_database_stands(volume):
    late = datetime(2020, 3, 31, 23, 30, tzinfo=UTC)
    volume.clocks(20, "COX", late, stopped_at=late + HOUR)
    with db.transaction(STATS, at=NOW) as session:
        session.execute(text("SET LOCAL TIME ZONE 'Asia/Dhaka'"))
        (row, *_) = queries._clock_rows(late - DAY, AT)
    assert row.quarter == "2020Q1"


def stock(now: datetime = NOW) -> dict[tuple[str, ...], int]:
    found = read(now).stock
    return {key: each.due for key, each in found.items() if each.due is not None}


@pytest.fixture
def aged(volume) -> Volume:
    """Thirty open cases of every age, decided and not."""
    for age in queries.AGES:
        at = AT - (age + 1) * DAY
        for stops in ({}, {"stopped_at": at + HOUR}):
            cases = volume.cases(30, "COX", at)
            volume.clocks_of(cases, at, code="assess.decide", **stops)
    return volume


def test_the_stock_counts_open_cases_by_age_and_decision(aged):
    more = aged.cases(20, "COX", AT - 10 * DAY)
    aged.clocks_of(more, AT - 10 * DAY, code="assess.decide")
    aged.cases(40, "COX", AT - 100 * DAY, closed_at=AT - DAY)
    aged.cases(50, "COX", AT + DAY)
    seen = stock()
    assert seen["0", "intake"] == 50
    assert seen["0", "later"] == seen["365", "later"] == seen["90", "later"] == 30
    assert seen[ALL, ALL] == 320


def test_the_stock_is_that_of_the_start_of_the_quarter(aged):
    cases = aged.cases(20, "COX", AT - 30 * DAY, closed_at=AT + DAY)
    clocks = {"code": "assess.decide", "stopped_at": AT + HOUR}
    aged.clocks_of(cases, AT - 30 * DAY, **clocks)
    assert stock()["30", "intake"] == 50


def test_a_stock_of_a_few_is_not_told(volume):
    volume.cases(9, "COX", AT - 10 * DAY)
    assert stock() == {}


def test_the_auditor_counts_every_chain_and_reads_the_newest_rows(cast):
    audit.record_denial(cast.amina, "request:denied", None, endpoint="x")
    with db.transaction(cast.theo) as session:
        counted, (newest, *_) = queries.trail(), queries.recent(1)
        verdict = verify(stored(session), History())
    assert (counted.rows, counted.chains) == (verdict.rows, verdict.chains)
    assert verdict.whole
    assert newest.actor == str(cast.amina.id)
    with db.transaction(cast.pia):
        assert queries.trail().chains <= 1


def test_pages_of_the_trail_follow_each_other(cast):
    for _ in range(queries.ON_A_PAGE + 1):
        audit.record_denial(cast.amina, "request:denied", None)
    with db.transaction(cast.theo):
        first, second = queries.recent(1), queries.recent(2)
    assert len(first) == queries.ON_A_PAGE
    assert first[-1].at >= second[0].at
    assert {(row.subject, row.seq) for row in first}.isdisjoint(
        (row.subject, row.seq) for row in second
    )


def test_verification_names_the_row_that_was_changed(volume, cast):
    audit.record_denial(cast.amina, "request:denied", None, endpoint="x")
    changed = "UPDATE audit_rows SET detail = '{}' WHERE subject = :who AND seq = 1"
    volume.connection.execute(text(changed), {"who": cast.amina.id})
    with Session(volume.connection) as session:
        assert verify(stored(session), History()).bad == f"{cast.amina.id}/1: changed"


def test_rows_written_while_it_verifies_are_no_fault(cast):
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            audit.record_denial(cast.amina, "request:denied", None)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            with db.transaction(cast.theo) as session:
                assert verify(stored(session), History()).whole
    finally:
        stop.set()
        writer.join()
