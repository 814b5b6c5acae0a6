"""An export is filed whole: every item once, every item accounted for."""

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from auth.actor import INTAKE
from auth.policy import Facts
from casework import importing
from casework.cfm.export import load, parse
from casework.commands import intake
from casework.importing import NotReady, import_items
from casework.models.case import Case, Report, Submission
from casework.opening import reveal
from casework.queries.imports import imports_page, submission_page
from core import db
from core.audit import AuditRow
from core.errors import NotVisible
from tests.worlds import another, sign_everyone_in

EXPORT = Path(__file__).parents[2] / "demo" / "cfm-export.json"
TRUTH: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("cfm-truth.json").read_text("utf-8")
)["items"]
LISTS = ("filed", "duplicates", "set_aside", "rejected")
MARKS = ("_uuid", "meta/instanceID", "meta/rootUuid")


@pytest.fixture(scope="module")
def world(world, server):
    with another(world, server) as own:
        yield own


@pytest.fixture(scope="module")
def signed_in(world):
    return sign_everyone_in(world)


def fresh(items: list[Any]) -> list[Any]:
    """The items as another form's server would have marked them."""
    token = uuid.uuid4().hex
    return [
        {**item, **{mark: f"{token}-{item[mark][-36:]}" for mark in MARKS}}
        for item in items
    ]


def item(**changes: Any) -> dict[str, Any]:
    """One submission for Nairobi, never seen before; changes by their last part."""
    plain = fresh(load(EXPORT))[0]
    keys = {key.rpartition("/")[2]: key for key in plain if key.startswith("group_")}
    return {**plain, **{keys.get(name, name): changes[name] for name in changes}}


def accounted(outcome: dict[str, Any]) -> Counter[Any]:
    return Counter(line["id"] for name in LISTS for line in outcome[name])


def run(items: list[Any], actor=INTAKE, **more: Any) -> dict[str, Any]:
    return import_items(actor, items, **more).report()


def filed(actor, reference: str) -> tuple[Case, str | None]:
    """A case with its account opened."""
    with db.transaction(actor) as session:
        case = session.scalars(select(Case).where(Case.reference == reference)).one()
        row = session.scalars(select(Report).where(Report.case_id == case.id)).one()
        opened = reveal(actor, case.id, Facts(), [(Report.narrative, [row])])
        return case, opened(Report.narrative, row)


def waiting(actor) -> dict[str | None, Submission]:
    with db.transaction(actor):
        return {
            each.submission.external_id: each.submission
            for each in imports_page(actor).waiting
        }


def recovered(actor, submission_id: uuid.UUID) -> Any:
    with db.transaction(actor) as session:
        row = session.get_one(Submission, submission_id)
        opened = reveal(actor, row.id, Facts(), [(Submission.raw, [row])])
        return json.loads(opened(Submission.raw, row) or "null")


@pytest.fixture(scope="module")
def sample() -> list[Any]:
    return fresh(load(EXPORT))


@pytest.fixture(scope="module")
def first(world, sample) -> dict[str, Any]:
    return run(sample)


@pytest.fixture(scope="module")
def second(first, sample) -> dict[str, Any]:
    return run(sample)


# The sample, against what people know of it


def test_every_item_is_accounted_for_once(first):
    assert first["received"] == len(TRUTH)
    assert accounted(first) == Counter({int(name): 1 for name in TRUTH})
    assert first["rejected"] == []


def test_what_counts_as_pseah_is_filed_under_its_kind(first):
    assert {line["id"]: line["kind"] for line in first["filed"]} == {
        int(name): truth["kind"]
        for name, truth in TRUTH.items()
        if truth["is_pseah"] and not truth["duplicate_of"]
    }


def test_the_rest_is_set_aside_with_its_reason(first):
    assert {line["id"]: line["why"] for line in first["set_aside"]} == {
        int(name): truth["kind"]
        for name, truth in TRUTH.items()
        if not truth["is_pseah"]
    }


def test_a_second_delivery_names_the_first(first):
    assert {line["id"]: line["of"] for line in first["duplicates"]} == {
        int(name): truth["duplicate_of"]
        for name, truth in TRUTH.items()
        if truth["duplicate_of"]
    }


def test_the_operator_is_told_every_problem(first):
    assert first["problems"] == [
        {"id": int(name), **problem}
        for name, truth in TRUTH.items()
        for problem in truth["problems"]
    ]


