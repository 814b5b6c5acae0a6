"""Who reads and writes each table, as the database enforces it, in words."""

import re
from collections.abc import Callable, Mapping

from auth import rls
from auth.policy import Role, Standing
from auth.words import ROLES
from docs.making.markdown import Row, listed, low, page, table, who
from web.models import MODELS


def row_security() -> str:
    """Return who reads and writes each table, as the database enforces it."""
    assert MODELS
    head = ("Table", "Read", "Add", "Change", "Remove")
    rows = [_rule(name, rule) for name, rule in rls.RULES.items()]
    return page(
        "Row security",
        "`auth/rls.py`",
        "What the database itself allows the application, row by row. The owner of the "
        "database stands outside it. *On the case* means with a standing that has not "
        "ended, a person’s own or their desk’s, and not barred. *The maker* is the "
        "transaction that makes a case, until it ends. *Service* names the program’s "
        "own tasks, which act for no person.",
        table(head, rows),
    )


def _rule(name: str, rule: rls.Rule) -> Row:
    write = rule.write or rule.read
    change = rule.amend or write if rule.change and write != "false" else ""
    remove = rule.remove if isinstance(rule.remove, str) else write * rule.remove
    return [
        f"`{name}`",
        plain(rule.read),
        "as read" if write == rule.read else plain(write),
        _like(change, write),
        _like(remove, write),
    ]


def _like(condition: str, write: str) -> str:
    if not condition:
        return "never"
    return "as add" if condition == write else plain(condition)


def _stood(found: re.Match[str]) -> str:
    kinds = {Standing(kind) for kind in found[1].split(",")}
    if kinds == rls.ON_CASE:
        return "anyone on the case"
    return "on the case as " + who(kinds)


def _serving(found: re.Match[str]) -> str:
    return "service " + listed(re.findall(r"'(\w+)'", found[0]))


def _roled(found: re.Match[str]) -> str:
    return listed(low(ROLES[Role(role)]) for role in found[1].split(","))


Said = str | Callable[[re.Match[str]], str]
PHRASES: Mapping[str, Said] = {
    r"stands_on\(\w+, '\{([\w,]*)\}'\)": _stood,
    r"stands_on_referral\([\w, ]+\)": "its provider",
    r"acting_service\(\) IN \([^)]*\)": _serving,
    r"\(SELECT has_role\('\{([\w,]*)\}'\)\)": _roled,
    r"creating\(\w+\)": "the maker",
    r"may_route\(\)": (
        "whoever holds the key of a desk that coordinates (before there is one: "
        "administrator)"
    ),
    r"may_give_key\(\w+\)": "whoever holds that desk’s key (or just made it)",
    r"may_give\(case_id, kind\)": "whoever may give that standing",
    r"is_being_reset\(\w+\)": "who confirms the reset of that person’s key",
    r"kind = 'barred' AND holder_id = acting_person\(\) AND (.*)\)$": (
        r"for oneself, to step back: \1)"
    ),
    r"NOT barred_from\(case_id\)": "never the barred",
    r"acting_person\(\) = ANY \(alerted\)": "whoever was alerted",
    r"(person_id|asked_by) <> (acting_person\(\)|decided_by)": "for somebody else",
    r"(asked_by|decided_by|reviewed_by) = acting_person\(\)": "in their own name",
    r"decided_at IS NULL": "undecided",
    r"NOT had_key\(\w+\)": "for somebody who never had a key",
    r"\bgated\b": "behind the gate",
    r"status = 'expired'": "that it ran out",
    r"status IN \('expired', 'consent_withdrawn'\)": "that it ended",
    r"action = 'case:read' AND \(detail::jsonb -> 'compartments'\) \? 'survivor'": (
        "reads of who the survivor is"
    ),
    r"holder_id = ANY \(acting_holders\(\)\)": "the desk’s members",
    r"(by_id|person_id|subject) = acting_person\(\)": "the person themselves",
    r"ended_at IS NOT NULL": "only to end it",
    r"\(?kind <> 'barred' OR ([^()]*)\)?": r"a bar only \1",
    r"acting\(\)": "everyone",
    r"CASE WHEN referral_id IS NULL THEN (.*) ELSE (.*) END": (
        r"of a case: \1 – of a referral: \2"
    ),
    r"CASE track WHEN 'accountability' THEN (.*) WHEN 'care' THEN (.*) ELSE (.*) END": (
        r"accountability track: \1 – care track: \2 – referrals: \3"
    ),
    r"^false$": "nobody; one function of the database adds rows",
    r" OR ": "; or ",
    r" AND ": ", and ",
}


def plain(condition: str) -> str:
    """Return an SQL condition in words."""
    for sql, said in PHRASES.items():
        condition = re.sub(sql, said, condition)
    condition = re.sub(r"\(((?:on|anyone on) the case[^()–]*)\)", r"\1", condition)
    return re.sub(r"^\(([^()]*)\)$", r"\1", condition)
