"""A real server on loopback and a real Chromium, for walks through the pages."""

import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.conftest import PASSWORD, World
from web.app import create_app

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def address(world: World) -> Iterator[str]:
    """The address of the application, served on a free port."""
    where = world.where
    config = replace(
        world.config, database_url=where.app, owner_database_url=where.owner
    )
    server = make_server("127.0.0.1", 0, create_app(config), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser; `make test` says which."""
    named = os.environ.get("CHROMIUM")
    path = named or next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert path, "no Chromium: run make test, which finds or installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Person:
    """Somebody at a browser; scripts are switched off: every page works without."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def go(self, path: str) -> "Person":
        """Open a page of the application, or one found in a link."""
        answer = self.page.goto(
            path if path.startswith("http") else self.address + path
        )
        assert answer is not None
        self.status = answer.status
        return self

    def follow(self, words: str) -> "Person":
        """Press the first link with these words."""
        self.page.get_by_role("link", name=words, exact=True).first.click()
        return self

    def answer(self, **answers: object) -> "Person":
        """Fill in a form by the names of its fields; a list ticks several."""
        for name, value in answers.items():
            self._answer(name.replace("__", "-"), value)
        return self

    def _answer(self, name: str, value: object) -> None:
        for each in value if isinstance(value, list) else [value]:
            box = self.page.locator(f'main [name="{name}"]')
            kind = box.first.evaluate("it => it.type")
            if kind in ("radio", "checkbox"):
                choice = self.page.locator(f'main [name="{name}"][value="{each}"]')
                choice.check(force=True)
            elif kind == "select-one":
                box.select_option(str(each))
            else:
                box.fill(str(each))

    def send(self) -> "Person":
        """Press the form's own button."""
        self.page.locator("main form button:not(.app-default-button)").last.click()
        return self

    def step(self, title: str, /, **answers: object) -> "Person":
        """Take one step from the page in front: follow it, answer, send."""
        path = self.page.url
        self.follow(title)
        self.answer(**answers).send()
        assert not self.problems, self.problems
        if self.page.url != path:
            self.go(path)
        return self

    @property
    def problems(self) -> list[str]:
        """What the error summary says."""
        return self.page.locator(".govuk-error-summary__list li").all_inner_texts()

    @property
    def words(self) -> str:
        """All words of the page."""
        return re.sub(r"\s+", " ", self.page.locator("body").inner_text())

    def first_choice(self, name: str) -> str:
        """The first value that a question offers."""
        box = self.page.locator(f'main [name="{name}"]').first
        if box.evaluate("it => it.type") == "select-one":
            options = box.locator("option").evaluate_all("all => all.map(o => o.value)")
            return next(option for option in options if option)
        return str(box.get_attribute("value"))


@pytest.fixture
def people(chromium: Browser, address: str):
    """Sign people in: `people("amina")`, on a screen of some width."""
    contexts = []

    def sign_in(name: str, width: int = 1280, language: str = "en") -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            locale=language,
            java_script_enabled=False,
        )
        contexts.append(context)
        person = Person(context.new_page(), address)
        person.go("/sign-in").answer(username=name, password=PASSWORD).send()
        return person

    yield sign_in
    for context in contexts:
        context.close()
