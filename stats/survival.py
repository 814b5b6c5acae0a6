"""How long clocks ran: medians and percentiles that count the open ones as open."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import CensoredData, ecdf

from stats.measures import ClockRow

MEDIAN_FROM = 10
P90_FROM = 50
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IN_HOURS_UP_TO = timedelta(hours=72)
ROUNDING = 1e-9  # a curve that ends at 0.5 to the last bit has reached the half


def median(rows: Iterable[ClockRow], now: datetime) -> timedelta | None:
    """Half had stopped by then (net of pauses); None below 10 clocks or not reached."""
    return _reached(rows, now, share=0.5, least=MEDIAN_FROM)


def p90(rows: Iterable[ClockRow], now: datetime) -> timedelta | None:
    """Nine in ten had stopped by then; None below 50 clocks or not reached."""
    return _reached(rows, now, share=0.9, least=P90_FROM)


def net(row: ClockRow, now: datetime) -> timedelta:
    """From start to stop or end, or to now while open, without pauses; not below 0."""
    gross = (row.stopped_at or row.ended_at or now) - row.started_at
    return max(timedelta(), gross - timedelta(seconds=row.paused_seconds))


def quantile(
    stopped: list[timedelta], still_open: list[timedelta], share: float
) -> timedelta | None:
    """The first time by which this share had stopped, after Kaplan and Meier."""
    if not stopped:
        return None
    left = ecdf(
        CensoredData(
            uncensored=[each.total_seconds() for each in stopped],
            right=[each.total_seconds() for each in still_open],
        )
    ).sf
    there = np.flatnonzero(left.probabilities <= 1 - share + ROUNDING)
    return timedelta(seconds=float(left.quantiles[there[0]])) if there.size else None


def coarse(length: timedelta) -> timedelta:
    """Rounded up to whole hours, above 72 hours to whole days.

    A percentile is the time of one case; to the second it could be recognised.
    """
    unit = HOUR if length <= IN_HOURS_UP_TO else DAY
    return unit * -(-length // unit)


def _reached(
    rows: Iterable[ClockRow], now: datetime, share: float, least: int
) -> timedelta | None:
    counted = [row for row in rows if row.counted_as != "not_applicable"]
    if len(counted) < least:
        return None
    stopped = [net(row, now) for row in counted if row.stopped_at is not None]
    still_open = [net(row, now) for row in counted if row.stopped_at is None]
    found = quantile(stopped, still_open, share)
    return None if found is None else coarse(found)
