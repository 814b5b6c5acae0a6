"""Limits end when the office would say so, whatever the clocks do."""
# ruff: noqa: DTZ001 (wall times are naive on purpose)

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import (
    Limit,
    OfficeCalendar,
    Unit,
    at_risk_from,
    days,
    due_at,
    hours,
    months,
    weekend_of,
    working_days,
)

AMMAN = OfficeCalendar.of("Asia/Amman", "JO")
DHAKA = OfficeCalendar.of("Asia/Dhaka", "BD")
NAIROBI = OfficeCalendar.of("Africa/Nairobi", "KE")
BEIRUT = OfficeCalendar.of("Asia/Beirut", "LB")
GENEVA = OfficeCalendar.of("Europe/Zurich", "CH")
KYIV = OfficeCalendar.of("Europe/Kyiv", "UA")
BOGOTA = OfficeCalendar.of("America/Bogota", "CO")
CALENDARS = (AMMAN, DHAKA, NAIROBI, BEIRUT, GENEVA, KYIV, BOGOTA)

calendars = st.sampled_from(CALENDARS)
instants = st.datetimes(
    datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)
)
limits = st.builds(Limit, st.integers(1, 60), st.sampled_from(Unit))
small = st.integers(1, 60)
# The first look at a year's holidays takes its time.
unhurried = settings(deadline=None)


def local(
    calendar: OfficeCalendar,
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=calendar.zone)


def ends(calendar: OfficeCalendar, start: datetime, limit: Limit) -> datetime:
    """The wall time at the office at which the limit ends."""
    return due_at(start, limit, calendar).astimezone(calendar.zone).replace(tzinfo=None)


# Hours


def test_a_spring_change_takes_no_hour_from_an_hour_clock() -> None:
    start = local(KYIV, 2026, 3, 28, 12)
    assert due_at(start, hours(24), KYIV) - start.astimezone(UTC) == timedelta(days=1)
    assert ends(KYIV, start, hours(24)) == datetime(2026, 3, 29, 13)


def test_an_autumn_change_gives_no_hour_to_an_hour_clock() -> None:
    start = local(KYIV, 2026, 10, 24, 12)
    assert ends(KYIV, start, hours(24)) == datetime(2026, 10, 25, 11)


@unhurried
@given(instants, small, calendars)
def test_hours_are_elapsed_hours_everywhere(
    start: datetime, count: int, calendar: OfficeCalendar
) -> None:
    due = due_at(start.astimezone(calendar.zone), hours(count), calendar)
    assert due - start == timedelta(hours=count)


# Days


def test_days_keep_the_wall_time_across_a_clock_change() -> None:
    assert ends(KYIV, local(KYIV, 2026, 3, 27, 9), days(7)) == datetime(2026, 4, 3, 9)


def test_a_wall_time_that_the_clocks_skip_moves_forward() -> None:
    # Beirut goes from midnight to one o'clock on 29 March 2026.
    start = local(BEIRUT, 2026, 3, 28, 0, 30)
    assert ends(BEIRUT, start, days(1)) == datetime(2026, 3, 29, 1, 30)


def test_of_a_wall_time_that_comes_twice_the_first_is_meant() -> None:
    start = local(KYIV, 2026, 10, 24, 3, 30)
    due = due_at(start, days(1), KYIV)
    assert due == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_days_count_in_the_zone_of_the_office_not_of_the_reporter() -> None:
    start = datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert due_at(start, days(2), KYIV) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@unhurried
@given(instants, small, calendars)
def test_days_fall_on_the_day_that_many_days_later(
    start: datetime, count: int, calendar: OfficeCalendar
) -> None:
    began = start.astimezone(calendar.zone).replace(tzinfo=None, fold=0)
    ended = ends(calendar, start, days(count))
    assert timedelta(0) <= ended - (began + timedelta(days=count)) <= timedelta(hours=1)


# Months


def test_ninety_days_are_not_three_months() -> None:
    start = local(GENEVA, 2026, 1, 15, 10)
    assert ends(GENEVA, start, days(90)) == datetime(2026, 4, 15, 10)
    assert ends(GENEVA, start, months(3)) == datetime(2026, 4, 15, 10)
    start = local(GENEVA, 2026, 7, 15, 10)
    assert ends(GENEVA, start, days(90)) == datetime(2026, 10, 13, 10)
    assert ends(GENEVA, start, months(3)) == datetime(2026, 10, 15, 10)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ((2026, 8, 31), 6, (2027, 2, 28)),
        ((2027, 8, 31), 6, (2028, 2, 29)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2026, 12, 31), 2, (2027, 2, 28)),
        ((2026, 11, 30), 1, (2026, 12, 30)),
        ((2026, 12, 1), 12, (2027, 12, 1)),
        ((2026, 6, 30), 6, (2026, 12, 30)),
    ],
)
def test_months_are_clipped_at_the_end_of_the_month(
    start: tuple[int, int, int], count: int, end: tuple[int, int, int]
) -> None:
    began = local(NAIROBI, *start, 16, 45)
    assert ends(NAIROBI, began, months(count)) == datetime.combine(
        date(*end), time(16, 45)
    )


@unhurried
@given(instants, small, calendars)
def test_months_land_in_the_month_that_many_months_later(
    start: datetime, count: int, calendar: OfficeCalendar
) -> None:
    began = start.astimezone(calendar.zone)
    ended = ends(calendar, start, months(count))
    passed = (ended.year - began.year) * 12 + ended.month - began.month
    assert passed == count
    assert ended.day <= began.day


# Working days


def test_a_weekend_on_friday_and_saturday_is_skipped() -> None:
    # 26 November 2026 is a Thursday.
    start = local(AMMAN, 2026, 11, 26, 15)
    assert ends(AMMAN, start, working_days(1)) == datetime(2026, 11, 29, 15)
    assert ends(NAIROBI, local(NAIROBI, 2026, 11, 26, 15), working_days(1)) == (
        datetime(2026, 11, 27, 15)
    )


