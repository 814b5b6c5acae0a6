"""Fields of every schema: what people may type, and what they are told if not."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from marshmallow import RAISE, Schema, fields, missing

from core.text import HIDDEN, N_, NARRATIVE_LIMIT, TEXT_LIMIT, refuse, tidy, whole
from core.times import read_day, read_moment


def _messages(**messages: str) -> Any:
    return messages


class Body(Schema):
    """What a page or a program sends. Nothing that was not asked for is accepted."""

    class Meta:
        unknown = RAISE

    error_messages = _messages(
        unknown=N_("This is not asked for here. Remove it."),
        type=N_("Send named answers, not this."),
    )


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip() and not HIDDEN.search(value)


class _Asked(fields.Field[Any]):
    """A blank answer is no answer."""

    default_error_messages = _messages(
        required=N_("Answer this question."),
        null=N_("Answer this question, or leave it out."),
        validator_failed=N_("Check this answer."),
    )

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        absent = _is_blank(value) or value == []
        return super().deserialize(missing if absent else value, attr, data, **kwargs)


class Text(_Asked, fields.String):
    """Words, trimmed and normalised (NFC), at most `max` characters."""

    default_error_messages = _messages(required=N_("Enter an answer."))

    def __init__(
        self, *, max: int = TEXT_LIMIT, multiline: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max, self.multiline = max, multiline
        self.metadata = {"maxLength": max, **self.metadata}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse(N_("Enter text."))
        return tidy(value, self.max, self.multiline)


class Narrative(Text):
    """A long account in somebody's own words."""

    def __init__(self, *, max: int = NARRATIVE_LIMIT, **kwargs: Any) -> None:
        super().__init__(max=max, multiline=True, **kwargs)


def _codes(choices: type[Enum] | Iterable[str]) -> dict[str, Any]:
    if isinstance(choices, type):
        return {str(member.value): member for member in choices}
    return {code: code for code in choices}


class _Coded(_Asked):
    codes: dict[str, Any]

    def __init__(
        self,
        choices: type[Enum] | Iterable[str],
        labels: Mapping[Any, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.codes = _codes(choices)
        shown = {} if labels is None else {"labels": labels}
        self.metadata = {**shown, **self.described(list(self.codes)), **self.metadata}

    def described(self, codes: list[str]) -> dict[str, Any]:
        """The field in OpenAPI's words."""
        return {"type": "string", "enum": codes}

    def decode(self, value: Any) -> Any:
        """The code, or the enum's member that carries it."""
        code = _encode(value)
        if isinstance(code, str) and code in self.codes:
            return self.codes[code]
        raise refuse(
            N_("Choose one of the answers listed: %(codes)s."),
            codes=", ".join(self.codes),
        )


def _encode(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


class Choice(_Coded):
    """One of a fixed list; an enum's member where the list is an enum."""

    default_error_messages = _messages(required=N_("Choose an answer."))

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return self.decode(value)

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return _encode(value)


class Choices(_Coded):
    """Any of a fixed list, in the order given, each once."""

    default_error_messages = _messages(required=N_("Choose at least one answer."))

    def described(self, codes: list[str]) -> dict[str, Any]:
        """The field in OpenAPI's words."""
        return {"type": "array", "items": super().described(codes)}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refuse(N_("Send a list of answers."))
        return list(dict.fromkeys(self.decode(each) for each in value))

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> list[Any] | None:
        return None if value is None else [_encode(each) for each in value]


class YesNo(_Asked, fields.Boolean):
    """Yes or no, and never by default."""

    default_error_messages = _messages(required=N_("Choose yes or no."))

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        if value in ("yes", "no"):
            return bool(value == "yes")
        raise refuse(N_("Choose yes or no."))


class Count(_Asked, fields.Integer):
    """A whole number from 0 to `max`, in any script's digits."""

    default_error_messages = _messages(required=N_("Enter a number."))

    def __init__(self, *, max: int = 100_000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max = max
        self.metadata = {"minimum": 0, "maximum": max, **self.metadata}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        number = whole(value)
        if number is None or not 0 <= number <= self.max:
            raise refuse(
                N_("Enter a whole number from 0 to %(most)s."), most=f"{self.max:,}"
            )
        return number


class Day(_Asked, fields.Date):
    """A date between 1950 and today; later only if `future`."""

    default_error_messages = _messages(required=N_("Enter a date."))

    def __init__(self, *, future: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.future = future

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> date:
        return read_day(value, self.future)


class Moment(_Asked, fields.AwareDateTime):
    """A moment as aware UTC, between 1950 and now; later only if `future`.

    Text without an offset is read in the zone of `times_in`; refused without one.
    """

    default_error_messages = _messages(required=N_("Enter a date and time."))

    def __init__(self, *, future: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.future = future

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> datetime:
        return read_moment(value, self.future)


class Several(_Asked, fields.List[Any]):
    """A repeated group: a list of `body`, at most `most`."""

    default_error_messages = _messages(required=N_("Fill in at least one."))

    def __init__(self, body: type[Schema], *, most: int = 10, **kwargs: Any) -> None:
        super().__init__(fields.Nested(body), **kwargs)
        self.most = most

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refuse(N_("Send a list."))
        if len(value) > self.most:
            raise refuse(N_("Enter at most %(most)s."), most=self.most)
        return super()._deserialize(value, *args, **kwargs)


def offer(schema: Schema, name: str, choices: Mapping[str, str]) -> Schema:
    """Let one field of a schema choose among what there is now: code -> label."""
    field = schema.fields[name]
    if not isinstance(field, _Coded):
        raise TypeError(f"{name} does not ask to choose")
    field.codes = {code: code for code in choices}
    field.metadata = {**field.metadata, "labels": dict(choices)}
    return schema
