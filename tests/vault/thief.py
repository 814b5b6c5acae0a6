"""A thief with the whole database and the server's configuration, and some passwords.

He tries every secret that he finds, in every shape that the code knows, on every lock
there is; what a lock gives away he tries anew, until nothing is left to try.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, LargeBinary, Text, text

from config import ROOT, Config
from core.db import Base
from tests.vault.locks import Id, Lock, locks, sealed_to
from vault import uris
from vault.boxes import HEADER
from vault.crypto import (
    KEY,
    MLKEM_PUBLIC,
    MLKEM_SEED,
    NONCE,
    Cost,
    Tampered,
    bind,
    derive,
    open_with,
    stretch,
)

PRIVATE = MLKEM_SEED + KEY
ENCAPSULATED = 1120
SHORT = 160
HEX = re.compile("[0-9a-f]{64}")
ROOMS = ("core", "vault", "auth", "casework", "referrals", "stats", "web")
OBVIOUS = ("", "password", "123456789012", "correct horse")


@dataclass
class Loot:
    """What was opened, and how often it was tried."""

    values: set[Id] = field(default_factory=set)
    grants: set[Id] = field(default_factory=set)
    privates: set[bytes] = field(default_factory=set)
    keys: int = 0
    tries: int = 0


def purposes() -> list[str]:
    """Return every purpose and every mark that the code derives with or binds to."""
    found = set()
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            found |= set(re.findall(r'derive\([^"]*?"([^"]+)"', file.read_text()))
            found |= set(re.findall(r'bind\(\s*"([^"]+)"', file.read_text()))
    return sorted(found)


def configuration(config: Config) -> list[bytes]:
    """Return every secret that the configuration names, and every other setting."""
    names = [each.name for each in fields(config)]
    names += [name for name in vars(type(config)) if not name.startswith("_")]
    said = {str(getattr(config, name)) for name in names}
    keys = [uris.load(each) for each in said if each.startswith("file:")]
    return keys + [each.encode() for each in said]


def blobs(raw: Connection) -> Iterator[bytes]:
    """Yield all bytes of the database, and every hash that is written as a text."""
    for table in Base.metadata.tables.values():
        for column in table.columns:
            kind = getattr(column.type, "impl_instance", column.type)
            if isinstance(kind, LargeBinary | Text):
                query = f'SELECT DISTINCT "{column.name}" FROM {table.name}'
                for value in raw.scalars(text(query)):
                    if isinstance(value, str):
                        yield from map(bytes.fromhex, HEX.findall(value))
                    elif value is not None:
                        yield bytes(value)


def _windows(blob: bytes) -> set[bytes]:
    places = (0, HEADER, NONCE, len(blob) - KEY, ENCAPSULATED, MLKEM_SEED)
    cut = {blob[at : at + KEY] for at in places if at >= 0}
    return {each for each in cut if len(each) == KEY} | {sha256(blob).digest()}


class Thief:
    """All locks of a database, and the trying of keys on them."""

    def __init__(self, raw: Connection, config: Iterable[bytes]) -> None:
        self.raw, self.loot, self.config = raw, Loot(), list(config)
        self.locks: dict[Id, Lock] = {lock.id: lock for lock in locks(raw)}
        self.sealed_to = dict(sealed_to(raw))
        self.publics = set(raw.scalars(text("SELECT public_key FROM holder_keys")))
        self.seen: set[bytes] = set()
        self.turned: set[bytes] = set()

    def steal(self) -> Loot:
        """Try everything that there is, and every password that is obvious."""
        obvious = {
            row.person_id: (*OBVIOUS, row.username, row.name, row.staff_number or "")
            for row in self._credentials()
        }
        return self._work([*self.config, *blobs(self.raw), *self._stretched(obvious)])

    def learn(self, passwords: Mapping[uuid.UUID, str]) -> Loot:
        """Try somebody's password, and go on from there as before."""
        return self._work(self._stretched({who: [it] for who, it in passwords.items()}))

    def _work(self, secrets: Iterable[bytes]) -> Loot:
        todo = list(secrets)
        while todo:
            todo = [more for blob in todo for more in self._try(blob)]
        return self.loot

    def twin(self) -> "Thief":
        """Return another who has tried the same and stolen nothing."""
        other = copy(self)
        other.loot, other.locks = Loot(), dict(self.locks)
        other.sealed_to = dict(self.sealed_to)
        other.seen, other.turned = set(self.seen), set(self.turned)
        return other

    def _credentials(self) -> Iterable[Any]:
        return self.raw.execute(
            text(
                "SELECT person_id, salt, iterations, lanes, memory, username, name,"
                " staff_number FROM credentials JOIN people ON people.id = person_id"
            )
        )

    def _stretched(self, known: Mapping[uuid.UUID, Iterable[str]]) -> Iterator[bytes]:
        peppers = [each for each in self.config if len(each) == KEY]
        for row in self._credentials():
            price = Cost(row.iterations, row.lanes, row.memory)
            for password in known.get(row.person_id, ()):
                for pepper in (b"", *peppers):
                    yield stretch(password, bytes(row.salt), pepper, price)

    def _try(self, blob: bytes) -> Iterator[bytes]:
        if blob in self.seen:
            return
        self.seen.add(blob)
        for window in _windows(blob):
            for key in (window, sha256(window).digest(), *_derived(window)):
                yield from self._turn(key)
        for at in range(len(blob) - KEY + 1) if len(blob) <= SHORT else ():
            yield from self._turn(blob[at : at + KEY])
        for at in {0, NONCE, ENCAPSULATED, len(blob) - PRIVATE}:
            if 0 <= at <= len(blob) - PRIVATE:
                yield from self._unlock(blob[at : at + PRIVATE])

    def _turn(self, key: bytes) -> Iterator[bytes]:
        """Try 32 bytes on every lock."""
        if key in self.turned:
            return
        self.turned.add(key)
        self.loot.keys += 1
        cipher, opened = AESGCM(key), []
        for lock in self.locks.values():
            self.loot.tries += 1
            try:
                words = cipher.decrypt(
                    lock.sealed[:NONCE], lock.sealed[NONCE:], lock.bound
                )
            except InvalidTag:
                continue
            opened.append((lock, words.rstrip(b"\0")[:-1]))
        for lock, words in opened:
            yield from self._take(lock, words)

    def _take(self, lock: Lock, words: bytes) -> Iterator[bytes]:
        del self.locks[lock.id]
        if lock.id[0] == "field":
            self.loot.values.add(lock.id[1:])
        elif lock.id[0] == "gate":
            tag, *place = lock.id[1:]
            info = ("grant" if tag == "grant" else "desk", *place)
            self.sealed_to[lock.id[1:]] = (words, bind(*info))
            yield words
            for private in self.loot.privates:
                yield from self._open(private)
        else:
            yield words

    def _unlock(self, private: bytes) -> Iterator[bytes]:
        """Try 96 bytes as somebody's private key; whoever has a half of one has it."""
        self.loot.tries += 1
        kem, curve = _publics(private)
        fits = [
            public
            for public in self.publics
            if public[:MLKEM_PUBLIC] == kem or public[MLKEM_PUBLIC:] == curve
        ]
        if fits and private not in self.loot.privates:
            self.loot.privates.add(private)
            yield from self._open(private)

    def _open(self, private: bytes) -> Iterator[bytes]:
        for place, (sealed, info) in list(self.sealed_to.items()):
            self.loot.tries += 1
            try:
                key = open_with(private, sealed, info)
            except Tampered:
                continue
            del self.sealed_to[place]
            if place[0] == "grant":
                self.loot.grants.add(place[1:])
            yield key


@cache
def _purposes() -> tuple[str, ...]:
    return tuple(purposes())


def _derived(secret: bytes) -> Iterator[bytes]:
    for purpose in _purposes():
        yield derive(secret, purpose)


def _publics(private: bytes) -> tuple[bytes, bytes]:
    kem = MLKEM768PrivateKey.from_seed_bytes(private[:MLKEM_SEED])
    curve = X25519PrivateKey.from_private_bytes(private[MLKEM_SEED:])
    return (
        kem.public_key().public_bytes_raw(),
        curve.public_key().public_bytes_raw(),
    )


def kept_in(folder: Path) -> list[bytes]:
    """Return every file of the server's own folder."""
    return [each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()]
