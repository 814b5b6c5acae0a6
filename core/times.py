"""Days and moments as people send them, in the zone of the office."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from core.text import N_, refuse

EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
LATEST = datetime(2150, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(minutes=5)
# The first place on earth to turn the page: used where no zone is known.
EASTMOST = timedelta(hours=14)

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
ISO_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)

_zone: ContextVar[tzinfo | None] = ContextVar("zone", default=None)


@contextmanager
def times_in(zone: tzinfo) -> Iterator[None]:
    """Read times that carry no offset as wall-clock times of `zone`."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def current_zone() -> tzinfo | None:
    """The zone of `times_in`, if any."""
    return _zone.get()


def read_day(value: Any, future: bool = False) -> date:
    """A date between 1950 and today; later, up to 2150, only if `future`."""
    day = _day(value)
    last = LATEST.date() if future else today()
    _check_bounds(day < EARLIEST.date(), day > last, future)
    return day


def today() -> date:
    """Today where times are read; without a zone, the latest today on earth."""
    zone = current_zone()
    return (datetime.now(zone) if zone else datetime.now(UTC) + EASTMOST).date()


def read_moment(value: Any, future: bool = False) -> datetime:
    """A moment in UTC between 1950 and now; later, up to 2150, only if `future`.

    Text without an offset is read in the zone of `times_in`; refused without one.
    """
    at = _placed(_moment(value))
    last = LATEST if future else datetime.now(UTC) + CLOCK_SKEW
    _check_bounds(at < EARLIEST, at > last, future)
    return at.astimezone(UTC)


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and ISO_DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        value = None
    raise refuse(N_("Enter a date that exists, like 2024-05-31."))


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and ISO_MOMENT.fullmatch(value.strip()):
            return datetime.fromisoformat(value.strip())
    except ValueError:
        value = None
    raise refuse(N_("Enter a date and time that exist, like 2024-05-31T14:30."))


def _placed(at: datetime) -> datetime:
    if at.tzinfo is not None:
        return at
    zone = current_zone()
    if zone is None:
        raise refuse(N_("Add the offset from UTC, like 2024-05-31T14:30+03:00."))
    local = at.replace(tzinfo=zone)
    if EARLIEST < local < LATEST and _is_skipped(local):
        raise refuse(N_("Choose another time: clocks were put forward over this one."))
    return local


def _is_skipped(local: datetime) -> bool:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) != local.replace(tzinfo=None)


def _check_bounds(early: bool, late: bool, future: bool) -> None:
    if early:
        raise refuse(N_("Enter a date from 1950 or later."))
    if late and future:
        raise refuse(N_("Enter a date before 2150."))
    if late:
        raise refuse(N_("This is in the future. Enter when it happened."))
