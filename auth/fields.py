"""Fields of people's and offices' forms that are written in one way only."""

import re
from typing import Any

from core.fields import Text
from core.text import N_, refuse

# Plausible, no more: a letter to it is what proves an address.
ADDRESS = re.compile(r"[^\s@<>,;:\"()]{1,64}@(?:[\w-]+\.)+[\w-]{2,}")
LIMIT = 254


class Username(Text):
    """A name to sign in with; a phone's capital first letter is no mistake."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, *args, **kwargs).lower()


class Address(Text):
    """An e-mail address; no two differ by capitals alone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max=LIMIT, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs).lower()
        if not ADDRESS.fullmatch(text):
            raise refuse(N_("Enter an address like name@example.org, or leave it out."))
        return text


class Capitals(Text):
    """A code, written in capitals."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, *args, **kwargs).upper()
