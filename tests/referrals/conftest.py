"""A case in care, a service that takes referrals, steps in short, and browsers."""

import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from auth.accounts import create_desk, create_person
from auth.policy import Role
from auth.sessions import sign_in
from casework.commands.care import record_consent
from casework.commands.intake import file_report
from casework.models.case import Survivor
from core import db
from referrals.commands import care, provider
from referrals.commands.directory import create_service
from referrals.models import Referral
from referrals.queries.referrals import ReferralLine, inbox
from tests.conftest import PASSWORD
from vault.crypto import Cost
from web.app import create_app
from web.guard import LOCAL_COOKIE

CHEAP = Cost(iterations=1, lanes=1, memory=64)
NAME = "Rita of the reports"
CONTACT = "Only through the women's centre, mornings"
REQUEST = "Needs a woman doctor"
NOTE = "She is afraid of the neighbours"


def service_body(world, **changes: Any) -> dict[str, Any]:
    return {
        "name": f"Clinic {secrets.token_hex(4)}",
        "kind": "medical",
        "office": str(world.made.offices["NBO"]),
        "desk": str(world.made.desks["clinic"]),
        "where": "Near the market",
        "hours": "Every day",
        "key": secrets.token_hex(16),
        **changes,
    }


@pytest.fixture
def service(world, cast) -> uuid.UUID:
    with db.transaction(cast.salma):
        return create_service(cast.salma, None, service_body(world))


@pytest.fixture(scope="session")
def other_desk(world, signed_in) -> uuid.UUID:
    """Another provider's desk, where Pia does not sit."""
    office_id = world.made.offices["NBO"]
    with db.transaction(signed_in["adam"]):
        members = [
            create_person(
                name, name, [Role.PROVIDER], name, world.pepper, cost=CHEAP
            ).id
            for name in ("hill-1", "hill-2")
        ]
        return create_desk("Hill clinic", "provider", office_id, members).id


@pytest.fixture
def other_service(world, cast, other_desk) -> uuid.UUID:
    with db.transaction(cast.salma):
        body = service_body(world, desk=str(other_desk), name="Hill clinic")
        return create_service(cast.salma, None, body)


@dataclass
class Play:
    """One case, and the steps of its referral with their usual answers."""

    world: Any
    cast: Any
    case_id: uuid.UUID
    survivor_id: uuid.UUID
    service_id: uuid.UUID

    def do(self, who: str, command: Any, id: uuid.UUID, at=None, **body: Any) -> Any:
        actor = getattr(self.cast, who)
        with db.transaction(actor, at):
            return command(actor, id, body)

    def refer(self, who: str = "salma", at=None, **changes: Any) -> uuid.UUID:
        body = {
            "survivor": str(self.survivor_id),
            "service": str(self.service_id),
            "urgent": False,
            "language": "en",
            "request": REQUEST,
            "key": secrets.token_hex(16),
            **changes,
        }
        return self.do(who, care.refer, self.case_id, at, **body)

    def accepted(self, **changes: Any) -> uuid.UUID:
        referral_id = self.refer(**changes)
        self.do("pia", provider.accept_referral, referral_id)
        return referral_id

    def released(self, **changes: Any) -> uuid.UUID:
        referral_id = self.accepted(**changes)
        self.do("salma", care.release, referral_id, still_agreed=True)
        return referral_id

    def consent(self, status: str, who: str = "salma", command=record_consent) -> None:
        self.do(
            who,
            command,
            self.case_id,
            survivor=str(self.survivor_id),
            purpose="service_referral",
            status=status,
            given_by="self",
        )

    def row(self, referral_id: uuid.UUID, who: str = "salma") -> Referral:
        with db.transaction(getattr(self.cast, who)) as session:
            return session.get(Referral, referral_id)

    def holders(self, referral_id: uuid.UUID) -> set[uuid.UUID]:
        """Who holds a key of the referral, as the owner sees it."""
        with self.world.owner() as connection:
            found = connection.execute(
                text("SELECT holder_id FROM key_grants WHERE referral_id = :id"),
                {"id": referral_id},
            )
            return set(found.scalars())

    @property
    def clinic(self) -> uuid.UUID:
        return self.world.made.desks["clinic"]


@pytest.fixture
def play(world, cast, filing, service) -> Play:
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    return Play(world, cast, case_id, survivor_of(cast, case_id), service)


def survivor_of(cast, case_id: uuid.UUID) -> uuid.UUID:
    with db.transaction(cast.salma) as session:
        found = select(Survivor.id).where(Survivor.case_id == case_id)
        return session.scalars(found).first()


@pytest.fixture
def another(cast, filing) -> SimpleNamespace:
    """A second case with a survivor of its own."""
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    return SimpleNamespace(case_id=case_id, survivor_id=survivor_of(cast, case_id))


def listed(actor, *, closed: bool = False) -> dict[uuid.UUID, ReferralLine]:
    """Every referral that a person finds, on all pages of the list."""
    found, page = {}, 0
    with db.transaction(actor):
        while lines := inbox(actor, closed=closed, page=page):
            found.update({line.id: line for line in lines})
            page += 1
    return found


def a_minute_on() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture(scope="package")
def app(world) -> Flask:
    app = create_app(replace(world.config, command_line=True))
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture(scope="package")
def browser(app, world):
    """A browser in which somebody is signed in, by username."""

    def open_browser(username: str) -> FlaskClient:
        client = app.test_client()
        client.set_cookie(LOCAL_COOKIE, sign_in(username, PASSWORD, world.pepper))
        return client

    return open_browser
