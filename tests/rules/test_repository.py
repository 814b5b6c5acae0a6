"""Rules of the repository itself: what is in it, and what must never be."""

import ast
import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ["core", "vault", "auth", "casework", "referrals", "stats", "web"]
LOCKS = ["requirements.lock", "requirements-dev.lock"]

# Written in pieces, so that this file is not what it looks for.
REGISTRIES = re.compile(
    "|".join(
        [
            r"pypi\." + "org",
            r"python" + r"hosted\.org",
            r"registry\." + "npmjs",
            r"deb\." + r"debian\.org",
            "--(extra-)?index" + "-url",
            "--find" + "-links",
        ]
    )
)
MACHINES = re.compile(
    r"(?<![\w.<{/-])/(?:"
    + "|".join(["root", "opt", "Users/[a-z]+", "home/[a-z]+"])
    + ")/"
)
SECRETS = re.compile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----")
NEVER_KEPT = re.compile(
    r"(^|/)(node_modules|\.venv|instance|__pycache__|\.npm)/"
    r"|\.(pyc|mo|key|pem|p12|pfx|sqlite3?|dump|log)$"
    r"|(^|/)(\.env|\.pypirc|\.netrc|uv\.lock|id_[a-z0-9]+)$"
)


@cache
def kept() -> list[str]:
    """Every file that is in the repository, or would be after `git add`."""
    listing = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", *listing],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in done.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@cache
def texts() -> dict[str, str]:
    readable = {}
    for name in kept():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            readable[name] = content.decode("utf-8", errors="replace")
    return readable


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def modules() -> list[str]:
    return [name for name in kept() if name.endswith(".py")]


def environment_uses(source: str) -> list[int]:
    """Lines that reach for the environment, under whichever name."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in names:
            found.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found += [node.lineno for alias in node.names if alias.name in names]
    return found


def test_no_file_names_a_registry() -> None:
    allowed = ("scripts/lock.sh:",)  # the switches that keep addresses out
    lines = lines_with(REGISTRIES)
    assert [line for line in lines if not line.startswith(allowed)] == []


def test_no_file_names_a_machine() -> None:
    assert lines_with(MACHINES) == []


def test_no_private_key_is_kept() -> None:
    assert lines_with(SECRETS) == []


def test_nothing_made_or_secret_is_kept() -> None:
    assert [name for name in kept() if NEVER_KEPT.search(name)] == []


@pytest.mark.parametrize(
    "name", ["node_modules/x.js", "instance/keys/pepper", ".env", "a/b.key", "uv.lock"]
)
def test_the_rule_knows_what_is_never_kept(name: str) -> None:
    assert NEVER_KEPT.search(name)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    entries = text.replace("\\\n", " ").splitlines()
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+ .*--hash=sha256:", entry)


def test_both_locks_pin_the_same_versions() -> None:
    runtime, development = (pins(lock) for lock in LOCKS)
    assert runtime <= development


def pins(lock: str) -> set[str]:
    lines = (ROOT / lock).read_text().splitlines()
    return {line.removesuffix(" \\") for line in lines if "==" in line}


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    locked = {pin.split("==")[0] for pin in pins("requirements-dev.lock")}
    assert {re.split(r"[^a-z0-9-]", name)[0] for name in wanted} <= locked


def test_only_config_reads_the_environment() -> None:
    readers = {
        name
        for name in modules()
        if not name.startswith("tests/") and environment_uses(texts()[name])
    }
    assert readers == {"config.py"}


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.environ['A']",
        "import os; os.getenv('A')",
        "from os import environ",
        "import os as o; o.environ.get('A')",
    ],
)
def test_the_rule_sees_each_way_to_the_environment(source: str) -> None:
    assert environment_uses(source) == [1]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name
        for name in modules()
        if texts()[name].strip() and not ast.get_docstring(ast.parse(texts()[name]))
    ]
    assert silent == []


def test_rooms_are_plain_folders_without_code_in_their_door() -> None:
    assert [r for r in ROOMS if (ROOT / r / "__init__.py").read_text().strip()] == []


def test_the_pipeline_checks_and_tests() -> None:
    pipeline = ROOT / ".ci" / "run"
    assert os.access(pipeline, os.X_OK)
    commands = pipeline.read_text().splitlines()
    assert "set -euo pipefail" in commands
    assert [line for line in commands if line.startswith("make")] == [
        "make check",
        "make test",
    ]


def test_every_script_is_executable_unless_it_is_sourced() -> None:
    for name in kept():
        if name.startswith("scripts/") and texts()[name].startswith("#!"):
            assert os.access(ROOT / name, os.X_OK), name


def test_help_names_every_command_that_the_readers_are_told_of() -> None:
    done = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for target in ("demo", "clean-demo", "test", "check", "nightly", "bench", "lock"):
        assert re.search(rf"^  make {target} ", done.stdout, re.MULTILINE)
