"""Signed checkpoints of the audit trail, in a file outside the database.

One JSON line each: the heads of the chains that changed since the line before, the
root of a Merkle tree over all heads, the hash of the line before, an Ed25519 signature.
"""

import fcntl
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.merkle import Node, leaf, put, root

CONTEXT = b"pseah audit checkpoint 1\n"
START = "0" * 64
_WRONG = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)

Head = tuple[str, int, str]


class Unreadable(Exception):
    """The newest line of the file is no checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """One line of the file; hashes, key and signature in hexadecimal."""

    number: int
    at: str
    chains: int
    root: str
    prev: str
    key: str
    heads: Sequence[Head]
    signature: str = ""

    @property
    def moment(self) -> datetime:
        """When it was signed, in UTC."""
        return datetime.fromisoformat(self.at)

    @property
    def line(self) -> bytes:
        """The line of the file, without its end."""
        return _canonical(vars(self))

    @property
    def rest(self) -> bytes:
        """What is signed: all but the signature."""
        said = {**vars(self)}
        del said["signature"]
        return CONTEXT + _canonical(said)

    @property
    def signed(self) -> bool:
        """Whether the signature is by the line's own key."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            signature = bytes.fromhex(self.signature)
            key.verify(signature, self.rest)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return signature.hex() == self.signature


def _canonical(said: Mapping[str, object]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _read(raw: bytes) -> Checkpoint:
    """Return the checkpoint that a line holds; one of `_WRONG` where it holds none."""
    point = Checkpoint(**json.loads(raw))
    if point.line != raw or point.moment.tzinfo is None:
        raise ValueError
    return point


@dataclass
class History:
    """What the lines of a file say together, as far as they hold.

    `marks` has the hash of every row that some line named, by subject and seq. `bad`
    names the first bad line. `torn` counts the bytes after the last whole line, which
    a full disk or a crash left and which count for nothing.
    """

    key: str | None = None
    last: Checkpoint | None = None
    marks: dict[str, dict[int, bytes]] = field(default_factory=dict)
    bad: str | None = None
    torn: int = 0
    hash: str = START
    tree: Node | None = None

    def add(self, number: int, raw: bytes) -> str | None:
        """Follow one more line; return what is wrong with it."""
        try:
            point = _read(raw)
            leaves = [leaf(who, seq, bytes.fromhex(x)) for who, seq, x in point.heads]
        except _WRONG:
            return "unreadable"
        self.key = self.key or point.key
        if point.key != self.key:
            return "signed by another key"
        if not point.signed:
            return "the signature is false"
        if (point.number, point.prev) != (number, self.hash):
            return "out of order"
        on = self.take(point.heads, leaves)
        if not on or (point.chains, point.root) != (len(self.marks), root(self.tree)):
            return "does not add up"
        self.last, self.hash = point, sha256(raw).hexdigest()
        return None

    def take(self, heads: Sequence[Head], leaves: Sequence[Node]) -> bool:
        """Take over changed heads; return whether every one moved its chain on."""
        for (subject, seq, digest), node in zip(heads, leaves, strict=True):
            if seq <= self.reached(subject):
                return False
            self.marks.setdefault(subject, {})[seq] = bytes.fromhex(digest)
            self.tree = put(self.tree, node)
        return True

    def reached(self, subject: str) -> int:
        """How far a chain was when a line named it last; 0 if none did."""
        return next(reversed(self.marks.get(subject, {})), 0)


def replay(data: bytes, key: str | None = None) -> History:
    """Follow the lines of a file until the first bad one.

    All must be signed by `key` (in hexadecimal); by the first line's, where not given.
    """
    *lines, rest = data.split(b"\n")
    history = History(key=key, torn=len(rest))
    for number, raw in enumerate(lines, start=1):
        fault = history.add(number, raw)
        if fault:
            history.bad = f"checkpoints/{number}: {fault}"
            break
    return history


def load(path: Path, key: str | None = None) -> History:
    """Follow the lines of the file at `path`; none, where there is no file."""
    try:
        return replay(_data(path), key)
    except FileNotFoundError:
        return History()
    except OSError:
        return History(bad="checkpoints/1: unreadable")


def newest(path: Path) -> Checkpoint | None:
    """Return the last whole line, of which only the signature is checked; None if none.

    :raises Unreadable: where it is no checkpoint, or may not be read.
    """
    try:
        lines = _data(path).split(b"\n")[:-1]
        point = _read(lines[-1]) if lines else None
    except FileNotFoundError:
        return None
    except (OSError, *_WRONG) as error:
        raise Unreadable from error
    if point and not point.signed:
        raise Unreadable
    return point


def _data(path: Path) -> bytes:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file.read()
