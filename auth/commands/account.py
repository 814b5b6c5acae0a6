"""What everybody does with their own account."""

from auth import sessions
from auth.actor import Actor
from core.steps import Body
from vault import server_keys


def change_password(actor: Actor, _: None, body: Body) -> None:
    """Choose another password; all sessions end, this one too.

    :raises Invalid: where the present one is wrong, or the other no better.
    """
    sessions.change_password(actor, body["old"], body["new"], server_keys.pepper())


def sign_out_everywhere(actor: Actor, _: None, __: Body) -> None:
    """End all of one's own sessions, this one too."""
    assert actor.id
    sessions.end_all(actor.id)
