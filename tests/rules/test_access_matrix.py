"""Every route, every person of the cast, every relation to a case: from two tables.

ROUTES says which act each route is; ACTS says which standing, or which role, may do
it. Both are written by hand and import nothing of the policy. A route that is not
listed fails.
"""

import re
import uuid

import pytest
from sqlalchemy import select, text

from auth import changes
from auth.actor import INTAKE
from auth.changes import Kind
from casework.commands.intake import file_report, set_aside
from casework.models.case import Survivor
from core import db
from referrals.commands.care import refer
from referrals.models import Service
from tests.pages import Browser, make_app

# Endpoint -> act. The routes of one case take its id; others take none.
CASE_ROUTES = {
    "casework.case": "see",
    "casework.logged": "see",
    "casework.who_looked": "see who looked",
    "casework.record_triage": "triage",
    "casework.acknowledge": "acknowledge",
    "casework.give_feedback": "acknowledge",
    "casework.hand_over": "hand over",
    "casework.take_case": "take",
    "casework.assign_case": "assign",
    "casework.confirm_referral": "investigate",
    "casework.open_investigation": "investigate",
    "casework.hand_to_partner": "investigate",
    "casework.choose_informal": "investigate",
    "casework.add_note": "investigate",
    "casework.record_partner": "follow the partner",
    "casework.take_measure": "protect",
    "casework.review_measure": "protect",
    "casework.issue_report": "investigate",
    "casework.send_to_legal": "send to legal",
    "casework.record_decision": "decide",
    "casework.accept_care": "care",
    "casework.record_offer": "care",
    "casework.record_clinical": "care",
    "casework.record_consent": "record consent",
    "casework.update_survivor": "care",
    "casework.add_care_note": "care",
    "casework.tell_outcome": "care",
    "casework.extend_clock": "set time",
    "casework.close_case": "close",
    "casework.reopen_case": "reopen",
    "casework.bar_person": "bar",
    "casework.review_emergency": "bar",
    "casework.declare_conflict": "see",
    "casework.add_person": "add",
    "casework.end_standing": "end",
    "casework.leave_case": "leave",
    "casework.record_need": "care",
    "casework.refer": "care",
    "casework.withdraw_consent": "care",
    "referrals.care": "care",
}
ACTS = {
    "see": {"intake", "lead", "investigator", "partner", "care", "legal"},
    "see who looked": {"lead"},
    "triage": {"intake"},
    "acknowledge": {"intake"},
    "hand over": {"intake"},
    "take": {"investigator"},
    "assign": {"lead"},
    "investigate": {"investigator"},
    "follow the partner": {"investigator", "partner"},
    "protect": {"investigator", "lead"},
    "send to legal": {"investigator", "lead"},
    "decide": {"legal"},
    "care": {"care"},
    "record consent": {"care", "intake"},
    "set time": {"lead"},
    "close": {"lead", "investigator"},
    "reopen": {"lead"},
    "bar": {"lead"},
    "add": {"intake", "lead", "investigator", "care", "legal"},
    "end": {"lead"},
    # Ines alone stands on the case in her own name.
    "leave": {"investigator"},
}
CAST = [
    "amina",
    "bruno",
    "ines",
    "omar",
    "salma",
    "lena",
    "cora",
    "theo",
    "adam",
    "pia",
    "mallory",
    "rita",
    "partner-1",
    "focal-3",
]
# How each of the cast stands on the case of each relation; absent means not at all.
NAIROBI = {
    "amina": "intake",
    "mallory": "intake",
    "ines": "investigator",
    "salma": "care",
    "cora": "lead",
    "lena": "legal",
    "partner-1": "partner",
}
STANDS = {
    "nairobi": NAIROBI,
    "elsewhere": {
        "bruno": "intake",
        "omar": "investigator",
        "salma": "care",
        "cora": "lead",
    },
    "barred": {},
    "nobody's": {},
}


@pytest.fixture(scope="session")
def pages(world, signed_in):
    return make_app(world)


