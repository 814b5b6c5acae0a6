"""Roles and kinds of desk in words."""

from collections.abc import Mapping

from auth.policy import DeskKind, Role
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

DESK_KINDS: Mapping[str, str] = {
    DeskKind.INTAKE: N_("Intake"),
    DeskKind.COORDINATION: N_("Coordination"),
    DeskKind.INVESTIGATION: N_("Investigation"),
    DeskKind.PARTNER: N_("Partner’s investigators"),
    DeskKind.CARE: N_("Survivor care"),
    DeskKind.LEGAL: N_("Legal"),
    DeskKind.ETHICS: N_("Ethics"),
    DeskKind.PROVIDER: N_("Service provider"),
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