def test_every_reference_is_a_case_of_that_kind(first, world):
    with world.owner() as connection:
        kinds = dict(
            connection.execute(text("SELECT reference, kind FROM cases")).all()
        )
    for line in first["filed"]:
        assert kinds[line["reference"]] == line["kind"]


def test_a_second_run_files_nothing(first, second):
    assert second["received"] == first["received"]
    assert [second[name] for name in ("filed", "set_aside", "rejected")] == [[]] * 3
    assert second["problems"] == first["problems"]
    of = {line["id"]: line["of"] for line in second["duplicates"]}
    assert of == {
        int(name): truth["duplicate_of"] or int(name) for name, truth in TRUTH.items()
    }


# Whoever imports


def test_a_focal_point_imports_and_the_audit_names_her(cast, world):
    outcome = run([item()], cast.amina)
    case, _ = filed(cast.amina, outcome["filed"][0]["reference"])
    with world.owner() as connection:
        actors = connection.scalars(
            select(AuditRow.actor).where(AuditRow.subject == case.id)
        )
        assert set(actors) == {str(cast.amina.id)}


@pytest.mark.parametrize("name", ["ines", "salma", "theo", "adam", "pia"])
def test_others_cannot_import(cast, name):
    with pytest.raises(NotVisible):
        import_items(getattr(cast, name), [item()])


def test_a_duplicate_is_found_though_another_desk_has_the_first(cast):
    own = item(_id=1)
    run([own], cast.amina)
    assert run([own], cast.bruno)["duplicates"] == [{"id": 1, "of": 1}]


def test_what_was_imported_is_shown_without_what_others_hold(cast):
    outcome = run([item(_id=7), item(_id=8, office="BOG")])
    mine, other = (line["reference"] for line in outcome["filed"])
    with db.transaction(cast.amina):
        lines = imports_page(cast.amina).batches[0].lines
    assert [(line.id, line.reference) for line in lines] == [(7, mine), (8, None)]
    with db.transaction(cast.bruno):
        lines = imports_page(cast.bruno).batches[0].lines
    assert [line.reference for line in lines] == [None, other]


# What is wrong with an item


@pytest.mark.parametrize("raw", ["a complaint", 7, ["she", "said"], [["a", "b"]], True])
def test_what_is_no_submission_is_rejected_and_kept(cast, raw):
    marked = [raw, uuid.uuid4().hex]
    outcome = run([marked], office_default="NBO")
    assert outcome["rejected"] == [
        {"id": "index:0", "problems": [{"field": "item", "problem": "not_an_object"}]}
    ]
    kept = [recovered(cast.amina, row.id) for row in waiting_all(cast.amina)]
    assert marked in kept


def waiting_all(actor) -> list[Submission]:
    with db.transaction(actor):
        return [each.submission for each in imports_page(actor).waiting]


@pytest.mark.parametrize("raw", [None, "", "  ", [], {}])
def test_what_holds_nothing_is_rejected_and_not_kept(cast, raw):
    before = len(waiting_all(cast.cora))
    outcome = run([raw])
    assert len(outcome["rejected"]) == 1
    assert len(waiting_all(cast.cora)) == before


def test_a_submission_without_a_report_is_kept(cast):
    own = uuid.uuid4().hex
    raw = {"_id": own, "group_intake/office": "NBO"}
    outcome = run([raw], office_default="NBO")
    assert outcome["rejected"][0]["problems"] == [
        {"field": "item", "problem": "nothing_usable"}
    ]
    row = waiting(cast.amina)[own]
    assert (row.state, row.why) == ("kept", "nothing_usable")
    assert recovered(cast.amina, row.id) == raw
    assert run([raw], office_default="NBO")["rejected"] == outcome["rejected"]
    assert len([r for r in waiting_all(cast.amina) if r.external_id == own]) == 1


def test_two_rejected_items_under_one_mark_are_both_kept(cast):
    mark = uuid.uuid4().hex
    both = [{"_id": mark, "_uuid": mark, "letter": text} for text in ("one", "two")]
    assert len(run(both, office_default="NBO")["rejected"]) == 2
    kept = [recovered(cast.amina, row.id) for row in waiting_all(cast.amina)]
    assert all(each in kept for each in both)


