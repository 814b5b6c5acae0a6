"""Server keys: by address, never weak, never made up."""

import pytest

from vault.uris import SIZE, NoKey, load, make

KEY = "ab" * SIZE


def test_a_key_file_is_made_once_and_read_back(tmp_path):
    uri = f"file:{tmp_path}/keys/pepper"
    assert make(uri)
    first = load(uri)
    assert not make(uri)
    assert load(uri) == first
    assert len(first) == SIZE


def test_a_key_file_is_for_its_owner_alone(tmp_path):
    make(f"file:{tmp_path}/keys/pepper")
    assert (tmp_path / "keys/pepper").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0


def test_a_key_comes_from_the_environment():
    assert load("env:PEPPER", {"PEPPER": KEY}) == bytes.fromhex(KEY)


@pytest.mark.parametrize(
    ("uri", "environment"),
    [
        ("file:/nowhere/at/all", {}),
        ("env:PEPPER", {}),
        ("env:PEPPER", {"PEPPER": ""}),
        ("env:PEPPER", {"PEPPER": "ab" * (SIZE - 1)}),
        ("env:PEPPER", {"PEPPER": "not hexadecimal"}),
        ("env:PEPPER", None),
        ("kms:somewhere", {}),
        ("", {}),
    ],
)
def test_no_key_is_made_up(uri, environment):
    with pytest.raises(NoKey) as refused:
        load(uri, environment)
    assert "ab" * 8 not in str(refused.value)


def test_only_files_are_made():
    assert not make("env:PEPPER")
