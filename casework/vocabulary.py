"""The words that records are coded with, and what each is called in English."""

from enum import StrEnum
from typing import Self

from core.text import N_


class Word(StrEnum):
    """A code that is stored, and `label`, its plain English to be translated."""

    label: str

    def __new__(cls, code: str, label: str = "") -> Self:
        """The word for a code; `label` is given where the word is made."""
        word = str.__new__(cls, code)
        word._value_, word.label = code, label
        return word

    @classmethod
    def labels(cls) -> dict[str, str]:
        """What each code is called, in the order given here."""
        return {word.value: word.label for word in cls}


class Kind(Word):
    """What a report is about. `other_misconduct` is not sexual misconduct."""

    SEXUAL_EXPLOITATION = "sexual_exploitation", N_("Sexual exploitation")
    SEXUAL_ABUSE = "sexual_abuse", N_("Sexual abuse")
    SEXUAL_HARASSMENT = "sexual_harassment", N_("Sexual harassment")
    OTHER_SEXUAL_MISCONDUCT = "other_sexual_misconduct", N_("Other sexual misconduct")
    RETALIATION = "retaliation", N_("Retaliation")
    UNSURE = "unsure", N_("Not sure yet")
    NOT_PSEAH = "not_pseah", N_("Not sexual misconduct")
    OTHER_MISCONDUCT = "other_misconduct", N_("Other misconduct, not sexual")


class PersonnelCategory(Word):
    """For whom the person complained of works."""

    STAFF = "staff", N_("Staff")
    CONSULTANT_OR_INTERN = "consultant_or_intern", N_("Consultant or intern")
    UN_VOLUNTEER = "un_volunteer", N_("UN volunteer")
    DAILY_WORKER = "daily_worker", N_("Daily worker")
    THIRD_PARTY_CONTRACTOR = "third_party_contractor", N_("Contractor’s employee")
    IMPLEMENTING_PARTNER = "implementing_partner", N_("Implementing partner")
    SERVICE_PROVIDER = "service_provider", N_("Service provider")
    GOVERNMENT = "government", N_("Government")
    MILITARY_OR_POLICE = "military_or_police", N_("Military or police")
    OTHER_AGENCY = "other_agency", N_("Another agency")
    UNKNOWN = "unknown", N_("Not known: to be followed up")


class AffectedAs(Word):
    """An affected person as published."""

    WOMAN = "woman", N_("Woman")
    MAN = "man", N_("Man")
    GIRL = "girl", N_("Girl")
    BOY = "boy", N_("Boy")
    ADULT = "adult", N_("Adult")
    CHILD = "child", N_("Child")
    UNKNOWN = "unknown", N_("Not known")


class AgeBand(Word):
    """Ages in years, both ends included.

    `under_12`, `12_17` and `18_59` are coarse: forms ask no closer, and a closer
    band would be invented.
    """

    FROM_0_TO_5 = "0_5", N_("0 to 5")
    FROM_6_TO_11 = "6_11", N_("6 to 11")
    FROM_12_TO_14 = "12_14", N_("12 to 14")
    FROM_15_TO_17 = "15_17", N_("15 to 17")
    FROM_18_TO_24 = "18_24", N_("18 to 24")
    FROM_25_TO_59 = "25_59", N_("25 to 59")
    FROM_60 = "60_plus", N_("60 or older")
    UNKNOWN = "unknown", N_("Not known")
    UNDER_12 = "under_12", N_("Under 12, not asked closer")
    FROM_12_TO_17 = "12_17", N_("12 to 17, not asked closer")
    FROM_18_TO_59 = "18_59", N_("18 to 59, not asked closer")


class Sex(Word):
    """As people say it of themselves or others."""

    FEMALE = "female", N_("Female")
    MALE = "male", N_("Male")
    OTHER = "other", N_("Other")
    UNKNOWN = "unknown", N_("Not known")


class Channel(Word):
    """How a report came in."""

    HOTLINE = "hotline", N_("Hotline")
    EMAIL = "email", N_("E-mail")
    IN_PERSON = "in_person", N_("In person")
    COMMUNITY_ASSISTANT = "community_assistant", N_("Community assistant")
    COMPLAINT_BOX = "complaint_box", N_("Complaint box")
    SMS = "sms", N_("Text message")
    WEB = "web", N_("Web form")
    SAFE_SPACE = "safe_space", N_("Safe space")
    PARTNER = "partner", N_("Partner")
    OTHER_AGENCY = "other_agency", N_("Another agency")
    FOCAL_POINT = "focal_point", N_("Focal point")


class Language(Word):
    """In which a report was made."""

    ENGLISH = "en", N_("English")
    FRENCH = "fr", N_("French")
    SPANISH = "es", N_("Spanish")
    ARABIC = "ar", N_("Arabic")
    UKRAINIAN = "uk", N_("Ukrainian")
    AMHARIC = "am", N_("Amharic")
    OTHER = "other", N_("Another language")


