"""Measure everything and write results.json: `make bench`. Or name what to measure."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import (
    audit,
    handing,
    intake,
    many,
    page,
    renewing,
    row_security,
    sign_in,
)
from benchmarks.measure import Result
from benchmarks.world import copy, make, server
from web.database import serve_on

RESULTS = Path(__file__).with_name("results.json")
# What is measured, and on how many copies of the world.
RUNS: Mapping[str, tuple[Callable[..., Result], int]] = {
    "sign_in": (sign_in.run, 1),
    "intake": (intake.run, 1),
    "page": (page.run, 1),
    "list": (many.run, 2),
    "row_security": (row_security.run, 1),
    "handing": (handing.run, 1),
    "renewing": (renewing.run, 1),
    "audit": (audit.run, 1),
}


def measured(names: Sequence[str]) -> Iterator[Result]:
    """Measure one figure after the other, on a server of their own."""
    with server() as running:
        world = make(running)
        for name in names:
            run, count = RUNS[name]
            copies = [copy(running, world) for _ in range(count)]
            serve_on(copies[0].where)
            yield run(*copies)


def line(result: Result) -> dict[str, object]:
    """Return a result as results.json has it."""
    return {
        "name": result.name,
        "ratio": result.ratio,
        "goal": result.goal,
        "holds": result.holds,
        "detail": result.detail,
    }


def main(names: Sequence[str]) -> int:
    """Print each figure as it is there, and write them where all are measured."""
    lines = []
    for result in measured(names or list(RUNS)):
        lines.append(line(result))
        verdict = "holds" if result.holds else "MISSED"
        print(f"{result.name}: {result.ratio} (goal {result.goal}) {verdict}")
        print(f"  {result.detail}", flush=True)
    if not names:
        RESULTS.write_text(json.dumps(lines, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
