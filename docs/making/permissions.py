"""Who may do what, and who opens what."""

from collections.abc import Callable, Iterable

from auth import policy
from auth.accounts import ALONE
from auth.desks import SUITS
from auth.policy import Compartment, DeskKind, May, Role, Standing, When
from auth.words import DESK_KINDS, ROLES
from docs.making.markdown import NO, Row, listed, low, page, table, words
from web.words import COMPARTMENTS, STANDINGS

CONDITIONS = {
    When.ALWAYS: "yes",
    When.BEFORE_HAND_OVER: "until intake hands over",
    When.WITH_CONSENT: "with the survivor’s consent",
    When.AFTER_ACCEPTANCE: "after acceptance",
    When.IN_DANGER: "only by breaking glass",
}


def permissions() -> str:
    """Return the page."""
    return page(
        "Who may do what",
        "`auth/policy.py` and `auth/accounts.py`",
        "A **role** is what a person was appointed to. It opens no case. A "
        "**standing** is how a person or a desk stands on one case; only that opens "
        "one. *Barred* wins over every other standing and allows nothing.",
        "## What a role allows, on no case in particular",
        _roles(),
        "## What a standing on a case allows",
        _standings(),
        "## What a standing opens",
        "Each column is a sealed part of a case with keys of its own. *Writes only* "
        "means: seals something there that others open, and cannot open it again.",
        _opens(),
        "## Who lets whom stand on a case",
        "Nobody gives what they do not hold. Each row gives, each column is given.",
        _gives(),
        "## Desks",
        "A desk stands on a case as its kind says. People sit only at desks that fit "
        "their role.",
        _desks(),
        _apart(),
    )


def _roles() -> str:
    acts = _acts(policy.BY_ROLE.values())
    ticks = [
        _ticks(act, Role, lambda who, act: policy.by_role([who], act)) for act in acts
    ]
    return table(["May", *(ROLES[role] for role in Role)], ticks)


def _standings() -> str:
    acts = _acts(policy.BY_STANDING.values())
    ticks = [
        _ticks(act, Standing, lambda who, act: policy.by_standing([Standing(who)], act))
        for act in acts
    ]
    return table(["May", *(STANDINGS[who] for who in Standing)], ticks)


def _acts(allowed: Iterable[frozenset[May]]) -> list[May]:
    known = frozenset().union(*allowed)
    return [act for act in May if act in known]


def _ticks(act: May, columns: Iterable[str], allows: Callable[[str, May], bool]) -> Row:
    return [words(act), *("yes" if allows(who, act) else NO for who in columns)]


def _opens() -> str:
    rows = [
        [STANDINGS[who], *(_opening(who, part) for part in Compartment)]
        for who in Standing
    ]
    return table(["Standing", *(COMPARTMENTS[part] for part in Compartment)], rows)


def _opening(who: Standing, part: Compartment) -> str:
    condition = policy.OPENS[who].get(part)
    if condition is not None:
        return CONDITIONS[condition]
    return "writes only" if who in policy.writers(part) else NO


def _gives() -> str:
    given = [who for who in Standing if policy.givers(who)]
    rows = [
        [STANDINGS[who], *("yes" if one in whom else NO for one in given)]
        for who, whom in policy.GIVES.items()
    ]
    return table(["Standing", *(STANDINGS[who] for who in given)], rows)


def _desks() -> str:
    rows = [
        [
            DESK_KINDS[kind],
            STANDINGS[policy.STANDING_OF_DESK[kind]],
            listed(ROLES[role] for role in Role if role in SUITS[kind]),
        ]
        for kind in DeskKind
    ]
    return table(["Desk", "Stands on a case as", "Who may sit there"], rows)


def _apart() -> str:
    pairs = sorted(
        " and ".join(sorted(low(STANDINGS[who]) for who in pair))
        for pair in policy.APART
    )
    alone = listed(low(ROLES[role]) for role in Role if role in ALONE)
    return (
        f"Never the same person on a case: {'; '.join(pairs)}. Roles that go with no "
        f"other: {alone}."
    )
