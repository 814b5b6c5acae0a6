"""What administrators, coordinators and members do, in one line each."""

import uuid

from sqlalchemy import text

from auth import changes
from auth.commands import changes as change_commands
from auth.commands import desks, people
from auth.policy import DeskKind
from core import db
from vault import holders


def do(actor, command, target, **body):
    with db.transaction(actor):
        return command(actor, target, body)


def waiting(actor, subject_id):
    """Return the one change that waits on a subject."""
    with db.transaction(actor):
        (row,) = changes.waiting(subject_id)
    return row


def decide(actor, change, confirmed=True, version=1):
    command = change_commands.decide_change
    return do(actor, command, change.id, confirmed=confirmed, version=version)


def confirm(actor, subject_id):
    """Confirm the one change that waits on a subject."""
    return decide(actor, waiting(actor, subject_id))


def create_desk(actor, office_id, members, kind=DeskKind.INVESTIGATION):
    """Ask for a desk; return its id."""
    return do(
        actor,
        desks.create_desk,
        None,
        name=uuid.uuid4().hex,
        kind=kind,
        office=str(office_id),
        members=list(map(str, members)),
    )


def seat(actor, desk_id, person_id):
    do(actor, desks.add_member, desk_id, person=str(person_id))


def remove(actor, desk_id, person_id):
    do(actor, desks.remove_member, desk_id, person=str(person_id))


def give(actor, desk_id, person_id):
    do(actor, desks.give_key, desk_id, person=str(person_id))


def close(actor, person_id):
    do(actor, people.disable_person, person_id, version=1)


def ask_for_reset(asking, person_id):
    """Ask for somebody's new key; return the half of the code that is shown."""
    return do(asking, people.ask_for_reset, person_id).values["half"]


def reset(asking, confirming, person_id):
    """Let two people reset somebody's key; return the code that they were shown."""
    first = ask_for_reset(asking, person_id)
    return f"{first}-{confirm(confirming, person_id).values['half']}"


def holding(actor, desk_id):
    with db.transaction(actor):
        return holders.able_members(desk_id)


def generation(world, desk_id):
    with world.owner() as owner:
        newest = text("SELECT max(generation) FROM holder_keys WHERE holder_id = :id")
        return owner.scalar(newest, {"id": desk_id})
