"""What was set aside is decided by a person: a case after all, or not."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError

from auth import access
from auth.actor import INTAKE
from auth.policy import Facts, Standing
from casework.commands.submissions import (
    FILED_AS,
    Dismissal,
    dismiss_submission,
    file_submission,
)
from casework.importing import import_items
from casework.models.case import Case, Report, Submission, Survivor
from casework.models.progress import ClockRow
from casework.opening import reveal
from casework.queries.imports import imports_page, submission_page
from core import db
from core.errors import Forbidden, NotHeld, NotVisible, Problem, Stale, WrongStage
from core.text import Message
from tests.worlds import another, sign_everyone_in

PLAIN: dict[str, Any] = {
    "_submission_time": "2026-11-10T08:00:00",
    "group_intake/office": "NBO",
    "group_intake/received_at": "2026-11-10T10:30:00.000+03:00",
    "group_reporter/who": "affected_person",
    "group_reporter/name": "Rita",
    "group_reporter/anonymous": "no",
    "group_concern/kind": "not_pseah",
    "group_concern/place": "The yard",
    "group_people/affected": [{"group_people/affected/sex": "female"}],
    "group_account/narrative": "It was about the queue, and then not.",
}


@pytest.fixture(scope="module")
def world(world, server):
    with another(world, server) as own:
        yield own


@pytest.fixture(scope="module")
def signed_in(world):
    return sign_everyone_in(world)


def kept(actor, raw: Any = None, **changes: Any) -> Submission:
    """A submission that waits for the actor's decision."""
    mark = uuid.uuid4().hex
    item = raw if raw is not None else {"_id": mark, "_uuid": mark, **PLAIN, **changes}
    before = {row.id for row in waiting(actor)}
    import_items(INTAKE, [item], office_default="NBO")
    (found,) = (row for row in waiting(actor) if row.id not in before)
    return found


def waiting(actor) -> list[Submission]:
    with db.transaction(actor):
        return [each.submission for each in imports_page(actor).waiting]


def decide(actor, command, row: Submission, **body: Any) -> Any:
    with db.transaction(actor):
        return command(actor, row.id, {"version": row.version_id, **body})


def as_case(actor, row: Submission, kind: str = "sexual_harassment") -> Any:
    return decide(actor, file_submission, row, kind=kind)


def words(actor, case_id: uuid.UUID, column) -> list[str | None]:
    with db.transaction(actor) as session:
        model = column.class_
        rows = session.scalars(select(model).where(model.case_id == case_id)).all()
        opened = reveal(actor, case_id, Facts(), [(column, rows)])
        return [opened(column, row) for row in rows]


@pytest.mark.parametrize("name", ["amina", "cora"])
def test_a_submission_becomes_a_case_with_its_own_id(cast, name):
    actor = getattr(cast, name)
    row = kept(actor)
    assert as_case(actor, row) == row.id
    with db.transaction(actor) as session:
        case = session.get_one(Case, row.id)
        assert (case.kind, case.stage) == ("sexual_harassment", "assessment")
        assert case.received_at == datetime(2026, 11, 10, 7, 30, tzinfo=UTC)
        assert session.get_one(Submission, row.id).state == "filed"
        codes = set(
            session.scalars(select(ClockRow.code).where(ClockRow.case_id == row.id))
        )
    assert {"intake.forward", "care.assign", "assess.decide"} <= codes
    assert row.id not in {each.id for each in waiting(actor)}


def test_every_desk_opens_its_part_of_the_new_case(cast):
    row = kept(cast.amina)
    as_case(cast.amina, row)
    account = [PLAIN["group_account/narrative"]]
    assert words(cast.ines, row.id, Report.narrative) == account
    assert words(cast.ines, row.id, Survivor.name) == [None]
    assert words(cast.salma, row.id, Survivor.name) == ["Rita"]
    with db.transaction(cast.cora):
        held = access.standings(cast.cora, row.id)
    assert held == {Standing.LEAD}


def test_who_decided_does_not_stand_on_it_more_than_before(cast):
    row = kept(cast.amina)
    as_case(cast.cora, row)
    with db.transaction(cast.cora):
        assert cast.cora.id not in access.holders(row.id, Standing.LEAD)
        assert cast.cora.id not in access.holders(row.id, Standing.INTAKE)


