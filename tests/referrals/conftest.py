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

from auth import desks
from auth.actor import SWEEP, Actor
from auth.policy import DeskKind, Role
from auth.sessions import sign_in
from casework.commands.care import record_consent
from casework.commands.desk import bar_person
from casework.commands.intake import file_report
from casework.models.case import Consent, Survivor
from core import db
from referrals import loading
from referrals.commands import care, provider
from referrals.commands.directory import create_service
from referrals.models import Referral
from referrals.queries.referrals import (
    ReferralLine,
    ReferralPage,
    inbox,
    referral_page,
)
from tests.conftest import PASSWORD
from tests.people import hire
from tests.vault.raw import opened
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
    adam = signed_in["adam"]
    members = [
        hire(world, adam, [Role.PROVIDER], name).id for name in ("hill-1", "hill-2")
    ]
    with db.transaction(adam):
        desk = desks.create("Hill clinic", DeskKind.PROVIDER, office_id, members)
    with db.transaction(signed_in["cora"]):
        desks.make_key(desk.id, members)
    return desk.id


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

    def holders(self, referral_id: uuid.UUID, gated: bool = False) -> set[uuid.UUID]:
        """Who holds a key of the referral, or has it behind the gate, to the owner."""
        with self.world.owner() as connection:
            found = connection.execute(
                text(
                    "SELECT holder_id FROM key_grants"
                    " WHERE referral_id = :id AND gated = :gated"
                ),
                {"id": referral_id, "gated": gated},
            )
            return set(found.scalars())

    def named(self, who: str | Actor) -> Actor:
        """One of the cast by name, or somebody else as they are."""
        return getattr(self.cast, who) if isinstance(who, str) else who

    def opened(self, who: str | Actor, referral_id: uuid.UUID) -> set[tuple[str, int]]:
        """What a person's password opens of the referral in the raw database."""
        with self.world.owner() as connection:
            ring = self.named(who).keyring
            return opened(connection, ring, self.case_id, referral_id)

    def left(self, referral_id: uuid.UUID) -> list[bool]:
        """What is noted to be done on its keys: whether to renew, by compartment."""
        with self.world.owner() as connection:
            noted = text("SELECT renew FROM key_work WHERE referral_id = :id")
            return list(connection.scalars(noted, {"id": referral_id}))

    def bar(self, who: str) -> None:
        """The lead bars a person from the case."""
        person = str(getattr(self.cast, who).id)
        self.do("cora", bar_person, self.case_id, person=person, why="named_in_it")

    def look(self, who: str | Actor, referral_id: uuid.UUID) -> ReferralPage:
        """Open the referral's page, which first catches up on its keys."""
        actor = self.named(who)
        with db.transaction(actor):
            loading.open_one(actor, referral_id)
        with db.transaction(actor):
            return referral_page(actor, referral_id)

    def run_out(self, status: str | None = "expired") -> None:
        """Let the consent to be referred run out, with the sweep's row or without."""
        past = datetime.now(UTC) - timedelta(hours=1)
        with self.world.owner() as connection:
            over = text(
                "UPDATE consents SET expires_at = :past WHERE survivor_id = :survivor"
                " AND purpose = 'service_referral' AND status = 'given'"
            )
            connection.execute(over, {"past": past, "survivor": self.survivor_id})
        if status:
            with db.transaction(SWEEP):
                db.add(
                    Consent(
                        id=uuid.uuid4(),
                        case_id=self.case_id,
                        survivor_id=self.survivor_id,
                        purpose="service_referral",
                        status=status,
                        given_by="self",
                    )
                )

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
