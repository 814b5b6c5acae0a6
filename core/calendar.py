"""When a limit ends: hours, days, working days and months in an office's zone."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

import holidays

ONE_DAY = timedelta(days=1)
SATURDAY_SUNDAY = frozenset({5, 6})


class Unit(StrEnum):
    """What a limit is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"


@dataclass(frozen=True)
class Limit:
    """A length of time as a rule states it; 90 days are not three months."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("A limit is at least 1.")

    @classmethod
    def hours(cls, count: int) -> Self:
        """Elapsed hours."""
        return cls(count, Unit.HOURS)

    @classmethod
    def days(cls, count: int) -> Self:
        """Calendar days."""
        return cls(count, Unit.DAYS)

    @classmethod
    def working_days(cls, count: int) -> Self:
        """Days that are neither weekend nor holiday at the office."""
        return cls(count, Unit.WORKING_DAYS)

    @classmethod
    def months(cls, count: int) -> Self:
        """Calendar months, clipped at the month's end."""
        return cls(count, Unit.MONTHS)


hours, days = Limit.hours, Limit.days
working_days, months = Limit.working_days, Limit.months


@dataclass(frozen=True)
class OfficeCalendar:
    """An office's zone, weekend (Monday is 0) and holidays.

    `country` is the ISO code whose public holidays count; None means none.
    `closed` adds holidays; `open` takes some back, for dates set by the moon.
    A day of the weekend stays one. Raises ValueError for a week without work
    and for a country whose holidays are not known.
    """

    zone: ZoneInfo
    weekend: frozenset[int] = SATURDAY_SUNDAY
    country: str | None = None
    closed: frozenset[date] = frozenset()
    open: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.weekend < frozenset(range(7)):
            raise ValueError("A weekend is some days of the week, 0 to 6, not all.")
        if self.country and self.country not in _countries():
            raise ValueError(f"The holidays of {self.country!r} are not known.")

    @classmethod
    def of(
        cls,
        zone: str,
        country: str,
        closed: frozenset[date] = frozenset(),
        open: frozenset[date] = frozenset(),
    ) -> Self:
        """The calendar of a country, with the weekend that is usual there."""
        return cls(ZoneInfo(zone), weekend_of(country), country, closed, open)

    def is_working(self, day: date) -> bool:
        """Whether the office works on `day`."""
        if day in self.closed or day.weekday() in self.weekend:
            return False
        return day in self.open or not self._is_public_holiday(day)

    def working_day_from(self, day: date) -> date:
        """`day`, or the next working day where it is none."""
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def _is_public_holiday(self, day: date) -> bool:
        return bool(self.country) and day in _holidays(self.country or "", day.year)


def due_at(start: datetime, limit: Limit, calendar: OfficeCalendar) -> datetime:
    """The UTC instant at which `limit` ends. ValueError for a naive `start`.

    Hours are elapsed hours. Days and months keep the wall time at the office; so
    do working days: 5 working days from Tuesday 15:00 end the next Tuesday 15:00,
    and a start on a closed day counts from the opening midnight of the next
    working day. A wall time that the clocks skip moves forward by the gap; of one
    that comes twice the first is meant.
    """
    _check_aware(start)
    if limit.unit is Unit.HOURS:
        return start.astimezone(UTC) + timedelta(hours=limit.count)
    local = start.astimezone(calendar.zone).replace(tzinfo=None, fold=0)
    end = _wall_end(local, limit, calendar)
    return end.replace(tzinfo=calendar.zone).astimezone(UTC)


def at_risk_from(start: datetime, due: datetime, share: float = 0.25) -> datetime:
    """The UTC instant from which only `share` of the time is left."""
    _check_aware(start)
    _check_aware(due)
    if not 0 <= share <= 1:
        raise ValueError("A share lies between 0 and 1.")
    end = due.astimezone(UTC)
    return end - (end - start.astimezone(UTC)) * share


@lru_cache
def weekend_of(country: str) -> frozenset[int]:
    """The days off in a country's week, Monday 0. ValueError if it is unknown."""
    if country not in _countries():
        raise ValueError(f"The weekend of {country!r} is not known.")
    return frozenset(holidays.country_holidays(country).weekend)


def _check_aware(at: datetime) -> None:
    if at.utcoffset() is None:
        raise ValueError("A time without an offset from UTC is not an instant.")


def _wall_end(local: datetime, limit: Limit, calendar: OfficeCalendar) -> datetime:
    if limit.unit is Unit.DAYS:
        return local + timedelta(days=limit.count)
    if limit.unit is Unit.MONTHS:
        return _months_later(local, limit.count)
    return _working_days_later(local, limit.count, calendar)


def _months_later(local: datetime, count: int) -> datetime:
    years, month = divmod(local.month - 1 + count, 12)
    year = local.year + years
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)


def _working_days_later(
    local: datetime, count: int, calendar: OfficeCalendar
) -> datetime:
    day = calendar.working_day_from(local.date())
    at = local.time() if day == local.date() else time.min
    for _ in range(count):
        day = calendar.working_day_from(day + ONE_DAY)
    return datetime.combine(day, at)


@lru_cache
def _countries() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries())


@lru_cache(maxsize=1024)
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))
