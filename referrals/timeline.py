"""What happened to a referral: its event, audit row and clocks, without the case.

A provider cannot see the case, so the clocks follow the service's office and the
referral's own facts.
"""

from datetime import datetime

from auth.models import Office
from casework import timeline
from casework.clocks import Happening
from casework.sla import About
from core import db
from core.events import Event
from referrals.models import Referral, Service


def about(row: Referral) -> About:
    """Return the facts that a referral's clocks look at."""
    return About(
        kind="",
        danger=False,
        urgent=row.urgent,
        reachable=True,
        incident_at=None,
        received_at=row.sent_at,
    )


def record(event: Event, row: Referral, occurred_at: datetime | None = None) -> None:
    """Write an event of a referral, its audit row, and tell its clocks.

    No facts go with it: the lead reads the audit rows of a case, and what a survivor
    needs is for care alone.
    """
    session = db.session()
    service = session.get_one(Service, row.service_id)
    happening = Happening(
        event=event,
        case_id=row.case_id,
        episode=row.episode,
        about=about(row),
        calendar=timeline.calendar_of(session.get_one(Office, service.office_id)),
        occurred_at=occurred_at or db.now(),
        referral_id=row.id,
    )
    timeline.write(happening, {})
