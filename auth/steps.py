"""Every step of this package: its form, its command, and who may take it."""

from auth import choices, schemas
from auth.choices import fixed
from auth.commands import account, changes, desks, people
from auth.step_kinds import (
    AWAY,
    CONFIRMS,
    KEYED,
    KEYLESS,
    LEAVES,
    NEVER_KEYED,
    SITS,
    WITH_KEY,
    by_administrators,
    by_members,
    on_oneself,
)
from core.steps import Step
from core.text import N_

CREATE_PERSON = by_administrators(
    "create_person",
    "/people/new",
    N_("Open an account"),
    choices.create_person,
    people.create_person,
    after="auth.people",
    intro=N_(
        "You get a code with which they choose a password within a week. Hand it over"
        " in person."
    ),
    submit=N_("Open the account"),
)
CREATE_DESK = by_administrators(
    "create_desk",
    "/desks/new",
    N_("Make a desk"),
    choices.create_desk,
    desks.create_desk,
    after="auth.desk",
    intro=N_(
        "Let the first members sign in and choose their passwords before you seat them:"
        " before that they have no key. A coordinator confirms them, and then the"
        " desk’s key is made for them. Until a desk coordinates, it is made at once."
    ),
    submit=N_("Make the desk"),
)
CREATE_OFFICE = by_administrators(
    "create_office",
    "/offices/new",
    N_("Enter an office"),
    fixed(schemas.CreateOffice),
    changes.create_office,
    after="auth.office",
    submit=N_("Enter the office"),
)

ON_PERSON = (
    by_administrators(
        "disable_person",
        "/people/<uuid:id>/disable",
        N_("Close the account"),
        fixed(schemas.Confirm),
        people.disable_person,
        people.load_person,
        after="auth.person",
        intro=N_(
            "At once all their sessions end, they leave every desk, and their key and"
            " password open nothing any more. Colleagues who hold the same keys go on,"
            " and make new ones. Where they alone hold a desk’s key, nobody opens its"
            " cases afterwards: let them give it to somebody first. An account is never"
            " opened again."
        ),
        submit=N_("Close the account"),
        done=N_("The account is closed."),
        guarded=True,
        when=lambda row: row.disabled_at is None,
    ),
    by_administrators(
        "ask_for_reset",
        "/people/<uuid:id>/new-key",
        N_("Give a new key to somebody who lost their password"),
        fixed(schemas.Confirm),
        people.ask_for_reset,
        people.load_person,
        after="auth.person",
        may=KEYED,
        intro=N_(
            "You ask and see half of a code; a coordinator confirms, and sees the other"
            " half. With both the person chooses a password, within 24 hours, and their"
            " new key is made. What only the old key opened is lost. Desks’ keys and"
            " cases come back when a colleague who holds them gives them again."
        ),
        submit=N_("Ask for a new key"),
        when=lambda row: row.disabled_at is None,
    ),
    by_administrators(
        "give_code",
        "/people/<uuid:id>/code",
        N_("Give another code to somebody who has chosen no password yet"),
        fixed(schemas.Confirm),
        people.give_code,
        people.load_person,
        after="auth.person",
        may=NEVER_KEYED,
        intro=N_(
            "A code from before is worth nothing any more. Hand the new one over in"
            " person; it lasts a week."
        ),
        submit=N_("Make the code"),
        when=lambda row: row.disabled_at is None,
    ),
)

