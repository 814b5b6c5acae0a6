"""What an import says of every item; and what of that is kept."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from casework.cfm.report import Problem

PLAIN = re.compile(r"[\w:./#\[\]-]{1,100}", re.ASCII)
Line = dict[str, Any]


@dataclass
class Outcome:
    """What became of every item, as the report of an import says it."""

    received: int = 0
    filed: list[Line] = field(default_factory=list)
    duplicates: list[Line] = field(default_factory=list)
    set_aside: list[Line] = field(default_factory=list)
    rejected: list[Line] = field(default_factory=list)
    problems: list[Line] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """The report, as JSON takes it."""
        return asdict(self)

    def stored(self) -> dict[str, Any]:
        """The report with ids and codes only: no text that the file brought along."""
        found: dict[str, Any] = plain(self.report())
        return found


def plain(value: Any) -> Any:
    """Return ids and codes as they are, and `…` for any other text within."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if not isinstance(value, str) or PLAIN.fullmatch(value) else "…"


def told(problem: Problem) -> dict[str, str]:
    """Return a problem as the report says it."""
    return {"field": problem.field, "problem": problem.problem.value}
