"""The vocabulary of events: one subject each, one track each."""

import pytest

from core.events import Event, Track, track_of


@pytest.mark.parametrize("event", Event)
def test_an_event_says_its_subject_and_what_happened(event):
    subject, colon, happened = event.partition(":")
    assert subject.isidentifier()
    assert happened.isidentifier()
    assert colon == ":"


def test_no_two_events_are_written_alike():
    assert len({str(event) for event in Event}) == len(Event.__members__)


@pytest.mark.parametrize(
    ("event", "track"),
    [
        (Event.CASE_CLOSED, Track.ACCOUNTABILITY),
        (Event.REPORT_ISSUED, Track.ACCOUNTABILITY),
        (Event.REPORT_ACKNOWLEDGED, Track.ACCOUNTABILITY),
        (Event.MEASURE_TAKEN, Track.ACCOUNTABILITY),
        (Event.REFERRAL_CONFIRMED, Track.ACCOUNTABILITY),
        (Event.SURVIVOR_RECORDED, Track.CARE),
        (Event.OUTCOME_TOLD, Track.CARE),
        (Event.CONSENT_RECORDED, Track.CARE),
        (Event.NEED_RECORDED, Track.CARE),
        (Event.SAFETY_TRIAGED, Track.CARE),
        (Event.HIV_CARE_SETTLED, Track.CARE),
        (Event.REFERRAL_SENT, Track.REFERRAL),
        (Event.REFERRAL_WITHDRAWN, Track.REFERRAL),
    ],
)
def test_a_subject_belongs_to_one_track(event, track):
    assert track_of(event) is track


def test_nothing_about_a_survivors_care_is_on_the_accountability_track():
    care = {"survivor", "care", "consent", "need", "referral"}
    for event in Event:
        if event.partition(":")[0] in care:
            assert track_of(event) is not Track.ACCOUNTABILITY
