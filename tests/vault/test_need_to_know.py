"""What each person's keys open in the raw database is what the policy says.

A state machine takes random steps on a case, as random people, through the commands
of the pages. The long search is `HYPOTHESIS_PROFILE=nightly`.
"""

import os
import uuid
from collections.abc import Callable
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
from sqlalchemy import create_engine, select, text

from auth import access
from auth.policy import Compartment, Facts, Standing, opens
from casework import cases
from casework.commands import care, desk, inquiry
from casework.commands.intake import file_report
from casework.facts import facts_of
from casework.models.case import Case, Survivor
from casework.vocabulary import (
    ConsentGivenBy,
    ConsentPurpose,
    ConsentStatus,
    ReferredAnswer,
)
from core import db
from core.errors import Problem
from tests.vault.raw import opened

PEOPLE = (
    *("cora", "coordinator_2", "amina", "mallory", "bruno", "focal_2", "ines"),
    *("investigator_2", "omar", "investigator_3", "salma", "care_2", "lena", "legal_2"),
    *("partner_1", "partner_2", "theo", "adam", "pia"),
)
WORKING = st.sampled_from(PEOPLE[:-3])
DESKS = ("intake_hq", "investigation_b", "legal", "partner", "coordination", "care")
KINDS = st.sampled_from([kind for kind in Standing if kind is not Standing.PROVIDER])
IDENTITY = ConsentPurpose.SHARE_IDENTITY_WITH_INVESTIGATORS
WHY = "personal_tie"
Wanted = dict[tuple[str, int], set[str]]


