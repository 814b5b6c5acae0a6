"""What each person's keys open in the raw database is what the policy says.

A state machine takes random steps on a case and its desks, as random people, through
the commands of the pages. After each step nobody's keys open more than policy says;
after each round of openings they open exactly that, and what anybody ever knew and
should not know any more opens nothing. `HYPOTHESIS_PROFILE=nightly` searches long.
"""

import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import create_engine, text

from auth import absence, access, accounts, changes, desks, keys
from auth.actor import INTAKE
from auth.changes import Kind
from auth.models import Desk, Office, Person
from auth.policy import (
    STANDING_OF_DESK,
    Compartment,
    Facts,
    Standing,
    openers,
    opens,
    writers,
)
from casework import cases
from casework.commands import care, desk, emergency, inquiry
from casework.commands.intake import Filing, file_report
from casework.facts import facts_of
from casework.models.case import Case
from casework.vocabulary import (
    ConsentGivenBy,
    ConsentPurpose,
    ConsentStatus,
    ReferredAnswer,
)
from core import db
from core.errors import Problem
from core.times import today
from tests.conftest import PASSWORD
from tests.people import choose
from tests.reports import report
from tests.vault import house as houses
from tests.vault.raw import held, privates
from vault import holders
from vault.keyring import Keyring
from web.sweep import sweep

WHO = st.sampled_from([name for name in houses.STAFF if name != "adam"])
DESK = st.sampled_from(list(houses.DESKS))
GIVEN = st.sampled_from([kind for kind in Standing if kind is not Standing.PROVIDER])
IDENTITY = ConsentPurpose.SHARE_IDENTITY_WITH_INVESTIGATORS
WHY = "personal_tie"
READ = {
    "reports": ("report", "thread"),
    "subjects": ("subject",),
    "notes": ("investigation",),
}
READ |= {"care_notes": ("care",)}


SEEN = text(
    "SELECT EXISTS (SELECT FROM cases WHERE id = :case) AS cases, "
    + ", ".join(
        f"EXISTS (SELECT FROM {table} WHERE case_id = :case) AS {table}"
        for table in READ
    )
)


