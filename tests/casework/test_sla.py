"""The table of clocks, against the limits of the house, and what applies to whom."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from casework.sla import CLOCKS, REFERRAL_ENDS, About, Anchor, Basis
from casework.vocabulary import Kind
from core.calendar import (
    Limit,
    OfficeCalendar,
    days,
    due_at,
    hours,
    months,
    working_days,
)
from core.events import Event, Track, track_of

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ABOUT = About(
    kind=Kind.SEXUAL_ABUSE,
    danger=False,
    urgent=False,
    reachable=True,
    incident_at=NOON - timedelta(hours=10),
    received_at=NOON,
)
NAIROBI = OfficeCalendar(ZoneInfo("Africa/Nairobi"))
# The limits as people read them, by hand.
LIMITS = {
    "intake.forward": hours(24),
    "intake.acknowledge": days(7),
    "reporter.feedback": months(3),
    "safety.triage": hours(24),
    "care.assign": hours(24),
    "care.offer": hours(24),
    "care.clinical_72h": hours(72),
    "care.clinical_120h": hours(120),
    "survivor.update": days(30),
    "survivor.outcome": working_days(5),
    "referral.respond_urgent": hours(24),
    "referral.respond": hours(72),
    "referral.reach": days(7),
    "referral.keys": days(7),
    "referral.confirm_by_investigator": working_days(5),
    "assess.decide": days(30),
    "investigate.report_urgent": months(3),
    "investigate.report": months(6),
    "partner.accept": working_days(5),
    "partner.progress": days(30),
    "partner.report": months(6),
    "legal.decide": days(60),
    "protection.review": days(14),
    "emergency.review": working_days(3),
    "keys.renew": days(7),
    "stock.ageing": days(180),
}
RULES = pytest.mark.parametrize("rule", CLOCKS.values(), ids=CLOCKS)


def emitted() -> set[str]:
    """Return the events that code beside the tables of rules names."""
    tables = {"sla.py", "clocks.py", "stages.py", "vocabulary.py", "timeline.py"}
    files = [*ROOT.glob("casework/**/*.py"), *ROOT.glob("referrals/**/*.py")]
    found = set()
    for path in files:
        if path.name not in tables or path.parts[-2] == "referrals":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    found |= {node.attr} if node.value.id == "Event" else set()
    return found


def test_every_limit_is_the_one_that_people_read():
    assert {code: rule.limit for code, rule in CLOCKS.items()} == LIMITS


def test_clocks_count_in_hours_days_working_days_and_months():
    assert {rule.limit.unit for rule in CLOCKS.values()} == {
        *(limit.unit for limit in (hours(1), days(1), working_days(1), months(1)))
    }
    assert {rule.track for rule in CLOCKS.values()} == set(Track)


@RULES
def test_something_starts_and_something_stops_every_clock(rule):
    named = emitted()
    assert rule.starts.name in named
    for event in rule.stops | rule.ends:
        assert event.name in named, event


@RULES
def test_no_event_both_stops_and_cancels_a_clock(rule):
    assert rule.stops
    assert not rule.stops & rule.ends or rule.ends == REFERRAL_ENDS


@RULES
def test_a_clock_says_what_its_number_rests_on(rule):
    assert rule.basis in set(Basis)
    if rule.basis in (Basis.EVALUATION, Basis.FOUND):
        assert rule.source
    assert rule.label
    assert rule.code.partition(".")[1] == "."


@RULES
def test_a_fallback_is_another_clock(rule):
    if rule.fallback:
        assert rule.fallback in CLOCKS
        assert rule.fallback != rule.code
        assert rule.starts in CLOCKS[rule.fallback].stops


@RULES
def test_a_clock_of_a_referral_ends_with_the_referral_but_for_its_keys(rule):
    if rule.track is Track.REFERRAL:
        assert {track_of(event) for event in (rule.starts, *rule.stops)} == {rule.track}
        assert rule.ends >= REFERRAL_ENDS or rule.code == "referral.keys"


def test_care_does_not_end_with_the_case():
    for code in ("care.assign", "care.offer", "survivor.outcome", "care.clinical_72h"):
        assert Event.CASE_CLOSED not in CLOCKS[code].ends


def test_danger_shortens_the_triage_to_two_hours():
    triage = CLOCKS["safety.triage"]
    assert triage.limit_for(ABOUT) == hours(24)
    assert triage.limit_for(replace(ABOUT, danger=True)) == hours(2)
    assert CLOCKS["care.offer"].limit_for(replace(ABOUT, danger=True)) == hours(24)


@pytest.mark.parametrize("pair", ["investigate.report", "referral.respond"])
def test_a_case_is_urgent_or_it_is_not(pair):
    urgent, usual = CLOCKS[f"{pair}_urgent"], CLOCKS[pair]
    for about in (ABOUT, replace(ABOUT, urgent=True)):
        assert urgent.applies(about) == about.urgent
        assert usual.applies(about) == (not about.urgent)


@pytest.mark.parametrize("code", ["intake.acknowledge", "reporter.feedback"])
def test_nobody_is_answered_who_left_no_way_to_answer(code):
    assert CLOCKS[code].possible(ABOUT)
    assert not CLOCKS[code].possible(replace(ABOUT, reachable=False))


@pytest.mark.parametrize(("code", "limit"), [("72h", 72), ("120h", 120)])
def test_clinical_clocks_count_from_an_incident_not_too_long_ago(code, limit):
    rule = CLOCKS[f"care.clinical_{code}"]
    assert rule.anchor is Anchor.INCIDENT
    for ago, applies in (
        (timedelta(hours=limit), True),
        (timedelta(hours=limit, seconds=1), False),
        (timedelta(), True),
    ):
        assert rule.applies(replace(ABOUT, incident_at=NOON - ago)) is applies
    assert not rule.applies(replace(ABOUT, incident_at=None))
    assert not rule.applies(replace(ABOUT, kind=Kind.SEXUAL_HARASSMENT))


def test_ninety_days_are_not_three_months():
    start = datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert due_at(start, months(3), NAIROBI) == datetime(2026, 4, 30, 9, tzinfo=UTC)
    assert due_at(start, days(90), NAIROBI) == datetime(2026, 5, 1, 9, tzinfo=UTC)


def test_no_limit_in_months_is_written_in_days():
    for rule in CLOCKS.values():
        for limit in filter(None, (rule.limit, rule.in_danger)):
            assert limit not in {Limit(n, limit.unit) for n in (90, 91, 365)}
