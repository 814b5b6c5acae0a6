"""Codes in words: one filter for templates, made of every labelled vocabulary."""

from typing import Any

from flask import Flask
from flask_babel import gettext

from casework import clocks, sla, stages, vocabulary
from casework.schemas import emergency
from casework.schemas import words as answers
from casework.sla import CLOCKS
from web.words import EVENTS, POLICY, REASONS


def _all() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {
        name: word.labels()
        for module in (vocabulary, clocks, sla, answers, emergency)
        for name, word in vars(module).items()
        if isinstance(word, type) and issubclass(word, vocabulary.Word)
    }
    found["Stage"] = {str(stage): text for stage, text in stages.LABELS.items()}
    found["Clock"] = {code: rule.label for code, rule in CLOCKS.items()}
    found["Basis"] = sla.Basis.labels()
    found["Event"] = dict(EVENTS)
    found["Reason"] = dict(REASONS)
    return {**found, **POLICY}


LABELS = _all()


def label(code: Any, of: str) -> str:
    """Return a code of a vocabulary in the reader's language."""
    if code is None or code == "":
        return str(gettext("Not recorded"))
    text = LABELS[of].get(str(code), str(code).replace("_", " "))
    return str(gettext(text))


def install(app: Flask) -> None:
    """Give templates `{{ case.kind | label("Kind") }}`."""
    app.jinja_env.filters["label"] = label
