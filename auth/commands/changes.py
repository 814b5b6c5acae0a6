"""What is done with offices and their routes, and with changes that take two."""

import uuid

from auth import accounts, changes
from auth.actor import Actor
from auth.changes import Kind
from auth.commands.people import administers
from auth.models import Change, Office, Person
from auth.policy import DeskKind
from core import db
from core.errors import Invalid, NotVisible, Stale
from core.steps import Body, Shown
from core.text import N_


def load_office(actor: Actor, office_id: uuid.UUID) -> Office:
    """Return an office to an administrator.

    :raises NotVisible: where there is none such, or to anybody else.
    """
    administers(actor)
    row = db.session().get(Office, office_id)
    if row is None:
        raise NotVisible
    return row


def create_office(actor: Actor, _: None, body: Body) -> uuid.UUID:
    """Register an office; return its id.

    :raises Invalid: where its code is taken.
    """
    administers(actor)
    asked = ("code", "name", "country", "region", "zone", "weekend")
    return accounts.create_office(**{name: body[name] for name in asked}).id


def ask_for_route(actor: Actor, office_id: uuid.UUID, body: Body) -> None:
    """Ask that an office's cases go elsewhere; the first routes are set at once.

    :raises Invalid: where the desk takes no such cases, or a change waits already.
    """
    office, kind = load_office(actor, office_id), DeskKind(body["kind"])
    db.session().refresh(office, with_for_update=True)
    if any(row.facts["kind"] == kind for row in changes.waiting(office_id)):
        raise Invalid(kind=N_("A change of this route waits to be confirmed."))
    facts = {
        "kind": kind,
        "desk": body["desk"],
        "alternative": body.get("alternative") or None,
    }
    changes.ask(actor, Kind.ROUTE, office_id, facts)


def load_change(actor: Actor, change_id: uuid.UUID) -> Change:
    """Return a change to somebody who may confirm it.

    :raises NotVisible: to anybody else.
    """
    return changes.get(actor, change_id)


def decide_change(actor: Actor, change_id: uuid.UUID, body: Body) -> Shown | None:
    """Confirm a change, which then holds, or refuse it.

    Of a new key half the code is shown, just once: the other half has who asked.

    :raises Stale: where somebody has decided on it meanwhile.
    :raises Invalid: where it can no longer be made.
    """
    change = load_change(actor, change_id)
    if change.version_id != body["version"]:
        raise Stale
    half = changes.decide(actor, change, body["confirmed"])
    if half is None:
        return None
    person = db.session().get_one(Person, change.subject_id)
    return Shown("auth/half.html", {"about": person, "half": half, "change": change})
