"""The primitives: key pairs, sealing a key to a holder, sealing a field, passwords.

Only `cryptography` computes here. Formats are versioned by their first byte.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.turns import Turns

KEY = 32
NONCE = 12
PAD = 32
MLKEM_SEED, MLKEM_PUBLIC = 64, 1184
SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
# Two derivations with lanes at once wait for each other's threads for ever in OpenSSL,
# and each takes 64 MiB: a process makes one at a time.
STRETCHING = Turns(waiting=16, longest=10)


class Tampered(Exception):
    """What should be opened was not sealed so, here, by this key."""


def bind(*parts: object) -> bytes:
    """Return an unambiguous byte string of `parts`: each length-prefixed."""
    encoded = [str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in encoded)


@dataclass(frozen=True)
class KeyPair:
    """A holder's key pair; the private half as its two raw seeds (64 + 32 bytes)."""

    private: bytes
    public: bytes

    def __repr__(self) -> str:
        return "<KeyPair>"


def new_pair() -> KeyPair:
    """Make a hybrid ML-KEM-768 and X25519 key pair."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    return KeyPair(
        mlkem.private_bytes_raw() + x25519.private_bytes_raw(),
        mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw(),
    )


def fingerprint(public: bytes) -> str:
    """Return the SHA-256 of a public key in hex: what people and the audit compare."""
    return sha256(public).hexdigest()


def seal_to(public: bytes, data: bytes, info: bytes) -> bytes:
    """Seal `data` so that only the private half of `public` opens it."""
    recipient = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC:]),
    )
    return SUITE.encrypt(data, recipient, info=info)


def open_with(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Open what `seal_to` sealed.

    :raises Tampered: where key, bytes or `info` are not those it was sealed with.
    """
    key = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(private[:MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(private[MLKEM_SEED:]),
    )
    try:
        return SUITE.decrypt(sealed, key, info=info)
    except (InvalidTag, ValueError) as error:
        raise Tampered from error


def _pad(data: bytes) -> bytes:
    data += b"\x80"
    return data + bytes(-len(data) % PAD)


def _unpad(data: bytes) -> bytes:
    return data[: data.rindex(b"\x80")]


def encrypt(key: bytes, data: bytes, bound_to: bytes) -> bytes:
    """Encrypt with AES-256-GCM under a random nonce, padded to 32-byte steps."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, _pad(data), bound_to)


def decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Decrypt what `encrypt` made.

    :raises Tampered: where key, bytes or binding differ.
    """
    nonce, body = sealed[:NONCE], sealed[NONCE:]
    try:
        return _unpad(AESGCM(key).decrypt(nonce, body, bound_to))
    except (InvalidTag, ValueError) as error:
        raise Tampered from error


def derive(secret: bytes, purpose: str, length: int = KEY) -> bytes:
    """Derive a key for one purpose from a uniformly random secret."""
    return HKDF(SHA256(), length, salt=None, info=bind(purpose)).derive(secret)


@dataclass(frozen=True)
class Cost:
    """The price of a password guess; memory in KiB."""

    iterations: int = 2
    lanes: int = 2
    memory: int = 64 * 1024


def stretch(password: str, salt: bytes, pepper: bytes, cost: Cost) -> bytes:
    """Return the 32-byte root of a password: Argon2id with the server's pepper.

    It takes a tenth of a second and its turn: call it outside of transactions.

    :raises Busy: where too many passwords are being derived in this process.
    """
    kdf = Argon2id(
        salt=salt,
        length=KEY,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory,
        secret=pepper,
    )
    with STRETCHING.take():
        return kdf.derive(password.encode())
