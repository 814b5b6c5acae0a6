"""Pages and tables in Markdown, and words that several pages need."""

from collections.abc import Iterable, Sequence

from auth import policy, rls
from auth.policy import May, Role, Standing
from auth.words import ROLES
from web.words import STANDINGS

MADE = "<!-- Made by `make docs` from {source}. Change that, not this page. -->"
NO = "–"
Row = Sequence[str]


def page(title: str, source: str, *parts: str) -> str:
    """Return one page."""
    head = f"# {title}\n\n{MADE.format(source=source)}"
    return "\n\n".join([head, *parts]) + "\n"


def table(head: Row, rows: Iterable[Row]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def words(code: str) -> str:
    """Return a code as words."""
    return code.replace("_", " ")


def listed(some: Iterable[str]) -> str:
    """Return words as a list."""
    return ", ".join(some) or NO


def low(text: str) -> str:
    """Return a name as it stands within a sentence; PSEA stays."""
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def who(standings: Iterable[Standing]) -> str:
    """Return standings in words."""
    found = set(standings)
    if found == rls.ON_CASE:
        return "everyone who stands on the case"
    return listed(low(STANDINGS[each]) for each in Standing if each in found)


def allowed(act: May) -> str:
    """Return whose standing, else whose role, allows an act."""
    standings = [each for each in Standing if policy.by_standing([each], act)]
    if standings:
        return who(standings)
    return listed(low(ROLES[role]) for role in Role if policy.by_role([role], act))
