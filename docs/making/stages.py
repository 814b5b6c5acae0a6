"""The stages of a case and of a referral, and every move between them."""

from collections.abc import Collection, Iterable, Sequence

from casework import stages
from casework.vocabulary import Kind, ReferralStatus
from docs.making.markdown import NO, Row, allowed, listed, page, table, words
from referrals import stages as referrals

Arrow = tuple[str, Sequence[str], str]


def moves() -> str:
    """Return the page."""
    case = [(move.name, sorted(move.sources), move.target) for move in _cases()]
    referral = [
        (name, sorted(move.sources), move.target)
        for name, move in referrals.MOVES.items()
    ]
    return page(
        "Stages and moves",
        "`casework/stages.py` and `referrals/stages.py`",
        "A move that is not here is refused.",
        "## Cases",
        _diagram(case, stages.Stage.RECEIVED, {stages.Stage.CLOSED}),
        table(("Move", "From", "To", "Who", "Only for"), map(_case, _cases())),
        "## Referrals",
        _diagram(referral, ReferralStatus.DRAFT, referrals.FINAL),
        table(("Move", "From", "To", "Who"), map(_referral, referrals.MOVES)),
    )


def _cases() -> Collection[stages.Move]:
    return stages.MOVES.values()


def _diagram(arrows: Iterable[Arrow], first: str, last: Collection[str]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    for name, sources, target in arrows:
        lines += [f"    {source} --> {target}: {words(name)}" for source in sources]
    lines += [f"    {state} --> [*]" for state in sorted(last)]
    return "\n".join([*lines, "```"])


def _case(move: stages.Move) -> Row:
    kinds = listed(kind.label for kind in Kind if kind in move.kinds)
    return [
        words(move.name),
        listed(stages.LABELS[each] for each in stages.Stage if each in move.sources),
        stages.LABELS[move.target],
        allowed(move.may),
        kinds or NO,
    ]


def _referral(name: str) -> Row:
    move = referrals.MOVES[name]
    return [
        words(name),
        listed(each.label for each in ReferralStatus if each in move.sources),
        move.target.label,
        allowed(move.may),
    ]
