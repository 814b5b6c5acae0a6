"""The locks are whole: whatever a pinned distribution asks for is pinned beside it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.lock": [], "requirements-dev.lock": ["dev"]}
Pins = Mapping[str, str]


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", text, re.M)
    return {canonicalize_name(name): version for name, version in found}


def wanted(extras: Iterable[str]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = project["dependencies"] + [
        line for extra in extras for line in project["optional-dependencies"][extra]
    ]
    return [Requirement(line) for line in named]


def asked_by(requirement: Requirement) -> list[Requirement]:
    """What a distribution needs here, with the extras that somebody asks of it."""
    listed = [Requirement(line) for line in requires(requirement.name) or ()]
    extras = {"", *requirement.extras}
    return [
        each
        for each in listed
        if each.marker is None
        or any(each.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def missing(roots: Iterable[Requirement], pinned: Pins) -> list[str]:
    """Walk what is needed; tell what no pin fits."""
    todo, seen, unfit = list(roots), set(), []
    while todo:
        each = todo.pop()
        name = canonicalize_name(each.name)
        if (name, frozenset(each.extras)) in seen:
            continue
        seen.add((name, frozenset(each.extras)))
        version = pinned.get(name)
        if version is None or not each.specifier.contains(version, prereleases=True):
            unfit.append(str(each))
        else:
            todo += asked_by(each)
    return unfit


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_its_distributions_ask_for(lock: str) -> None:
    pinned = pins((ROOT / lock).read_text())
    assert len(pinned) > 20
    assert missing(wanted(LOCKS[lock]), pinned) == []


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("coverage", "coverage[toml]"),  # named only through an extra
        ("psycopg-binary", "psycopg-binary"),  # what an extra brings
        ("iniconfig", "iniconfig"),  # what another distribution brings
        ("flask", "flask"),  # what the project itself names
    ],
)
def test_a_pin_that_is_taken_out_is_missed(gone: str, told: str) -> None:
    whole = pins((ROOT / "requirements-dev.lock").read_text())
    pinned = {name: version for name, version in whole.items() if name != gone}
    unfit = missing(wanted(["dev"]), pinned)
    assert any(line.startswith(told) for line in unfit)


def test_a_pin_that_does_not_fit_is_missed() -> None:
    whole = pins((ROOT / "requirements-dev.lock").read_text())
    unfit = missing(wanted(["dev"]), {**whole, "coverage": "5.0"})
    assert any(line.startswith("coverage[toml]") for line in unfit)


def test_pip_resolves_nothing_and_checks_what_it_installed() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installing = [line for line in makefile.splitlines() if "PIP) install" in line]
    assert installing == [
        "INSTALL := $(PIP) install --no-deps --require-hashes --requirement"
    ]
    assert makefile.count("$(INSTALL) $<\n\t@$(PIP) check") == len(LOCKS)
