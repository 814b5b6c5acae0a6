"""Whatever a form's export holds, each item is filed, set aside or refused, aloud."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.cfm.export import Unreadable, load
from casework.cfm.reading import read
from casework.cfm.report import Fault, IncomingReport, Reading
from casework.vocabulary import (
    AgeBand,
    Channel,
    ConsentStatus,
    Kind,
    Language,
    NeedType,
    PersonnelCategory,
    Precision,
    ReferredAnswer,
    ReporterKind,
    Sex,
    SubjectKnown,
    YesNoUnknown,
)

EXPORT = Path(__file__).parents[2] / "demo" / "cfm-export.json"
TRUTH: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("cfm-truth.json").read_text("utf-8")
)["items"]
SAMPLE = load(EXPORT)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 10, 7, 30, tzinfo=UTC)

PLAIN: dict[str, Any] = {
    "_id": 1,
    "_uuid": "11111111-1111-4111-8111-111111111111",
    "_submission_time": "2026-11-10T08:00:00",
    "group_intake/office": "NBO",
    "group_intake/site": "Reception",
    "group_intake/channel": "in_person",
    "group_intake/language": "en",
    "group_intake/received_at": "2026-11-10T10:30:00.000+03:00",
    "group_reporter/who": "witness",
    "group_reporter/anonymous": "no",
    "group_reporter/name": "Rita",
    "group_reporter/safe_contact": "Mornings.\nNever call.",
    "group_concern/kind": "sexual_abuse",
    "group_concern/incident_precision": "exact",
    "group_concern/incident_at": "2026-11-09T10:30:00.000+03:00",
    "group_concern/place": "The yard",
    "group_concern/immediate_danger": "yes",
    "group_people/affected_count": "1",
    "group_people/affected": [
        {
            "group_people/affected/age": "12_17",
            "group_people/affected/sex": "female",
            "group_people/affected/disability": "yes",
            "group_people/affected/on_the_move": "yes",
            "group_people/affected/leaving_on": "2026-12-01",
        }
    ],
    "group_services/medical_needed": "yes",
    "group_services/already_referred": "yes",
    "group_services/services": "medical legal",
    "group_consent/share_identity": "yes",
    "group_consent/referral": "no",
    "group_consent/statistics": "not_asked",
    "group_subject/known": "name",
    "group_subject/name": "Mallory",
    "group_subject/category": "staff",
    "group_subject/employer": "The agency",
    "group_account/narrative": "She says\nthat it happened.",
    "_attachments": [{"filename": "cfm/attachments/letter.pdf"}],
}
FORM = [key for key in PLAIN if key.startswith("group_")]
PERSON = "group_people/affected"
INCIDENT = "group_concern/incident_at"
RECEIPT = "group_intake/received_at"


def reading(now: Any = NOW, **changes: Any) -> Reading:
    """PLAIN with some answers changed, named by the last part of their keys."""
    return read({**PLAIN, **{_key(name): changes[name] for name in changes}}, 0, now)


def without(*names: str) -> Reading:
    gone = {_key(name) for name in names}
    return read({key: PLAIN[key] for key in PLAIN if key not in gone}, 0, NOW)


def person(**changes: Any) -> Reading:
    changed = {f"{PERSON}/{name}": value for name, value in changes.items()}
    return reading(affected=[{**PLAIN[PERSON][0], **changed}])


def _key(name: str) -> str:
    found = [key for key in PLAIN if key == name or key.endswith(f"/{name}")]
    return {"name": "group_subject/name"}.get(name, found[0] if found else name)


def filed(item: Reading) -> IncomingReport:
    assert item.report is not None
    return item.report


def told(item: Reading) -> list[tuple[str, str]]:
    return [(each.field, each.problem.value) for each in item.problems]


# The sample, against what people know of it


@pytest.mark.parametrize("item", SAMPLE, ids=lambda item: str(item["_id"]))
def test_the_sample_reads_as_people_know_it_to_be(item: dict[str, Any]) -> None:
    truth = TRUTH[str(item["_id"])]
    got = read(item, 0, NOW)
    report = filed(got)
    assert report.is_pseah is truth["is_pseah"]
    assert report.kind == truth["kind"]
    assert report.has_child is truth["has_child"]
    assert report.clinical_72h_open is truth["clinical_72h_open"]
    assert [
        {"field": field, "problem": problem} for field, problem in told(got)
    ] == truth["problems"]


def test_a_submission_delivered_twice_has_one_key() -> None:
    first: dict[str, int] = {}
    again = {}
    for item in SAMPLE:
        key = read(item, 0, NOW).key
        if key in first:
            again[item["_id"]] = first[key]
        first.setdefault(key, item["_id"])
    assert again == {
        int(name): truth["duplicate_of"]
        for name, truth in TRUTH.items()
        if truth["duplicate_of"]
    }


def test_what_is_not_pseah_is_set_aside_with_its_reason() -> None:
    aside = {item["_id"]: read(item, 0, NOW).set_aside for item in SAMPLE}
    assert {str(name): why for name, why in aside.items() if why} == {
        name: truth["kind"] for name, truth in TRUTH.items() if not truth["is_pseah"]
    }


# A plain report


def test_a_plain_report_is_read_whole_and_without_a_problem() -> None:
    got = reading()
    report = filed(got)
    assert got.problems == ()
    assert got.id == 1
    assert got.key == "uuid:11111111-1111-4111-8111-111111111111"
    assert got.set_aside is None
    assert (report.office, report.site) == ("NBO", "Reception")
    assert (report.channel, report.language) == (Channel.IN_PERSON, Language.ENGLISH)
    assert report.received_at == RECEIVED
    assert report.received_at.tzinfo is UTC
    assert report.reporter_kind is ReporterKind.WITNESS
    assert (report.anonymous, report.reporter_name) == (False, "Rita")
    assert report.safe_contact == "Mornings.\nNever call."
    assert report.kind is Kind.SEXUAL_ABUSE
    assert report.precision is Precision.EXACT
    assert report.incident_at == RECEIVED - timedelta(days=1)
    assert report.incident_on == date(2026, 11, 9)
    assert (report.place, report.danger) == ("The yard", YesNoUnknown.YES)
    assert report.medical_needed is YesNoUnknown.YES
    assert report.already_referred is ReferredAnswer.YES
    assert report.services == (NeedType.MEDICAL, NeedType.LEGAL)
    assert report.consent_share_identity is ConsentStatus.GIVEN
    assert report.consent_referral is ConsentStatus.REFUSED
    assert report.consent_statistics is ConsentStatus.NOT_YET_ASKED
    assert report.subject_known is SubjectKnown.NAME
    assert (report.subject_name, report.subject_description) == ("Mallory", None)
    assert report.subject_category is PersonnelCategory.STAFF
    assert report.subject_employer == "The agency"
    assert report.narrative == "She says\nthat it happened."
    assert (report.attachments.count, report.attachments.names) == (1, ("letter.pdf",))
    assert report.as_written == ()


def test_an_affected_person_keeps_the_band_that_was_asked() -> None:
    report = filed(reading())
    [affected] = report.people
    assert report.affected_count == 1
    assert affected.age is AgeBand.FROM_12_TO_17
    assert affected.published_as == "girl"
    assert affected.is_child
    assert report.has_child
    assert affected.disability is affected.on_the_move is YesNoUnknown.YES
    assert affected.leaving_on == date(2026, 12, 1)


def test_a_report_does_not_show_itself_in_logs() -> None:
    assert "Mallory" not in repr(reading())


# Missing, unknown and odd answers


@pytest.mark.parametrize("blank", [None, "", "  \n", [], {}])
@pytest.mark.parametrize(
    "key",
    [
        "group_intake/office",
        "group_intake/channel",
        "group_intake/language",
        "group_intake/received_at",
        "group_reporter/who",
        "group_reporter/anonymous",
        "group_concern/kind",
        "group_concern/incident_precision",
        "group_concern/immediate_danger",
        "group_people/affected_count",
        "group_services/medical_needed",
        "group_services/already_referred",
        "group_consent/share_identity",
        "group_consent/referral",
        "group_consent/statistics",
        "group_subject/known",
        "group_subject/category",
    ],
)
def test_a_required_answer_left_out_is_told_and_the_item_kept(
    key: str, blank: Any
) -> None:
    got = reading(**{key: blank})
    assert told(got) == [(key, "missing")]
    assert got.report is not None


@pytest.mark.parametrize(
    ("key", "attribute", "fallback"),
    [
        ("group_intake/office", "office", None),
        ("group_intake/channel", "channel", None),
        ("group_intake/language", "language", None),
        ("group_reporter/who", "reporter_kind", ReporterKind.UNKNOWN),
        ("group_concern/kind", "kind", Kind.UNSURE),
        ("group_concern/immediate_danger", "danger", YesNoUnknown.UNKNOWN),
        ("group_services/medical_needed", "medical_needed", YesNoUnknown.UNKNOWN),
        (
            "group_services/already_referred",
            "already_referred",
            ReferredAnswer.UNKNOWN,
        ),
        ("group_services/services", "services", ()),
        (
            "group_consent/share_identity",
            "consent_share_identity",
            ConsentStatus.NOT_YET_ASKED,
        ),
        ("group_consent/referral", "consent_referral", ConsentStatus.NOT_YET_ASKED),
        (
            "group_consent/statistics",
            "consent_statistics",
            ConsentStatus.NOT_YET_ASKED,
        ),
        ("group_subject/category", "subject_category", PersonnelCategory.UNKNOWN),
    ],
)
def test_an_unknown_code_is_told_kept_as_written_and_stands_as_unknown(
    key: str, attribute: str, fallback: Any
) -> None:
    got = reading(**{key: "whatsapp"})
    assert (key, "unknown_code") in told(got)
    assert getattr(filed(got), attribute) == fallback
    assert (key, "whatsapp") in filed(got).as_written or "consent" not in key


@pytest.mark.parametrize("odd", [5, True, 1.5, ["hotline"], {"a": "hotline"}])
def test_a_code_that_is_not_text_is_an_unknown_code(odd: Any) -> None:
    got = reading(channel=odd)
    assert told(got) == [("group_intake/channel", "unknown_code")]
    assert filed(got).as_written == (("group_intake/channel", json.dumps(odd)),)


def test_capitals_and_words_of_ours_are_understood_and_told() -> None:
    got = reading(office="nbo", channel="Web", category="military_or_police")
    report = filed(got)
    assert {problem for _, problem in told(got)} == {"unknown_code"}
    assert (report.office, report.channel) == ("NBO", Channel.WEB)
    assert report.subject_category is PersonnelCategory.MILITARY_OR_POLICE


def test_spaces_around_a_code_are_no_problem() -> None:
    got = reading(channel="  hotline \n")
    assert got.problems == ()
    assert filed(got).channel is Channel.HOTLINE


@pytest.mark.parametrize(
    "odd", ["YES", "Yes", "true", "y\x00es", "given", True, 1, ["yes"], {"yes": 1}]
)
def test_consent_is_given_only_by_the_letters_of_yes(odd: Any) -> None:
    got = reading(share_identity=odd)
    assert filed(got).consent_share_identity is ConsentStatus.NOT_YET_ASKED
    assert told(got) == [("group_consent/share_identity", "unknown_code")]


def test_known_services_stay_when_one_is_unknown() -> None:
    got = reading(services="medical teleport  legal medical")
    assert filed(got).services == (NeedType.MEDICAL, NeedType.LEGAL)
    assert told(got) == [("group_services/services", "unknown_code")]
    assert filed(got).as_written == (("group_services/services", "teleport"),)


def test_services_as_a_list_are_read_and_told() -> None:
    got = reading(services=["medical", "legal"])
    assert filed(got).services == (NeedType.MEDICAL, NeedType.LEGAL)
    assert told(got) == [("group_services/services", "unexpected_shape")]


@pytest.mark.parametrize("odd", [5, [5], {"a": 1}])
def test_services_of_another_shape_are_kept_as_written(odd: Any) -> None:
    got = reading(services=odd)
    assert filed(got).services == ()
    assert told(got) == [("group_services/services", "unexpected_shape")]
    assert filed(got).as_written


def test_a_hidden_character_in_codes_is_told_and_the_codes_are_read() -> None:
    got = reading(services="med\u202eical legal", channel="sms\x00")
    assert filed(got).services == (NeedType.MEDICAL, NeedType.LEGAL)
    assert filed(got).channel is Channel.SMS
    assert told(got) == [
        ("group_intake/channel", "control_characters"),
        ("group_services/services", "control_characters"),
    ]


def test_an_answer_to_a_question_nobody_asks_is_told_and_kept() -> None:
    got = reading(**{"group_concern/weapon": "a knife"})
    assert told(got) == [("group_concern/weapon", "unknown_field")]
    assert filed(got).as_written == (("group_concern/weapon", "a knife"),)
    inside = reading(affected=[{**PLAIN[PERSON][0], f"{PERSON}/job": "cook"}])
    assert told(inside) == [(f"{PERSON}/job", "unknown_field")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"known": "description"}, "group_subject/name"),
        ({"already_referred": "no"}, "group_services/services"),
        ({"incident_precision": "unknown"}, INCIDENT),
    ],
)
def test_an_answer_that_another_rules_out_is_told(
    changes: dict[str, str], field: str
) -> None:
    assert (field, "unexpected_answer") in told(reading(**changes))


def test_a_name_is_kept_where_the_form_says_that_none_is_known() -> None:
    report = filed(reading(known="no"))
    assert (report.subject_known, report.subject_name) == ("name", "Mallory")


def test_a_subject_said_to_be_known_and_not_named_is_told() -> None:
    got = without("group_subject/name")
    assert told(got) == [("group_subject/name", "missing")]
    assert filed(got).subject_known is SubjectKnown.NO
    described = reading(**{"known": "description", "group_subject/name": None})
    assert told(described) == [("group_subject/description", "missing")]


# Who reports


@pytest.mark.parametrize("wish", ["yes", "YES", "oui", True])
def test_a_name_beside_the_wish_for_anonymity_is_kept_nowhere(wish: Any) -> None:
    got = reading(anonymous=wish)
    report = filed(got)
    assert ("group_reporter/name", "name_though_anonymous") in told(got)
    assert report.anonymous
    assert report.reporter_name is None
    assert "Rita" not in str(vars(report))


def test_without_an_answer_a_name_says_that_it_may_be_known() -> None:
    named = filed(without("group_reporter/anonymous"))
    assert (named.anonymous, named.reporter_name) == (False, "Rita")
    nameless = filed(without("group_reporter/anonymous", "group_reporter/name"))
    assert nameless.anonymous


# Words


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Mal\x00lory", "Mallory"),
        ("Mal\u202elory", "Mallory"),
        ("Mal\ud800lory", "Mallory"),
        ("Mal\x1b[31mlory", "Mal[31mlory"),
        ("Mal\nlory", "Mal lory"),
        ("Mallory\x1f", "Mallory"),
        ("\u2066", None),
    ],
)
def test_hidden_characters_are_taken_out_and_told(
    dirty: str, clean: str | None
) -> None:
    got = reading(**{"group_subject/name": dirty})
    assert filed(got).subject_name == clean
    assert told(got) == [("group_subject/name", "control_characters")]


def test_lines_tabs_and_marks_of_direction_belong_to_a_narrative() -> None:
    words = "ليلى\u200f said:\r\n\tone\u2028two"
    got = reading(narrative=words)
    assert got.problems == ()
    assert filed(got).narrative == "ليلى\u200f said:\n\tone\ntwo"


def test_a_phone_number_typed_as_a_number_is_kept_and_told() -> None:
    got = reading(safe_contact=254700123456)
    assert filed(got).safe_contact == "254700123456"
    assert told(got) == [("group_reporter/safe_contact", "not_text")]


@pytest.mark.parametrize("odd", [True, ["a"], {"a": ["b"]}, 1.5, float("nan")])
def test_a_narrative_of_another_type_is_kept_as_it_is_written(odd: Any) -> None:
    got = reading(narrative=odd)
    assert filed(got).narrative == json.dumps(odd)
    assert told(got) == [("group_account/narrative", "not_text")]


def test_a_long_narrative_is_kept_whole_and_told() -> None:
    words = "word " * 20_000
    got = reading(narrative=words)
    assert filed(got).narrative == words.strip()
    assert told(got) == [("group_account/narrative", "too_long")]


def test_an_endless_narrative_is_cut_and_both_are_told() -> None:
    got = reading(narrative="x" * 300_000)
    assert len(filed(got).narrative or "") == 200_000
    assert [problem for _, problem in told(got)] == ["too_long", "cut_short"]


# People


@pytest.mark.parametrize(
    ("count", "problem"),
    [
        ("two", "not_a_number"),
        ("1.5", "not_a_number"),
        (1.0, "not_a_number"),
        (True, "not_a_number"),
        ([1], "not_a_number"),
        ("-1", "negative"),
        (-5, "negative"),
        ("1000000", "too_large"),
        (10**40, "too_large"),
        ("3", "count_mismatch"),
        (0, "count_mismatch"),
    ],
)
def test_a_count_that_cannot_be_is_told_and_the_people_counted(
    count: Any, problem: str
) -> None:
    got = reading(affected_count=count)
    assert told(got) == [("group_people/affected_count", problem)]
    assert filed(got).affected_count == (3 if count == "3" else 1)


@pytest.mark.parametrize("count", ["1", 1, " 1 ", "\u0661"])
def test_a_count_may_be_a_number_or_digits_of_any_script(count: Any) -> None:
    assert reading(affected_count=count).problems == ()


@pytest.mark.parametrize("odd", ["18_59", 5, True])
def test_people_that_are_no_list_are_told_and_kept_as_written(odd: Any) -> None:
    got = reading(affected=odd)
    assert told(got) == [
        (PERSON, "unexpected_shape"),
        ("group_people/affected_count", "count_mismatch"),
    ]
    assert filed(got).people == ()
    assert filed(got).as_written[0][0] == PERSON


def test_one_person_without_a_list_is_read() -> None:
    got = reading(affected=PLAIN[PERSON][0])
    assert told(got) == [(PERSON, "unexpected_shape")]
    assert filed(got).has_child


def test_entries_that_are_no_people_do_not_lose_the_others() -> None:
    got = reading(affected=["x", PLAIN[PERSON][0], None], affected_count="3")
    assert told(got) == [(PERSON, "unexpected_shape")]
    assert len(filed(got).people) == 1
    assert filed(got).affected_count == 3


def test_a_crowd_is_counted_and_its_first_hundreds_are_read() -> None:
    got = reading(affected=PLAIN[PERSON] * 600, affected_count="600")
    assert told(got) == [(PERSON, "too_many")]
    assert (len(filed(got).people), filed(got).affected_count) == (500, 600)


def test_an_odd_age_and_sex_stand_as_unknown() -> None:
    got = person(age="teenager", sex=3)
    assert told(got) == [
        (f"{PERSON}/age", "unknown_code"),
        (f"{PERSON}/sex", "unknown_code"),
    ]
    [affected] = filed(got).people
    assert (affected.age, affected.sex) == (AgeBand.UNKNOWN, Sex.UNKNOWN)
    assert affected.published_as == "unknown"


def test_a_person_described_by_nothing_lacks_age_and_sex_once() -> None:
    got = reading(affected=[{}, {}], affected_count="2")
    assert told(got) == [(f"{PERSON}/age", "missing"), (f"{PERSON}/sex", "missing")]


@pytest.mark.parametrize(
    ("day", "problem"),
    [("soon", "not_a_date"), ("2026-11-31", "impossible_date"), (20261101, "")],
)
def test_a_day_of_leaving_that_is_none_is_told(day: Any, problem: str) -> None:
    got = person(leaving_on=day)
    assert told(got) == [(f"{PERSON}/leaving_on", problem or "not_a_date")]
    assert filed(got).people[0].leaving_on is None


def test_leaving_without_moving_is_told_and_the_day_kept() -> None:
    got = person(on_the_move="no", leaving_on="2026-12-01T10:00:00+03:00")
    assert told(got) == [(f"{PERSON}/leaving_on", "unexpected_answer")]
    assert filed(got).people[0].leaving_on == date(2026, 12, 1)


@pytest.mark.parametrize("odd", ["a.png", {"filename": "a.png"}, 3])
def test_attachments_of_another_shape_are_told(odd: Any) -> None:
    got = reading(_attachments=odd)
    assert told(got) == [("_attachments", "unexpected_shape")]
    assert filed(got).attachments.count == 0


def test_an_attachment_without_a_name_still_counts() -> None:
    attachments = filed(reading(_attachments=[{}, None, {"filename": 3}])).attachments
    assert (attachments.count, attachments.names) == (3, ("", "", "3"))


# Times


@pytest.mark.parametrize(
    ("incident", "received", "runs"),
    [
        ("2026-03-27T08:00:00+02:00", "2026-03-30T08:30:00+03:00", True),
        ("2026-10-23T10:00:00+03:00", "2026-10-26T09:30:00+02:00", False),
        ("2026-11-07T10:30:00+03:00", "2026-11-10T10:30:00+03:00", True),
        ("2026-11-07T10:29:59+03:00", "2026-11-10T10:30:00+03:00", False),
        ("2026-11-10T07:30:00Z", "2026-11-10T10:30:00+03:00", True),
    ],
)
def test_the_72_hours_are_elapsed_hours_between_offsets(
    incident: str, received: str, runs: bool
) -> None:
    got = reading(incident_at=incident, received_at=received)
    assert got.problems == ()
    assert filed(got).clinical_72h_open is runs


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2036-06-27T19:00:00.000-05:00", "future_date"),
        ("2026-11-21T12:06:00Z", "future_date"),
        ("9999-12-31T23:59:59-05:00", "future_date"),
        ("2026-11-11T10:00:00+03:00", "incident_after_receipt"),
        ("2026-11-10T07:30:01Z", "incident_after_receipt"),
        ("2026-02-30T10:00:00Z", "impossible_date"),
        ("2026-02-03T25:00:00Z", "impossible_date"),
        ("2026-02-03T10:00:00+25:00", "impossible_date"),
        ("0000-01-01", "impossible_date"),
        ("1926-02-03T10:00:00Z", "before_1950"),
        ("0001-01-01T00:00:00+14:00", "before_1950"),
        ("yesterday", "not_a_date"),
        ("20260203", "not_a_date"),
        ("03/02/2026", "not_a_date"),
        (1762756200, "not_a_date"),
        (["2026-02-03"], "not_a_date"),
    ],
)
def test_a_time_that_cannot_be_is_told_kept_as_written_and_not_used(
    written: Any, problem: str
) -> None:
    got = reading(incident_at=written)
    report = filed(got)
    assert told(got) == [(INCIDENT, problem)]
    assert (report.precision, report.incident_at, report.incident_on) == (
        Precision.UNKNOWN,
        None,
        None,
    )
    assert not report.clinical_72h_open
    assert report.as_written[0][0] == INCIDENT


def test_a_time_without_offset_is_the_office_s_and_told() -> None:
    got = reading(incident_at="2026-11-09T10:30:00")
    assert told(got) == [(INCIDENT, "missing_offset")]
    assert filed(got).incident_at == datetime(2026, 11, 9, 7, 30, tzinfo=UTC)
    assert filed(got).clinical_72h_open


def test_a_time_without_offset_or_office_is_only_a_day() -> None:
    got = reading(office="XXX", incident_at="2026-11-09T10:30:00")
    report = filed(got)
    assert (INCIDENT, "missing_offset") in told(got)
    assert (report.precision, report.incident_at) == (Precision.DAY, None)
    assert report.incident_on == date(2026, 11, 9)


def test_an_exact_date_without_a_time_is_a_day_and_told() -> None:
    got = reading(incident_at="2026-11-09")
    report = filed(got)
    assert told(got) == [(INCIDENT, "missing_time")]
    assert (report.precision, report.incident_at) == (Precision.DAY, None)
    assert report.incident_on == date(2026, 11, 9)
    assert not report.clinical_72h_open


@pytest.mark.parametrize("written", ["2026-10-01", "2026-10-17", "2026-10-17T10:00Z"])
def test_a_month_is_its_first_day_and_no_instant(written: str) -> None:
    report = filed(reading(incident_precision="month", incident_at=written))
    assert report.precision is Precision.MONTH
    assert (report.incident_at, report.incident_on) == (None, date(2026, 10, 1))


@pytest.mark.parametrize(
    ("month", "problem"),
    [
        ("2026-12-01", "future_date"),
        ("2026-11-01", None),
        ("2062-06-01", "future_date"),
    ],
)
def test_a_month_begins_after_the_report_only_by_mistake(
    month: str, problem: str | None
) -> None:
    got = reading(incident_precision="month", incident_at=month)
    assert told(got) == ([(INCIDENT, problem)] if problem else [])


def test_a_month_after_the_report_and_before_now_is_told() -> None:
    later = datetime(2027, 3, 1, tzinfo=UTC)
    got = reading(later, incident_precision="month", incident_at="2027-01-01")
    assert told(got) == [(INCIDENT, "incident_after_receipt")]


@pytest.mark.parametrize(
    ("written", "precision"),
    [
        ("2026-11-09T10:30:00+03:00", Precision.EXACT),
        ("2026-10-01", Precision.MONTH),
        ("2026-10-17", Precision.DAY),
    ],
)
def test_without_a_usable_precision_the_time_speaks_for_itself(
    written: str, precision: Precision
) -> None:
    got = reading(incident_precision="roughly", incident_at=written)
    assert filed(got).precision is precision
    assert told(got) == [("group_concern/incident_precision", "unknown_code")]


@pytest.mark.parametrize("precision", ["exact", "month"])
def test_a_time_that_is_known_and_not_written_is_told(precision: str) -> None:
    got = reading(incident_precision=precision, incident_at=None)
    assert told(got) == [(INCIDENT, "missing")]
    assert filed(got).precision is Precision.UNKNOWN


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (None, "missing"),
        ("2036-11-10T10:30:00+03:00", "future_date"),
        ("2026-11-31T10:30:00+03:00", "impossible_date"),
        ("now", "not_a_date"),
        (5, "not_a_date"),
    ],
)
def test_without_a_usable_receipt_the_server_s_time_stands(
    written: Any, problem: str
) -> None:
    got = reading(received_at=written)
    assert told(got) == [(RECEIPT, problem)]
    assert filed(got).received_at == datetime(2026, 11, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize("sent", [None, "", 5, "soon", "2199-01-01T00:00:00"])
def test_without_any_receipt_the_time_of_the_import_stands(sent: Any) -> None:
    report = filed(reading(received_at=None, _submission_time=sent))
    assert report.received_at == NOW


def test_a_receipt_without_offset_is_at_the_office_s_time_and_told() -> None:
    got = reading(received_at="2026-11-10T10:30:00")
    assert told(got) == [(RECEIPT, "missing_offset")]
    assert filed(got).received_at == RECEIVED


def test_a_day_of_receipt_stands_for_its_start_so_that_clocks_end_early() -> None:
    got = reading(received_at="2026-11-10")
    assert told(got) == [(RECEIPT, "missing_time")]
    assert filed(got).received_at == datetime(2026, 11, 9, 21, tzinfo=UTC)


def test_a_computer_whose_clock_is_slow_trusts_the_server_that_took_the_report() -> (
    None
):
    slow = datetime(2026, 6, 1, tzinfo=UTC)
    assert reading(slow).problems == ()


def test_a_zone_of_now_changes_nothing() -> None:
    there = NOW.astimezone(datetime.fromisoformat("2026-01-01T00:00+14:00").tzinfo)
    assert reading(there) == reading()


# Which items are one


def test_the_key_is_the_uuid_however_it_is_written() -> None:
    plain = reading().key
    assert reading(_uuid=f"uuid:{PLAIN['_uuid']}").key == plain
    assert reading(_uuid=f" {PLAIN['_uuid'].upper()} ").key == plain
    assert (
        reading(**{"_uuid": None, "meta/instanceID": f"uuid:{PLAIN['_uuid']}"}).key
        == plain
    )


def test_the_same_id_on_another_submission_is_not_the_same_submission() -> None:
    assert reading(_uuid="other").key != reading().key


@pytest.mark.parametrize("odd", [None, "", 5, ["a"], "x" * 200])
def test_without_a_uuid_only_the_very_same_item_is_the_same(odd: Any) -> None:
    assert reading(_uuid=odd).key == reading(_uuid=odd).key
    assert reading(_uuid=odd).key != reading(_uuid=odd, _id=2).key


def test_the_order_of_keys_does_not_make_another_item() -> None:
    item = {key: PLAIN[key] for key in reversed(PLAIN) if key != "_uuid"}
    assert read(item, 0, NOW) == without("_uuid")


def test_the_digest_tells_whether_the_same_submission_says_something_else() -> None:
    assert reading(_id=7, _submission_time="x").digest == reading().digest
    assert reading(narrative="No.").digest != reading().digest
    assert reading(narrative=1).digest != reading(narrative="1").digest


@pytest.mark.parametrize(
    ("given_id", "id_"),
    [(7, 7), ("a7", "a7"), (None, "index:3"), (True, "index:3"), ("", "index:3")],
)
def test_an_item_without_an_id_goes_by_its_place(given_id: Any, id_: Any) -> None:
    assert read({**PLAIN, "_id": given_id}, 3, NOW).id == id_


# What cannot be filed


@pytest.mark.parametrize("item", [None, 5, "x", True, [], [PLAIN], 1.5])
def test_what_is_not_an_object_is_rejected_with_a_reason(item: Any) -> None:
    got = read(item, 4, NOW)
    assert got.report is None
    assert got.set_aside is None
    assert got.id == "index:4"
    assert told(got) == [("item", "not_an_object")]


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"_id": 5, "_uuid": "x"},
        {"group_intake/office": "NBO", "group_consent/referral": "yes"},
        {"group_account/narrative": " ", "group_people/affected": []},
    ],
)
def test_an_item_that_reports_nothing_is_rejected_with_a_reason(item: Any) -> None:
    got = read(item, 0, NOW)
    assert got.report is None
    assert told(got) == [("item", "nothing_usable")]


@pytest.mark.parametrize("key", FORM)
def test_a_single_answer_of_a_report_is_enough_to_file_it(key: str) -> None:
    got = read({key: PLAIN[key]}, 0, NOW)
    assert (got.report is None) is key.startswith(("group_intake/", "group_consent/"))


# Anything at all

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["yes", "no", "unknown", "exact", "month", "2026-02-30"])
    | st.datetimes().map(datetime.isoformat)
    | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
    | st.dates().map(date.isoformat)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=10,
)
PEOPLE_KEYS = list(PLAIN[PERSON][0])
PEOPLE = st.lists(
    st.dictionaries(st.sampled_from(PEOPLE_KEYS), ANYTHING) | ANYTHING, max_size=4
)
unhurried = settings(deadline=None)


def check(got: Reading) -> None:
    """Filed, set aside or rejected, and fit to be written to a file and a database."""
    assert (got.report is None) == (
        bool(got.problems) and got.problems[0].field == "item"
    )
    json.dumps([got.id, got.key, got.set_aside, told(got)])
    if got.report is None:
        return
    report = got.report
    assert report.received_at.tzinfo is UTC
    assert report.received_at <= NOW + timedelta(days=366)
    assert report.affected_count >= len(report.people)
    for value in vars(report).values():
        if isinstance(value, str):
            assert "\x00" not in value
            value.encode()
    for _, written in report.as_written:
        written.encode()


@unhurried
@given(ANYTHING)
def test_no_item_raises(item: Any) -> None:
    check(read(item, 0, NOW))


@unhurried
@given(st.dictionaries(st.sampled_from(list(PLAIN)), ANYTHING | PEOPLE))
def test_no_answers_raise_and_none_loses_the_item(changes: dict[str, Any]) -> None:
    got = read({**PLAIN, **changes}, 0, NOW)
    check(got)
    for name in ("share_identity", "referral", "statistics"):
        said = {**PLAIN, **changes}[f"group_consent/{name}"]
        if got.report and said != "yes":
            agreed = isinstance(said, str) and said.strip() == "yes"
            consent = getattr(got.report, f"consent_{name}")
            assert agreed or consent is not ConsentStatus.GIVEN


@unhurried
@given(st.sampled_from(FORM), ANYTHING)
def test_one_odd_answer_does_not_lose_the_item(key: str, answer: Any) -> None:
    assert read({**PLAIN, key: answer}, 0, NOW).report is not None


def test_answers_nested_to_any_depth_are_kept_out_and_told() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    got = reading(narrative=deep, _uuid=None)
    assert told(got) == [("group_account/narrative", "not_text")]


# The file


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "export.json"
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "content",
    [
        '{"count": 1, "results": [1]}',
        "[1]",
        b"\xef\xbb\xbf[1]",
        "  [1]\n",
    ],
)
def test_an_answer_of_the_server_or_a_list_is_an_export(
    tmp_path: Path, content: str | bytes
) -> None:
    assert load(written(tmp_path, content)) == [1]


def test_an_export_may_hold_nothing(tmp_path: Path) -> None:
    assert load(written(tmp_path, '{"results": []}')) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        ("[1", "not JSON"),
        ("hello", "not JSON"),
        (b"[1]\x00", "not JSON"),
        (b"\x00\x00", "not JSON"),
        ("[1, 2]".encode("utf-16"), "not UTF-8"),
        ('["é"]'.encode("latin-1"), "not UTF-8"),
        ("{}", "no submissions"),
        ('{"results": {}}', "no submissions"),
        ('{"results": null}', "no submissions"),
        ("null", "no submissions"),
        ('"text"', "no submissions"),
        ("5", "no submissions"),
        ("[" * 100_000, "nested"),
        ("[" * 100_000 + "]" * 100_000, "nested"),
    ],
)
def test_a_file_that_is_no_export_says_why(
    tmp_path: Path, content: str | bytes, why: str
) -> None:
    with pytest.raises(Unreadable, match=why):
        load(written(tmp_path, content))


def test_a_file_that_is_not_there_or_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no such file"):
        load(tmp_path / "missing.json")
    with pytest.raises(Unreadable, match="cannot be opened: Is a directory"):
        load(tmp_path)
    with pytest.raises(Unreadable, match="cannot be opened"):
        load("a\x00b")


def test_a_file_beyond_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casework.cfm.export.MOST_BYTES", 10)
    with pytest.raises(Unreadable, match="larger"):
        load(written(tmp_path, "[1, 2, 3, 4, 5]"))


@pytest.mark.parametrize(
    "odd", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, '"\\ud800"', '"\x01"']
)
@pytest.mark.parametrize("key", ["_id", "group_people/affected_count", "start"])
def test_odd_numbers_and_letters_lose_neither_file_nor_item(
    tmp_path: Path, odd: str, key: str
) -> None:
    content = json.dumps([{**PLAIN, key: "@"}]).replace('"@"', odd)
    [item] = load(written(tmp_path, content))
    check(read(item, 0, NOW))


def test_every_fault_says_in_plain_words_what_it_is() -> None:
    assert all(fault.label for fault in Fault)
