"""Steps of survivor care."""

from auth.policy import May
from casework.commands import care
from casework.schemas import care as forms
from casework.steps.making import case_step, just_now, of_survivor
from core.steps import Step, anytime
from core.text import N_

STEPS: tuple[Step, ...] = (
    case_step(
        "accept_care",
        N_("Become the survivor’s care officer"),
        May.ACCEPT_CARE,
        care.accept_care,
        of_survivor(forms.AcceptCare),
        when=anytime,
    ),
    case_step(
        "record_offer",
        N_("Record an offer of assistance"),
        May.CARE,
        care.record_offer,
        of_survivor(forms.RecordOffer),
        when=anytime,
    ),
    case_step(
        "record_clinical",
        N_("Record urgent medical care"),
        May.CARE,
        care.record_clinical,
        of_survivor(forms.RecordClinical),
        when=anytime,
    ),
    case_step(
        "record_consent",
        N_("Record a consent decision"),
        May.RECORD_CONSENT,
        care.record_consent,
        of_survivor(forms.RecordConsent),
        when=anytime,
    ),
    case_step(
        "update_survivor",
        N_("Record an update to the survivor"),
        May.CARE,
        care.update_survivor,
        of_survivor(forms.UpdateSurvivor),
        when=anytime,
    ),
    case_step(
        "add_care_note",
        N_("Add a care note"),
        May.CARE,
        care.add_care_note,
        of_survivor(forms.AddCareNote),
        when=anytime,
    ),
    case_step(
        "tell_outcome",
        N_("Record that the outcome was told"),
        May.TELL_OUTCOME,
        care.tell_outcome,
        of_survivor(forms.TellOutcome),
        when=anytime,
        prefill=just_now,
    ),
)