def test_only_answers_that_fit_nowhere_stay_with_the_submission(cast):
    row = kept(cast.amina, **{"group_x/more": "Something else", "group_y": ["a"]})
    as_case(cast.amina, row)
    with db.transaction(cast.amina):
        page = submission_page(cast.amina, row.id)
    assert page.answers == [("More", "Something else"), ("Group y", '["a"]')]
    assert page.case is not None
    assert not page.may_decide


def test_nothing_stays_where_everything_fitted(cast):
    row = kept(cast.amina)
    as_case(cast.amina, row)
    with db.transaction(cast.amina) as session:
        assert session.get_one(Submission, row.id).raw is None


@pytest.mark.parametrize(
    "raw",
    [
        ["a letter", "about the guard"],
        {"note": "about the guard"},
        {"_id": 3, "letter": {"text": "about the guard"}},
    ],
)
def test_what_was_no_form_becomes_an_account(cast, raw):
    raw = [*raw, uuid.uuid4().hex] if isinstance(raw, list) else {**raw, "_uuid": "x"}
    row = kept(cast.amina, raw)
    as_case(cast.amina, row, "unsure")
    (account,) = words(cast.amina, row.id, Report.narrative)
    assert json.loads(account) == raw


def test_a_decision_is_taken_once(cast):
    row = kept(cast.amina)
    as_case(cast.amina, row)
    with pytest.raises(Stale):
        as_case(cast.amina, row)
    with db.transaction(cast.amina), pytest.raises(WrongStage):
        dismiss_submission(cast.amina, row.id, {"reason": "duplicate"})


def test_two_who_decide_at_once_make_one_case(cast):
    row = kept(cast.cora)

    def attempt(actor) -> str:
        try:
            as_case(actor, row)
        except (Problem, StaleDataError, SQLAlchemyError) as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(attempt, [cast.amina, cast.cora]))
    assert results[1] == "done"
    assert results[0] in ("Stale", "StaleDataError", "WrongStage")


@pytest.mark.parametrize("reason", Dismissal)
def test_a_submission_is_dismissed_with_a_reason_and_kept(cast, reason):
    row = kept(cast.amina)
    assert decide(cast.amina, dismiss_submission, row, reason=reason.value) == row.id
    with db.transaction(cast.amina) as session:
        page = submission_page(cast.amina, row.id)
        assert session.get(Case, row.id) is None
    assert (page.submission.state, page.submission.why) == ("dismissed", reason)
    assert ("Narrative", PLAIN["group_account/narrative"]) in page.answers
    assert row.id not in {each.id for each in waiting(cast.amina)}


@pytest.mark.parametrize("name", ["bruno", "ines", "salma", "theo", "adam", "pia"])
def test_those_who_do_not_stand_on_it_decide_nothing(cast, name):
    row = kept(cast.amina)
    actor = getattr(cast, name)
    with pytest.raises(NotVisible):
        as_case(actor, row)
    with pytest.raises(NotVisible):
        decide(actor, dismiss_submission, row, reason="duplicate")


def test_an_investigator_of_the_case_sees_no_submission(cast):
    row = kept(cast.amina)
    as_case(cast.amina, row)
    with db.transaction(cast.ines), pytest.raises(Forbidden):
        submission_page(cast.ines, row.id)


def test_what_is_barred_is_gone(cast):
    row = kept(cast.amina)
    with db.transaction(cast.cora):
        access.give(row.id, cast.amina.id, Standing.BARRED, "named_in_it")
    with db.transaction(cast.amina), pytest.raises(NotVisible):
        submission_page(cast.amina, row.id)
    assert row.id not in {each.id for each in waiting(cast.amina)}


def test_without_its_key_nothing_is_filed(cast, monkeypatch):
    row = kept(cast.amina)
    monkeypatch.setattr("vault.keyring.Keyring.boxes", lambda *_: {})
    with pytest.raises(NotHeld):
        as_case(cast.amina, row)
    with db.transaction(cast.amina):
        assert submission_page(cast.amina, row.id).answers is None


def test_what_a_case_can_be_about_excludes_what_is_set_aside():
    assert "sexual_harassment" in FILED_AS
    assert not {"not_pseah", "other_misconduct"} & set(FILED_AS)
    assert all(isinstance(label, str | Message) for label in FILED_AS.values())