class NeedToKnow(RuleBasedStateMachine):
    """A case, its desks, and everything that can change who should hold its keys."""

    def __init__(self, world: Any) -> None:
        super().__init__()
        self.world = world
        self.engine = create_engine(world.where.owner, isolation_level="AUTOCOMMIT")
        self.raw = self.engine.connect()
        self.app = create_engine(world.where.app)
        self.ever: dict[str, set[uuid.UUID]] = {name: set() for name in houses.STAFF}
        self.settled = False

    def teardown(self) -> None:
        self.raw.close()
        self.engine.dispose()
        self.app.dispose()

    @initialize(known=st.sampled_from([None, None, "amira", "ines"]))
    def file(self, known: str | None) -> None:
        self.house = houses.build(self.world)
        account = self.house.people[known] if known else None
        with db.transaction(INTAKE) as session:
            office = session.get_one(Office, self.house.office)
        filing = Filing(
            report=report(),
            office=office,
            key=uuid.uuid4().hex,
            source="test",
            accounts=[account] if account else [],
        )
        amina = self.house.actor("amina")
        with db.transaction(amina):
            self.case_id = file_report(amina, filing).id
        self.survivor = self.ask("SELECT id FROM survivors WHERE case_id = :case")

    def ask(self, query: str, **values: Any) -> Any:
        return self.raw.scalar(text(query), {"case": self.case_id, **values})

    def run(self, who: str, step: Callable[[Any], Any]) -> bool:
        """Let someone try something; what is refused must change nothing."""
        if who in self.house.gone:
            return False
        actor = self.house.actor(who)
        self.settled = False
        try:
            with db.transaction(actor):
                step(actor)
        except Problem:
            return False
        return True

    def on_case(self, who: str, step: Callable[[Any, Case], Any]) -> bool:
        def taken(actor: Any) -> None:
            case = db.session().get(Case, self.case_id)
            if case is None:
                raise Problem
            step(actor, case)
            cases.settle(actor, case)

        return self.run(who, taken)

    # Desks

    @rule(who=WHO, at=DESK)
    def join(self, who: str, at: str) -> None:
        def step(_: Any) -> None:
            row = db.session().get_one(Desk, self.house.desks[at])
            desks.join(row, self.house.people[who])

        self.run("adam", step)

    @rule(by=WHO, who=WHO, at=DESK)
    def give_key(self, by: str, who: str, at: str) -> None:
        desk_id, person_id = self.house.desks[at], self.house.people[who]
        waits = (at, who) not in self.house.keyed and who not in self.house.gone
        if waits and self.run(by, lambda actor: self.given(actor, desk_id, person_id)):
            self.house.keyed.add((at, who))

    def given(self, actor: Any, desk_id: uuid.UUID, person_id: uuid.UUID) -> None:
        if desk_id not in actor.desks:
            raise Problem
        desks.place(desk_id, person_id)
        desks.give_key(actor, desk_id, person_id)

    @rule(who=WHO, at=DESK)
    def leave(self, who: str, at: str) -> None:
        if self.house.able(at) - {who} and self.run(
            "adam",
            lambda _: desks.leave(self.house.desks[at], self.house.people[who]),
        ):
            self.house.keyed.discard((at, who))

    @rule(who=WHO, at=DESK, deputy=WHO)
    def be_away(self, who: str, at: str, deputy: str) -> None:
        desk_id, person_id = self.house.desks[at], self.house.people[deputy]
        until = db.now() + timedelta(days=9)

        def step(actor: Any) -> None:
            if desk_id not in actor.desks:
                raise Problem
            row = db.session().get_one(Desk, desk_id)
            absence.go(actor, row, until, person_id, True)

        if self.run(who, step):
            self.house.keyed.add((at, deputy))

    @rule(who=WHO, at=DESK)
    def come_back(self, who: str, at: str) -> None:
        desk_id, person_id = self.house.desks[at], self.house.people[who]
        self.run(who, lambda _: absence.come_back(desk_id, person_id))

    @rule(who=WHO)
    def disable(self, who: str) -> None:
        left = [at for at in houses.DESKS if not self.house.able(at) - {who}]
        if left or who in self.house.gone:
            return

        def step(_: Any) -> None:
            accounts.disable_person(
                db.session().get_one(Person, self.house.people[who])
            )

        assert self.run("adam", step)
        self.house.closed.add(who)
        self.house.keyed -= {(at, who) for at in houses.DESKS}

    @rule(who=WHO, by=st.sampled_from(["cora", "cleo", "ines"]))
    def reset(self, who: str, by: str) -> None:
        if who in self.house.gone or by in self.house.gone:
            return
        person_id = self.house.people[who]

        def decide(actor: Any) -> None:
            waiting = [row for row in changes.waiting() if row.subject_id == person_id]
            if not (waiting and changes.may_confirm()):
                raise Problem
            self.second = changes.decide(actor, waiting[0], True)

        def ask(actor: Any) -> None:
            self.first = changes.ask(actor, Kind.RESET, person_id, {})

        self.run("adam", ask)
        if self.run(by, decide):
            self.house.keyed -= {(at, who) for at in houses.DESKS}
            self.house.lost[who] = f"{self.first}-{self.second}"

    @rule(who=WHO)
    def finish_reset(self, who: str) -> None:
        code = self.house.lost.get(who)
        if code is None or who in self.house.closed:
            return
        del self.house.lost[who]
        with db.transaction(self.house.actor("adam")) as session:
            person = session.get_one(Person, self.house.people[who])
        choose(self.world, person, code)
        with db.transaction(self.house.actor(who)) as session:
            self.house.privates[who] = houses.unlock(
                session, person.id, PASSWORD, self.world.pepper
            )

    # The case

    @rule(who=WHO, other=WHO, kind=GIVEN)
    def give(self, who: str, other: str, kind: Standing) -> None:
        holder = self.house.people[other]
        self.on_case(who, lambda *_: access.give(self.case_id, holder, kind, "test"))

    @rule(who=WHO, at=DESK)
    def hand_to(self, who: str, at: str) -> None:
        kind = STANDING_OF_DESK[houses.DESKS[at][0]]
        holder = self.house.desks[at]
        self.on_case(who, lambda *_: access.give(self.case_id, holder, kind, "test"))

    @rule(data=st.data(), who=WHO)
    def revoke(self, data: Any, who: str) -> None:
        names = {held: name for name, held in self.house.people.items()}
        names |= {held: name for name, held in self.house.desks.items()}
        rows = {
            (names[holder], kind): holder
            for holder, kind in self.standing()
            if kind is not Standing.BARRED
        }
        if rows:
            name, kind = data.draw(st.sampled_from(sorted(rows)))
            holder = rows[name, kind]
            self.on_case(who, lambda *_: access.end(self.case_id, holder, kind, "x"))

    @rule(
        who=st.sampled_from(["salma", "sara", "amina"]),
        given=st.booleans(),
        for_a_day=st.booleans(),
    )
    def consent(self, who: str, given: bool, for_a_day: bool) -> None:
        body = {
            "survivor": self.survivor,
            "purpose": IDENTITY,
            "status": ConsentStatus.GIVEN if given else ConsentStatus.WITHDRAWN,
            "given_by": ConsentGivenBy.SELF,
            "until": today() if given and for_a_day else None,
        }
        self.run(who, lambda actor: care.record_consent(actor, self.case_id, body))

    @rule(who=st.sampled_from(["amina", "amira"]))
    def hand_over(self, who: str) -> None:
        def step(actor: Any) -> None:
            for row in cases.survivors(self.case_id):
                row.referred = ReferredAnswer.NO
            desk.hand_over(actor, self.case_id, {})

        self.run(who, step)

    @rule(who=WHO)
    def step_back(self, who: str) -> None:
        body = {"why": WHY}
        self.run(who, lambda actor: desk.declare_conflict(actor, self.case_id, body))

    @rule(who=st.sampled_from(["cora", "cleo", "ines"]), other=WHO)
    def bar(self, who: str, other: str) -> None:
        body = {"person": str(self.house.people[other]), "why": WHY}
        self.run(who, lambda actor: desk.bar_person(actor, self.case_id, body))

    @rule(who=st.sampled_from(["ines", "omar", "inga"]))
    def take(self, who: str) -> None:
        self.run(who, lambda actor: inquiry.take_case(actor, self.case_id, {}))

    @rule(who=st.sampled_from(["cora", "cleo"]), other=WHO)
    def assign(self, who: str, other: str) -> None:
        body = {"person": str(self.house.people[other])}
        self.run(who, lambda actor: inquiry.assign_case(actor, self.case_id, body))

    @rule(who=WHO, name=st.sampled_from(["investigation", "final", "care"]))
    def write(self, who: str, name: str) -> None:
        self.on_case(
            who,
            lambda actor, case: keys.box_for(
                actor, case.id, Compartment(name), facts_of(case)
            ),
        )

    @rule(who=st.sampled_from(["amira", "asha", "cora"]))
    def break_glass(self, who: str) -> None:
        reference = self.ask("SELECT reference FROM cases WHERE id = :case")
        body = {"reference": reference, "reason": "danger_to_survivor"}
        self.run(who, lambda actor: emergency.break_glass(actor, None, body))

    @rule()
    def time_passes(self) -> None:
        """Whatever ends by itself ends; the sweep takes the keys."""
        self.settled = False
        desks_ = list(self.house.desks.values())
        for table, column in (
            *(("standings", "until"), ("consents", "expires_at")),
            *(("memberships", "until"), ("memberships", "away_until")),
        ):
            mine = "desk_id = ANY(:d)" if table == "memberships" else "case_id = :case"
            over = f"UPDATE {table} SET {column} = now() - interval '1 second'"
            values = {"case": self.case_id, "d": desks_}
            ends = text(f"{over} WHERE {column} IS NOT NULL AND {mine}")
            self.raw.execute(ends, {k: v for k, v in values.items() if f":{k}" in mine})
        sweep()

    @precondition(lambda self: not self.settled)
    @rule()
    def everyone_opens_the_case(self) -> None:
        """What could not be done before is done by those who can."""
        for _ in range(3):
            for name in self.house.people:
                if name not in self.house.gone:
                    self.open_case(name)
        self.settled = True

    def open_case(self, name: str) -> None:
        actor = self.house.actor(name)
        with db.transaction(actor) as session:
            holders.renew_desk_keys(actor.keyring, actor.desks)
            case = session.get(Case, self.case_id)
            if case is not None:
                cases.catch_up(actor, case)

    # What policy says, by hand

    def standing(self) -> list[tuple[uuid.UUID, Standing]]:
        rows = self.raw.execute(
            text(
                "SELECT holder_id, kind FROM standings WHERE case_id = :case"
                " AND ended_at IS NULL AND coalesce(until, 'infinity') > now()"
            ),
            {"case": self.case_id},
        )
        return [(holder, Standing(kind)) for holder, kind in rows]

    def forget_who_left(self) -> None:
        """A key to a desk counts while its holder has a place there."""
        rows = self.raw.execute(
            text(
                "SELECT desk_id, person_id FROM memberships WHERE left_at IS NULL"
                " AND coalesce(until, 'infinity') > now() AND desk_id = ANY(:desks)"
            ),
            {"desks": list(self.house.desks.values())},
        )
        seated = {tuple(row) for row in rows}
        self.house.keyed = {
            (at, who)
            for at, who in self.house.keyed
            if (self.house.desks[at], self.house.people[who]) in seated
        }

    def kinds(self) -> dict[str, set[Standing]]:
        """Return how each person stands, by hand; barred stands in no way."""
        self.forget_who_left()
        standing, found = self.standing(), {}
        for name in self.house.people:
            mine = self.house.at(name)
            kinds = {kind for holder, kind in standing if holder in mine}
            found[name] = set() if Standing.BARRED in kinds else kinds
        return found

    def facts(self) -> Facts:
        handed = self.ask("SELECT handed_over_at IS NOT NULL FROM cases WHERE id=:case")
        status = self.ask(
            "SELECT CASE WHEN expires_at <= now() THEN 'expired' ELSE status END"
            " FROM consents WHERE case_id = :case AND purpose = :purpose"
            " ORDER BY recorded_at DESC LIMIT 1",
            purpose=IDENTITY,
        )
        return Facts(handed_over=handed, identity_shared=status == "given")

    def parts(self) -> dict[uuid.UUID, str]:
        rows = self.raw.execute(
            text("SELECT id, name FROM compartments WHERE case_id = :case"),
            {"case": self.case_id},
        )
        return {row.id: row.name for row in rows}

    def wanted(self) -> dict[uuid.UUID, set[str]]:
        kinds, facts = self.kinds(), self.facts()
        return {
            part: {
                who
                for who, mine in kinds.items()
                if any(opens(kind, Compartment(name), facts) for kind in mine)
            }
            for part, name in self.parts().items()
        }

    def opened(self) -> dict[uuid.UUID, set[str]]:
        found: dict[uuid.UUID, set[str]] = {}
        for name, private in self.house.privates.items():
            ring = Keyring(self.house.people[name], private)
            for part in held(self.raw, privates(self.raw, ring), self.case_id):
                found.setdefault(part, set()).add(name)
        return found

    @invariant()
    def keys_follow_the_policy(self) -> None:
        """Never more than policy says; after everybody's opening, exactly that."""
        if not hasattr(self, "case_id"):
            return
        wanted, opened = self.wanted(), self.opened()
        due = self.due()
        for part, people in wanted.items():
            holding = opened.get(part, set())
            assert holding <= people, f"opens to {holding - people}"
            if self.settled and holding:
                assert holding == people, f"does not open to {people - holding}"
            if self.settled and not holding:
                reach = people & self.reaching(part)
                assert not reach, f"{reach} could open it, and nobody does"
            knew = {who for who, parts in self.ever.items() if part in parts}
            assert knew <= people or part in due, f"{knew - people} knew the key"
            if self.settled and holding:
                assert knew <= people, f"{knew - people} still know the key"
            for who in holding:
                self.ever[who].add(part)

    def reaching(self, part: uuid.UUID) -> set[str]:
        """Return who holds a grant of a compartment, be it behind the gate."""
        query = text("SELECT holder_id FROM key_grants WHERE compartment_id = :part")
        held = set(self.raw.scalars(query, {"part": part}))
        return {name for name in self.house.people if held & self.house.at(name)}

    def due(self) -> set[uuid.UUID]:
        """Return the compartments that are to be renewed at the next opening."""
        rows = self.raw.scalars(
            text(
                "SELECT c.id FROM compartments c WHERE c.case_id = :case AND (EXISTS ("
                " SELECT FROM key_work w WHERE w.compartment_id = c.id AND w.renew)"
                " OR EXISTS (SELECT FROM key_grants g JOIN holders h"
                "  ON h.id = g.holder_id WHERE g.compartment_id = c.id"
                "  AND (h.renew_since IS NOT NULL OR g.generation < (SELECT"
                "   max(k.generation) FROM holder_keys k WHERE k.holder_id = h.id))))"
            ),
            {"case": self.case_id},
        )
        return set(rows)

    @invariant()
    def no_key_is_lost(self) -> None:
        if hasattr(self, "case_id"):
            bare = self.ask(
                "SELECT count(*) FROM compartments c WHERE c.case_id = :case AND NOT"
                " EXISTS (SELECT FROM key_grants g WHERE g.compartment_id = c.id)"
            )
            assert not bare or self.was_reset(), "nobody could ever open this again"

    def was_reset(self) -> bool:
        """Whoever alone held a key and lost their own takes it with them."""
        people = list(self.house.people.values())
        query = "SELECT count(*) FROM holder_keys k JOIN people p ON p.id = k.holder_id"
        return (
            self.ask(f"{query} WHERE p.id = ANY(:p) AND generation > 1", p=people) > 0
        )

    @invariant()
    def row_security_follows_the_policy(self) -> None:
        if not hasattr(self, "case_id"):
            return
        unlike_a_case = {Standing.PROVIDER, Standing.DUTY, Standing.BARRED}
        for name, kinds in self.kinds().items():
            if name in self.house.gone:
                continue
            expected = {"cases": bool(kinds - unlike_a_case)}
            for table, parts in READ.items():
                may = set().union(*(openers(Compartment(p)) for p in parts))
                may |= set().union(*(writers(Compartment(p)) for p in parts))
                filled = self.ask(f"SELECT count(*) FROM {table} WHERE case_id = :case")
                if table in ("notes", "care_notes"):
                    may -= set().union(*(writers(Compartment(p)) for p in parts))
                expected[table] = bool(filled and kinds & may)
            assert self.seen_by(name) == expected, name

    def seen_by(self, name: str) -> dict[str, bool]:
        """Return what the application's connection shows somebody, without our code."""
        who = {
            "person": str(self.house.people[name]),
            "holders": "{" + ",".join(map(str, self.house.at(name))) + "}",
            "service": "",
        }
        with self.app.begin() as connection:
            connection.execute(db.ANNOUNCE, who)
            row = connection.execute(SEEN, {"case": self.case_id}).one()
        return row._asdict()


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def test_keys_and_row_security_follow_the_policy_after_every_step(world):
    run_state_machine_as_test(
        lambda: NeedToKnow(world),
        settings=settings(
            deadline=None,
            max_examples=2000 if LONG else 100,
            stateful_step_count=16 if LONG else 8,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
        ),
    )
