"""What is asked for to sign in and to look after people, desks and offices."""

import re
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from marshmallow import validates, validates_schema

from auth.absence import LONGEST
from auth.credentials import LEAST_LENGTH
from auth.fields import Address, Capitals, Username
from auth.policy import DeskKind, Role
from auth.words import DESK_KINDS, ROLES, WEEKDAYS
from core.calendar import weekend_of
from core.fields import Body, Choice, Choices, Day, Text, YesNo
from core.text import N_, Message, refuse
from core.times import today

PASSWORD_LIMIT = 200
NAME_LIMIT = 200
LEAST_LETTERS = 5
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
OFFICE_CODE = re.compile(r"[A-Z][A-Z0-9]{1,7}")
OFFICE = N_("Office")


def _password(label: str, autocomplete: str, **more: Any) -> Text:
    about = {"label": label, "widget": "password", "autocomplete": autocomplete}
    return Text(required=True, max=PASSWORD_LIMIT, metadata={**about, **more})


def _line(label: str, limit: int = NAME_LIMIT, **more: Any) -> Text:
    return Text(required=True, max=limit, metadata={"label": label, **more})


class SignIn(Body):
    """Name and password."""

    username = Username(
        required=True,
        max=NAME_LIMIT,
        metadata={"label": N_("Name to sign in with"), "autocomplete": "username"},
    )
    password = _password(N_("Password"), "current-password")


class Confirm(Body):
    """Nothing is asked: the button says it."""


class ChoosePassword(Body):
    """A first password, twice."""

    new = _password(
        N_("New password"),
        "new-password",
        hint=Message(
            N_(
                "At least %(least)s characters. A few words that do not belong together"
                " are easy to remember and hard to guess."
            ),
            least=LEAST_LENGTH,
        ),
    )
    again = _password(N_("New password once more"), "new-password")

    @validates("new")
    def _is_hard_to_guess(self, value: str, data_key: str) -> None:  # noqa: ARG002
        if len(value) < LEAST_LENGTH:
            raise refuse(N_("Use at least %(least)s characters."), least=LEAST_LENGTH)
        if len(set(value)) < LEAST_LETTERS:
            raise refuse(N_("Use more different characters."))

    @validates_schema
    def _is_the_same(self, data: dict[str, Any], **_: Any) -> None:
        if {"new", "again"} <= data.keys() and data["new"] != data["again"]:
            error = refuse(N_("This differs from the new password. Enter both again."))
            error.field_name = "again"
            raise error


class ChangePassword(ChoosePassword):
    """The present password, and the next one twice."""

    old = _password(N_("Present password"), "current-password")

    class Meta:
        """The present one is asked first."""

        fields = ("old", "new", "again")


class CreatePerson(Body):
    """Someone who will sign in."""

    username = Username(
        required=True,
        max=NAME_LIMIT,
        metadata={
            "label": N_("Name to sign in with"),
            "hint": N_("2 to 40 letters (a to z), digits, dots or dashes."),
        },
    )
    name = _line(N_("Name"), hint=N_("As colleagues know them."))
    roles = Choices(
        Role,
        ROLES,
        required=True,
        metadata={
            "label": N_("Roles"),
            "hint": N_("A role opens no case. Cases come to people through desks."),
        },
    )
    office = Choice([], required=True, metadata={"label": OFFICE})
    staff_number = Text(
        max=40,
        metadata={
            "label": N_("Staff number"),
            "hint": N_("Keeps them out of reports that are about them."),
        },
    )
    email = Address(
        metadata={
            "label": N_("E-mail address"),
            "hint": N_("Keeps them out of reports that are about them."),
        },
    )

    @validates("username")
    def _is_plain(self, value: str, data_key: str) -> None:  # noqa: ARG002
        if not USERNAME.fullmatch(value):
            raise refuse(N_("Use 2 to 40 letters (a to z), digits, dots or dashes."))


class CreateDesk(Body):
    """A desk and its first members."""

    name = _line(N_("Name of the desk"))
    kind = Choice(
        DeskKind, DESK_KINDS, required=True, metadata={"label": N_("What is it for?")}
    )
    office = Choice([], required=True, metadata={"label": OFFICE})
    members = Choices(
        [],
        required=True,
        metadata={
            "label": N_("First members"),
            "hint": N_("At least two, with a role that fits."),
        },
    )