class ReporterKind(Word):
    """Who reports."""

    AFFECTED_PERSON = "affected_person", N_("The affected person")
    WITNESS = "witness", N_("A witness")
    COMMUNITY_MEMBER = "community_member", N_("Somebody of the community")
    STAFF = "staff", N_("Staff")
    PARTNER_STAFF = "partner_staff", N_("Staff of a partner")
    UNKNOWN = "unknown", N_("Not known")


class Precision(Word):
    """How closely the time of an incident is known."""

    EXACT = "exact", N_("Day and time are known")
    DAY = "day", N_("Only the day is known")
    MONTH = "month", N_("Only the month is known")
    UNKNOWN = "unknown", N_("Not known")


class YesNoUnknown(Word):
    """An answer that may be missing, and says so."""

    YES = "yes", N_("Yes")
    NO = "no", N_("No")
    UNKNOWN = "unknown", N_("Not known")


class ReferredAnswer(Word):
    """Whether somebody was already referred to services."""

    YES = "yes", N_("Yes")
    NO = "no", N_("No")
    DECLINED = "declined", N_("Offered and declined")
    UNKNOWN = "unknown", N_("Not known")


class SubjectKnown(Word):
    """What is known of the person complained of."""

    NAME = "name", N_("By name")
    DESCRIPTION = "description", N_("By description")
    NO = "no", N_("No")


class Finding(Word):
    """What an investigation found."""

    SUBSTANTIATED = "substantiated", N_("Substantiated")
    UNSUBSTANTIATED = (
        "unsubstantiated",
        N_("Unsubstantiated: this does not mean that it did not happen"),
    )
    INSUFFICIENT_INFORMATION = "insufficient_information", N_("Not enough information")
    NOT_INVESTIGATED = "not_investigated", N_("Not investigated")
    REFERRED = "referred", N_("Referred to another entity")


class PublicStatus(Word):
    """The status that the United Nations publishes."""

    PRELIMINARY_ASSESSMENT = "preliminary_assessment", N_("Preliminary assessment")
    UNDER_REVIEW_LIMITED_INFO = "under_review_limited_info", N_("Limited information")
    UNDER_INVESTIGATION = "under_investigation", N_("Under investigation")
    PENDING_OTHER_ENTITY = "pending_other_entity", N_("Pending with another entity")
    SUBSTANTIATED = "substantiated", N_("Substantiated")
    NOT_SUBSTANTIATED = "not_substantiated", N_("Not substantiated")
    CLOSED_OTHER = "closed_other", N_("Closed for another reason")


class ClosureReason(Word):
    """Why a case is closed."""

    OUTCOME_DECIDED = "outcome_decided", N_("The outcome is decided")
    INFORMAL_RESOLUTION = "informal_resolution", N_("Resolved informally")
    HANDED_TO_OTHER_ENTITY = "handed_to_other_entity", N_("Handed to another entity")
    INSUFFICIENT_INFORMATION = "insufficient_information", N_("Not enough information")
    SURVIVOR_REQUEST = "survivor_request", N_("The survivor asked for it")
    OUTSIDE_SCOPE = "outside_scope", N_("Outside the scope")
    DUPLICATE = "duplicate", N_("Duplicate")


class DisciplinaryMeasure(Word):
    """What follows for the person complained of."""

    DISMISSAL = "dismissal", N_("Dismissal")
    SEPARATION = "separation", N_("Separation from service")
    NON_RENEWAL = "non_renewal", N_("Contract not renewed")
    DEMOTION = "demotion", N_("Demotion")
    FINE = "fine", N_("Fine")
    CENSURE = "censure", N_("Censure")
    CONTRACT_TERMINATED = "contract_terminated", N_("Contract terminated")
    PARTNER_AGREEMENT_ENDED = "partner_agreement_ended", N_("Partner agreement ended")
    BARRED_FROM_REHIRE = "barred_from_rehire", N_("Barred from being hired again")
    CRIMINAL_REFERRAL = "criminal_referral", N_("Referred to criminal justice")
    NONE = "none", N_("No measure")


class InterimMeasure(Word):
    """What protects people until a decision."""

    ADMINISTRATIVE_LEAVE = "administrative_leave", N_("Administrative leave")
    REASSIGNMENT = "reassignment", N_("Reassignment")
    NO_CONTACT = "no_contact", N_("No contact")
    REMOVED_FROM_FRONTLINE = "removed_from_frontline", N_("Moved off the frontline")
    REMOTE_WORK_FOR_SURVIVOR = "remote_work_for_survivor", N_("Survivor works remotely")
    SUSPENSION_OF_CONTRACT = "suspension_of_contract", N_("Contract suspended")
    SECURITY_ESCORT = "security_escort", N_("Security escort")
    NONE_NEEDED = "none_needed", N_("None needed")


