"""Signing the next checkpoint, and appending it to the file: whole, or not at all."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.checkpoints import Checkpoint, Head, History, replay
from core.merkle import leaf, root

Heads = Mapping[str, tuple[int, bytes]]


class Refused(Exception):
    """Nothing was signed; the text says why."""


@dataclass(frozen=True)
class Appended:
    """The newest checkpoint, whether it is new, and bytes of a torn line cut off."""

    checkpoint: Checkpoint
    new: bool
    removed: int


def append(path: Path, seed: bytes, read: Callable[[], Heads]) -> Appended:
    """Sign what changed since the last line, if anything, and append it.

    `seed` is the signing key's 32 bytes. `read` returns the seq and hash of every
    chain's head by its subject, as of one moment; it is called when nobody else can
    append. A torn last line was never whole: it is cut off, and counted.

    :raises Refused: where a line is bad or by another key, or a chain went back.
    :raises OSError: where the file cannot be written; no part of a line is left.
    """
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    key = signer.public_key().public_bytes_raw().hex()
    with _locked(path) as file:
        data = file.readall()
        history = replay(data, key)
        if history.bad:
            raise Refused(f"The file of checkpoints is broken at {history.bad}.")
        changed = _changed(history, read())
        if history.torn:
            file.truncate(len(data) - history.torn)
        if history.last and not changed:
            return Appended(history.last, False, history.torn)
        unsigned = _next(history, key, changed)
        signature = signer.sign(unsigned.rest).hex()
        point = replace(unsigned, signature=signature)
        _write(file, point.line + b"\n")
        return Appended(point, True, history.torn)


def _changed(history: History, heads: Heads) -> list[Head]:
    """Return the heads that moved on; refuse where a chain is shorter, or another."""
    for subject, marks in sorted(history.marks.items()):
        known, (seq, digest) = history.reached(subject), heads.get(subject, (0, b""))
        if seq < known:
            raise Refused(f"The audit trail is broken at {subject}/{seq + 1}: missing.")
        if seq == known and digest != marks[seq]:
            raise Refused(f"The audit trail is broken at {subject}/{seq}: changed.")
    return [
        (subject, seq, digest.hex())
        for subject, (seq, digest) in sorted(heads.items())
        if seq != history.reached(subject)
    ]


def _next(history: History, key: str, changed: Sequence[Head]) -> Checkpoint:
    leaves = [leaf(who, seq, bytes.fromhex(digest)) for who, seq, digest in changed]
    history.take(changed, leaves)
    return Checkpoint(
        number=history.last.number + 1 if history.last else 1,
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        chains=len(history.marks),
        root=root(history.tree),
        prev=history.hash,
        key=key,
        heads=changed,
    )


@contextmanager
def _locked(path: Path) -> Iterator[FileIO]:
    """Open the file for nobody else meanwhile; one that is new has mode 0600."""
    with FileIO(str(path), "a+", opener=_privately) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def _privately(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _write(file: FileIO, line: bytes) -> None:
    """Write a line whole, to the disk; where that fails, leave nothing of it."""
    size = file.seek(0, os.SEEK_END)
    try:
        if file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    except OSError:
        file.truncate(size)
        raise
    if not size:
        _keep_name(Path(str(file.name)).parent)


def _keep_name(folder: Path) -> None:
    """Let a crash not lose the name of a new file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
