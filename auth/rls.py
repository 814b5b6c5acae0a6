"""Row-level security: the same rule as `policy.py`, in the database.

One line per table: who may read its rows, who may write them, and whether rows may
be changed or removed. `apply` makes the policies; `missing` names mapped tables
without one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from auth.policy import (
    Compartment,
    May,
    Standing,
    by_standing,
    givers,
    openers,
    writers,
)
from core import audit
from core.db import Base
from vault import resealing
from vault.holders import KEEPER

INSTALL = Path(__file__).with_name("rls.sql").read_text()


@dataclass(frozen=True)
class Rule:
    """The policy of one table.

    All are SQL conditions. `write` is `read` unless given; `amend`, for rows that are
    changed, and `remove`, where it is only said that they may be, are `write`.
    `columns` are those that may be changed, where not all, and `before` says of which
    rows: of those that are read, unless given.
    """

    read: str
    write: str = ""
    change: bool = True
    remove: bool | str = False
    amend: str = ""
    columns: str = ""
    before: str = ""


def _kinds(standings: Iterable[Standing]) -> str:
    return "'{" + ",".join(sorted(standings)) + "}'"


def _stands(standings: Iterable[Standing], key: str = "case_id") -> str:
    return f"stands_on({key}, {_kinds(standings)})"


def _service(*names: str) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"acting_service() IN ({listed})"


def _case(
    standings: Iterable[Standing],
    *services: str,
    write: Iterable[Standing] | None = None,
    key: str = "case_id",
    change: bool = True,
) -> Rule:
    """Rows of one case: open to standings on it, and to its maker."""
    own = f"({_stands(standings, key)} OR creating({key}))"
    read = f"{own} OR {_service(*services)}" if services else own
    writing = own if write is None else f"({_stands(write, key)} OR creating({key}))"
    return Rule(read, writing, change)


def _allowed(*actions: May) -> frozenset[Standing]:
    """Return the standings that allow one of some acts."""
    return frozenset(
        who for who in Standing for action in actions if by_standing([who], action)
    )


def _track(care: Iterable[Standing]) -> str:
    """Rows of the accountability track, the care track or one referral."""
    return (
        f"CASE track WHEN 'accountability' THEN {_stands(ON_CASE)}"
        f" WHEN 'care' THEN {_stands(care)}"
        f" ELSE {_stands(CARING)} OR stands_on_referral(referral_id, case_id) END"
    )


ON_CASE = _allowed(May.SEE_CASE)
FILING = _allowed(May.SEE_SUBMISSION)
CARING = _allowed(May.CARE)
CARE = openers(Compartment.CARE)
INQUIRY = openers(Compartment.INVESTIGATION)
FINAL = openers(Compartment.FINAL)
REPORTING = writers(Compartment.FINAL)
MOVING = _allowed(
    *(May.TRIAGE, May.HAND_OVER, May.ASSIGN, May.TAKE, May.DECIDE, May.INVESTIGATE),
    *(May.DECIDE_LEGALLY, May.CLOSE, May.REOPEN),
)
NOTING = writers(Compartment.CARE)
CARE_CLOCKS = CARING | {Standing.INTAKE, Standing.LEAD}
REFERRAL = f"({_stands(CARING)} OR stands_on_referral(referral_id, case_id))"
OWN_REFERRAL = f"({_stands(CARING)} OR stands_on_referral(id, case_id))"
# Who a referral went to says what a survivor needs: only care and its provider see it.
IN_CASE = (
    f"(CASE WHEN referral_id IS NULL THEN {_stands(ON_CASE)} OR creating(case_id)"
    f" ELSE {REFERRAL} END)"
)

KEEPS = _service(KEEPER)
SHARED = f"{IN_CASE} OR {KEEPS}"
# Who lets whom stand on a case; everybody may step back themselves.
GIVING = "\n".join(
    f"        WHEN '{kind}' THEN {_stands(givers(kind), 'the_case')}"
    for kind in Standing
    if givers(kind)
)
MAY_GIVE = f"""
CREATE OR REPLACE FUNCTION may_give(the_case uuid, the_kind text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE the_kind
{GIVING}
        ELSE false END
        OR (is_undecided(the_case)
            AND {_stands(_allowed(May.DECIDE_SUBMISSION), "the_case")});
$$;
"""
STANDS = (
    "creating(case_id) OR may_give(case_id, kind)"
    f" OR (kind = 'barred' AND holder_id = acting_person() AND {IN_CASE})"
)
# Care tells a survivor who had read what she no longer shares.
READERS = (
    "action = 'case:read' AND (detail::jsonb -> 'compartments') ? 'survivor'"
    f" AND {_stands(_allowed(May.SEE_READERS))}"
)

# Asked once a query, not once a row: as a subquery.
ADMINISTERS = "(SELECT has_role('{administrator}'))"
DIRECTORY = "(SELECT has_role('{administrator,care_officer}'))"
IMPORTS = "(SELECT has_role('{focal_point,coordinator}'))"
OWN_DESK = "holder_id = ANY (acting_holders())"

RULES: dict[str, Rule] = {
    "offices": Rule("acting()", ADMINISTERS),
    "people": Rule("acting()", ADMINISTERS),
    "desks": Rule("acting()", ADMINISTERS),
    "routes": Rule("acting()", "may_route()"),
    "changes": Rule(
        "acting()",
        f"{ADMINISTERS} AND asked_by = acting_person() AND decided_at IS NULL",
        amend="may_route() AND decided_by = acting_person() AND asked_by <> decided_by",
        columns="decided_by, decided_at, confirmed, version_id",
        before="may_route() AND decided_at IS NULL",
    ),
    "memberships": Rule(
        "acting()",
        f"{ADMINISTERS} OR may_give_key(desk_id)",
        amend=f"{ADMINISTERS} OR may_give_key(desk_id) OR {_service('sweep')}",
    ),
    "holders": Rule(
        "acting()",
        ADMINISTERS,
        amend=KEEPS,
        columns="renew_since",
    ),
    "holder_keys": Rule("acting()", "false", change=False),
    "held_keys": Rule(
        f"by_id = acting_person() OR {OWN_DESK} OR {ADMINISTERS}"
        f" OR {_service('public')} OR {KEEPS}",
        "may_give_key(holder_id)",
        amend=f"may_give_key(holder_id) OR ({KEEPS} AND gated)",
        remove=KEEPS,
    ),
    "credentials": Rule(
        f"person_id = acting_person() OR {_service('public')}",
        "person_id = acting_person()",
        remove="is_being_reset(person_id)",
    ),
    # A first code is the administrator's; of who ever had a key it takes two.
    "sign_in_codes": Rule(
        f"person_id = acting_person() OR {_service('public')} OR {ADMINISTERS}",
        f"({ADMINISTERS} AND NOT had_key(person_id)) OR is_being_reset(person_id)",
        change=False,
        remove=f"person_id = acting_person() OR {ADMINISTERS}"
        " OR is_being_reset(person_id)",
    ),
    "sessions": Rule(_service("public"), remove=True),
    "sign_in_attempts": Rule(_service("public"), change=False, remove=True),
    "standings": Rule(
        f"{SHARED} OR {_service('sweep')}",
        STANDS,
        amend=f"({IN_CASE} OR {_service('sweep')}) AND ended_at IS NOT NULL"
        f" AND (kind <> 'barred' OR {_stands(_allowed(May.BAR))})",
        columns="ended_at",
    ),
    "compartments": Rule(SHARED, change=False, remove=KEEPS),
    "key_grants": Rule(SHARED, KEEPS, remove=KEEPS),
    "key_work": Rule(f"{SHARED} OR {_service('sweep')}", KEEPS, remove=KEEPS),
    "import_batches": Rule(
        f"{IMPORTS} OR {_service('intake')}", _service("intake"), change=False
    ),
    "submissions": _case(FILING, "intake", key="id"),
    "cases": _case(ON_CASE, "sweep", "stats", write=MOVING, key="id"),
    "reports": _case(openers(Compartment.REPORT) | openers(Compartment.THREAD)),
    "survivors": _case(
        ON_CASE, "stats", write=_allowed(May.TRIAGE, May.CARE, May.REOPEN)
    ),
    "subjects": _case(openers(Compartment.SUBJECT)),
    "consents": Rule(
        f"({_stands(ON_CASE)} OR creating(case_id)) OR {_service('sweep')}",
        f"({_stands(_allowed(May.RECORD_CONSENT))} OR creating(case_id))"
        f" OR ({_service('sweep')} AND status = 'expired')",
        change=False,
    ),
    "case_events": Rule(
        f"({_track(CARE_CLOCKS)}) OR creating(case_id)",
        f"{IN_CASE} OR {_service('sweep')}",
        change=False,
    ),
    "clocks": Rule(
        f"({_track(CARE_CLOCKS)}) OR {_service('sweep', 'stats')}"
        f" OR creating(case_id) OR ({_service('clocks')} AND {IN_CASE})",
        f"{IN_CASE} OR {_service('sweep')}",
    ),
    "emergencies": Rule(
        f"(person_id = acting_person() OR acting_person() = ANY (alerted)"
        f" OR {_stands(_allowed(May.REVIEW_EMERGENCY))}) AND NOT barred_from(case_id)",
        f"person_id = acting_person() AND {_stands(_allowed(May.BREAK_GLASS))}",
        amend=f"{_stands(_allowed(May.REVIEW_EMERGENCY))}"
        " AND person_id <> acting_person() AND reviewed_by = acting_person()",
        columns="reviewed_at, reviewed_by, verdict",
        before=f"{_stands(_allowed(May.REVIEW_EMERGENCY))} AND reviewed_at IS NULL",
    ),
    "interim_measures": _case(INQUIRY | FINAL, write=_allowed(May.PROTECT)),
    "notes": _case(INQUIRY, change=False),
    "findings": _case(FINAL | REPORTING, write=REPORTING),
    "decisions": _case(FINAL, write=_allowed(May.DECIDE_LEGALLY)),
    "outcomes": _case(CARE, write=_allowed(May.TELL_OUTCOME), change=False),
    "care_notes": _case(CARE, write=CARING | NOTING, change=False),
    "needs": _case(CARE, write=CARING),
    "services": Rule("acting()", DIRECTORY),
    "referrals": Rule(
        f"{_service('sweep')} OR {OWN_REFERRAL}",
        OWN_REFERRAL,
        amend=f"{OWN_REFERRAL} OR ({_service('sweep')}"
        " AND status IN ('expired', 'consent_withdrawn'))",
    ),
    "service_reports": Rule(REFERRAL, change=False),
    "audit_rows": Rule(
        "subject = acting_person() OR (SELECT has_role('{auditor}'))"
        f" OR {_stands(_allowed(May.SEE_WHO_LOOKED))} OR ({READERS})",
        "false",
        change=False,
    ),
    "audit_heads": Rule(
        "subject = acting_person() OR (SELECT has_role('{auditor}'))"
        f" OR {_service('checkpoint')}",
        "false",
        change=False,
    ),
}


def apply(connection: Connection, app_role: str) -> None:
    """Install functions, policies and the application role's rights; re-runnable."""
    role = connection.dialect.identifier_preparer.quote(app_role)
    for script in (audit.INSTALL, INSTALL, MAY_GIVE, resealing.install()):
        connection.exec_driver_sql(script)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
    connection.exec_driver_sql(
        "GRANT EXECUTE ON FUNCTION audit_hold(uuid),"
        f" audit_append(uuid, text, uuid, text, text, text) TO {role}"
    )
    for table in Base.metadata.tables:
        for statement in _statements(table, RULES[table], role):
            connection.exec_driver_sql(statement)


def _statements(table: str, rule: Rule, role: str) -> list[str]:
    write = rule.write or rule.read
    rights = ["SELECT"] if write == "false" else ["SELECT", "INSERT"]
    update = f"UPDATE ({rule.columns})" if rule.columns else "UPDATE"
    rights += [update] * rule.change + ["DELETE"] * bool(rule.remove)
    amend = rule.amend or write
    remove = rule.remove if isinstance(rule.remove, str) else write
    policies = {
        "read": f"FOR SELECT USING ({rule.read})",
        "write": f"FOR INSERT WITH CHECK ({write})",
        "change": f"FOR UPDATE USING ({rule.before or rule.read}) WITH CHECK ({amend})",
        "remove": f"FOR DELETE USING ({remove})",
    }
    statements = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"]
    for name, clause in policies.items():
        statements.append(f"DROP POLICY IF EXISTS {name} ON {table}")
        statements.append(f"CREATE POLICY {name} ON {table} {clause}")
    statements.append(f"REVOKE ALL ON {table} FROM {role}")
    statements.append(f"GRANT {', '.join(rights)} ON {table} TO {role}")
    return statements


_UNPROTECTED = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname = ANY(:tables)"
    " AND (NOT relrowsecurity OR NOT EXISTS"
    " (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))"
)
# Whoever may become an owner owns; whoever makes roles may become anyone.
_TOO_MIGHTY = text(
    "SELECT EXISTS (SELECT FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')"
    " AND (rolsuper OR rolbypassrls OR rolcreaterole))"
    " OR EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND pg_has_role(current_user, relowner, 'MEMBER'))"
    " OR has_schema_privilege(current_user, 'public', 'CREATE')"
)


def unsafe(connection: Connection) -> list[str]:
    """Return why the application must not serve over this connection; empty if safe."""
    reasons = []
    if connection.scalar(_TOO_MIGHTY):
        reasons.append("the database role owns tables or bypasses row security")
    bare = connection.scalars(_UNPROTECTED, {"tables": list(Base.metadata.tables)})
    return reasons + [f"the table {table} has no row security" for table in bare]
