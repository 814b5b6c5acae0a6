"""Measure everything and write results.json: `make bench`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import intake, many, page
from benchmarks.measure import Result
from benchmarks.world import copy, make, server
from web.database import serve_on

RESULTS = Path(__file__).with_name("results.json")


def measured() -> Iterator[Result]:
    """Measure one figure after the other, on a server of their own."""
    with server() as running:
        world = make(running)
        few, full = copy(running, world), copy(running, world)
        serve_on(world.where)
        yield intake.run(world)
        yield page.run(world)
        yield many.run(few, full)


def line(result: Result) -> dict[str, object]:
    """Return a result as results.json has it."""
    return {
        "name": result.name,
        "ratio": result.ratio,
        "goal": result.goal,
        "holds": result.holds,
        "detail": result.detail,
    }


def main() -> int:
    """Print each figure as it is there, and write them all."""
    lines = []
    for result in measured():
        lines.append(line(result))
        verdict = "holds" if result.holds else "MISSED"
        print(f"{result.name}: {result.ratio} (goal {result.goal}) {verdict}")
        print(f"  {result.detail}", flush=True)
    RESULTS.write_text(json.dumps(lines, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
