"""Every time limit: how long, from what to what, and what the number rests on."""

from collections.abc import Iterable

from auth import rls
from auth.policy import Standing
from casework import sla
from core.calendar import Limit
from core.events import Event, Track
from docs.making.markdown import Row, listed, low, page, table, who
from referrals import sla as directory
from web.words import EVENTS

TRACKS = {
    Track.ACCOUNTABILITY: ("The accountability track", rls.ON_CASE),
    Track.CARE: ("The care track", rls.CARE_CLOCKS),
    Track.REFERRAL: ("Referrals", rls.CARING | {Standing.PROVIDER}),
}
ANCHORS = {
    sla.Anchor.EVENT: "",
    sla.Anchor.RECEIPT: "counted from when the report was received",
    sla.Anchor.INCIDENT: "counted from the incident",
}
UNITS = {
    "hours": "hour",
    "days": "calendar day",
    "working_days": "working day",
    "months": "calendar month",
}
HEAD = ("Clock", "Limit", "Starts", "Stops", "Stops to apply", "Rests on")


def clocks() -> str:
    """Return the page."""
    return page(
        "Time limits",
        "`casework/sla.py` and `referrals/sla.py`",
        "Numbers are defaults. *Rests on* says what stands behind each; *our choice* "
        "is no rule. Hours are elapsed hours; days and months keep the time of day at "
        "the office; working days leave out its weekend and public holidays. A clock "
        "that is met late, or was moved, stays on record as such.",
        *(_track(track) for track in Track),
        "## The service directory",
        f"An entry is to be verified again {_limit(directory.VERIFY_WITHIN)} after it "
        f"was last verified ({low(directory.BASIS.label)}). It belongs to no case, "
        "so it is shown in the directory and has no row among the clocks.",
    )


def _track(track: Track) -> str:
    title, seen = TRACKS[track]
    rules = [rule for rule in sla.CLOCKS.values() if rule.track is track]
    rows = [_clock(rule) for rule in rules]
    return f"## {title}\n\nSeen by: {who(seen)}.\n\n{table(HEAD, rows)}"


def _clock(rule: sla.Clock) -> Row:
    limit = _limit(rule.limit)
    if rule.in_danger:
        limit += f"; {_limit(rule.in_danger)} where danger is immediate"
    if rule.repeats:
        limit += ", then again"
    basis = rule.basis.label + (f": {rule.source}" if rule.source else "")
    return [
        f"`{rule.code}` {rule.label}",
        limit,
        _starts(rule),
        _events(rule.stops),
        _events(rule.ends - rule.stops),
        basis,
    ]


def _starts(rule: sla.Clock) -> str:
    parts = [EVENTS[rule.starts], ANCHORS[rule.anchor]]
    if rule.applies is not sla.always:
        parts.append(_said(rule.applies))
    if rule.possible is not sla.always:
        parts.append(f"does not apply unless: {_said(rule.possible)}")
    if rule.fallback:
        parts.append(f"if that never comes, when `{rule.fallback}` runs out")
    return "; ".join(filter(None, parts))


def _said(condition: sla.Condition) -> str:
    """A condition in the words of its docstring, or of the function that made it."""
    maker = condition.__qualname__.partition(".")[0]
    said: str = condition.__doc__ or vars(sla)[maker].__doc__
    return low(said.strip().rstrip(".").replace("`limit`", "the limit"))


def _events(events: Iterable[Event]) -> str:
    found = set(events)
    return listed(EVENTS[event] for event in Event if event in found)


def _limit(limit: Limit) -> str:
    return f"{limit.count} {UNITS[limit.unit]}{'s' if limit.count > 1 else ''}"
