"""Words for events, reasons, roles, standings and compartments."""

from collections.abc import Mapping

from auth.policy import Compartment, Standing
from auth.words import DESK_KINDS, ROLES
from core.events import Event
from core.text import N_

EVENTS: Mapping[str, str] = {
    Event.REPORT_RECEIVED: N_("Report received"),
    Event.CASE_REGISTERED: N_("Case registered"),
    Event.REPORT_ACKNOWLEDGED: N_("Receipt acknowledged to the reporter"),
    Event.FEEDBACK_GIVEN: N_("Feedback given to the reporter"),
    Event.SAFETY_TRIAGED: N_("Immediate safety and needs assessed"),
    Event.HANDED_OVER: N_("Intake finished and handed over"),
    Event.CONFLICT_DECLARED: N_("A conflict of interest was declared"),
    Event.PERSON_BARRED: N_("A person was barred"),
    Event.CASE_ASSIGNED: N_("Assigned to an investigator"),
    Event.CASE_RECEIVED: N_("Received by the investigation desk"),
    Event.CASE_TAKEN: N_("Taken by an investigator"),
    Event.REFERRAL_CONFIRMED: N_("Investigators confirmed the referral"),
    Event.ASSESSMENT_DECIDED: N_("Assessment decided"),
    Event.INVESTIGATION_OPENED: N_("Investigation opened"),
    Event.NOTE_ADDED: N_("Note added to the investigation"),
    Event.REPORT_ISSUED: N_("Report of investigation issued"),
    Event.PARTNER_HANDED: N_("Handed to the partner’s investigators"),
    Event.PARTNER_ACCEPTED: N_("Partner accepted the case"),
    Event.PARTNER_PROGRESSED: N_("Partner reported progress"),
    Event.PARTNER_REPORTED: N_("Partner’s report received"),
    Event.INFORMAL_CHOSEN: N_("Informal road chosen"),
    Event.MEASURE_TAKEN: N_("Interim measure taken"),
    Event.MEASURE_REVIEWED: N_("Interim measure reviewed"),
    Event.MEASURE_ENDED: N_("Interim measure ended"),
    Event.LEGAL_RECEIVED: N_("Received by Legal"),
    Event.DECISION_RECORDED: N_("Decision recorded"),
    Event.CASE_CLOSED: N_("Case closed"),
    Event.CASE_REOPENED: N_("Case reopened"),
    Event.SURVIVOR_RECORDED: N_("Survivor recorded"),
    Event.CARE_ACCEPTED: N_("Care officer accepted"),
    Event.ASSISTANCE_OFFERED: N_("Assistance offered"),
    Event.HIV_CARE_SETTLED: N_("Care after exposure to HIV received or declined"),
    Event.CONTRACEPTION_SETTLED: N_("Emergency contraception received or declined"),
    Event.CONSENT_RECORDED: N_("Consent decision recorded"),
    Event.RECONTACT_AGREED: N_("Agreed to be contacted"),
    Event.RECONTACT_ENDED: N_("No longer to be contacted"),
    Event.NEED_RECORDED: N_("Need recorded"),
    Event.CARE_NOTED: N_("Care note added"),
    Event.SURVIVOR_UPDATED: N_("Survivor updated"),
    Event.OUTCOME_DUE: N_("Outcome due to be told"),
    Event.OUTCOME_TOLD: N_("Outcome told to the survivor"),
    Event.REFERRAL_SENT: N_("Referral sent"),
    Event.REFERRAL_ACCEPTED: N_("Referral accepted"),
    Event.REFERRAL_REJECTED: N_("Referral rejected"),
    Event.REFERRAL_REACHED: N_("Service reached"),
    Event.REFERRAL_COMPLETED: N_("Service completed"),
    Event.REFERRAL_WITHDRAWN: N_("Referral withdrawn"),
    Event.CLOCK_BREACHED: N_("A time limit passed"),
    Event.CLOCK_EXTENDED: N_("A time limit was extended"),
    Event.CLOCK_PAUSED: N_("A time limit was paused"),
    Event.CLOCK_RESUMED: N_("A time limit runs again"),
}

REASONS: Mapping[str, str] = {
    "routed": N_("The office’s cases go to this desk"),
    "logged_it": N_("Logged the report"),
    "recognised_account": N_("Named in the report"),
    "took_it": N_("Took the case"),
    "assigned": N_("The lead assigned the case"),
    "accepted_care": N_("Is the survivor’s care officer"),
    "handed_to_partner": N_("The partner investigates"),
    "sent_to_legal": N_("Sent to Legal"),
    "referred": N_("Referred to this service"),
    "named_in_it": N_("Is named in the case"),
    "close_to_someone": N_("Is close to someone named in the case"),
    "works_with_someone": N_("Works with someone named in the case"),
    "supported_survivor": N_("Supports the survivor"),
    "other_conflict": N_("Another conflict of interest"),
}

STANDINGS: Mapping[str, str] = {
    Standing.INTAKE: N_("Intake"),
    Standing.LEAD: N_("Lead"),
    Standing.INVESTIGATOR: N_("Investigator"),
    Standing.PARTNER_INVESTIGATOR: N_("Partner’s investigator"),
    Standing.CARE_OFFICER: N_("Care officer"),
    Standing.LEGAL_OFFICER: N_("Legal officer"),
    Standing.ETHICS_OFFICER: N_("Ethics officer"),
    Standing.PROVIDER: N_("Service provider"),
    Standing.BARRED: N_("Barred"),
}

COMPARTMENTS: Mapping[str, str] = {
    Compartment.REPORT: N_("The report as received"),
    Compartment.THREAD: N_("Exchange with the reporter"),
    Compartment.SURVIVOR: N_("Who the survivor is"),
    Compartment.SUBJECT: N_("Who is complained of"),
    Compartment.CARE: N_("Care"),
    Compartment.INVESTIGATION: N_("Investigation file"),
    Compartment.FINAL: N_("Findings and decision"),
    Compartment.REFERRAL: N_("What the provider is told"),
}

POLICY: Mapping[str, dict[str, str]] = {
    "Role": dict(ROLES),
    "Standing": dict(STANDINGS),
    "DeskKind": dict(DESK_KINDS),
    "Compartment": dict(COMPARTMENTS),
}
