"""Codes as RFC 6238 has them, each of which counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.roles import Role
from readingroom.core.second_factor import (
    RECOVERY_CHOICES,
    RECOVERY_LETTERS,
    Attempts,
    Demand,
    after_wrong,
    code_of,
    is_demanded,
    matching_step,
    normal_code,
    recovery_code,
    secret_of,
    setup_key,
    setup_uri,
    step_at,
)

SECRET = b"12345678901234567890"
AT = datetime(2026, 11, 24, 9, 0, 10, tzinfo=UTC)
NOW = step_at(AT)


@pytest.mark.parametrize(("seconds", "expected"), [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
    (2000000000, "69279037"), (20000000000, "65353130")])
def test_the_published_examples(seconds, expected):
    """RFC 6238 appendix B, SHA-1; it has eight digits, of which ours are the last six."""
    assert code_of(SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == expected[-6:]


@pytest.mark.parametrize(("off", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(off, counts):
    assert (matching_step(SECRET, code_of(SECRET, NOW + off), AT, 0) == NOW + off) is counts


def test_a_code_counts_once_and_so_does_none_before_it():
    for used in (NOW, NOW + 1):
        assert matching_step(SECRET, code_of(SECRET, NOW), AT, used) is None
    assert matching_step(SECRET, code_of(SECRET, NOW + 1), AT, NOW) == NOW + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６"])
def test_what_is_no_code(code):
    assert matching_step(SECRET, code.encode("ascii", "replace").decode(), AT, 0) is None


def test_the_setup_key_can_be_typed_in_any_way():
    key = setup_key(SECRET)
    assert key.startswith("GEZD GNBV")
    assert secret_of(key) == secret_of(key.replace(" ", "").lower()) == SECRET


def test_the_qr_code_is_what_apps_read():
    assert setup_uri(SECRET, "ada", "rr.example.org") == (
        "otpauth://totp/Reading%20Room%3Aada%40rr.example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Reading%20Room")


@given(st.lists(st.integers(0, RECOVERY_CHOICES - 1), min_size=RECOVERY_LETTERS, max_size=RECOVERY_LETTERS))
def test_recovery_codes_are_read_however_they_are_typed(randoms):
    code = recovery_code(randoms)
    assert len(code.split("-")) == 3
    assert normal_code(code) == normal_code(f" {code.upper().replace('-', ' ')} ") == code.replace("-", "")


@given(st.integers(0, 200))
def test_locks_grow_and_end_within_a_quarter_of_an_hour(failures):
    after = after_wrong(Attempts(failures), AT, 5)
    wait = (after.locked_until or AT) - AT
    assert timedelta() <= wait <= timedelta(minutes=15)
    assert (wait > timedelta()) is (failures >= 4)
    assert after_wrong(after, AT, 5).locked_until is None or after_wrong(after, AT, 5).locked_until >= AT + wait


@pytest.mark.parametrize(("roles", "demand", "expected"), [
    ({Role.RESEARCHER}, Demand.EVERYONE, True), ({Role.RESEARCHER}, Demand.CHECKERS_AND_ADMINISTRATORS, False),
    ({Role.CUSTODIAN}, Demand.CHECKERS_AND_ADMINISTRATORS, False), ({Role.CHECKER}, Demand.CHECKERS_AND_ADMINISTRATORS,
                                                                  True),
    ({Role.ADMINISTRATOR}, Demand.CHECKERS_AND_ADMINISTRATORS, True),
    ({Role.RESEARCHER, Role.CHECKER}, Demand.CHECKERS_AND_ADMINISTRATORS, True)])
def test_who_decides_what_leaves_or_who_comes_in_always_needs_two(roles, demand, expected):
    assert is_demanded(roles, demand) is expected
