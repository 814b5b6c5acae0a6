"""Every step of this package: its form, its command, and who may take it."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from auth import choices, commands, schemas
from auth.actor import Actor
from auth.choices import SchemaOf, fixed
from auth.policy import May
from core.steps import Body, Step
from core.text import N_

Command = Callable[[Any, Any, Body], Any]
WITH_KEY = "hold the key"


def _administers(
    name: str,
    path: str,
    title: str,
    schema: SchemaOf,
    command: Command,
    allow: Callable[[Any, Any], Any] = commands.administers,
    **more: Any,
) -> Step:
    return Step(
        endpoint=f"auth.{name}",
        path=path,
        title=title,
        schema=schema,
        command=command,
        allow=allow,
        may=May.MANAGE_ORGANISATION,
        **more,
    )


def _anybody(_: Actor, __: uuid.UUID | None) -> None:
    """Everybody looks after their own account."""


def _own(
    name: str, title: str, schema: SchemaOf, command: Command, **more: Any
) -> Step:
    return Step(
        endpoint=f"auth.{name}",
        path=f"/account/{name.replace('_', '-')}",
        title=title,
        schema=schema,
        command=command,
        allow=_anybody,
        after="auth.sign_in",
        may="",
        **more,
    )


CREATE_PERSON = _administers(
    "create_person",
    "/people/new",
    N_("Open an account"),
    choices.create_person,
    commands.create_person,
    after="auth.people",
    intro=N_("You get a password for one sign-in. Hand it over in person."),
    submit=N_("Open the account"),
)
CREATE_DESK = _administers(
    "create_desk",
    "/desks/new",
    N_("Make a desk"),
    choices.create_desk,
    commands.create_desk,
    after="auth.desk",
    intro=N_(
        "Let the first members sign in and change their passwords before you seat them:"
        " whoever knows their password could open what the desk opens."
    ),
    submit=N_("Make the desk"),
)
CREATE_OFFICE = _administers(
    "create_office",
    "/offices/new",
    N_("Enter an office"),
    fixed(schemas.CreateOffice),
    commands.create_office,
    after="auth.office",
    submit=N_("Enter the office"),
)

ON_PERSON = (
    _administers(
        "disable_person",
        "/people/<uuid:id>/disable",
        N_("Close the account"),
        fixed(schemas.Confirm),
        commands.disable_person,
        commands.load_person,
        after="auth.person",
        intro=N_(
            "All their sessions end at once, and they leave each desk that somebody"
            " else can open. An account is never opened again."
        ),
        submit=N_("Close the account"),
        done=N_("The account is closed."),
        guarded=True,
        when=lambda row: row.disabled_at is None,
    ),
)

ON_DESK = (
    _administers(
        "add_member",
        "/desks/<uuid:id>/add-member",
        N_("Seat somebody"),
        choices.add_member,
        commands.add_member,
        commands.load_desk,
        after="auth.desk",
        intro=N_(
            "Those are listed whose role fits this desk. They see no case until a"
            " member gives them the desk’s key."
        ),
        submit=N_("Seat them"),
    ),
    _administers(
        "remove_member",
        "/desks/<uuid:id>/remove-member",
        N_("End somebody’s place"),
        choices.remove_member,
        commands.remove_member,
        commands.load_desk,
        after="auth.desk",
        intro=N_("Their key to the desk goes at once."),
        submit=N_("End their place"),
    ),
    Step(
        endpoint="auth.give_key",
        path="/desks/<uuid:id>/give-key",
        title=N_("Give the desk’s key"),
        schema=choices.give_key,
        command=commands.give_key,
        allow=commands.load_own_desk,
        after="auth.desk",
        may=WITH_KEY,
        intro=N_(
            "An administrator has seated them. With the key they open everything that"
            " the desk can, from before as well."
        ),
        submit=N_("Give the key"),
        done=N_("They hold the desk’s key now."),
    ),
)

ON_OFFICE = (
    _administers(
        "ask_for_route",
        "/offices/<uuid:id>/ask-for-route",
        N_("Say where cases go"),
        choices.ask_for_route,
        commands.ask_for_route,
        commands.load_office,
        after="auth.office",
        intro=N_(
            "Two members must hold a desk’s key before it takes cases. A member of the"
            " desk that coordinates confirms each change. Until one coordinates, what"
            " you say holds at once: set the route to coordination last."
        ),
        submit=N_("Send"),
    ),
)

ON_CHANGE = (
    Step(
        endpoint="auth.decide_route",
        path="/routes/<uuid:id>/decide",
        title=N_("Confirm or refuse the change"),
        schema=fixed(schemas.DecideRoute),
        command=commands.decide_route,
        allow=commands.load_change,
        after="auth.route_change",
        may=WITH_KEY,
        submit=N_("Record the decision"),
        guarded=True,
        when=lambda row: row.decided_at is None,
    ),
)

ON_ACCOUNT = (
    _own(
        "change_password",
        N_("Change your password"),
        fixed(schemas.ChangePassword),
        commands.change_password,
        intro=N_(
            "A password that somebody gave you is for one sign-in: choose your own."
            " Nobody can reset it. You sign in again afterwards."
        ),
        submit=N_("Change it"),
        done=N_("Your password is changed. Sign in with the new one."),
    ),
    _own(
        "sign_out_everywhere",
        N_("Sign out everywhere"),
        fixed(schemas.Confirm),
        commands.sign_out_everywhere,
        intro=N_("All your sessions end, on every device and here."),
        submit=N_("Sign out everywhere"),
        done=N_("You are signed out everywhere."),
    ),
)

STEPS: tuple[Step, ...] = (
    CREATE_PERSON,
    CREATE_DESK,
    CREATE_OFFICE,
    *ON_PERSON,
    *ON_DESK,
    *ON_OFFICE,
    *ON_CHANGE,
    *ON_ACCOUNT,
)


def open_steps(steps: Iterable[Step], may: Iterable[str], row: Any) -> list[Step]:
    """Return the steps that somebody who may do `may` can take on a row now."""
    allowed = set(may)
    return [step for step in steps if step.may in allowed and step.when(row)]
