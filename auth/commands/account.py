"""What everybody does with their own account."""

from auth import sessions
from auth.actor import Actor
from auth.credentials import lock_of
from core import db
from core.errors import Invalid, NotVisible
from core.steps import Body
from core.text import N_
from vault import server_keys


def change_password(actor: Actor, _: None, body: Body) -> None:
    """Change one's password; all sessions end, this one too.

    Passwords are derived outside of the transaction that acts.

    :raises Invalid: where the present one is wrong, or the other no better.
    :raises Busy: where too many passwords are being derived.
    """
    pepper = server_keys.pepper()
    checked = sessions.check_password(actor, body["old"], pepper)
    if body["new"] == body["old"]:
        raise Invalid(new=N_("Choose a password other than the present one."))
    lock = lock_of(body["new"], pepper)
    with db.transaction(actor):
        sessions.change_password(actor, checked, lock)


def came_with_code(actor: Actor, _: None) -> None:
    """Refuse whoever has a key already: they change their password.

    :raises NotVisible: as of a page that is not there.
    """
    if actor.keyring is not None:
        raise NotVisible


def choose_password(actor: Actor, _: None, body: Body) -> None:
    """Choose a first password with a code; all sessions end, this one too.

    :raises WrongStage: where the code has run out, or was used.
    :raises Busy: where too many passwords are being derived.
    """
    lock = lock_of(body["new"], server_keys.pepper())
    with db.transaction(actor):
        sessions.choose_password(actor, lock)


def sign_out_everywhere(actor: Actor, _: None, __: Body) -> None:
    """End all of one's own sessions, this one too."""
    assert actor.id
    sessions.end_all(actor.id)
