"""Codes of why somebody comes to a case, or is kept from it."""

from collections.abc import Mapping

from casework.vocabulary import Word
from core.text import N_


class WhyAdded(Word):
    """Why a person is added to a case."""

    ABSENCE = "covers_absence", N_("Stands in for somebody who is away")
    OPINION = "second_opinion", N_("Gives a second opinion")
    LANGUAGE = "language", N_("Speaks a language that is needed")
    EXPERTISE = "expertise", N_("Knows something that is needed")
    SUPERVISION = "supervision", N_("Supervises the work")


# Somebody else may say so of a person; nobody says it of themselves.
POSSIBLE_LINK: Mapping[str, str] = {"possible_link": N_("A possible link was found")}
