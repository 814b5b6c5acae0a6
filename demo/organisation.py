"""An organisation to try things on: offices, the cast, their desks and routes."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from auth import desks
from auth.accounts import create_office, create_person
from auth.credentials import lock_of, make_key
from auth.policy import DeskKind, Role
from auth.routing import set_route
from vault.crypto import Cost

WEEKEND, FRIDAY = ("sat", "sun"), ("fri", "sat")
OFFICES = (
    ("NBO", "Nairobi", "KE", "Eastern Africa", "Africa/Nairobi", WEEKEND),
    ("COX", "Cox’s Bazar", "BD", "Asia", "Asia/Dhaka", FRIDAY),
    ("BOG", "Bogotá", "CO", "Latin America", "America/Bogota", WEEKEND),
    ("AMM", "Amman", "JO", "Middle East", "Asia/Amman", FRIDAY),
    ("BEY", "Beirut", "LB", "Middle East", "Asia/Beirut", WEEKEND),
    ("KYV", "Kyiv", "UA", "Europe", "Europe/Kyiv", WEEKEND),
    ("DKR", "Dakar", "SN", "Western Africa", "Africa/Dakar", WEEKEND),
    ("GVA", "Geneva", "CH", "Europe", "Europe/Zurich", WEEKEND),
)
# Username, name, role, office, staff number. Names are those of the test cast.
PEOPLE = (
    ("amina", "Amina", Role.FOCAL_POINT, "NBO", "S-1001"),
    ("bruno", "Bruno", Role.FOCAL_POINT, "BOG", "S-1002"),
    ("ines", "Ines", Role.INVESTIGATOR, "GVA", "S-1003"),
    ("omar", "Omar", Role.INVESTIGATOR, "GVA", "S-1004"),
    ("salma", "Salma", Role.CARE_OFFICER, "NBO", "S-1005"),
    ("lena", "Lena", Role.LEGAL_OFFICER, "GVA", "S-1006"),
    ("cora", "Cora", Role.COORDINATOR, "GVA", "S-1007"),
    ("theo", "Theo", Role.AUDITOR, "GVA", "S-1008"),
    ("adam", "Adam", Role.ADMINISTRATOR, "GVA", "S-1009"),
    ("pia", "Pia", Role.PROVIDER, "NBO", None),
    ("mallory", "Mallory", Role.FOCAL_POINT, "NBO", "S-1010"),
    ("focal-3", "Third focal point, on duty", Role.FOCAL_POINT, "GVA", "S-2007"),
    ("focal-2", "Second focal point", Role.FOCAL_POINT, "GVA", "S-2001"),
    ("coordinator-2", "Second coordinator", Role.COORDINATOR, "GVA", "S-2002"),
    ("investigator-2", "Second investigator", Role.INVESTIGATOR, "GVA", "S-2003"),
    ("investigator-3", "Third investigator", Role.INVESTIGATOR, "GVA", "S-2004"),
    ("care-2", "Second care officer", Role.CARE_OFFICER, "NBO", "S-2005"),
    ("legal-2", "Second legal officer", Role.LEGAL_OFFICER, "GVA", "S-2006"),
    ("provider-2", "Second provider", Role.PROVIDER, "NBO", None),
    ("partner-1", "Partner’s investigator", Role.PARTNER_INVESTIGATOR, "NBO", None),
    ("partner-2", "Partner’s second", Role.PARTNER_INVESTIGATOR, "NBO", None),
)
# Key, name, kind, office, members.
DESKS = (
    ("intake_nbo", "Nairobi intake", DeskKind.INTAKE, "NBO", ("amina", "mallory")),
    ("intake_hq", "Headquarters intake", DeskKind.INTAKE, "GVA", ("bruno", "focal-2")),
    (
        "coordination",
        "PSEAH unit",
        DeskKind.COORDINATION,
        "GVA",
        ("cora", "coordinator-2"),
    ),
    (
        "investigation_a",
        "Investigations, desk A",
        DeskKind.INVESTIGATION,
        "GVA",
        ("ines", "investigator-2"),
    ),
    (
        "investigation_b",
        "Investigations, desk B",
        DeskKind.INVESTIGATION,
        "GVA",
        ("omar", "investigator-3"),
    ),
    ("care", "Survivor care", DeskKind.CARE, "NBO", ("salma", "care-2")),
    ("legal", "Legal", DeskKind.LEGAL, "GVA", ("lena", "legal-2")),
    ("partner", "Partner’s unit", DeskKind.PARTNER, "NBO", ("partner-1", "partner-2")),
    ("duty", "On duty", DeskKind.DUTY, "GVA", ("focal-2", "focal-3")),
    ("clinic", "Riverside clinic", DeskKind.PROVIDER, "NBO", ("pia", "provider-2")),
)
ROUTED = {
    DeskKind.COORDINATION: ("coordination", None),
    DeskKind.INVESTIGATION: ("investigation_a", "investigation_b"),
    DeskKind.CARE: ("care", None),
    DeskKind.LEGAL: ("legal", None),
    DeskKind.PARTNER: ("partner", None),
    DeskKind.DUTY: ("duty", None),
}


@dataclass
class Organisation:
    """Ids of what was made, by office code, username and desk key."""

    offices: dict[str, uuid.UUID] = field(default_factory=dict)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    desks: dict[str, uuid.UUID] = field(default_factory=dict)


def build(
    password_of: Callable[[str], str], pepper: bytes, cost: Cost | None = None
) -> Organisation:
    """Make everything, in the owner's transaction that is under way."""
    made = Organisation()
    for code, name, country, region, zone, weekend in OFFICES:
        office = create_office(code, name, country, region, zone, weekend)
        made.offices[code] = office.id
    for username, name, role, office_code, staff_number in PEOPLE:
        person = create_person(
            username,
            name,
            [role],
            office_id=made.offices[office_code],
            staff_number=staff_number,
        )
        make_key(person.id, lock_of(password_of(username), pepper, cost))
        made.people[username] = person.id
    _desks(made)
    return made


def _desks(made: Organisation) -> None:
    for key, name, kind, office_code, names in DESKS:
        members = [made.people[name] for name in names]
        desk = desks.create(name, kind, made.offices[office_code], members)
        desks.make_key(desk.id, members)
        made.desks[key] = desk.id
    for code, office_id in made.offices.items():
        own = "intake_nbo" if code == "NBO" else "intake_hq"
        other = "intake_hq" if code == "NBO" else "intake_nbo"
        routes = {DeskKind.INTAKE: (own, other), **ROUTED}
        for kind, (first, alternative) in routes.items():
            alternative_id = made.desks[alternative] if alternative else None
            set_route(office_id, kind, made.desks[first], alternative_id)