def test_an_empty_first_delivery_does_not_shut_out_the_whole_one():
    whole = item()
    empty = {name: whole[name] for name in ("_id", *MARKS)}
    outcome = run([empty, whole])
    assert [len(outcome[name]) for name in LISTS] == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("a\x00b", "ab"),
        ("a\ud800b", "ab"),
        ("a‮b", "ab"),
        ("é" * 100_000, "é" * 100_000),
    ],
)
def test_hard_words_are_filed_and_found_again(cast, told, found):
    outcome = run([item(narrative=told)])
    _, words = filed(cast.amina, outcome["filed"][0]["reference"])
    assert words == found
    assert outcome["problems"]


def test_a_hostile_id_is_kept_as_no_more_than_an_id(cast, world):
    hostile = "Maria \x1b[2J\ud800 " + "x" * 5000
    outcome = run([item(_id=hostile)])
    said = outcome["filed"][0]["id"]
    assert said.startswith("Maria [2J")
    assert len(said) <= importing.LONGEST_ID
    with world.owner() as connection:
        for table in ("import_batches", "submissions"):
            rows = connection.execute(text(f"SELECT t::text FROM {table} t"))
            assert not any("Maria" in row for (row,) in rows)


def test_an_id_that_is_no_plain_id_is_still_found_again():
    own = item(_id="no plain id")
    run([own])
    assert run([own])["duplicates"] == [{"id": "no plain id", "of": "no plain id"}]


def test_an_unknown_question_is_told_but_not_kept_in_the_clear(world):
    question = "group_x/Halima was there"
    outcome = run([item(**{question: "yes"})])
    assert outcome["problems"][0]["field"] == question
    with world.owner() as connection:
        rows = connection.execute(text("SELECT outcome::text FROM import_batches"))
        assert not any("Halima" in row for (row,) in rows)


def test_a_deeply_nested_item_is_accounted_for(cast):
    deep: Any = "core"
    for _ in range(600):
        deep = [deep]
    outcome = run(parse(json.dumps([item(place=deep)]).encode()))
    assert sum(accounted(outcome).values()) == 1


def test_more_problems_than_anyone_reads_are_cut():
    strange = {f"group_x/{number}": "1" for number in range(1000)}
    outcome = run([item(**strange)])
    assert len(outcome["filed"]) == 1
    assert len(outcome["problems"]) == importing.MOST_PROBLEMS


# Where it goes


@pytest.mark.parametrize("office", ["XXX", "", None, 7])
def test_an_item_of_no_known_office_goes_to_headquarters(cast, office):
    outcome = run([item(office=office)])
    case, _ = filed(cast.bruno, outcome["filed"][0]["reference"])
    assert outcome["problems"][0]["field"] == "group_intake/office"
    with db.transaction(cast.bruno):
        assert importing.offices()["GVA"].id == case.office_id


def test_an_item_of_no_known_office_goes_to_the_one_that_imports(cast):
    outcome = run([item(office="XXX")], office_default="NBO")
    assert filed(cast.amina, outcome["filed"][0]["reference"])


def test_an_office_without_desks_sends_its_reports_to_headquarters(cast, monkeypatch):
    taking = importing.offices

    def without_bogota():
        return {code: office for code, office in taking().items() if code != "BOG"}

    monkeypatch.setattr(importing, "offices", without_bogota)
    outcome = run([item(office="BOG", _id=5)])
    filed(cast.bruno, outcome["filed"][0]["reference"])
    assert outcome["problems"] == [
        {"id": 5, "field": "group_intake/office", "problem": "no_desk"}
    ]


def test_nothing_is_imported_for_an_office_that_takes_nothing():
    own = item()
    with pytest.raises(NotReady):
        run([own], office_default="XXX")
    assert len(run([own])["filed"]) == 1


# Twice, at once, and half


def test_other_answers_under_the_same_mark_are_kept_for_a_person(cast):
    own = item(_id="first-of-two")
    other = {**own, "_id": "second-of-two", "group_concern/place": "Elsewhere"}
    outcome = run([own, other])
    assert outcome["duplicates"] == [{"id": "second-of-two", "of": "first-of-two"}]
    assert outcome["problems"] == [
        {"id": "second-of-two", "field": "item", "problem": "content_differs"}
    ]
    row = waiting(cast.amina)["second-of-two"]
    assert (row.state, row.why) == ("kept", "content_differs")
    assert recovered(cast.amina, row.id) == other
    again = run([own, other])
    assert again["problems"] == outcome["problems"]
    assert len([r for r in waiting_all(cast.amina) if r.why == "content_differs"]) == 1