def browser(pages, name):
    """Sign a person in; rita has only a receipt, so she is a stranger here."""
    return Browser(pages) if name == "rita" else Browser(pages).sign_in(name)


REFERRAL_ROUTES = {
    "referrals.referral": "see",
    "referrals.receive_referral": "answer",
    "referrals.accept_referral": "answer",
    "referrals.reject_referral": "answer",
    "referrals.report_service": "answer",
    "referrals.follow_up": "care",
    "referrals.withdraw_referral": "care",
}
ON_REFERRAL = {
    "see": {"care", "provider"},
    "answer": {"provider"},
    "care": {"care"},
}
# Who stands on a referral of the Nairobi case; the case's other people do not see it.
REFERRAL_STANDS = {"salma": "care", "pia": "provider"}

SUBMISSION_ROUTES = {
    "casework.submission": "see",
    "casework.file_submission": "decide",
    "casework.dismiss_submission": "decide",
}
ON_SUBMISSION = {"see": {"intake", "lead"}, "decide": {"intake", "lead"}}
SUBMISSION_STANDS = {"amina": "intake", "mallory": "intake", "cora": "lead"}

EVERYONE = set(CAST) - {"rita"}
WORKERS = EVERYONE - {"theo", "adam", "pia"}
LOGGERS = {"amina", "bruno", "mallory", "ines", "omar", "salma", "cora", "focal-3"}
IMPORTERS = {"amina", "bruno", "mallory", "cora", "focal-3"}
ROLE_ROUTES = {
    "casework.home": EVERYONE,
    "casework.cases": WORKERS,
    "casework.log_report": LOGGERS,
    "casework.imports": IMPORTERS,
    "referrals.inbox": {"pia", "salma"},
    "referrals.services": IMPORTERS | {"salma", "adam"},
    "casework.emergencies": {"cora", "focal-3"},
    "casework.break_glass": {"focal-3"},
    "stats.timeliness": {"theo", "cora"},
    "stats.audit": {"theo"},
    "auth.people": {"adam"},
    "auth.desks": {"adam"},
    "auth.offices": {"adam"},
    "auth.account": EVERYONE,
    "auth.change_password": EVERYONE,
    "auth.choose_password": set(),  # only with a code: tests/auth/test_codes.py
    "auth.sign_out_everywhere": EVERYONE,
    "auth.create_person": {"adam"},
    "auth.create_desk": {"adam"},
    "auth.create_office": {"adam"},
    "auth.changes": {"adam", "cora"},
    "referrals.create_service": {"adam", "salma"},
}
AT_DESK = {"amina", "mallory"}
# Endpoint -> what its id is of, and who finds it. The desk takes in Nairobi's reports.
THING_ROUTES = {
    "auth.person": ("person", {"adam"}),
    "auth.disable_person": ("person", {"adam"}),
    "auth.ask_for_reset": ("person", {"adam"}),
    "auth.give_code": ("person", {"adam"}),
    "auth.desk": ("desk", {"adam"} | AT_DESK),
    "auth.add_member": ("desk", {"adam"}),
    "auth.remove_member": ("desk", {"adam"}),
    "auth.ask_for_key": ("desk", {"adam"}),
    "auth.give_key": ("desk", AT_DESK),
    "auth.be_away": ("desk", AT_DESK),
    "auth.come_back": ("desk", AT_DESK),
    "auth.leave_desk": ("desk", AT_DESK),
    "casework.give_cases": ("desk", AT_DESK),
    "auth.office": ("office", {"adam"}),
    "auth.ask_for_route": ("office", {"adam"}),
    "auth.change": ("change", {"adam", "cora"}),
    "auth.decide_change": ("change", {"cora"}),
    "referrals.service": ("service", ROLE_ROUTES["referrals.services"]),
    "referrals.verify_service": ("service", {"adam", "salma"}),
    "referrals.withdraw_service": ("service", {"adam", "salma"}),
}
OPEN_TO_STRANGERS = {"static", "auth.sign_in", "web.language", "web.leave"}
NOT_PAGES = {"auth.sign_out", "casework.import_file"}  # the second has its own test