def test_five_working_days_are_a_week_at_the_same_hour() -> None:
    start = local(DHAKA, 2026, 11, 3, 9, 30)
    assert ends(DHAKA, start, working_days(5)) == datetime(2026, 11, 10, 9, 30)


def test_a_start_on_a_closed_day_counts_from_the_next_opening() -> None:
    saturday = local(NAIROBI, 2026, 11, 21, 15)
    assert ends(NAIROBI, saturday, working_days(1)) == datetime(2026, 11, 24)
    sunday_in_dhaka = local(DHAKA, 2026, 11, 22, 15)
    assert ends(DHAKA, sunday_in_dhaka, working_days(1)) == datetime(2026, 11, 23, 15)


def test_public_holidays_do_not_count() -> None:
    new_years_eve = local(BOGOTA, 2026, 12, 31, 9)
    assert ends(BOGOTA, new_years_eve, working_days(1)) == datetime(2027, 1, 4, 9)


def test_an_office_may_close_on_more_days_and_open_on_holidays() -> None:
    feast, holiday = date(2026, 11, 24), date(2026, 12, 25)
    nairobi = OfficeCalendar.of(
        "Africa/Nairobi", "KE", closed=frozenset({feast}), open=frozenset({holiday})
    )
    assert not nairobi.is_working(feast)
    assert NAIROBI.is_working(feast)
    assert nairobi.is_working(holiday)
    assert not NAIROBI.is_working(holiday)


def test_a_weekend_stays_one_when_a_holiday_on_it_is_taken_back() -> None:
    saturday = date(2026, 12, 26)
    calendar = OfficeCalendar.of("Africa/Nairobi", "KE", open=frozenset({saturday}))
    assert not calendar.is_working(saturday)


def test_an_office_without_a_country_knows_its_weekend_and_its_own_days() -> None:
    calendar = OfficeCalendar(
        ZoneInfo("Asia/Amman"), frozenset({4, 5}), closed=frozenset({date(2026, 1, 4)})
    )
    assert calendar.is_working(date(2026, 1, 1))
    assert not calendar.is_working(date(2026, 1, 4))


@pytest.mark.parametrize(
    ("country", "weekend"),
    [("JO", {4, 5}), ("BD", {4, 5}), ("KE", {5, 6}), ("LB", {5, 6}), ("CO", {5, 6})],
)
def test_the_usual_weekend_of_each_country_is_known(
    country: str, weekend: frozenset[int]
) -> None:
    assert weekend_of(country) == weekend


@unhurried
@given(instants, small, calendars)
def test_working_days_end_on_a_working_day(
    start: datetime, count: int, calendar: OfficeCalendar
) -> None:
    due = ends(calendar, start, working_days(count))
    began = start.astimezone(calendar.zone).date()
    assert calendar.is_working(due.date())
    first = calendar.working_day_from(began)
    span = (first + timedelta(n) for n in range(1, (due.date() - first).days + 1))
    assert sum(map(calendar.is_working, span)) == count


# All of them


@unhurried
@given(instants, limits, calendars)
def test_a_due_time_is_utc_and_later_than_its_start(
    start: datetime, limit: Limit, calendar: OfficeCalendar
) -> None:
    due = due_at(start, limit, calendar)
    assert due.tzinfo is UTC
    assert due > start


@unhurried
@given(instants, limits, calendars)
def test_the_offset_in_which_a_start_is_told_changes_nothing(
    start: datetime, limit: Limit, calendar: OfficeCalendar
) -> None:
    elsewhere = start.astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert due_at(elsewhere, limit, calendar) == due_at(start, limit, calendar)


@unhurried
@given(instants, limits, calendars)
def test_a_longer_limit_ends_later(
    start: datetime, limit: Limit, calendar: OfficeCalendar
) -> None:
    longer = Limit(limit.count + 1, limit.unit)
    assert due_at(start, longer, calendar) > due_at(start, limit, calendar)


@pytest.mark.parametrize("unit", Unit)
def test_a_naive_time_is_refused(unit: Unit) -> None:
    with pytest.raises(ValueError, match="offset"):
        due_at(datetime(2026, 1, 1), Limit(1, unit), NAIROBI)


@pytest.mark.parametrize("count", [0, -1])
def test_a_limit_of_nothing_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        days(count)


def test_a_country_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="'XX'"):
        OfficeCalendar(ZoneInfo("UTC"), country="XX")
    with pytest.raises(ValueError, match="'XX'"):
        OfficeCalendar.of("UTC", "XX")


@pytest.mark.parametrize("weekend", [frozenset(range(7)), frozenset({7})])
def test_a_week_without_work_is_refused(weekend: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="weekend"):
        OfficeCalendar(ZoneInfo("UTC"), weekend)


# At risk


def test_a_clock_is_at_risk_when_a_quarter_is_left() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    due = start + timedelta(hours=24)
    assert at_risk_from(start, due) == start + timedelta(hours=18)
    assert at_risk_from(start, due, share=0.5) == start + timedelta(hours=12)


@unhurried
@given(instants, limits, calendars, st.floats(0, 1))
def test_risk_begins_between_start_and_due(
    start: datetime, limit: Limit, calendar: OfficeCalendar, share: float
) -> None:
    due = due_at(start, limit, calendar)
    assert start <= at_risk_from(start, due, share) <= due


def test_risk_is_refused_for_naive_times_and_odd_shares() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="offset"):
        at_risk_from(start, datetime(2026, 1, 2))
    with pytest.raises(ValueError, match="share"):
        at_risk_from(start, start, share=1.5)
