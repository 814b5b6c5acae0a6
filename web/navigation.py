"""The main menu: what each role finds there."""

from typing import Any

from flask import Flask, request, url_for
from flask_babel import gettext
from flask_login import current_user

from auth import desks
from auth.policy import DeskKind, May, Role, by_role
from casework.queries.emergencies import count_alerts
from core import db
from core.text import N_

EMERGENCIES, ALERTED = N_("Emergencies"), N_("Emergencies (%(count)s)")

# Endpoint, words, and who finds it: an act that a role allows, or roles.
MENU: tuple[tuple[str, str, May | frozenset[Role]], ...] = (
    (
        "casework.home",
        N_("Home"),
        frozenset(Role),
    ),
    ("casework.cases", N_("Cases"), May.LIST_CASES),
    ("casework.log_report", N_("Log a report"), May.LOG_REPORT),
    ("casework.imports", N_("Imports"), May.IMPORT_REPORTS),
    ("referrals.inbox", N_("Referrals"), frozenset({Role.PROVIDER, Role.CARE_OFFICER})),
    ("referrals.services", N_("Services"), May.SEE_DIRECTORY),
    ("casework.emergencies", EMERGENCIES, frozenset(desks.SUITS[DeskKind.DUTY])),
    (
        "auth.changes",
        N_("Changes"),
        frozenset({Role.COORDINATOR, Role.ADMINISTRATOR}),
    ),
    ("stats.timeliness", N_("Timeliness"), May.SEE_STATISTICS),
    ("stats.audit", N_("Audit trail"), May.VERIFY_AUDIT),
    ("auth.people", N_("People"), May.MANAGE_ORGANISATION),
    ("auth.desks", N_("Desks"), May.MANAGE_ORGANISATION),
    ("auth.offices", N_("Offices"), May.MANAGE_ORGANISATION),
    ("auth.account", N_("My account"), frozenset(Role)),
)


def finds(roles: frozenset[str], who: May | frozenset[Role]) -> bool:
    """Return whether a person with these roles finds an entry of the menu."""
    if isinstance(who, May):
        return by_role(roles, who)
    return bool(roles & {str(role) for role in who})


def menu() -> dict[str, Any]:
    """Return the menu of the person who is signed in."""
    if not current_user.is_authenticated:
        return {"navigation": []}
    roles = current_user.actor.roles
    entries = [entry for entry in MENU if finds(roles, entry[2])]
    alerts = _alerts() if EMERGENCIES in {words for _, words, _ in entries} else None
    if alerts is None:
        entries = [entry for entry in entries if entry[1] != EMERGENCIES]
    return {
        "navigation": [
            {
                "href": url_for(endpoint),
                "text": gettext(ALERTED, count=alerts)
                if words == EMERGENCIES and alerts
                else gettext(words),
                "active": request.endpoint == endpoint,
            }
            for endpoint, words, _ in entries
        ]
    }


def _alerts() -> int | None:
    """Return how many emergencies one was alerted of; None for who needs no page."""
    actor = current_user.actor
    with db.transaction(actor):
        return count_alerts(actor)


def install(app: Flask) -> None:
    """Give every page its menu."""
    app.context_processor(menu)