def rules_of(app):
    return {rule.endpoint: rule for rule in app.url_map.iter_rules()}


def address(app, endpoint, **values):
    with app.test_request_context():
        return app.url_for(endpoint, **values)


def test_every_route_is_in_a_table(pages):
    known = {*CASE_ROUTES, *REFERRAL_ROUTES, *SUBMISSION_ROUTES, *ROLE_ROUTES}
    listed = known | set(THING_ROUTES) | OPEN_TO_STRANGERS | NOT_PAGES
    assert set(rules_of(pages)) - listed == set()


def _stand(owner, case_id, holder_id, kind, referral_id=None):
    owner.execute(
        text(
            "INSERT INTO standings (id, case_id, referral_id, holder_id, kind, reason,"
            " started_at, entered_at) VALUES (:id, :case, :referral, :holder, :kind,"
            " 'test', now(), now() - interval '1 hour')"
        ),
        {
            "id": uuid.uuid4(),
            "case": case_id,
            "referral": referral_id,
            "holder": holder_id,
            "kind": kind,
        },
    )


def _refer(salma, case_id):
    with db.transaction(salma) as session:
        survivor = session.scalar(
            select(Survivor.id).where(Survivor.case_id == case_id)
        )
        service = session.scalar(select(Service.id).where(Service.kind == "medical"))
        body = {"survivor": str(survivor), "service": str(service), "urgent": False}
        return refer(salma, case_id, {**body, "language": "en", "key": "matrix"})


@pytest.fixture(scope="session")
def places(world, signed_in, make_filing):
    """One case for each relation, one referral, one submission set aside."""
    with db.transaction(INTAKE):
        cases = {
            relation: file_report(INTAKE, make_filing(office=office)).id
            for relation, office in (
                ("nairobi", "NBO"),
                ("elsewhere", "BOG"),
                ("barred", "NBO"),
                ("nobody's", "NBO"),
            )
        }
        submission = set_aside(
            INTAKE, make_filing(), {"words": "damp rice"}, "set_aside", "not_pseah"
        ).id
    desks, people = world.made.desks, world.made.people
    referral_id = _refer(signed_in["salma"], cases["nairobi"])
    with world.owner() as owner:
        _stand(owner, cases["nairobi"], desks["legal"], "legal_officer")
        _stand(owner, cases["nairobi"], desks["partner"], "partner_investigator")
        _stand(owner, cases["nairobi"], people["ines"], "investigator")
        _stand(owner, cases["elsewhere"], people["omar"], "investigator")
        owner.execute(
            text(
                "UPDATE standings SET holder_id = :b WHERE holder_id = :a"
                " AND case_id = :case"
            ),
            {
                "a": desks["investigation_a"],
                "b": desks["investigation_b"],
                "case": cases["elsewhere"],
            },
        )
        for name in EVERYONE:
            _stand(owner, cases["barred"], people[name], "barred")
        owner.execute(
            text("UPDATE standings SET ended_at = now() WHERE case_id = :case"),
            {"case": cases["nobody's"]},
        )
    return cases, submission, referral_id


def _expected(allowed, standing, acts, act):
    if standing is None:
        return 404
    return allowed if standing in acts[act] else 403


@pytest.mark.parametrize("relation", STANDS)
@pytest.mark.parametrize("name", CAST)
def test_case_routes_open_as_the_tables_say(pages, places, name, relation):
    seen = browser(pages, name)
    case_id, standing = places[0][relation], STANDS[relation].get(name)
    wrong = {}
    for endpoint, act in CASE_ROUTES.items():
        path = address(pages, endpoint, id=case_id)
        expected = _expected(200, standing, ACTS, act)
        answers = [(seen.client.get(path), expected)]
        if "POST" in rules_of(pages)[endpoint].methods:
            posted = seen.client.post(path, data=seen.token())
            answers.append((posted, 422 if expected == 200 else expected))
        for answer, wanted in answers:
            wanted = 303 if name == "rita" else wanted
            if answer.status_code != wanted:
                wrong[answer.request.method, endpoint] = (answer.status_code, wanted)
    assert wrong == {}


