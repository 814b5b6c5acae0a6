"""A program with templates and nothing else."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.web.drawn import LANGUAGE, make_app


@pytest.fixture(scope="module")
def templates() -> Flask:
    return make_app()


@pytest.fixture
def bare(templates: Flask) -> Iterator[Flask]:
    """In a request of nobody, in English."""
    LANGUAGE["now"] = "en"
    with templates.test_request_context("/"):
        yield templates
