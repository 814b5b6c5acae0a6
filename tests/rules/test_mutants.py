"""The tests notice the faults that matter most: each is made in a copy, and found."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.rules.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
PARTS = (
    *("core", "vault", "auth", "casework", "referrals", "stats", "web", "demo"),
    *("templates", "static", "translations", "migrations", "tests"),
    *("config.py", "wsgi.py", "pyproject.toml"),
)
AT_ONCE = 2
# The copy is measured by nobody, and runs as one process.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("COV_", "PYTEST_"))
}
NOTICED = re.compile(
    r"^E +(AssertionError|assert |Failed: DID NOT RAISE|.*AssertionError: )",
    re.MULTILINE,
)


def copied(folder):
    """The tree without what is made in it, to spoil and to mend."""
    without = shutil.ignore_patterns("__pycache__", "*.pot", "*.po")
    for part in PARTS:
        source, to = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, to, ignore=without)
        else:
            shutil.copy(source, to)
    return folder


@pytest.fixture(scope="module")
def outcome(request, tmp_path_factory):
    """What running each fault's test came to, by its name; two at a time."""
    folders = SimpleQueue()
    for number in range(AT_ONCE):
        folders.put(copied(tmp_path_factory.mktemp(f"mutants{number}")))

    def try_one(mutant):
        folder = folders.get()
        try:
            return run(folder, mutant)
        finally:
            folders.put(folder)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        chosen = [
            item.callspec.params["mutant"]
            for item in request.session.items
            if item.function is test_the_fault_is_noticed
        ]
        tried = {mutant: pool.submit(try_one, mutant) for mutant in chosen}
        yield lambda mutant: tried[mutant].result()


def spoiled(words, mutant):
    """Return the words of a file with the fault in them."""
    found = words.count(mutant.old)
    assert found == 1, (
        f"“{mutant.name}”: {mutant.file} holds its text {found} times, not once."
        " The code has moved on: bring tests/rules/mutants.py after it."
    )
    return words.replace(mutant.old, mutant.new)


def write(file, words):
    """Write a source, and forget what was compiled of it."""
    file.write_text(words)
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        compiled.unlink()


def run(folder, mutant):
    """Run one test in the copy with a fault in it, and mend the copy."""
    file = folder / mutant.file
    sound = file.read_text()
    write(file, spoiled(sound, mutant))
    alone = ["-x", "-q", "-p", "no:cacheprovider", mutant.test]
    try:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *alone],
            cwd=folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        write(file, sound)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_fault_is_noticed(outcome, mutant):
    done = outcome(mutant)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-1000:]
    assert f"FAILED {mutant.test}" in done.stdout
    assert "\nERROR " not in done.stdout, done.stdout[-3000:]
    assert NOTICED.search(done.stdout), done.stdout[-3000:]


def test_each_fault_has_a_name_of_its_own():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("words", ["", "twice twice"])
def test_a_fault_whose_place_is_gone_is_said_to_be(words):
    mutant = MUTANTS[0]
    with pytest.raises(AssertionError, match="not once"):
        spoiled(mutant.old * len(words.split()), mutant)
