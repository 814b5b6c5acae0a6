"""When it happened, as closely as the form knows it, and no closer."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timezone, tzinfo
from typing import Any

from casework.cfm.answers import Answers
from casework.cfm.report import Fault
from casework.vocabulary import Precision
from core.times import CLOCK_SKEW, EASTMOST

WHEN = "group_concern/incident_at"
PRECISION = "group_concern/incident_precision"
PRECISIONS = "exact month unknown"


@dataclass(frozen=True)
class Incident:
    """An exact instant with its local day, a day, the first of a month, or nothing."""

    precision: Precision = Precision.UNKNOWN
    at: datetime | None = None
    on: date | None = None

    def is_after(self, moment: datetime, zone: tzinfo | None) -> bool:
        """Whether it lies after `moment`, by days of `zone` where only they are known.

        Without a zone the day is the latest that it is anywhere on earth.
        """
        if self.at is not None:
            return self.at > moment
        day = moment.astimezone(zone or timezone(EASTMOST)).date()
        return self.on is not None and self.on > day


def incident(
    ask: Answers, zone: tzinfo | None, received_at: datetime, now: datetime
) -> dict[str, Any]:
    """The three answers on time. A time that cannot be is noted and not used."""
    found = _told(ask, zone)
    fault = None
    if found.is_after(now + CLOCK_SKEW, zone):
        fault = Fault.FUTURE_DATE
    elif found.is_after(received_at, zone):
        fault = Fault.INCIDENT_AFTER_RECEIPT
    if fault:
        ask.note(WHEN, fault, keep=ask.raw(WHEN))
        found = Incident()
    return {
        "precision": found.precision,
        "incident_at": found.at,
        "incident_on": found.on,
    }


def instant(
    ask: Answers, field: str, when: date | datetime | None, zone: tzinfo
) -> datetime | None:
    """The UTC instant meant; `zone` stands in, noted, for an offset left out.

    A day without a time, noted too, stands for its start.
    """
    if when is None:
        return None
    if not isinstance(when, datetime):
        ask.note(field, Fault.MISSING_TIME)
        when = datetime.combine(when, time.min, tzinfo=zone)
    elif when.tzinfo is None:
        ask.note(field, Fault.MISSING_OFFSET)
        when = when.replace(tzinfo=zone)
    return when.astimezone(UTC)


def _told(ask: Answers, zone: tzinfo | None) -> Incident:
    precision = ask.code(PRECISION, Precision, PRECISIONS)
    when = ask.when(WHEN, required=precision in (Precision.EXACT, Precision.MONTH))
    if when is None:
        return Incident()
    if precision is Precision.UNKNOWN:
        ask.note(WHEN, Fault.UNEXPECTED_ANSWER, keep=ask.raw(WHEN))
        return Incident()
    if isinstance(when, datetime) and precision in (None, Precision.EXACT):
        return _exact(ask, when, zone)
    return _dated(ask, precision, when)


def _exact(ask: Answers, when: datetime, zone: tzinfo | None) -> Incident:
    if when.tzinfo is None and zone is None:
        ask.note(WHEN, Fault.MISSING_OFFSET)
        return Incident(Precision.DAY, on=when.date())
    at = instant(ask, WHEN, when, zone or UTC)
    return Incident(Precision.EXACT, at=at, on=when.date())


def _dated(ask: Answers, precision: Precision | None, when: date) -> Incident:
    day = when.date() if isinstance(when, datetime) else when
    if precision is Precision.EXACT:
        ask.note(WHEN, Fault.MISSING_TIME)
        return Incident(Precision.DAY, on=day)
    if precision is Precision.MONTH or (precision is None and day.day == 1):
        return Incident(Precision.MONTH, on=day.replace(day=1))
    return Incident(Precision.DAY, on=day)