class NeedType(Word):
    """What a survivor may need, and what a service offers."""

    SAFETY = "safety", N_("Safety")
    MEDICAL = "medical", N_("Medical care")
    MENTAL_HEALTH_PSYCHOSOCIAL = (
        "mental_health_psychosocial",
        N_("Psychosocial support"),
    )
    LEGAL = "legal", N_("Legal aid")
    BASIC_MATERIAL = "basic_material", N_("Basic material support")
    EDUCATION = "education", N_("Education")
    SHELTER = "shelter", N_("Shelter")
    CHILD_PROTECTION = "child_protection", N_("Child protection")
    CHILD_BORN_OF_SEA = "child_born_of_sea", N_("Support for a child born of abuse")
    STAFF_WELFARE = "staff_welfare", N_("Staff welfare")
    INTERPRETATION = "interpretation", N_("Interpretation")
    TRANSPORT = "transport", N_("Transport")


class NeedAnswer(Word):
    """What was done about a need."""

    REFERRED = "referred", N_("Referred to a service")
    PROVIDED_HERE = "provided_here", N_("Provided here")
    ALREADY_RECEIVING = "already_receiving", N_("Already receiving it")
    NOT_NEEDED = "not_needed", N_("Not needed")
    DECLINED = "declined", N_("Declined")
    NOT_AVAILABLE = "not_available", N_("Not available")


class ConsentPurpose(Word):
    """What a person is asked to agree to."""

    RECORD_KEEPING = "record_keeping", N_("Keeping a record")
    SERVICE_REFERRAL = "service_referral", N_("Referral to services")
    SHARE_IDENTITY_WITH_INVESTIGATORS = (
        "share_identity_with_investigators",
        N_("Telling the investigators who she or he is"),
    )
    SHARE_WITH_AGENCY = "share_with_agency", N_("Sharing with another agency")
    RECONTACT = "recontact", N_("Being contacted again")
    STATISTICS = "statistics", N_("Counting in statistics")
    NATIONAL_AUTHORITIES = "national_authorities", N_("Informing national authorities")


class ConsentStatus(Word):
    """`not_yet_asked` is the default everywhere."""

    NOT_YET_ASKED = "not_yet_asked", N_("Not yet asked")
    GIVEN = "given", N_("Given")
    REFUSED = "refused", N_("Refused")
    WITHDRAWN = "withdrawn", N_("Withdrawn")
    EXPIRED = "expired", N_("Expired")


class ConsentGivenBy(Word):
    """Who agreed."""

    SELF = "self", N_("The person herself or himself")
    CAREGIVER = "caregiver", N_("Caregiver")
    OTHER_TRUSTED_ADULT = "other_trusted_adult", N_("Another trusted adult")
    GUARDIAN = "guardian", N_("Guardian")


class ReferralStatus(Word):
    """Where a referral stands."""

    DRAFT = "draft", N_("Draft")
    SENT = "sent", N_("Sent")
    RECEIVED = "received", N_("Received")
    ACCEPTED = "accepted", N_("Accepted")
    IN_PROGRESS = "in_progress", N_("In progress")
    COMPLETED = "completed", N_("Completed")
    REJECTED = "rejected", N_("Rejected")
    REVOKED = "revoked", N_("Revoked")
    CONSENT_WITHDRAWN = "consent_withdrawn", N_("Consent withdrawn")
    EXPIRED = "expired", N_("Expired")
    ENTERED_IN_ERROR = "entered_in_error", N_("Entered in error")


class ReferralOutcome(Word):
    """What a completed referral came to."""

    RECEIVED = "received", N_("Received")
    PARTLY_RECEIVED = "partly_received", N_("Partly received")
    NOT_REACHED = "not_reached", N_("Not reached")
    DECLINED_BY_SURVIVOR = "declined_by_survivor", N_("Declined by the survivor")
    UNAVAILABLE = "unavailable", N_("Not available")
    UNSAFE = "unsafe", N_("Not safe")


class Road(Word):
    """What an assessment decides: where the case goes next."""

    INVESTIGATION = "investigation", N_("Open an investigation")
    PARTNER_INVESTIGATION = "partner_investigation", N_("Partner’s investigation")
    INFORMAL = "informal", N_("Informal resolution, by the survivor’s choice")
    LEGAL_REVIEW = "legal_review", N_("Legal review")
    CLOSED = "closed", N_("Close")


SET_ASIDE = frozenset({Kind.NOT_PSEAH, Kind.OTHER_MISCONDUCT})
CHILDREN = frozenset(
    AgeBand(code) for code in ("0_5", "6_11", "under_12", "12_14", "15_17", "12_17")
)
_CHILD_AS = {Sex.FEMALE: AffectedAs.GIRL, Sex.MALE: AffectedAs.BOY}
_ADULT_AS = {Sex.FEMALE: AffectedAs.WOMAN, Sex.MALE: AffectedAs.MAN}


def is_child(age: AgeBand) -> bool:
    """Whether everybody in the band is under 18."""
    return age in CHILDREN


def affected_as(age: AgeBand, sex: Sex) -> AffectedAs:
    """The published category; unknown where the age is."""
    if age is AgeBand.UNKNOWN:
        return AffectedAs.UNKNOWN
    if is_child(age):
        return _CHILD_AS.get(sex, AffectedAs.CHILD)
    return _ADULT_AS.get(sex, AffectedAs.ADULT)
