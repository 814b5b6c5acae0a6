"""The steps on a submission that waits for a decision."""

import uuid
from collections.abc import Callable
from typing import Any

from marshmallow import Schema

from auth.actor import Actor
from auth.policy import May
from casework.commands.submissions import (
    AWAITING,
    FILED_AS,
    Dismissal,
    dismiss_submission,
    file_submission,
    undecided,
)
from casework.models.case import Submission
from core.fields import Body, Choice
from core.steps import Step
from core.text import N_


class FileSubmission(Body):
    """That a submission is a case after all, and of which kind."""

    kind = Choice(
        FILED_AS,
        FILED_AS,
        required=True,
        metadata={"label": N_("What is it about?")},
    )


class DismissSubmission(Body):
    """Why a submission does not become a case."""

    reason = Choice(
        Dismissal,
        Dismissal.labels(),
        required=True,
        metadata={"label": N_("Why is it not a case?")},
    )


def _allow(actor: Actor, submission_id: uuid.UUID) -> Submission:
    return undecided(actor, submission_id, None)


def _awaits(submission: Submission) -> bool:
    return submission.state in AWAITING


def _step(
    name: str, form: type[Schema], command: Callable[[Any, Any, Any], Any], **more: str
) -> Step:
    return Step(
        endpoint=f"casework.{name}_submission",
        path=f"/submissions/<uuid:id>/{name}",
        schema=lambda _actor, _id: form(),
        command=command,
        allow=_allow,
        after="casework.submission",
        may=May.DECIDE_SUBMISSION,
        guarded=True,
        when=_awaits,
        **more,  # type: ignore[arg-type]
    )


STEPS: tuple[Step, ...] = (
    _step(
        "file",
        FileSubmission,
        file_submission,
        title=N_("Make a case of it"),
        intro=N_(
            "The report becomes a case, its time limits start, and the desks that"
            " investigate and care receive it."
        ),
        submit=N_("Make a case"),
        done=N_("It is a case now."),
    ),
    _step(
        "dismiss",
        DismissSubmission,
        dismiss_submission,
        title=N_("Do not make a case of it"),
        intro=N_("Nothing is deleted: it stays here, sealed, with your reason."),
        submit=N_("Record the decision"),
        done=N_("The decision is recorded."),
    ),
)
