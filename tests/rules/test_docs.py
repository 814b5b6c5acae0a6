"""The documents say what the code says: rules, settings, commands, files, links."""

import re
from pathlib import Path

import pytest
from click import Group

from docs.generate import FOLDER, PAGES
from web.cli import GROUPS

ROOT = Path(__file__).parents[2]
READ = (
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
)
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
SQL_LEFT = re.compile(r"\w+_\w+\(|\b(SELECT|CASE|WHEN|ANY|NULL|AND|OR|IN|THEN)\b")
# Made when they are needed, so not there before.
MADE = {"benchmarks/results.json", "instance"}
# Programs of others that our documents call `make` or `flask` words of.
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def table_rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def section(title: str) -> str:
    """The part of the README under a heading."""
    return re.split(r"^#+ ", README.split(f"# {title}\n")[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("page", PAGES)
def test_generated_pages_are_what_the_tables_say(page: str) -> None:
    kept = (FOLDER / page).read_text(encoding="utf-8")
    assert kept == PAGES[page](), f"docs/generated/{page} is out of date: make docs"


def test_nothing_else_lies_among_the_generated_pages() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_row_security_is_told_in_words() -> None:
    told = PAGES["row-security.md"]()
    assert SQL_LEFT.findall(told) == []


def test_every_setting_is_in_the_readme_and_none_besides() -> None:
    source = (ROOT / "config.py").read_text()
    read = set(re.findall(r"environment\.get\(\s*\"([A-Z_]+)\"", source))
    read.remove("FLASK_RUN_FROM_CLI")  # flask says by it that a command runs
    told = set(
        re.findall(r"`([A-Z][A-Z_]+)`", section("Settings").split("\n\nBehind")[0])
    )
    assert told == read


@pytest.mark.parametrize("path", READ, ids=name)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    text = path.read_text()
    spoken = set(re.findall(r"`make ([a-z-]+)", text))
    spoken |= set(re.findall(r"^\s*make ([a-z-]+)", text, re.MULTILINE))
    assert spoken - set(TARGET.findall(MAKEFILE)) == set()


def commands() -> set[str]:
    return {
        f"{group.name} {command}"
        for group in GROUPS
        if isinstance(group, Group)
        for command in group.commands
    }


@pytest.mark.parametrize("command", sorted(commands() | {"demo"}))
def test_every_stable_command_is_in_the_readme(command: str) -> None:
    rows = table_rows(section("Commands that other programs may call"))
    assert any(row.startswith(f"| `{command}") for row in rows)


@pytest.mark.parametrize("path", READ, ids=name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    spoken = set(
        re.findall(r"flask (?:--app wsgi )?([a-z]+ [a-z-]+)\b", path.read_text())
    )
    groups = {group.name for group in GROUPS}
    assert {each for each in spoken if each.split()[0] in groups} <= commands()


@pytest.mark.parametrize("path", READ, ids=name)
def test_every_file_that_a_table_names_exists(path: Path) -> None:
    rows = "\n".join(table_rows(path.read_text()))
    files = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+|[\w-]+\.py)`", rows))
    assert {each for each in files - MADE if not (ROOT / each).exists()} == set()


def test_every_room_is_in_the_readme() -> None:
    rooms = re.findall(r"^ROOMS := (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    told = re.findall(r"^\| `(\w+)` \|", section("The rooms"), re.MULTILINE)
    assert sorted(told) == sorted(rooms)


@pytest.mark.parametrize("path", READ, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        file, _, heading = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            assert heading in {anchor(title) for title in titles}, target


def anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_decisions_are_numbered_once_and_without_gaps() -> None:
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, start=1):
        assert file.read_text().startswith(f"# {number}. ")


def shown_words() -> str:
    """Everything that pages can show, as the source has it."""
    rooms = ("auth", "casework", "referrals", "stats", "web", "templates")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.*")]
    texts = [file.read_text() for file in files if file.suffix in (".py", ".html")]
    return re.sub(r'"\s*\n\s*"', "", "\n".join(texts))


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/users/*.md")), ids=name)
def test_what_a_guide_calls_a_page_or_step_is_called_so(path: Path) -> None:
    spoken = set(re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", path.read_text()))
    source = shown_words()
    assert {words for words in spoken if f'"{words}' not in source} == set()
