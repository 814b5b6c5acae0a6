"""One item of an export becomes a report, with everything that is wrong with it.

No item raises and no item is lost: an answer that cannot be used is noted, kept as
it was written, and stands as unknown. Consent never defaults to yes.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from casework.cfm.answers import LINE, LINES, Answers, in_utc, is_blank, parsed
from casework.cfm.incident import incident, instant
from casework.cfm.people import affected, attachments
from casework.cfm.report import Fault, IncomingReport, Problem, Reading
from casework.cfm.same import fingerprint, submission_key
from casework.vocabulary import (
    Channel,
    Kind,
    Language,
    NeedType,
    PersonnelCategory,
    ReferredAnswer,
    ReporterKind,
    SubjectKnown,
    YesNoUnknown,
)
from core.times import CLOCK_SKEW

OFFICES = {
    "NBO": ZoneInfo("Africa/Nairobi"),
    "COX": ZoneInfo("Asia/Dhaka"),
    "BOG": ZoneInfo("America/Bogota"),
    "AMM": ZoneInfo("Asia/Amman"),
    "BEY": ZoneInfo("Asia/Beirut"),
    "KYV": ZoneInfo("Europe/Kyiv"),
    "DKR": ZoneInfo("Africa/Dakar"),
    "GVA": ZoneInfo("Europe/Zurich"),
}
CHANNELS = (
    "hotline email in_person community_assistant complaint_box sms safe_space partner"
)
LANGUAGES = "en fr es ar uk am other"
REPORTERS = "affected_person witness community_member staff partner_staff"
KINDS = (
    "sexual_exploitation sexual_abuse sexual_harassment other_misconduct unsure"
    " not_pseah"
)
SERVICES = (
    "safety medical mental_health_psychosocial legal basic_material shelter"
    " child_protection"
)
CATEGORIES = (
    "staff consultant_or_intern daily_worker third_party_contractor"
    " implementing_partner service_provider government unknown"
)
YES_NO_UNKNOWN = "yes no unknown"
REFERRED = "yes no declined unknown"
KNOWN = "name description no"
# Who brought it, and what may be done with it, is not yet a report.
NOT_A_REPORT = ("group_intake/", "group_consent/")
ITEM = "item"
YEAR = timedelta(days=366)


def read(item: Any, index: int, now: datetime) -> Reading:
    """What item number `index` says, read at `now`, the aware time of the import."""
    if not isinstance(item, dict):
        return _rejected(item, index, Fault.NOT_AN_OBJECT)
    if not _is_report(item):
        return _rejected(item, index, Fault.NOTHING_USABLE)
    answers = Answers(item)
    report = _report(answers, item, now.astimezone(UTC))
    return _reading(item, index, answers.problems, report)


def _reading(
    item: Any,
    index: int,
    problems: tuple[Problem, ...],
    report: IncomingReport | None,
) -> Reading:
    return Reading(
        id=_id(item, index),
        key=submission_key(item),
        digest=fingerprint(_answered(item)),
        problems=problems,
        report=report,
    )


def _rejected(item: Any, index: int, fault: Fault) -> Reading:
    return _reading(item, index, (Problem(ITEM, fault),), None)


def _id(item: Any, index: int) -> int | str:
    given = item.get("_id") if isinstance(item, dict) else None
    if type(given) is int or (isinstance(given, str) and given.strip()):
        return given
    return f"index:{index}"


def _answered(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {
        key: value
        for key, value in item.items()
        if key.startswith("group_") and not is_blank(value)
    }


def _is_report(item: dict[str, Any]) -> bool:
    return any(not key.startswith(NOT_A_REPORT) for key in _answered(item))


def _report(ask: Answers, item: Mapping[str, Any], now: datetime) -> IncomingReport:
    office = ask.office("group_intake/office", OFFICES)
    zone = OFFICES.get(office or "")
    sent_at = in_utc(parsed(item.get("_submission_time")))
    now = _latest(now, sent_at)
    received_at = _received_at(ask, zone, now, sent_at)
    answers = {
        **_intake(ask),
        **_reporter(ask),
        **_concern(ask),
        **incident(ask, zone, received_at, now),
        **affected(ask),
        **_services(ask),
        **_consents(ask),
        **_subject(ask),
        "narrative": ask.narrative("group_account/narrative"),
        "attachments": attachments(ask),
    }
    ask.note_unasked("group_")
    return IncomingReport(
        office=office, received_at=received_at, as_written=ask.as_written, **answers
    )


def _latest(now: datetime, sent_at: datetime | None) -> datetime:
    # The server that took the submission may be right where our own clock is slow.
    return sent_at if sent_at and now < sent_at < now + YEAR else now


def _received_at(
    ask: Answers, zone: tzinfo | None, now: datetime, sent_at: datetime | None
) -> datetime:
    field = "group_intake/received_at"
    when = ask.when(field, required=True)
    # The start of the day, in doubt: a clock then ends early rather than late.
    at = instant(ask, field, when, zone or UTC)
    if at is not None and at > now + CLOCK_SKEW:
        ask.note(field, Fault.FUTURE_DATE, keep=ask.raw(field))
        at = None
    return at or min(sent_at or now, now)


def _intake(ask: Answers) -> dict[str, Any]:
    return {
        "site": ask.text("group_intake/site"),
        "channel": ask.code("group_intake/channel", Channel, CHANNELS),
        "language": ask.code("group_intake/language", Language, LANGUAGES),
    }


def _reporter(ask: Answers) -> dict[str, Any]:
    field = "group_reporter/name"
    who = ask.code("group_reporter/who", ReporterKind, REPORTERS)
    named = ask.raw(field) is not None
    anonymous = _is_anonymous(ask, named)
    if anonymous and named:
        # The wish wins: the name is kept nowhere, and the office can ask again.
        ask.note(field, Fault.NAME_THOUGH_ANONYMOUS)
    return {
        "reporter_kind": who or ReporterKind.UNKNOWN,
        "anonymous": anonymous,
        "reporter_name": None if anonymous else ask.text(field),
        "safe_contact": ask.text("group_reporter/safe_contact", LINES),
    }


def _is_anonymous(ask: Answers, named: bool) -> bool:
    field = "group_reporter/anonymous"
    said = ask.code(field, YesNoUnknown, "yes no")
    if said is YesNoUnknown.NO:
        return False
    # The form asks for a name only where anonymity is not wished.
    return ask.has(field) or not named


def _concern(ask: Answers) -> dict[str, Any]:
    return {
        "kind": ask.code("group_concern/kind", Kind, KINDS) or Kind.UNSURE,
        "place": ask.text("group_concern/place"),
        "danger": _maybe(ask, "group_concern/immediate_danger"),
    }


def _maybe(ask: Answers, field: str) -> YesNoUnknown:
    answer = ask.code(field, YesNoUnknown, YES_NO_UNKNOWN)
    return answer or YesNoUnknown.UNKNOWN


def _services(ask: Answers) -> dict[str, Any]:
    field = "group_services/services"
    said = ask.code("group_services/already_referred", ReferredAnswer, REFERRED)
    if ask.has(field) and said not in (None, ReferredAnswer.YES):
        ask.note(field, Fault.UNEXPECTED_ANSWER)
    return {
        "medical_needed": _maybe(ask, "group_services/medical_needed"),
        "already_referred": said or ReferredAnswer.UNKNOWN,
        "services": ask.codes(field, NeedType, SERVICES),
    }


def _consents(ask: Answers) -> dict[str, Any]:
    names = ("share_identity", "referral", "statistics")
    return {f"consent_{name}": ask.consent(f"group_consent/{name}") for name in names}


def _subject(ask: Answers) -> dict[str, Any]:
    said = ask.code("group_subject/known", SubjectKnown, KNOWN)
    category = ask.code("group_subject/category", PersonnelCategory, CATEGORIES)
    name = _if_known(ask, SubjectKnown.NAME, said, LINE)
    description = _if_known(ask, SubjectKnown.DESCRIPTION, said, LINES)
    return {
        "subject_known": _known(name, description),
        "subject_name": name,
        "subject_description": description,
        "subject_category": category or PersonnelCategory.UNKNOWN,
        "subject_employer": ask.text("group_subject/employer"),
    }


def _if_known(
    ask: Answers, part: SubjectKnown, said: SubjectKnown | None, limit: int
) -> str | None:
    field = f"group_subject/{part}"
    if said is part and not ask.has(field):
        ask.note(field, Fault.MISSING)
    if said not in (part, None) and ask.has(field):
        ask.note(field, Fault.UNEXPECTED_ANSWER)
    return ask.text(field, limit)


def _known(name: str | None, description: str | None) -> SubjectKnown:
    if name:
        return SubjectKnown.NAME
    return SubjectKnown.DESCRIPTION if description else SubjectKnown.NO
