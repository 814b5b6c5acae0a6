"""What can go wrong, in words a person can act on; web/errors.py makes pages of it."""

from collections.abc import Mapping
from typing import Any

from core.text import N_


class Problem(Exception):
    """Something a person can act on.

    `message` is a plain English msgid that pages translate; `values` fill its
    placeholders and never hold personal words.
    """

    status = 500
    message = N_("Something went wrong.")

    def __init__(self, message: str | None = None, **values: Any) -> None:
        self.message = message or self.message
        self.values: Mapping[str, Any] = values
        super().__init__(self.message)


class NotVisible(Problem):
    """What one may not see does not exist: forbidden and absent look alike."""

    status = 404
    message = N_("This page does not exist, or it is not open to you.")


class Forbidden(Problem):
    """Visible, but this act is not allowed."""

    status = 403
    message = N_("You can see this, but this step is not yours to take.")


class Stale(Problem):
    """Someone else changed it first."""

    status = 409
    message = N_(
        "Someone changed this while you were working on it. Your text is kept below: "
        "look at what changed, then send it again."
    )


class WrongStage(Problem):
    """The case is not where this step can be taken."""

    status = 409
    message = N_("This step cannot be taken at the stage that the case is in.")


class NotHeld(Problem):
    """The actor holds no key for what should be opened or given."""

    status = 403
    message = N_("You do not hold the key to this part of the case.")


class Busy(Problem):
    """Too many want the same at once; after a few seconds it works again."""

    status = 503
    message = N_("Many people are signing in just now. Wait a moment, then try again.")


class Invalid(Problem):
    """Input that passes the schema but not the rules; `fields` name each problem."""

    status = 422
    message = N_("There is a problem with what was entered.")

    def __init__(self, **fields: str) -> None:
        self.fields = {name: [text] for name, text in fields.items()}
        super().__init__()
