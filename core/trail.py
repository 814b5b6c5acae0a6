"""The audit trail read back, from the database or an export: is it whole?

Every chain is recomputed, and compared with its recorded end and with the checkpoints.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.checkpoints import Checkpoint, History

GENESIS = bytes(32)
AT_ONCE = 5000

# As text, which is what is hashed. Each chain's head comes before its rows. All in one
# statement, so as of one moment: what is appended meanwhile is no fault.
_EVERYTHING = text("""
    SELECT links.subject::text, seq,
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        action, actor, case_id::text, decision, request, detail, hash
    FROM (
        SELECT subject, -9223372036854775808 AS place, seq, NULL::timestamptz AS at,
            NULL AS action, NULL AS actor, NULL::uuid AS case_id, NULL AS decision,
            NULL AS request, NULL AS detail, hash
        FROM audit_heads
        UNION ALL
        SELECT subject, seq, seq, at, action, actor, case_id, decision, request,
            detail, hash
        FROM audit_rows
    ) AS links
    ORDER BY links.subject, place
""").execution_options(yield_per=AT_ONCE)


class NotAnExport(Exception):
    """A line of the file is no row of a trail; the text names it."""


class Link(NamedTuple):
    """One row, as text. With no moment (`at`) it is a chain's head instead."""

    subject: str
    seq: int
    at: str | None
    action: str | None
    actor: str | None
    case_id: str | None
    decision: str | None
    request: str | None
    detail: str | None
    hash: bytes


@dataclass(frozen=True)
class Verdict:
    """The outcome of a verification.

    `bad` names the first bad row as `subject/seq: reason`, or the first bad line of
    the checkpoints; `against` is the last checkpoint, if there is any.
    """

    rows: int
    chains: int
    bad: str | None = None
    against: Checkpoint | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing bad was found."""
        return self.bad is None


def link(prev: bytes, row: Link) -> bytes:
    """Return the hash that `row` must carry after `prev`; the same as audit.sql's."""
    fields = (row[0], str(row[1]), *row[2:9])
    said = _netstrings(fields, len)
    if not said.isascii():
        said = _netstrings(fields, _size)
    return sha256(prev + _bytes(said)).digest()


def _netstrings(fields: Iterable[str | None], size: Callable[[str], int]) -> str:
    return "".join(["-," if x is None else f"{size(x)}:{x}," for x in fields])


def _bytes(said: str) -> bytes:
    return said.encode("utf-8", "surrogatepass")


def _size(said: str) -> int:
    return len(_bytes(said))


def check(
    subject: str, links: Iterable[Link], marks: Mapping[int, bytes]
) -> tuple[int, str | None]:
    """Return how many rows of one chain were read, and what is wrong with them."""
    prev, seq, head = GENESIS, 0, None
    for row in links:
        if row.at is None and head is None:
            head = row
            continue
        seq += 1
        if row.seq != seq:
            return seq, f"{subject}/{seq}: missing"
        prev = link(prev, row)
        if row.hash != prev:
            return seq, f"{subject}/{seq}: changed"
        if marks.get(seq, prev) != prev:
            return seq, f"{subject}/{seq}: not what a checkpoint says"
    fault = _at_the_end(seq, prev, head, max(marks, default=0))
    return seq, fault and f"{subject}/{fault}"


def _at_the_end(seq: int, prev: bytes, head: Link | None, known: int) -> str | None:
    if known > seq or (head and head.seq > seq):
        return f"{seq + 1}: missing"
    if head is None:
        return f"{seq}: the chain has no head"
    if head.seq < seq:
        return f"{head.seq + 1}: added"
    return None if head.hash == prev else f"{seq}: not what the head says"


def verify(links: Iterable[Link], history: History) -> Verdict:
    """Recompute every chain, and look for every row that a checkpoint names."""
    if history.bad:
        return Verdict(0, 0, history.bad, history.last)
    left, before = dict(history.marks), ""
    rows = chains = 0
    bad = None
    for subject, found in groupby(links, key=itemgetter(0)):
        read, bad = check(subject, found, left.pop(subject, {}))
        rows, chains = rows + read, chains + bool(read)
        if subject <= before:
            bad = f"{subject}/1: out of order"
        if bad:
            break
        before = subject
    lost = min(left, default=None)
    if lost and (bad is None or lost < subject):
        bad = f"{lost}/1: missing"
    return Verdict(rows, chains, bad, history.last)


def stored(session: Session) -> Iterator[Link]:
    """Read every chain that the session may see, as of one moment."""
    with session.execute(_EVERYTHING) as found:
        yield from map(Link._make, found)


def exported(links: Iterable[Link]) -> Iterator[str]:
    """Return the lines of an export: one for each row or head."""
    for *said, digest in links:
        yield json.dumps([*said, digest.hex()]) + "\n"


def read(lines: Iterable[bytes]) -> Iterator[Link]:
    """Read an export.

    :raises NotAnExport: at a line that is none of a trail's.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield _link(line)
        except (ValueError, TypeError, RecursionError) as error:
            raise NotAnExport(f"line {number} of the export is unreadable") from error


def _link(line: bytes) -> Link:
    subject, seq, *said, digest = json.loads(line)
    if type(subject) is not str or type(seq) is not int:
        raise TypeError
    if not all(each is None or type(each) is str for each in said):
        raise TypeError
    return Link._make((subject, seq, *said, bytes.fromhex(digest)))
