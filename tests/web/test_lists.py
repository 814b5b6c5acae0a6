"""Lists open nothing: they show references, codes and time limits."""

import secrets
from collections import Counter

import pytest
from sqlalchemy import select

from casework.commands.intake import file_report, set_aside
from casework.models.case import Survivor
from core import db
from referrals.commands.care import refer
from referrals.models import Service
from tests.pages import Browser, make_app
from vault import boxes, keyring

# Who opens a list that has something in it.
LISTS = {
    "/": ("amina", "ines", "salma", "cora", "pia"),
    "/cases": ("amina", "ines", "salma", "cora"),
    "/cases?closed=1": ("amina", "cora"),
    "/referrals": ("salma", "pia"),
    "/imports": ("amina", "cora"),
}
OPENING = (
    (boxes.Box, "open"),
    (boxes, "decrypt"),
    (keyring.Keyring, "boxes"),
    (keyring.Keyring, "boxes_of"),
    (keyring.Keyring, "private_of"),
    (keyring, "open_with"),
)


@pytest.fixture
def opened(monkeypatch):
    """How often anything was opened, by the name of what opens it."""
    calls = Counter()

    def counting(place, name):
        inner = getattr(place, name)

        def call(*args, **kwargs):
            calls[name] += 1
            return inner(*args, **kwargs)

        monkeypatch.setattr(place, name, call)

    for place, name in OPENING:
        counting(place, name)
    return calls


@pytest.fixture(scope="module")
def pages(world):
    return make_app(world)


@pytest.fixture
def case_id(cast, filing):
    """A case with a referral, and a submission that waits for a decision."""
    with db.transaction(cast.amina):
        made = file_report(cast.amina, filing()).id
        words = {"words": "damp rice"}
        set_aside(cast.amina, filing(), words, "set_aside", "not_pseah")
    with db.transaction(cast.salma) as session:
        survivor = session.scalar(select(Survivor.id).where(Survivor.case_id == made))
        service = session.scalar(select(Service.id).where(Service.kind == "medical"))
        body = {"survivor": str(survivor), "service": str(service), "urgent": False}
        body |= {"language": "en", "key": secrets.token_hex(16)}
        refer(cast.salma, made, body)
    return made


@pytest.mark.parametrize(
    ("path", "who"), [(path, who) for path, people in LISTS.items() for who in people]
)
def test_a_list_opens_nothing(pages, case_id, opened, path, who):
    browser = Browser(pages).sign_in(who)
    opened.clear()
    answer = browser.get(path)
    assert answer.status_code == 200
    assert opened == {}


def test_the_count_would_show_an_opened_case(pages, case_id, opened):
    browser = Browser(pages).sign_in("amina")
    opened.clear()
    assert browser.get(f"/cases/{case_id}").status_code == 200
    assert {"open", "decrypt", "boxes", "open_with"} <= set(opened)
