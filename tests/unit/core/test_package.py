"""A release can be checked offline, and any byte that differs is named."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core import package

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FILES = {"table.csv": b"sex,people\nF,120\nM,130\n" * 500, "figure.png": bytes(range(256)) * 20}
PACKAGE = package.build(FILES, b'{"@context": []}', {"request": 7, "files": []}, KEY)


def test_a_package_as_made_holds():
    result = package.verify(PACKAGE, KEY.public_key())
    assert result.holds, result.faults
    assert result.manifest["request"] == 7


def test_the_same_contents_give_the_same_bytes():
    again = package.build(dict(reversed(FILES.items())), b'{"@context": []}', {"request": 7, "files": []}, KEY)
    assert again == PACKAGE


@given(st.integers(0, len(PACKAGE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(at, flip):
    changed = bytearray(PACKAGE)
    changed[at] ^= flip
    assert not package.verify(bytes(changed), KEY.public_key()).holds


@given(st.integers(0, len(PACKAGE) - 1))
def test_any_cut_is_found(length):
    assert not package.verify(PACKAGE[:length], KEY.public_key()).holds


@pytest.mark.parametrize("tail", [b"\0", b"PK\x05\x06" + b"\0" * 18, b"more"])
def test_bytes_added_at_the_end_are_found(tail):
    assert not package.verify(PACKAGE + tail, KEY.public_key()).holds


def test_the_place_of_a_change_is_named():
    at = PACKAGE.index(b"sex,people") + 5000
    changed = PACKAGE[:at] + b"#" + PACKAGE[at + 1:]
    faults = package.verify(changed, KEY.public_key()).faults
    assert faults == ("files/table.csv differs within bytes 4096 to 8191",)


def test_another_installations_package_is_not_ours():
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    result = package.verify(PACKAGE, other.public_key())
    assert "signed by key" in result.faults[0]


@pytest.mark.parametrize("rubbish", [b"", b"PK", b"not a zip" * 100])
def test_what_is_no_package_says_so(rubbish):
    assert "not a readable package" in package.verify(rubbish, KEY.public_key()).faults[0]
