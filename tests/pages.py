"""The pages as a browser without scripts sees them: sign in, open forms, send them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import PASSWORD, World
from web.app import create_app

HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')
MAIN = re.compile(r"<main.*</main>", re.DOTALL)


def make_app(world: World) -> Flask:
    """The application on the tests' database."""
    where = world.where
    return create_app(
        replace(world.config, database_url=where.app, owner_database_url=where.owner)
    )


class Browser:
    """Somebody in front of the pages; cookies are kept."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def sign_in(self, username: str, password: str = PASSWORD) -> "Browser":
        """Sign in through the form."""
        answer = self.post("/sign-in", {"username": username, "password": password})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return self

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of a page's own form: token, key, version."""
        page = self.get(path).get_data(as_text=True)
        form = MAIN.search(page)
        return dict(HIDDEN.findall(form[0] if form else page))

    def token(self) -> dict[str, str]:
        """A token that any form takes; empty for a stranger."""
        page = self.get("/").get_data(as_text=True)
        return {name: it for name, it in HIDDEN.findall(page) if name == "csrf_token"}

    def post(self, path: str, answers: Mapping[str, Any] | None = None) -> TestResponse:
        """Open a form, fill it in and send it."""
        data = {**self.hidden(path), **(answers or {})}
        return self.client.post(path, data=data)

    def first_choice(self, path: str, name: str) -> str:
        """The first answer that a question of a form offers."""
        page = self.get(path).get_data(as_text=True)
        select = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)
        if select:
            return re.findall(r'<option value="([^"]+)"', select[0])[0]
        return re.findall(rf'name="{name}"[^>]*value="([^"]+)"', page)[0]
