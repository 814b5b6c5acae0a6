"""Every step of casework, and which one a case's page offers first."""

from collections.abc import Mapping

from casework.queries.cases import CasePage, ClockView
from casework.steps import care, desk, emergency, inquiry, outcome, people
from core.steps import Step

ON_CASE = (
    *desk.STEPS,
    *inquiry.STEPS,
    *care.STEPS,
    *outcome.STEPS,
    *emergency.ON_CASE,
    *people.STEPS,
)
STEPS = (desk.LOG, emergency.BREAK_GLASS, *ON_CASE)
BY_NAME: Mapping[str, Step] = {step.name: step for step in STEPS}

# What meets a time limit; a case's page offers these first, the most pressing on top.
MEETS: Mapping[str, tuple[str, ...]] = {
    "safety.triage": ("record_triage",),
    "intake.acknowledge": ("acknowledge",),
    "reporter.feedback": ("give_feedback",),
    "care.assign": ("accept_care",),
    "care.offer": ("record_offer",),
    "care.clinical_72h": ("record_clinical",),
    "care.clinical_120h": ("record_clinical",),
    "survivor.update": ("update_survivor",),
    "survivor.outcome": ("tell_outcome",),
    "referral.confirm_by_investigator": ("confirm_referral",),
    "assess.decide": ("open_investigation", "hand_to_partner", "choose_informal"),
    "investigate.report": ("issue_report",),
    "investigate.report_urgent": ("issue_report",),
    "partner.accept": ("record_partner",),
    "partner.progress": ("record_partner",),
    "partner.report": ("issue_report",),
    "legal.decide": ("record_decision",),
    "protection.review": ("review_measure",),
    "emergency.review": ("review_emergency",),
}
FIRST, LAST = ("take_case", "assign_case"), ("hand_over",)
# Offered only while its time limit runs.
WITH_CLOCK = frozenset({"review_emergency"})


def next_steps(
    page: CasePage,
) -> tuple[list[tuple[Step, ClockView | None]], list[Step]]:
    """Return what presses, each with its time limit, and every other step."""
    case = page.case
    open_now = [
        step
        for step in ON_CASE
        if step.may in page.may
        and step.when(case)
        and (page.in_own_name or step.name != people.LEAVE)
    ]
    names = {step.name for step in open_now}
    first = () if case.taken_by else names.intersection(FIRST)
    pressing: dict[str, ClockView | None] = dict.fromkeys(first)
    for clock in filter(lambda each: each.open, page.clocks):
        for name in MEETS.get(clock.code, ()):
            if name in names:
                pressing.setdefault(name, clock)
    pressing.update(dict.fromkeys(names.intersection(LAST)))
    offered = [(BY_NAME[name], clock) for name, clock in pressing.items()]
    known = pressing.keys() | WITH_CLOCK
    return offered, [step for step in open_now if step.name not in known]
