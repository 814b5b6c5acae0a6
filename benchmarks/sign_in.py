"""One sign-in at the price that a password guess has in use."""

import secrets

from auth.accounts import create_person
from auth.credentials import lock_of, make_key
from auth.policy import Role
from auth.sessions import sign_in
from benchmarks.measure import WARM_UP, Result, described, timed
from benchmarks.world import PASSWORD, World
from vault import server_keys
from vault.crypto import Cost, stretch

GOAL = 400.0
TURNS = 40
NAME = "at-full-price"


def run(world: World) -> Result:
    """Sign in with the right password, and derive the same key alone beside it."""
    pepper, cost, salt = server_keys.pepper(), Cost(), secrets.token_bytes(16)
    with world.setting_up():
        person = create_person(NAME, NAME, [Role.FOCAL_POINT])
        make_key(person.id, lock_of(PASSWORD, pepper, cost))
    whole, alone = [], []
    for _ in range(WARM_UP + TURNS):
        whole.append(timed(lambda: sign_in(NAME, PASSWORD, pepper)))
        alone.append(timed(lambda: stretch(PASSWORD, salt, pepper, cost)))
    whole, alone = whole[WARM_UP:], alone[WARM_UP:]
    share = sum(alone) / sum(whole)
    detail = (
        f"milliseconds, not a ratio: a sign-in {described(whole)}; Argon2id alone"
        f" ({cost.memory // 1024} MiB, {cost.iterations} passes, {cost.lanes} lanes)"
        f" {described(alone)}, {share:.0%} of it"
    )
    middle = sorted(whole)[len(whole) // 2]
    return Result("sign_in", round(middle, 1), GOAL, detail)
