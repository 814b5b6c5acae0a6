"""A submission that was set aside is decided: it becomes a case after all, or not."""

import json
import uuid
from dataclasses import replace
from typing import Any

from auth import access
from auth.actor import Actor
from auth.models import Office
from auth.policy import Facts, May
from casework.cfm.answers import MOST_KEPT, shown
from casework.cfm.reading import read
from casework.cfm.report import IncomingReport
from casework.commands.intake import open_late
from casework.filing import Filing
from casework.models.case import Submission
from casework.opening import reveal
from casework.vocabulary import SET_ASIDE, Kind, Word
from core import audit, db
from core.errors import NotHeld, NotVisible, Stale, WrongStage
from core.text import N_

Body = dict[str, Any]
AWAITING = ("set_aside", "kept")
KIND, NARRATIVE = "group_concern/kind", "group_account/narrative"
FILED_AS = {kind.value: kind.label for kind in Kind if kind not in SET_ASIDE}


class Dismissal(Word):
    """Why a submission does not become a case."""

    PASSED_ON = "passed_to_other_mechanism", N_("Passed to the mechanism it belongs to")
    DUPLICATE = "duplicate", N_("The same report is a case already")
    NOT_A_COMPLAINT = "not_a_complaint", N_("Not a complaint")
    NOTHING_TO_ACT_ON = "nothing_to_act_on", N_("Nothing in it can be acted on")
    TEST_ENTRY = "test_entry", N_("A test entry")


def undecided(actor: Actor, submission_id: uuid.UUID, body: Body | None) -> Submission:
    """Return a submission that the actor may decide.

    :raises NotVisible: where the actor does not stand on it.
    :raises Forbidden: where the decision is not theirs.
    :raises Stale: where `body` says which version was seen, and it is another now.
    :raises WrongStage: where it is decided already.
    """
    access.require(actor, May.DECIDE_SUBMISSION, submission_id)
    row = db.session().get(Submission, submission_id)
    if row is None:
        raise NotVisible
    if (body or {}).get("version", row.version_id) != row.version_id:
        raise Stale
    if row.state not in AWAITING:
        raise WrongStage(N_("This was decided already."))
    return row


def file_submission(actor: Actor, submission_id: uuid.UUID, body: Body) -> uuid.UUID:
    """Make a case of a submission, as the kind that the actor chose.

    The case has the submission's id. What was kept sealed is read again; answers that
    fit nowhere else stay with the submission.
    """
    row = undecided(actor, submission_id, body)
    kind = Kind(body["kind"])
    report = replace(_report(actor, row), kind=kind)
    office = db.session().get_one(Office, row.office_id)
    filing = Filing(report=report, office=office, key="", source=row.source)
    _decide(row, "filed", kind)
    open_late(actor, row.id, filing)
    return row.id


def dismiss_submission(actor: Actor, submission_id: uuid.UUID, body: Body) -> uuid.UUID:
    """Note why a submission does not become a case; what it holds stays sealed."""
    row = undecided(actor, submission_id, body)
    reason = Dismissal(body["reason"])
    row.why = reason
    _decide(row, "dismissed", reason)
    return row.id


def _decide(row: Submission, state: str, code: str) -> None:
    row.state = state
    db.session().flush()
    audit.record(
        row.id, "submission:decided", case_id=row.id, state=state, code=str(code)
    )


def _report(actor: Actor, row: Submission) -> IncomingReport:
    """Read what was kept, as on the day it came.

    :raises NotHeld: where the actor does not hold its key.
    """
    opened = reveal(actor, row.id, Facts(), [(Submission.raw, [row])])
    words = opened(Submission.raw, row)
    if words is None:
        raise NotHeld
    item = json.loads(words)
    report = read(item, 0, row.filed_at).report
    return report or _as_told(item, row)


def _as_told(item: Any, row: Submission) -> IncomingReport:
    """Take what is no form at all for somebody's account."""
    answers = item if isinstance(item, dict) else {}
    account = {KIND: Kind.UNSURE.value, NARRATIVE: shown(item)[:MOST_KEPT]}
    report = read({**answers, **account}, 0, row.filed_at).report
    assert report is not None
    return report
