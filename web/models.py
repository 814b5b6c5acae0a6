"""Every mapped class, imported in one place: migrations and row security need all."""

from auth import models as auth_models
from casework.models import case, emergency, progress
from core import audit
from referrals import models as referral_models
from vault import models as vault_models

MODELS = (
    auth_models,
    case,
    emergency,
    progress,
    audit,
    referral_models,
    vault_models,
)
