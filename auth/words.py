"""Roles, standings, compartments, kinds of desk and of changes in words."""

from collections.abc import Mapping

from auth.policy import Compartment, DeskKind, Role, Standing
from core.text import N_

ROLES: Mapping[str, str] = {
    Role.FOCAL_POINT: N_("PSEA focal point"),
    Role.INVESTIGATOR: N_("Investigator"),
    Role.PARTNER_INVESTIGATOR: N_("Partner’s investigator"),
    Role.CARE_OFFICER: N_("Survivor care officer"),
    Role.LEGAL_OFFICER: N_("Legal officer"),
    Role.ETHICS_OFFICER: N_("Ethics officer"),
    Role.COORDINATOR: N_("Coordinator"),
    Role.PROVIDER: N_("Service provider"),
    Role.AUDITOR: N_("Auditor"),
    Role.ADMINISTRATOR: N_("Administrator"),
}

STANDINGS: Mapping[str, str] = {
    Standing.INTAKE: N_("Intake"),
    Standing.LEAD: N_("Lead"),
    Standing.INVESTIGATOR: N_("Investigator"),
    Standing.PARTNER_INVESTIGATOR: N_("Partner’s investigator"),
    Standing.CARE_OFFICER: N_("Care officer"),
    Standing.LEGAL_OFFICER: N_("Legal officer"),
    Standing.ETHICS_OFFICER: N_("Ethics officer"),
    Standing.PROVIDER: N_("Service provider"),
    Standing.DUTY: N_("On duty"),
    Standing.EMERGENCY: N_("In an emergency"),
    Standing.BARRED: N_("Barred"),
}

COMPARTMENTS: Mapping[str, str] = {
    Compartment.REPORT: N_("The report as received"),
    Compartment.THREAD: N_("Exchange with the reporter"),
    Compartment.SURVIVOR: N_("Who the survivor is"),
    Compartment.SUBJECT: N_("Who is complained of"),
    Compartment.CARE: N_("Care"),
    Compartment.INVESTIGATION: N_("Investigation file"),
    Compartment.FINAL: N_("Findings and decision"),
    Compartment.REFERRAL: N_("What the provider is told"),
}

DESK_KINDS: Mapping[str, str] = {
    DeskKind.INTAKE: N_("Intake"),
    DeskKind.COORDINATION: N_("Coordination"),
    DeskKind.INVESTIGATION: N_("Investigation"),
    DeskKind.PARTNER: N_("Partner’s investigators"),
    DeskKind.CARE: N_("Survivor care"),
    DeskKind.LEGAL: N_("Legal"),
    DeskKind.ETHICS: N_("Ethics"),
    DeskKind.PROVIDER: N_("Service provider"),
    DeskKind.DUTY: N_("On duty"),
}

CHANGES: Mapping[str, str] = {
    "route": N_("Where an office’s cases go"),
    "desk": N_("The first members of a desk"),
    "reset": N_("A new key for somebody who lost their password"),
}

WEEKDAYS: Mapping[str, str] = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}
