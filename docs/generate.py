"""Writes docs/generated/ from the tables of rules; `make docs` runs it.

tests/rules/test_docs.py fails where a page is not what the tables say now.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.making.clocks import clocks
from docs.making.permissions import permissions
from docs.making.rows import row_security
from docs.making.stages import moves

FOLDER = Path(__file__).with_name("generated")
PAGES: Mapping[str, Callable[[], str]] = {
    "permissions.md": permissions,
    "clocks.md": clocks,
    "stages.md": moves,
    "row-security.md": row_security,
}


def write() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    write()
