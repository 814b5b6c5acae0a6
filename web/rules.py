"""The tables of rules as plain data: policy, moves and time limits."""

from collections.abc import Iterator, Mapping
from typing import Any

from auth.policy import BY_ROLE, BY_STANDING, OPENS, WRITES
from casework.sla import CLOCKS, Clock
from casework.stages import MOVES, Move
from core.calendar import Limit

Table = dict[str, Any]


def tables() -> dict[str, Table]:
    """Return every table of rules, as JSON takes it."""
    return {
        "BY_ROLE": {role: sorted(acts) for role, acts in BY_ROLE.items()},
        "BY_STANDING": {who: sorted(acts) for who, acts in BY_STANDING.items()},
        "OPENS": {who: dict(what) for who, what in OPENS.items()},
        "WRITES": {who: sorted(what) for who, what in WRITES.items()},
        "MOVES": {name: _move(move) for name, move in MOVES.items()},
        "CLOCKS": {code: _clock(rule) for code, rule in CLOCKS.items()},
    }


def _move(move: Move) -> Table:
    return {
        "from": sorted(move.sources),
        "to": move.target,
        "may": move.may,
        "event": move.event,
        "kinds": sorted(move.kinds) or "any",
    }


def _clock(rule: Clock) -> Table:
    return {
        "label": rule.label,
        "limit": _limit(rule.limit),
        "in_danger": _limit(rule.in_danger) if rule.in_danger else None,
        "track": rule.track,
        "counts_from": rule.anchor,
        "starts": rule.starts,
        "stops": sorted(rule.stops),
        "ends": sorted(rule.ends),
        "repeats": rule.repeats,
        "fallback": rule.fallback,
        "version": rule.version,
        "basis": rule.basis,
        "source": rule.source,
    }


def _limit(limit: Limit) -> str:
    return f"{limit.count} {limit.unit}"


def lines(found: Mapping[str, Table]) -> Iterator[str]:
    """Return the tables as lines for a person."""
    for name, table in found.items():
        yield name
        for row, value in table.items():
            yield f"  {row}: {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    if isinstance(value, Mapping):
        shown = (f"{name} {_text(each)}" for name, each in value.items() if each)
        return "; ".join(shown) or "nothing"
    return str(value)
