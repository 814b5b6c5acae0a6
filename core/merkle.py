"""A Merkle tree over the heads of chains, hashed as RFC 6962 does it.

The heads lie in order of their subjects; a node parts them at the first bit in which
they differ. So one changed head, or a new one, touches only the nodes above it.
"""

from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

LEAF, INNER = b"\x00", b"\x01"
SIZE = sha256().digest_size


class Node(NamedTuple):
    """A place in the tree; `bit` is where its subjects part, -1 in a leaf."""

    subject: int
    bit: int
    hash: bytes
    sides: tuple["Node", ...] = ()


def leaf(subject: str, seq: int, digest: bytes) -> Node:
    """Return the leaf of one head.

    :raises ValueError: where the subject is no UUID, or the digest no SHA-256.
    """
    who = UUID(subject)
    if len(digest) != SIZE or str(who) != subject:
        raise ValueError
    said = LEAF + who.bytes + seq.to_bytes(8, "big") + digest
    return Node(who.int, -1, sha256(said).digest())


def put(tree: Node | None, leaf: Node) -> Node:
    """Return the tree with a leaf added, or in place of that of the same subject."""
    if tree is None or (tree.bit < 0 and tree.subject == leaf.subject):
        return leaf
    bit = (tree.subject ^ leaf.subject).bit_length() - 1
    if bit > tree.bit:
        return _join(bit, *sorted((tree, leaf)))
    low, high = tree.sides
    if leaf.subject >> tree.bit & 1:
        return _join(tree.bit, low, put(high, leaf))
    return _join(tree.bit, put(low, leaf), high)


def _join(bit: int, low: Node, high: Node) -> Node:
    digest = sha256(INNER + low.hash + high.hash).digest()
    return Node(low.subject, bit, digest, (low, high))


def root(tree: Node | None) -> str:
    """Return the root in hexadecimal; that of no head is the hash of nothing."""
    return (tree.hash if tree else sha256().digest()).hex()
