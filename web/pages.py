"""Every page of the program: the blueprints, and the steps of each package."""

from auth.steps import STEPS as AUTH
from auth.views import blueprint as auth
from casework.steps.every import STEPS as CASEWORK
from casework.steps.handing import STEPS as HANDING
from casework.submission_steps import STEPS as SUBMISSIONS
from casework.views import cases, emergencies, imports
from casework.views.blueprint import blueprint as casework
from referrals.steps import STEPS as REFERRALS
from referrals.views import blueprint as referrals
from stats.views import blueprint as stats
from web.signing import blueprint as signing

BLUEPRINTS = (signing, auth, casework, referrals, stats)
# A package above may put its own command behind a step of one below.
_BY_ENDPOINT = {
    step.endpoint: step
    for step in (*AUTH, *CASEWORK, *HANDING, *SUBMISSIONS, *REFERRALS)
}
STEPS = tuple(_BY_ENDPOINT.values())
VIEWS = (cases, emergencies, imports)
