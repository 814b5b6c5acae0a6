"""Every page of the program: the blueprints, and the steps of each package."""

from referrals.steps import STEPS as REFERRALS
from referrals.views import blueprint as referrals

from auth.steps import STEPS as AUTH
from auth.views import blueprint as auth
from casework.steps import STEPS as CASEWORK
from casework.views import blueprint as casework
from stats.views import blueprint as stats
from web.signing import blueprint as signing

BLUEPRINTS = (signing, auth, casework, referrals, stats)
STEPS = (*AUTH, *CASEWORK, *REFERRALS)
