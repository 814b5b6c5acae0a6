"""Row-level security: the same rule as `policy.py`, in the database.

One line per table: who may read its rows, who may write them, and whether rows may
be changed or removed. `apply` makes the policies; `missing` names mapped tables
without one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from auth.policy import Compartment, May, Standing, by_standing, openers
from core import audit
from core.db import Base

INSTALL = Path(__file__).with_name("rls.sql").read_text()


@dataclass(frozen=True)
class Rule:
    """The policy of one table.

    `read` and `write` are SQL conditions; `write` is `read` unless given.
    """

    read: str
    write: str = ""
    change: bool = True
    remove: bool = False


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
    key: str = "case_id",
    change: bool = True,
    remove: bool = False,
) -> Rule:
    """Rows of one case: open to standings on it, and to its maker."""
    own = f"({_stands(standings, key)} OR creating({key}))"
    read = f"{own} OR {_service(*services)}" if services else own
    return Rule(read, own, change, remove)


def _allowed(action: May) -> frozenset[Standing]:
    return frozenset(who for who in Standing if by_standing([who], action))


def _track(care: Iterable[Standing]) -> str:
    """Rows of the accountability track, the care track or one referral."""
    return (
        f"CASE track WHEN 'accountability' THEN {_stands(ON_CASE)}"
        f" WHEN 'care' THEN {_stands(care)}"
        f" ELSE {_stands(CARING)} OR stands_on_referral(referral_id) END"
    )


ON_CASE = _allowed(May.SEE_CASE)
FILING = _allowed(May.SEE_SUBMISSION)
CARING = _allowed(May.CARE)
INQUIRY = openers(Compartment.INVESTIGATION)
FINAL = openers(Compartment.FINAL)
CARE_CLOCKS = CARING | {Standing.INTAKE, Standing.LEAD}
REFERRAL = f"({_stands(CARING)} OR stands_on_referral(referral_id))"
IN_CASE = f"({_stands(ON_CASE)} OR stands_on_referral(referral_id) OR creating(case_id))"

ADMINISTERS = "has_role('{administrator}')"
DIRECTORY = "has_role('{administrator,care_officer}')"
IMPORTS = "has_role('{focal_point,coordinator}')"
OWN_DESK = "holder_id = ANY (acting_holders())"

RULES: dict[str, Rule] = {
    "offices": Rule("acting()", ADMINISTERS),
    "people": Rule("acting()", ADMINISTERS),
    "desks": Rule("acting()", ADMINISTERS),
    "routes": Rule("acting()", ADMINISTERS),
    "memberships": Rule("acting()", ADMINISTERS),
    "holders": Rule("acting()", ADMINISTERS, change=False),
    "held_keys": Rule("acting()", f"{OWN_DESK} OR {ADMINISTERS}", remove=True),
    "credentials": Rule(
        f"person_id = acting_person() OR {_service('public')}",
        f"person_id = acting_person() OR {ADMINISTERS}",
    ),
    "sessions": Rule(_service("public"), remove=True),
    "standings": Rule(IN_CASE),
    "compartments": Rule(IN_CASE),
    "key_grants": Rule(IN_CASE, remove=True),
    "import_batches": Rule(
        f"{IMPORTS} OR {_service('intake')}", _service("intake"), change=False
    ),
    "submissions": _case(FILING, "intake", key="id"),
    "cases": _case(ON_CASE, "sweep", "stats", key="id"),
    "reports": _case(openers(Compartment.REPORT) | openers(Compartment.THREAD)),
    "survivors": _case(ON_CASE, "stats"),
    "subjects": _case(openers(Compartment.SUBJECT)),
    "consents": _case(ON_CASE, change=False),
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
    "interim_measures": _case(INQUIRY | FINAL),
    "notes": _case(INQUIRY, change=False),
    "findings": _case(INQUIRY | FINAL),
    "decisions": _case(FINAL),
    "outcomes": _case(CARING | {Standing.LEAD}, change=False),
    "care_notes": _case(CARING, change=False),
    "needs": _case(CARING),
    "services": Rule("acting()", DIRECTORY),
    "referrals": Rule(
        f"({_stands(CARING)} OR stands_on_referral(id))",
        f"({_stands(CARING)} OR stands_on_referral(id))",
    ),
    "audit_rows": Rule(
        "subject = acting_person() OR has_role('{auditor}')"
        f" OR {_stands(_allowed(May.SEE_WHO_LOOKED))}",
        "false",
        change=False,
    ),
    "audit_heads": Rule(
        "subject = acting_person() OR has_role('{auditor}')", "false", change=False
    ),
}


def apply(connection: Connection, app_role: str) -> None:
    """Install functions, policies and the application role's rights; re-runnable."""
    role = connection.dialect.identifier_preparer.quote(app_role)
    for script in (audit.INSTALL, INSTALL):
        connection.exec_driver_sql(script)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
    connection.exec_driver_sql(
        "GRANT EXECUTE ON FUNCTION"
        f" audit_append(uuid, text, text, uuid, text, text, text) TO {role}"
    )
    for table in Base.metadata.tables:
        for statement in _statements(table, RULES[table], role):
            connection.exec_driver_sql(statement)


def _statements(table: str, rule: Rule, role: str) -> list[str]:
    write = rule.write or rule.read
    rights = ["SELECT"] if write == "false" else ["SELECT", "INSERT"]
    rights += ["UPDATE"] * rule.change + ["DELETE"] * rule.remove
    policies = {
        "read": f"FOR SELECT USING ({rule.read})",
        "write": f"FOR INSERT WITH CHECK ({write})",
        "change": f"FOR UPDATE USING ({rule.read}) WITH CHECK ({write})",
        "remove": f"FOR DELETE USING ({write})",
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
_TOO_MIGHTY = text(
    "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class"
    " WHERE relowner = pg_roles.oid AND relnamespace = 'public'::regnamespace)"
    " FROM pg_roles WHERE rolname = current_user"
)


def unsafe(connection: Connection) -> list[str]:
    """Return why the application must not serve over this connection; empty if safe."""
    reasons = []
    if connection.scalar(_TOO_MIGHTY):
        reasons.append("the database role owns tables or bypasses row security")
    tables = list(Base.metadata.tables)
    for table in connection.scalars(_UNPROTECTED, {"tables": tables}):
        reasons.append(f"the table {table} has no row security")
    return reasons
