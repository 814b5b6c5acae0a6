"""Every word of the pages is in every language, with the same placeholders."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[2] / "translations"
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def catalogue(language):
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_every_message_is_translated(language):
    with (FOLDER / "messages.pot").open("rb") as file:
        wanted = {str(message.id) for message in read_po(file) if message.id}
    done = {
        str(message.id)
        for message in catalogue(language)
        if message.id and message.string and "fuzzy" not in message.flags
    }
    assert wanted - done == set()


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_every_translation_keeps_the_placeholders(language):
    lost = [
        message.id
        for message in catalogue(language)
        if isinstance(message.id, str)
        and set(PLACEHOLDER.findall(message.id))
        != set(PLACEHOLDER.findall(str(message.string)))
    ]
    assert lost == []
