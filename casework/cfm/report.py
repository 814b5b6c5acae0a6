"""What one submission of the complaint form says, in our own words and types."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from casework.vocabulary import (
    SET_ASIDE,
    AffectedAs,
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
    Word,
    YesNoUnknown,
    affected_as,
    is_child,
)
from core.text import N_

CLINICAL = timedelta(hours=72)


class Fault(Word):
    """What can be wrong with an answer, and what was done about it."""

    MISSING = "missing", N_("Not answered, though it is asked of everybody")
    UNKNOWN_CODE = "unknown_code", N_("Not one of the form’s answers")
    UNKNOWN_FIELD = "unknown_field", N_("Not a question of the form")
    UNEXPECTED_ANSWER = "unexpected_answer", N_("Another answer rules this one out")
    UNEXPECTED_SHAPE = "unexpected_shape", N_("Not built as the form builds it")
    CONTROL_CHARACTERS = "control_characters", N_("Hidden characters were taken out")
    NOT_TEXT = "not_text", N_("Not text")
    TOO_LONG = "too_long", N_("Longer than the form allows")
    CUT_SHORT = "cut_short", N_("Far too long: the end was not kept")
    NOT_A_NUMBER = "not_a_number", N_("Not a whole number")
    NEGATIVE = "negative", N_("Less than nothing")
    TOO_LARGE = "too_large", N_("Too large a number")
    TOO_MANY = "too_many", N_("More people than the form allows")
    COUNT_MISMATCH = "count_mismatch", N_("Not the number of people described")
    NOT_A_DATE = "not_a_date", N_("Not a date")
    IMPOSSIBLE_DATE = "impossible_date", N_("A date or time that does not exist")
    BEFORE_1950 = "before_1950", N_("Before 1950")
    FUTURE_DATE = "future_date", N_("In the future")
    INCIDENT_AFTER_RECEIPT = "incident_after_receipt", N_("Later than the report")
    MISSING_TIME = "missing_time", N_("A day without a time")
    MISSING_OFFSET = "missing_offset", N_("A time without its offset from UTC")
    NAME_THOUGH_ANONYMOUS = (
        "name_though_anonymous",
        N_("A name beside the wish to stay anonymous: it was not kept"),
    )
    NOT_AN_OBJECT = "not_an_object", N_("Not a submission")
    NOTHING_USABLE = "nothing_usable", N_("Nothing of a report is answered")
    CONTENT_DIFFERS = "content_differs", N_("Delivered again with other answers")
    NO_DESK = "no_desk", N_("No desk takes this office’s reports: sent to another’s")
    NOT_FILED = "not_filed", N_("Could not be filed as it is: kept for a decision")


@dataclass(frozen=True)
class Problem:
    """Something the operator must be told; `field` is the export's own key."""

    field: str
    problem: Fault


@dataclass(frozen=True)
class Affected:
    """One affected person; who it is, is not asked."""

    age: AgeBand
    sex: Sex
    disability: YesNoUnknown
    on_the_move: YesNoUnknown
    leaving_on: date | None

    @property
    def is_child(self) -> bool:
        """Whether she or he is under 18."""
        return is_child(self.age)

    @property
    def published_as(self) -> AffectedAs:
        """The category that statistics show."""
        return affected_as(self.age, self.sex)


@dataclass(frozen=True)
class Attachments:
    """Files that the form's server holds; they are not in the export."""

    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class IncomingReport:
    """A submission as we file it. None and `unknown` stand for what was not usable.

    Times are aware UTC. `incident_at` is set only for a time that is exactly known;
    `incident_on` is the day then, the day alone, or the first of the month.
    `as_written` keeps, under the export's keys, answers that fitted nowhere else.
    """

    office: str | None
    site: str | None
    channel: Channel | None
    language: Language | None
    received_at: datetime
    reporter_kind: ReporterKind
    anonymous: bool
    reporter_name: str | None
    safe_contact: str | None
    kind: Kind
    precision: Precision
    incident_at: datetime | None
    incident_on: date | None
    place: str | None
    danger: YesNoUnknown
    people: tuple[Affected, ...]
    affected_count: int
    medical_needed: YesNoUnknown
    already_referred: ReferredAnswer
    services: tuple[NeedType, ...]
    consent_share_identity: ConsentStatus
    consent_referral: ConsentStatus
    consent_statistics: ConsentStatus
    subject_known: SubjectKnown
    subject_name: str | None
    subject_description: str | None
    subject_category: PersonnelCategory
    subject_employer: str | None
    narrative: str | None
    attachments: Attachments
    as_written: tuple[tuple[str, str], ...]

    @property
    def is_pseah(self) -> bool:
        """Whether it counts as PSEAH until a person decides; `unsure` does."""
        return self.kind not in SET_ASIDE

    @property
    def has_child(self) -> bool:
        """Whether somebody affected is known to be under 18."""
        return any(person.is_child for person in self.people)

    @property
    def clinical_72h_open(self) -> bool:
        """Whether the 72 hours after an exactly known incident ran at receipt."""
        if self.incident_at is None:
            return False
        return timedelta(0) <= self.received_at - self.incident_at <= CLINICAL


@dataclass(frozen=True)
class Reading:
    """What became of one item. Without a `report` it is rejected.

    `id` is the export's `_id`, else `index:N`. `key` is equal for two deliveries of
    one submission; `digest` is equal where the answers are.
    """

    id: int | str
    key: str
    digest: str
    problems: tuple[Problem, ...]
    report: IncomingReport | None

    @property
    def set_aside(self) -> str | None:
        """Why it waits for a person's decision, if it does."""
        if self.report is None or self.report.is_pseah:
            return None
        return self.report.kind.value
