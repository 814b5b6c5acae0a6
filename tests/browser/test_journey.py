"""The main job, end to end, in a real browser: from a report to a closed case."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from auth.actor import INTAKE
from casework.importing import import_items

pytestmark = pytest.mark.browser
EXPORT = Path(__file__).parents[2] / "demo" / "cfm-export.json"
NAIROBI = ZoneInfo("Africa/Nairobi")
NAME = "Wanjiru of the well"
ACCOUNT = "He asked for her at the gate before he would stamp the card."
CARE = "Her sister may come along."


def local(ago: timedelta) -> str:
    """A moment as a form in Nairobi takes it."""
    return (datetime.now(UTC) - ago).astimezone(NAIROBI).strftime("%Y-%m-%dT%H:%M")


def report(person, **changes):
    """Answers to the form of a report."""
    person.go("/cases/new")
    office = person.page.locator('[name="office"]').first
    return {
        "conflicted": "no",
        "danger": "no",
        "reporter_kind": "affected_person",
        "anonymous": "no",
        "office": office.input_value()
        if office.evaluate("it => it.type") == "select-one"
        else person.page.locator('[name="office"]:checked').get_attribute("value"),
        "received_at": local(timedelta(hours=1)),
        "channel": "in_person",
        "language": "en",
        "kind": "sexual_exploitation",
        "precision": "exact",
        "incident_at": local(timedelta(hours=20)),
        "people__0__age_band": "25_59",
        "people__0__sex": "female",
        "already_referred": "no",
        "medical_needed": "yes",
        "care_summary": CARE,
        "survivor_name": NAME,
        "survivor_contact": "Through the women’s centre",
        "consent_referral": "given",
        "consent_recontact": "given",
        "subject_category": "staff",
        "subject_known": "description",
        "subject_description": "The guard of the east gate",
        "narrative": ACCOUNT,
        **changes,
    }


def logged(person, **changes) -> str:
    """Log a report; return the address of its case."""
    person.answer(**report(person, **changes)).send()
    assert not person.problems, person.problems
    assert re.search(r"C-[0-9A-Z]{4}-[0-9A-Z]{4}", person.words)
    return person.page.url.removesuffix("/logged")


def test_a_report_reaches_those_who_need_it_and_is_closed(people):
    amina = people("amina")
    case = logged(amina)
    assert "What to do next" in amina.words
    assert "Immediate safety and needs assessed" in amina.words
    amina.go(case).step(
        "Assess immediate safety and needs",
        danger="no",
        medical_needed="yes",
        referred="no",
        offered="yes",
    )
    amina.step("Finish intake and hand over", confirmed="yes")
    assert ACCOUNT not in amina.words
    assert NAME not in amina.words

    ines = people("ines")
    ines.go(case)
    assert ACCOUNT in ines.words
    assert NAME not in ines.words
    assert CARE not in ines.words
    ines.step("Take this case", confirmed="yes")
    ines.step("Confirm that survivors were referred", answer="no")
    ines.step("Open an investigation", urgent="no", plan="Hear the guards apart.")
    ines.step(
        "Record an interim measure",
        kind="removed_from_frontline",
        in_place_at=local(timedelta(minutes=30)),
    )

    salma, service = people("salma"), None
    salma.go(case)
    assert NAME in salma.words
    assert CARE in salma.words
    assert ACCOUNT not in salma.words
    salma.follow("Become the survivor’s care officer")
    survivor = salma.first_choice("survivor")
    salma.answer(survivor=survivor).send()
    salma.go(case).follow("Needs and referrals")
    care = salma.page.url
    salma.step(
        "Record a need", survivor=survivor, kind="medical", answer="not_available"
    )
    salma.follow("Refer to a service")
    service = salma.first_choice("service")
    salma.answer(
        survivor=survivor,
        service=service,
        urgent="yes",
        language="en",
        request="See her this week.",
    ).send()
    assert not salma.problems, salma.problems

    pia = people("pia")
    sent = salma.page.locator("main a[href^='/referrals/']").first
    referral = sent.get_attribute("href")
    pia.go("/referrals")
    pia.page.locator(f"main a[href='{referral}']").click()
    assert NAME not in pia.words
    pia.step("Accept the referral")
    assert NAME in pia.words
    salma.go(referral)
    salma.step("Record a follow-up", reached="yes", done_at=local(timedelta()))
    pia.go(referral)
    assert NAME in pia.words
    assert ACCOUNT not in pia.words
    pia.step(
        "Report on the service",
        status="completed",
        outcome="received",
        done_at=local(timedelta()),
        report="She was seen.",
    )
    salma.go(care)
    assert "Completed" in salma.words
    salma.go(case).step(
        "Record an update to the survivor", survivor=survivor, answer="given"
    )

    ines.go(case).step(
        "Issue the report with its finding",
        finding="substantiated",
        to_legal="yes",
        summary="Two guards say the same.",
        lessons="Two people at the gate.",
    )
    lena = people("lena")
    lena.go(case)
    assert "Two guards say the same." in lena.words
    assert NAME not in lena.words
    assert ACCOUNT not in lena.words
    lena.step(
        "Record the decision",
        measures=["dismissal", "barred_from_rehire"],
        decided_at=local(timedelta(minutes=1)),
        grounds="Borne out.",
    )
    salma.go(case).step(
        "Record that the outcome was told",
        survivor=survivor,
        how="told",
        done_at=local(timedelta()),
        words="He has been dismissed.",
    )
    cora = people("cora")
    cora.go(case).step("Close the case", reason="outcome_decided")
    assert "Closed" in cora.words
    assert "Who has looked at this case" in cora.words
    cora.follow("Who has looked at this case")
    assert "Lena" in cora.words


def test_imported_items_are_all_accounted_for_in_the_page(people):
    import_items(INTAKE, json.loads(EXPORT.read_text())["results"])
    amina = people("amina")
    amina.go("/imports")
    assert "60" in amina.words
    amina.page.locator("main a[href*='/submissions/']").first.click()
    amina.follow("Make a case of it")


def test_harassment_goes_the_informal_road_on_the_survivors_choice(people):
    amina = people("amina")
    case = logged(amina, kind="sexual_harassment", precision="unknown")
    ines = people("ines")
    ines.go(case).step("Take the informal road", chosen="yes")
    assert "Informal resolution" in ines.words


def test_a_contractors_employee_goes_the_partner_road(people):
    amina = people("amina")
    case = logged(amina, subject_category="third_party_contractor")
    ines = people("ines")
    ines.go(case).step("Hand to the partner’s investigators", capacity="yes")
    assert "Partner’s investigation" in ines.words
    ines.step(
        "Record what the partner did",
        what="partner:accepted",
        done_at=local(timedelta()),
    )
    assert "Partner accepted the case" in ines.words


def test_the_auditor_sees_timeliness_and_the_trail_but_no_case(people):
    amina, theo = people("amina"), people("theo")
    case = logged(amina)
    theo.go("/timeliness")
    assert theo.status == 200
    theo.go("/audit")
    assert theo.status == 200
    theo.go(case)
    assert theo.status == 404


def test_the_administrator_manages_people_and_opens_no_case(people):
    amina, adam = people("amina"), people("adam")
    case = logged(amina)
    for path in ("/people", "/desks", "/offices"):
        adam.go(path)
        assert adam.status == 200
    adam.go(case)
    assert adam.status == 404


def test_every_problem_is_said_at_once_and_nothing_typed_is_lost(people):
    amina = people("amina")
    answers = report(amina, received_at="2031-01-01T10:00", narrative=ACCOUNT)
    del answers["kind"]
    del answers["danger"]
    amina.answer(**answers).send()
    assert len(amina.problems) == 3
    assert amina.page.locator('[name="narrative"]').input_value() == ACCOUNT
    assert amina.page.locator('[name="survivor_name"]').input_value() == NAME


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_fit_a_phone(people, language):
    amina = people("amina", width=320, language=language)
    case = logged(amina)
    for path in ("/", "/cases", "/cases/new", "/imports", case):
        amina.go(path)
        width = amina.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, path