def test_what_the_forms_server_adds_makes_no_other_content():
    own = item()
    outcome = run([own, {**own, "_validation_status": {"uid": "approved"}}])
    assert outcome["problems"] == []


def test_an_item_that_cannot_be_filed_is_kept_and_the_others_are_filed(
    cast, monkeypatch
):
    bad, good = item(_id="bad-one"), item(_id="good-one")

    def refuse(actor, filing):
        if filing.external_id == "bad-one":
            raise ValueError
        return intake.file_report(actor, filing)

    monkeypatch.setattr(importing, "file_report", refuse)
    outcome = run([bad, good])
    assert [line["id"] for line in outcome["filed"]] == ["good-one"]
    assert outcome["rejected"] == [
        {"id": "bad-one", "problems": [{"field": "item", "problem": "not_filed"}]}
    ]
    assert recovered(cast.amina, waiting(cast.amina)["bad-one"].id) == bad


def test_after_a_crash_the_rest_is_imported_and_nothing_twice(world, monkeypatch):
    items = [item(_id=f"crash-{number}") for number in range(4)]
    settle, calls = intake.keys.settle, Counter[str]()

    def crash(*args, **more):
        calls["settle"] += 1
        if calls["settle"] == 3:
            raise OperationalError("the server is gone", None, Exception())
        settle(*args, **more)

    monkeypatch.setattr(intake.keys, "settle", crash)
    with pytest.raises(OperationalError):
        run(items)
    with world.owner() as connection:
        count = text(
            "SELECT count(*), count(c.id) FROM submissions s"
            " LEFT JOIN cases c USING (id) WHERE external_id LIKE 'crash-%'"
        )
        assert connection.execute(count).one() == (2, 2)
    outcome = run(items)
    assert [len(outcome[name]) for name in LISTS] == [2, 2, 0, 0]


def test_two_imports_at_once_file_each_item_once(world):
    items = fresh(load(EXPORT))[:12]
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(run, [items] * 3))
    done = Counter(
        line["id"] for outcome in outcomes for line in outcome["filed"]
    ) + Counter(line["id"] for outcome in outcomes for line in outcome["set_aside"])
    assert done == Counter({each["_id"]: 1 for each in items})
    assert all(sum(accounted(each).values()) == len(items) for each in outcomes)


# What nobody may see


def test_only_those_who_stand_on_it_see_what_was_kept(cast):
    own = item(kind="not_pseah", _id=uuid.uuid4().hex)
    run([own])
    row = waiting(cast.amina)[own["_id"]]
    with db.transaction(cast.amina):
        page = submission_page(cast.amina, row.id)
    assert ("Narrative", own["group_account/narrative"]) in page.answers
    for name in ("bruno", "ines", "salma", "theo", "adam", "lena", "pia"):
        actor = getattr(cast, name)
        with db.transaction(actor), pytest.raises(NotVisible):
            submission_page(actor, row.id)


def test_who_opened_what_was_kept_is_on_record(cast, world):
    own = item(kind="not_pseah", _id=uuid.uuid4().hex)
    run([own])
    row = waiting(cast.cora)[own["_id"]]
    with db.transaction(cast.cora):
        submission_page(cast.cora, row.id)
    with world.owner() as connection:
        found = connection.execute(
            select(AuditRow.subject, AuditRow.action).where(
                AuditRow.case_id == row.id, AuditRow.decision == "allowed"
            )
        ).all()
    assert found == [(cast.cora.id, "case:read")]


def test_no_words_of_an_item_are_anywhere_in_the_clear(world):
    canary = "Zanzibarcanary"
    texts = ("site", "safe_contact", "place", "narrative", "description")
    words = {name: f"{canary} {name}" for name in texts}
    run([item(**words), item(**words, kind="not_pseah"), [canary]])
    with world.owner() as connection:
        for table in db.Base.metadata.tables:
            rows = connection.execute(text(f"SELECT t::text FROM {table} t"))
            assert not any(canary in row for (row,) in rows), table
