"""Guessing passwords: the same work, the same words and the same wait for any name."""

import base64
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from auth import attempts, sessions
from auth.models import Credential
from auth.policy import Role
from core.errors import Invalid
from tests.conftest import PASSWORD
from tests.people import hire
from vault.crypto import Cost

WRONG = "not the password at all"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def username(world, cast):
    """Somebody new, whom no other test knows."""
    return hire(world, cast.adam, [Role.AUDITOR]).username


@pytest.fixture
def enter(world, username):
    """Try to sign in, always from the same place."""
    place = uuid.uuid4().hex

    def try_once(password=PASSWORD, name=username):
        return sessions.sign_in(name, password, world.pepper, place)

    return try_once


def fail(enter, times=1, **more):
    for _ in range(times):
        with pytest.raises(Invalid):
            enter(WRONG, **more)


def test_a_name_that_nobody_has_costs_the_same_work(enter, monkeypatch):
    stretched = []
    real = sessions.wrapping_key

    def counted(password, credential, pepper):
        stretched.append(credential)
        return real(password, credential, pepper)

    monkeypatch.setattr(sessions, "wrapping_key", counted)
    fail(enter)
    fail(enter, name="nobody-of-that-name")
    _, nobody = stretched
    usual = Cost()
    assert isinstance(nobody, Credential)
    assert (nobody.iterations, nobody.lanes, nobody.memory) == (
        usual.iterations,
        usual.lanes,
        usual.memory,
    )


def test_a_refusal_is_audited_without_name_or_password(enter, world, username):
    fail(enter, attempts.PER_NAME_AND_PLACE + 1)
    with world.owner() as owner:
        rows = owner.execute(
            text(
                "SELECT action, detail FROM audit_rows"
                " WHERE action IN ('session:refused', 'session:slowed')"
            )
        ).all()
    assert {action for action, _ in rows} == {"session:refused", "session:slowed"}
    assert not any(word in detail for _, detail in rows for word in (username, WRONG))


def test_hammering_on_does_not_lengthen_the_wait(enter):
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        fail(enter, attempts.PER_NAME_AND_PLACE)
        for _ in range(14):
            clock.shift(MINUTE)
            with pytest.raises(Invalid) as refused:
                enter()
            assert refused.value.fields == {"password": [attempts.WAIT]}
        clock.shift(MINUTE)
        assert enter()


def test_what_is_older_than_the_window_is_removed(enter, world):
    fail(enter)
    with time_machine.travel(datetime.now(UTC) + 16 * MINUTE):
        enter()
    with world.owner() as owner:
        old = "SELECT count(*) FROM sign_in_attempts WHERE at <= now()"
        kept = owner.execute(text(old))
        assert kept.scalar_one() == 0


def test_no_row_holds_the_half_that_the_cookie_keeps(enter, world):
    cookie = base64.urlsafe_b64decode(enter())
    token, half = cookie[: sessions.HALF], cookie[sessions.HALF :]
    with world.owner() as owner:
        kept = "SELECT token_hash, sealed_key FROM sessions WHERE sealed_key NOTNULL"
        rows = owner.execute(text(kept)).all()
    assert rows
    assert not any(
        part in bytes(value) for row in rows for value in row for part in (token, half)
    )
