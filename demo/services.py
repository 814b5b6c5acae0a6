"""A small service directory for the demo; every service is verified today."""

import uuid

from casework.vocabulary import NeedType
from core import db
from demo.organisation import Organisation
from referrals.models import Service

# Kind, name, where, hours, office; the clinic's desk answers for Nairobi.
SERVICES = (
    (NeedType.MEDICAL, "Riverside clinic", "Near the market", "Every day, 8–20", "NBO"),
    (
        NeedType.MENTAL_HEALTH_PSYCHOSOCIAL,
        "Riverside counselling",
        "Near the market",
        "Weekdays, 9–17",
        "NBO",
    ),
    (NeedType.SAFETY, "Safe house", "Told on acceptance", "Day and night", "NBO"),
    (NeedType.LEGAL, "Legal aid", "Town centre", "Weekdays, 9–16", "NBO"),
)


def furnish(made: Organisation) -> Organisation:
    """Add the services, in the owner's transaction that is under way."""
    for kind, name, where, hours, office in SERVICES:
        service = Service(
            id=uuid.uuid4(),
            desk_id=made.desks["clinic"],
            office_id=made.offices[office],
            kind=kind,
            name=name,
            where=where,
            hours=hours,
            verified_at=db.now(),
        )
        db.add(service)
    return made