class OfMember(Body):
    """A person at the desk, or who could be."""

    person = Choice([], required=True, metadata={"label": N_("Who?")})


HOW_TO_COMPARE = N_(
    "They find it under “My account”. Ask them to read it out, face to face or on a"
    " call where you know the voice."
)


class GiveDeskKey(OfMember):
    """To whom a desk's key is given, and that it is really them."""

    compared = YesNo(
        required=True,
        metadata={
            "label": N_("Have you compared the fingerprint with them?"),
            "hint": HOW_TO_COMPARE,
        },
    )

    @validates("compared")
    def _was_compared(self, value: bool, data_key: str) -> None:  # noqa: ARG002
        if not value:
            raise refuse(N_("Compare it first: it shows that the key reaches them."))


class BeAway(Body):
    """How long a member is away, and who covers."""

    until = Day(
        required=True,
        future=True,
        metadata={
            "label": N_("Until when are you away?"),
            "hint": Message(
                N_("The last day, at most %(days)s days from now."), days=LONGEST.days
            ),
        },
    )
    deputy = Choice(
        [],
        required=True,
        metadata={"label": N_("Who covers for you?"), "widget": "radios"},
    )
    compared = YesNo(
        metadata={
            "label": N_(
                "Somebody who is not at the desk: have you compared their fingerprint?"
            ),
            "hint": HOW_TO_COMPARE,
        },
    )

    @validates("until")
    def _is_soon(self, value: date, data_key: str) -> None:  # noqa: ARG002
        if not today() <= value <= today() + LONGEST:
            raise refuse(
                N_("Choose today or a day in the next %(days)s days."),
                days=LONGEST.days,
            )


class CreateOffice(Body):
    """A place that receives reports."""

    code = Capitals(
        required=True,
        max=NAME_LIMIT,
        metadata={"label": N_("Code"), "hint": N_("Like NBO; 2 to 8 characters.")},
    )
    name = _line(N_("Name of the office"))
    country = Capitals(
        required=True,
        max=NAME_LIMIT,
        metadata={
            "label": N_("Country"),
            "hint": N_("Its two letters, like KE. Its public holidays count."),
        },
    )
    region = _line(N_("Region"), hint=N_("As in statistics, like Eastern Africa."))
    zone = _line(N_("Time zone"), hint=N_("Like Africa/Nairobi. It rules time limits."))
    weekend = Choices(
        list(WEEKDAYS),
        WEEKDAYS,
        required=True,
        metadata={"label": N_("Days off in the week")},
    )

    @validates("code")
    def _is_a_code(self, value: str, data_key: str) -> None:  # noqa: ARG002
        if not OFFICE_CODE.fullmatch(value):
            raise refuse(N_("Use 2 to 8 letters (A to Z) or digits, a letter first."))

    @validates("country")
    def _is_known(self, value: str, data_key: str) -> None:  # noqa: ARG002
        try:
            weekend_of(value)
        except ValueError as error:
            raise refuse(N_("Enter a country’s two letters, like KE.")) from error

    @validates("zone")
    def _is_a_zone(self, value: str, data_key: str) -> None:  # noqa: ARG002
        if value not in available_timezones():
            raise refuse(N_("Enter a time zone that exists, like Africa/Nairobi."))

    @validates("weekend")
    def _leaves_work(self, value: list[str], data_key: str) -> None:  # noqa: ARG002
        if len(value) == len(WEEKDAYS):
            raise refuse(N_("Leave at least one day on which the office works."))


class SetRoute(Body):
    """Which desk takes the office's cases, and which does on a conflict."""

    kind = Choice(
        DeskKind, DESK_KINDS, required=True, metadata={"label": N_("Cases for")}
    )
    desk = Choice([], required=True, metadata={"label": N_("go to this desk")})
    alternative = Choice(
        [],
        metadata={
            "label": N_("and on a conflict of interest to this one"),
            "hint": N_("Needed for intake: reports about those who would read them."),
        },
    )


class DecideChange(Body):
    """Whether a change holds; the question is asked in the words of its kind."""

    confirmed = YesNo(required=True, metadata={"label": N_("Do you confirm it?")})
