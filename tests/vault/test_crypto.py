"""The primitives: what is sealed opens only as it was sealed, and shows nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto import (
    NONCE,
    PAD,
    Cost,
    KeyPair,
    Tampered,
    bind,
    decrypt,
    derive,
    encrypt,
    fingerprint,
    new_pair,
    open_with,
    seal_to,
    stretch,
)

KEY = bytes(range(32))
PAIR = new_pair()
CHEAP = Cost(iterations=1, lanes=1, memory=64)
TAG = 16


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_encrypted_decrypts_to_the_same(data, bound):
    assert decrypt(KEY, encrypt(KEY, data, bound), bound) == data


@given(st.binary(max_size=200))
def test_lengths_show_only_in_steps_of_32_bytes(data):
    size = len(encrypt(KEY, data, b"")) - NONCE - TAG
    assert size % PAD == 0
    assert size == (len(data) // PAD + 1) * PAD


def test_data_that_ends_like_padding_is_kept():
    for data in (b"", b"\x80", b"\x80\x00", b"\x00" * 31, b"x\x80" + bytes(30)):
        assert decrypt(KEY, encrypt(KEY, data, b"b"), b"b") == data


def test_nonces_are_never_repeated():
    made = {encrypt(KEY, b"same", b"same")[:NONCE] for _ in range(2000)}
    assert len(made) == 2000


def test_the_same_words_never_look_the_same():
    assert len({encrypt(KEY, b"same", b"same") for _ in range(50)}) == 50


@pytest.mark.parametrize("place", range(NONCE + PAD + TAG))
def test_a_changed_byte_is_noticed_wherever_it_is(place):
    sealed = bytearray(encrypt(KEY, b"words", b"bound"))
    sealed[place] ^= 1
    with pytest.raises(Tampered):
        decrypt(KEY, bytes(sealed), b"bound")


@pytest.mark.parametrize("length", [0, 1, NONCE, NONCE + TAG, NONCE + TAG + PAD - 1])
def test_what_is_cut_short_is_noticed(length):
    with pytest.raises(Tampered):
        decrypt(KEY, encrypt(KEY, b"words", b"")[:length], b"")


def test_another_key_or_another_binding_opens_nothing():
    sealed = encrypt(KEY, b"words", b"bound")
    for key, bound in ((bytes(32), b"bound"), (KEY, b"other"), (KEY, b"")):
        with pytest.raises(Tampered):
            decrypt(key, sealed, bound)


@given(
    st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4)
)
def test_different_parts_are_never_bound_alike(some, others):
    assert (bind(*some) == bind(*others)) == (some == others)


def test_a_key_is_sealed_to_its_holder_alone():
    sealed = seal_to(PAIR.public, KEY, b"info")
    assert open_with(PAIR.private, sealed, b"info") == KEY
    with pytest.raises(Tampered):
        open_with(new_pair().private, sealed, b"info")


def test_a_sealed_key_is_bound_to_its_purpose():
    sealed = seal_to(PAIR.public, KEY, bind("grant", 1))
    for info in (bind("grant", 2), bind("desk", 1), b""):
        with pytest.raises(Tampered):
            open_with(PAIR.private, sealed, info)


@pytest.mark.parametrize("size", [0, 1, 40, 1119, 1167])
def test_a_sealed_key_that_is_cut_short_is_noticed(size):
    with pytest.raises(Tampered):
        open_with(PAIR.private, seal_to(PAIR.public, KEY, b"")[:size], b"")


def test_a_private_key_is_kept_as_its_two_seeds():
    assert (len(PAIR.private), len(seal_to(PAIR.public, KEY, b""))) == (64 + 32, 1168)


def test_both_halves_of_a_key_pair_are_needed():
    """ML-KEM and X25519: breaking one of them opens nothing."""
    sealed, other = seal_to(PAIR.public, KEY, b""), new_pair()
    for private in (
        PAIR.private[:64] + other.private[64:],
        other.private[:64] + PAIR.private[64:],
    ):
        with pytest.raises(Tampered):
            open_with(private, sealed, b"")


def test_keys_for_two_purposes_have_nothing_in_common():
    assert derive(KEY, "session") != derive(KEY, "private key")
    assert derive(KEY, "session") == derive(KEY, "session")


def test_a_password_is_stretched_with_its_salt_and_the_servers_pepper():
    root = stretch("password", bytes(16), KEY, CHEAP)
    assert root == stretch("password", bytes(16), KEY, CHEAP)
    others = {
        stretch("Password", bytes(16), KEY, CHEAP),
        stretch("password", bytes([1]) * 16, KEY, CHEAP),
        stretch("password", bytes(16), bytes(32), CHEAP),
    }
    assert len(others | {root}) == 4


def test_a_fingerprint_is_of_the_whole_public_key():
    changed = bytearray(PAIR.public)
    changed[-1] ^= 1
    assert fingerprint(bytes(changed)) != fingerprint(PAIR.public)


def test_a_key_pair_shows_nothing_of_itself():
    for shown in (repr(PAIR), str(PAIR), f"{PAIR}", f"{PAIR!r:>40}"):
        assert "<KeyPair>" in shown
        assert PAIR.private.hex()[:8] not in shown


def test_a_key_pair_is_not_confused_with_another():
    assert KeyPair(PAIR.private, PAIR.public) == PAIR
