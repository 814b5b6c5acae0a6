"""How long an entry of the service directory counts as current."""

from dataclasses import dataclass
from datetime import datetime

from casework.clocks import State
from casework.sla import AT_RISK_SHARE, Basis
from core.calendar import OfficeCalendar, at_risk_from, days, due_at

# directory.verify: no clock's row keeps it, since a service belongs to no case.
VERIFY_WITHIN = days(90)
BASIS = Basis.OURS


@dataclass(frozen=True)
class Verification:
    """When a service is to be verified again, and what that stands at."""

    days_ago: int
    due: datetime
    state: State


def verification(
    verified_at: datetime, calendar: OfficeCalendar, now: datetime
) -> Verification:
    """Return how current a service is; whole days are only for showing."""
    due = due_at(verified_at, VERIFY_WITHIN, calendar)
    state = State.RUNNING
    if now > due:
        state = State.OVERDUE
    elif now >= at_risk_from(verified_at, due, AT_RISK_SHARE):
        state = State.AT_RISK
    return Verification((now - verified_at).days, due, state)