ON_DESK = (
    by_administrators(
        "add_member",
        "/desks/<uuid:id>/add-member",
        N_("Seat somebody"),
        choices.add_member,
        desks.add_member,
        desks.load_desk,
        after="auth.desk",
        intro=N_(
            "Those are listed whose role fits this desk. They see no case until a"
            " member gives them the desk’s key."
        ),
        submit=N_("Seat them"),
    ),
    by_administrators(
        "remove_member",
        "/desks/<uuid:id>/remove-member",
        N_("End somebody’s place"),
        choices.remove_member,
        desks.remove_member,
        desks.load_desk,
        after="auth.desk",
        intro=N_("Their key to the desk goes at once."),
        submit=N_("End their place"),
    ),
    by_administrators(
        "ask_for_key",
        "/desks/<uuid:id>/ask-for-key",
        N_("Ask again for the desk’s key"),
        fixed(schemas.Confirm),
        desks.ask_for_key,
        desks.load_desk,
        after="auth.desk",
        may=KEYLESS,
        intro=N_(
            "This desk has no key yet. A coordinator is asked to confirm those who sit"
            " there as its first members."
        ),
        submit=N_("Ask for the key"),
    ),
    by_members(
        "give_key",
        N_("Give the desk’s key"),
        choices.give_key,
        desks.give_key,
        may=WITH_KEY,
        intro=N_(
            "An administrator has seated them. With the key they open everything that"
            " the desk can, from before as well."
        ),
        submit=N_("Give the key"),
        done=N_("They hold the desk’s key now."),
    ),
    by_members(
        "be_away",
        N_("Be away for a while"),
        choices.be_away,
        desks.be_away,
        may=SITS,
        intro=N_(
            "A colleague at the desk is named as covering for you, and nothing else"
            " changes. Somebody else sits at the desk until then and gets its key from"
            " you now; their place ends by itself."
        ),
        submit=N_("Note it"),
    ),
    by_members(
        "come_back",
        N_("End your absence"),
        fixed(schemas.Confirm),
        desks.come_back,
        may=AWAY,
        intro=N_(
            "You count as there again. Who sits at the desk only to cover for you"
            " leaves it at once."
        ),
        submit=N_("I am back"),
    ),
    by_members(
        "leave_desk",
        N_("Leave this desk"),
        fixed(schemas.Confirm),
        desks.leave_desk,
        may=LEAVES,
        after="auth.account",
        intro=N_(
            "Your key to the desk goes at once. To come back you need an administrator"
            " who seats you, and a member who gives you the key."
        ),
        submit=N_("Leave this desk"),
        done=N_("You have left the desk."),
    ),
)

ON_OFFICE = (
    by_administrators(
        "ask_for_route",
        "/offices/<uuid:id>/ask-for-route",
        N_("Say where cases go"),
        choices.ask_for_route,
        changes.ask_for_route,
        changes.load_office,
        after="auth.office",
        intro=N_(
            "Two members must hold a desk’s key before it takes cases. A member of the"
            " desk that coordinates confirms each change. Until there is a route to"
            " coordination, what you say holds at once."
        ),
        submit=N_("Send"),
    ),
)

ON_CHANGE = (
    Step(
        endpoint="auth.decide_change",
        path="/changes/<uuid:id>/decide",
        title=N_("Confirm or refuse it"),
        schema=choices.decide_change,
        command=changes.decide_change,
        allow=changes.load_change,
        after="auth.change",
        may=CONFIRMS,
        submit=N_("Record the decision"),
        guarded=True,
        when=lambda row: row.decided_at is None,
    ),
)

CHOOSE_PASSWORD = on_oneself(
    "choose_password",
    N_("Choose your password"),
    fixed(schemas.ChoosePassword),
    account.choose_password,
    intro=N_(
        "Your key is made with it, and nobody else can have either. Nobody can tell you"
        " a password that you forgot. You sign in with it afterwards."
    ),
    submit=N_("Choose it"),
    done=N_("Your password is set. Sign in with it."),
    allow=account.came_with_code,
    in_parts=True,
)
ON_ACCOUNT = (
    on_oneself(
        "change_password",
        N_("Change your password"),
        fixed(schemas.ChangePassword),
        account.change_password,
        intro=N_(
            "Nobody can tell you a password that you forgot. You sign in again"
            " afterwards."
        ),
        submit=N_("Change it"),
        done=N_("Your password is changed. Sign in with the new one."),
        in_parts=True,
    ),
    on_oneself(
        "sign_out_everywhere",
        N_("Sign out everywhere"),
        fixed(schemas.Confirm),
        account.sign_out_everywhere,
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
    CHOOSE_PASSWORD,
    *ON_ACCOUNT,
)
