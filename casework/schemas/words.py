"""The words that answers of steps are coded with."""

from casework.vocabulary import Word
from core.text import N_


class Answer(Word):
    """What a survivor said to an offer or an update."""

    ACCEPTED = "accepted", N_("Accepted")
    DEFERRED = "deferred", N_("Later, perhaps")
    DECLINED = "declined", N_("Declined")


class Updated(Word):
    """How an update went."""

    GIVEN = "given", N_("Given")
    ATTEMPTED = "attempted", N_("Tried, not reached")
    DECLINED = "declined", N_("Declined")


class Told(Word):
    """How an outcome was told."""

    TOLD = "told", N_("Told")
    DECLINED = "declined", N_("Did not want to be told")
    UNREACHABLE = "unreachable", N_("Could not be reached safely")


class Received(Word):
    """Whether clinical care was received."""

    RECEIVED = "received", N_("Received")
    DECLINED = "declined", N_("Declined")


class Conflict(Word):
    """Why somebody has a conflict of interest."""

    NAMED = "named_in_it", N_("Is named in the case")
    CLOSE = "close_to_someone", N_("Is close to someone named in the case")
    COLLEAGUE = "works_with_someone", N_("Works with someone named in the case")
    SUPPORTER = "supported_survivor", N_("Supports the survivor")
    OTHER = "other_conflict", N_("Another conflict of interest")


class Untold(Word):
    """Why a case closes before a survivor's outcome is told."""

    LATER = "told_later", N_("It will be told after closing")
    UNSAFE = "unsafe_now", N_("Telling it now is not safe")
    UNREACHABLE = "unreachable", N_("The survivor could not be reached")
    UNKNOWN = "unknown_person", N_("The survivor is not known")


class Again(Word):
    """Why a case is reopened."""

    NEW_INFORMATION = "new_information", N_("New information")
    NEW_INCIDENT = "new_incident", N_("It happened again")
    ERROR = "closed_in_error", N_("It was closed in error")


class Extend(Word):
    """Why a time limit is moved."""

    QUALITY = "quality_of_work", N_("The quality of the work needs it")
    WITNESS = "witness_unavailable", N_("A witness cannot be reached yet")
    SAFETY = "safety_of_survivor", N_("The survivor’s safety needs it")
    WORKLOAD = "workload", N_("Too much work at once")
