"""The list of a person's 50 cases, among 10,000 cases and among 100,000."""

from typing import Any

from psycopg import ClientCursor

from auth.policy import STANDING_OF_DESK, DeskKind
from benchmarks.measure import WARM_UP, Pair, Result, described, timed
from benchmarks.world import World
from casework.queries.cases import my_cases
from casework.sla import CLOCKS
from core import db
from web.database import serve_on

GOAL = 1.5
OWN, FEW, MANY = 50, 10_000, 100_000
ROUNDS, TURNS = 6, 15
DAYS = {
    "safety.triage": 1,
    "care.assign": 1,
    "care.offer": 1,
    "referral.confirm_by_investigator": 7,
    "intake.acknowledge": 7,
    "assess.decide": 30,
    "stock.ageing": 180,
}
DESKS = {
    DeskKind.COORDINATION: "coordination",
    DeskKind.INTAKE: "intake_nbo",
    DeskKind.INVESTIGATION: "investigation_a",
    DeskKind.CARE: "care",
}

# A case every five minutes, at the desks of its office, with the clocks that an
# assessment has. As a replica's, the inserts skip the checks of foreign keys.
FILL = """
SET LOCAL session_replication_role = replica;

CREATE TEMPORARY TABLE bulk ON COMMIT DROP AS
SELECT gen_random_uuid() AS id, now() - number * interval '5 minutes' AS at
FROM generate_series(1, %(count)s) AS number;

INSERT INTO submissions (id, key_hash, source, office_id, state, problems,
    received_at, filed_at, version_id)
SELECT id, id::text, 'benchmark', %(office)s, 'filed', '[]', at, at, 1 FROM bulk;

INSERT INTO cases (id, reference, office_id, kind, stage, episode, channel, language,
    reporter_kind, anonymous, reachable, received_at, registered_at,
    incident_precision, danger, medical_needed, referred, services, category,
    subject_known, conflicted, urgent, version_id)
SELECT id, id::text, %(office)s, 'sexual_exploitation', 'assessment', 1, 'in_person',
    'en', 'affected_person', false, true, at, at, 'unknown', 'no', 'unknown', 'no',
    '[]', 'staff', 'name', false, false, 1 FROM bulk;

INSERT INTO standings (id, case_id, holder_id, kind, reason, started_at)
SELECT gen_random_uuid(), bulk.id, holder, kind, 'routed', at
FROM bulk, unnest(%(holders)s::uuid[], %(kinds)s::text[]) AS place (holder, kind);

INSERT INTO clocks (id, case_id, code, rule_version, track, episode, started_at,
    first_due_at, due_at, at_risk_at, paused_seconds, extensions, attention_at)
SELECT gen_random_uuid(), id, code, 1, track, 1, at, due, due, due, 0, 0, due
FROM bulk, unnest(%(codes)s::text[], %(tracks)s::text[], %(days)s::int[])
    AS rule (code, track, days),
LATERAL (SELECT at + days * interval '1 day' AS due) AS moment;
"""


def run(few: World, many: World) -> Result:
    """List Omar's cases in one database and in the other, round by round."""
    fill(few, FEW)
    fill(many, MANY)
    pair = Pair([], [])
    for _ in range(ROUNDS):
        pair.a.extend(_round(many))
        pair.b.extend(_round(few))
    detail = (
        f"the list of {OWN} cases among {MANY}: {described(pair.a)};"
        f" among {FEW}: {described(pair.b)}"
    )
    return Result("list", round(pair.ratio, 2), GOAL, detail)


def fill(world: World, count: int) -> None:
    """Fill a database with cases, of which 50 are at Omar's desk and in his hands."""
    desks = {kind: world.made.desks[name] for kind, name in DESKS.items()}
    kinds: list[str] = [STANDING_OF_DESK[kind] for kind in DESKS]
    others = list(desks.values())
    omar, his = world.made.people["omar"], world.made.desks["investigation_b"]
    own = [*(desks | {DeskKind.INVESTIGATION: his}).values(), omar]
    investigator = STANDING_OF_DESK[DeskKind.INVESTIGATION]
    with world.owner() as owner:
        for number, holders, standings in (
            (count - OWN, others, kinds),
            (OWN, own, [*kinds, investigator]),
        ):
            rows = _rows(world, number) | {"holders": holders, "kinds": standings}
            ClientCursor(owner).execute(FILL, rows)
            owner.commit()
        owner.autocommit = True
        owner.execute("VACUUM ANALYZE")
        owner.execute("CHECKPOINT")


def _rows(world: World, count: int) -> dict[str, Any]:
    return {
        "count": count,
        "office": world.made.offices["NBO"],
        "codes": list(DAYS),
        "tracks": [CLOCKS[code].track for code in DAYS],
        "days": list(DAYS.values()),
    }


def _round(world: World) -> list[float]:
    """Return the times of some turns in a database; a process has one at a time."""
    serve_on(world.where)
    omar = world.actor("omar")

    def listed() -> None:
        with db.transaction(omar):
            lines = my_cases(omar)
        assert len(lines) == OWN

    return [timed(listed) for _ in range(WARM_UP + TURNS)][WARM_UP:]