class NeedToKnow(RuleBasedStateMachine):
    """A case, and everything that can change who should hold its keys."""

    def __init__(self, world: Any, cast: Any, filing: Any) -> None:
        super().__init__()
        self.world, self.filing = world, filing
        self.actors = {name: getattr(cast, name) for name in PEOPLE}
        self.names = {actor.id: name for name, actor in self.actors.items()}
        self.engine = create_engine(world.where.owner, isolation_level="AUTOCOMMIT")
        self.raw = self.engine.connect()
        self.before: Wanted = {}
        self.settled = False

    def teardown(self) -> None:
        self.raw.close()
        self.engine.dispose()

    @initialize(
        conflicted=st.booleans(), recognised=st.sampled_from([None, "mallory", "ines"])
    )
    def file(self, conflicted: bool, recognised: str | None) -> None:
        account = self.actors[recognised].id if recognised else None
        filing = self.filing(conflicted=conflicted, account=account)
        with db.transaction(self.actors["amina"]):
            self.case_id = file_report(self.actors["amina"], filing).id
        found = text("SELECT id FROM survivors WHERE case_id = :case")
        self.survivor = self.raw.scalar(found, {"case": self.case_id})

    def take_step(self, who: str, step: Callable[[Any, uuid.UUID], Any]) -> bool:
        """Let someone try something; what is refused must change nothing."""
        actor = self.actors[who]
        self.settled = False
        try:
            with db.transaction(actor):
                step(actor, self.case_id)
        except Problem:
            return False
        return True

    @rule(who=WORKING, other=WORKING, kind=KINDS)
    def give(self, who: str, other: str, kind: Standing) -> None:
        holder = self.actors[other].id

        def step(actor: Any, case_id: uuid.UUID) -> None:
            case = db.session().get(Case, case_id)
            if case is None:
                raise Problem
            access.give(case_id, holder, kind, "assigned")
            cases.settle(actor, case)

        self.take_step(who, step)

    @rule(who=WORKING, to=st.sampled_from(DESKS))
    def route(self, who: str, to: str) -> None:
        desk_id = self.world.made.desks[to]
        kinds = {"intake": "intake", "coordination": "lead", "care": "care_officer"}
        kinds |= {"investigation": "investigator", "legal": "legal_officer"}
        kinds |= {"partner": "partner_investigator"}
        kind = Standing(kinds[to.split("_")[0]])

        def step(actor: Any, case_id: uuid.UUID) -> None:
            case = db.session().get(Case, case_id)
            if case is None:
                raise Problem
            access.give(case_id, desk_id, kind, "routed")
            cases.settle(actor, case)

        self.take_step(who, step)

    @rule(data=st.data(), who=WORKING)
    def end(self, data: Any, who: str) -> None:
        rows = [row for row in self.standing() if row[1] is not Standing.BARRED]
        holder, kind = data.draw(st.sampled_from(sorted(rows)))

        def step(actor: Any, case_id: uuid.UUID) -> None:
            case = db.session().get(Case, case_id)
            if case is None:
                raise Problem
            access.end(case_id, holder, kind, "ended")
            cases.settle(actor, case)

        self.take_step(who, step)

    @rule(who=st.sampled_from(["salma", "care_2", "amina"]), given=st.booleans())
    def consent(self, who: str, given: bool) -> None:
        body = {
            "survivor": self.survivor,
            "purpose": IDENTITY,
            "status": ConsentStatus.GIVEN if given else ConsentStatus.WITHDRAWN,
            "given_by": ConsentGivenBy.SELF,
        }
        self.take_step(who, lambda actor, id: care.record_consent(actor, id, body))

    @rule(who=st.sampled_from(["amina", "bruno", "mallory"]))
    def hand_over(self, who: str) -> None:
        def step(actor: Any, case_id: uuid.UUID) -> None:
            for row in db.session().scalars(
                select(Survivor).filter_by(case_id=case_id)
            ):
                row.referred = ReferredAnswer.NO
            desk.hand_over(actor, case_id, {})

        self.take_step(who, step)

    @rule(who=WORKING)
    def step_back(self, who: str) -> None:
        body = {"why": WHY}
        self.take_step(who, lambda actor, id: desk.declare_conflict(actor, id, body))

    @rule(who=st.sampled_from(["cora", "coordinator_2", "ines"]), other=WORKING)
    def bar(self, who: str, other: str) -> None:
        body = {"person": str(self.actors[other].id), "why": WHY}
        self.take_step(who, lambda actor, id: desk.bar_person(actor, id, body))

    @rule(who=st.sampled_from(["ines", "investigator_2", "omar"]))
    def take(self, who: str) -> None:
        self.take_step(who, lambda actor, id: inquiry.take_case(actor, id, {}))

    @rule(who=WORKING, name=st.sampled_from(["investigation", "final", "care"]))
    def write(self, who: str, name: str) -> None:
        def step(actor: Any, case_id: uuid.UUID) -> None:
            case = db.session().get(Case, case_id)
            if case is None:
                raise Problem
            access.box_for(actor, case_id, Compartment(name), facts_of(case))

        self.take_step(who, step)

    @precondition(lambda self: not self.settled)
    @rule()
    def everyone_works_on(self) -> None:
        """The next step of each holder: what could not be given before is given now."""
        standing = {holder for holder, _ in self.standing()}
        for _ in range(2):
            missing = set()
            for actor in self.actors.values():
                if standing & {actor.id, *actor.desks}:
                    missing |= self.work_on(actor)
            if not missing:
                break
        self.settled = True

    def work_on(self, actor: Any) -> set[tuple[str, uuid.UUID]]:
        with db.transaction(actor) as session:
            case = session.get(Case, self.case_id)
            return access.settle(actor, case.id, facts_of(case)) if case else set()

    def standing(self) -> list[tuple[uuid.UUID, Standing]]:
        rows = self.raw.execute(
            text(
                "SELECT holder_id, kind FROM standings"
                " WHERE case_id = :case AND ended_at IS NULL"
            ),
            {"case": self.case_id},
        )
        return [(holder, Standing(kind)) for holder, kind in rows]

    def facts(self) -> Facts:
        handed, status = self.raw.execute(
            text(
                "SELECT handed_over_at IS NOT NULL, (SELECT status FROM consents"
                " WHERE case_id = :case AND purpose = :purpose"
                " ORDER BY recorded_at DESC LIMIT 1) FROM cases WHERE id = :case"
            ),
            {"case": self.case_id, "purpose": IDENTITY},
        ).one()
        return Facts(handed_over=handed, identity_shared=status == "given")

    def wanted(self) -> Wanted:
        """What policy says, by hand: who should open each part, past any desk."""
        standing, facts = self.standing(), self.facts()
        parts = self.raw.execute(
            text("SELECT name, version FROM compartments WHERE case_id = :case"),
            {"case": self.case_id},
        )
        mine = {
            name: [k for holder, k in standing if holder in (actor.id, *actor.desks)]
            for name, actor in self.actors.items()
        }
        return {
            (part, version): {
                name
                for name, kinds in mine.items()
                if Standing.BARRED not in kinds
                and any(opens(kind, Compartment(part), facts) for kind in kinds)
            }
            for part, version in parts
        }

    def held(self) -> Wanted:
        found: Wanted = {}
        for name, actor in self.actors.items():
            for place in opened(self.raw, actor.keyring, self.case_id):
                found.setdefault(place, set()).add(name)
        return found

    def rightly_held(self, wanted: Wanted) -> set[tuple[str, int]]:
        """Return the parts with a grant that opens to none but who should open them."""
        grants = self.raw.execute(
            text(
                "SELECT name, version, holder_id FROM key_grants g JOIN compartments c"
                " ON c.id = g.compartment_id WHERE g.case_id = :case"
            ),
            {"case": self.case_id},
        )
        reach = {
            holder: {n for n, a in self.actors.items() if holder in (a.id, *a.desks)}
            for actor in self.actors.values()
            for holder in (actor.id, *actor.desks)
        }
        return {
            (name, version)
            for name, version, holder in grants
            if reach[holder] and reach[holder] <= wanted[name, version]
        }

    @invariant()
    def keys_follow_the_policy(self) -> None:
        """At once where someone rightly holds the key; else nobody gains, none is lost.

        A desk's last key stays until one of its members gives it to the others.
        """
        if not hasattr(self, "case_id"):
            return
        wanted, held = self.wanted(), self.held()
        rightly = self.rightly_held(wanted)
        for place, people in wanted.items():
            holding, before = held.get(place, set()), self.before.get(place, set())
            assert holding, f"nobody opens {place} any more"
            if place in rightly:
                assert holding <= people, f"{place} opens to {holding - people}"
            else:
                assert not before or holding <= before, f"{place} opens to more"
            if self.settled and people & holding:
                assert holding == people, place
        self.before = held

    @invariant()
    def row_security_follows_the_policy(self) -> None:
        if not hasattr(self, "case_id") or not self.settled:
            return
        standing = self.standing()
        for actor in self.actors.values():
            kinds = {k for holder, k in standing if holder in (actor.id, *actor.desks)}
            with db.transaction(actor) as session:
                seen = session.get(Case, self.case_id) is not None
            assert seen == bool(kinds and Standing.BARRED not in kinds)


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def test_keys_and_row_security_follow_the_policy_after_every_step(world, cast, filing):
    run_state_machine_as_test(
        lambda: NeedToKnow(world, cast, filing),
        settings=settings(
            deadline=None,
            max_examples=500 if LONG else 25,
            stateful_step_count=20 if LONG else 9,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
        ),
    )