@pytest.mark.parametrize("name", CAST)
def test_role_routes_open_as_the_table_says(pages, name):
    seen = browser(pages, name)
    wrong = {}
    for endpoint, who in ROLE_ROUTES.items():
        expected = 200 if name in who else 303 if name == "rita" else 404
        status = seen.client.get(address(pages, endpoint)).status_code
        if status != expected:
            wrong[endpoint] = (status, expected)
    assert wrong == {}


@pytest.fixture(scope="session")
def things(world, signed_in):
    """One person, desk, office, change that waits, and service."""
    office, desks = world.made.offices["COX"], world.made.desks
    adam = signed_in["adam"]
    with db.transaction(adam) as session:
        route = {"kind": "intake", "desk": str(desks["intake_hq"])}
        changes.ask(adam, Kind.ROUTE, office, {**route, "alternative": None})
        return {
            "person": world.made.people["focal-2"],
            "desk": desks["intake_nbo"],
            "office": office,
            "change": changes.waiting(office)[0].id,
            "service": session.scalar(select(Service.id)),
        }


@pytest.mark.parametrize("name", CAST)
def test_routes_of_one_thing_open_as_the_table_says(pages, things, name):
    seen = browser(pages, name)
    refused = 303 if name == "rita" else 404
    wrong = {}
    for endpoint, (thing, who) in THING_ROUTES.items():
        path = address(pages, endpoint, id=things[thing])
        answers = [(seen.client.get(path), 200 if name in who else refused)]
        if name not in who and "POST" in rules_of(pages)[endpoint].methods:
            answers.append((seen.client.post(path, data=seen.token()), refused))
        for answer, wanted in answers:
            if answer.status_code != wanted:
                wrong[answer.request.method, endpoint] = (answer.status_code, wanted)
    assert wrong == {}


@pytest.mark.parametrize("name", CAST)
def test_an_export_is_taken_only_from_those_who_import(pages, name):
    seen = browser(pages, name)
    expected = 422 if name in IMPORTERS else 303 if name == "rita" else 404
    answer = seen.client.post("/imports/upload", data=seen.token())
    assert answer.status_code == expected


@pytest.mark.parametrize("name", CAST)
def test_submission_routes_open_as_the_table_says(pages, places, name):
    seen = browser(pages, name)
    wrong = {}
    for endpoint, act in SUBMISSION_ROUTES.items():
        standing = SUBMISSION_STANDS.get(name)
        expected = _expected(200, standing, ON_SUBMISSION, act)
        expected = 303 if name == "rita" else expected
        path = address(pages, endpoint, id=places[1])
        if (status := seen.client.get(path).status_code) != expected:
            wrong[endpoint] = (status, expected)
    assert wrong == {}


@pytest.mark.parametrize("name", CAST)
def test_referral_routes_open_as_the_table_says(pages, places, name):
    seen = browser(pages, name)
    wrong = {}
    for endpoint, act in REFERRAL_ROUTES.items():
        standing = REFERRAL_STANDS.get(name)
        expected = _expected(200, standing, ON_REFERRAL, act)
        expected = 303 if name == "rita" else expected
        path = address(pages, endpoint, id=places[2])
        if (status := seen.client.get(path).status_code) != expected:
            wrong[endpoint] = (status, expected)
    assert wrong == {}


def test_forbidden_and_absent_answer_alike(pages, places):
    seen = browser(pages, "omar")
    for endpoint in CASE_ROUTES:
        hidden = seen.client.get(address(pages, endpoint, id=places[0]["nairobi"]))
        absent = seen.client.get(address(pages, endpoint, id=uuid.uuid4()))
        assert hidden.status_code == absent.status_code == 404
        assert _without_number(hidden) == _without_number(absent)


def _without_number(answer):
    body = answer.get_data(as_text=True)
    nonce = answer.headers["Content-Security-Policy"].partition("nonce-")[2][:-1]
    lines = [line for line in body.splitlines() if "csrf_token" not in line]
    return re.sub(r"\b[0-9a-f]{32}\b", "", "\n".join(lines).replace(nonce, ""))
