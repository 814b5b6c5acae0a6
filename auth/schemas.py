"""What is asked for to sign in and to look after people, desks and offices."""

from typing import Any

from marshmallow import post_load

from core.fields import Body, Text
from core.text import N_

PASSWORD_LIMIT = 200
NAME_LIMIT = 200


class SignIn(Body):
    """Name and password; a phone's capital first letter is no mistake."""

    username = Text(
        required=True,
        max=NAME_LIMIT,
        metadata={"label": N_("Name to sign in with"), "autocomplete": "username"},
    )
    password = Text(
        required=True,
        max=PASSWORD_LIMIT,
        metadata={
            "label": N_("Password"),
            "widget": "password",
            "autocomplete": "current-password",
        },
    )

    @post_load
    def _in_small_letters(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "username": data["username"].lower()}
