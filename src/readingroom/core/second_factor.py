"""The second factor: codes from an app (TOTP), and recovery codes for when the phone is lost.

Source: RFC 6238, time-based one-time passwords; RFC 4226 for the codes themselves.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from readingroom.core.roles import Role

DIGITS = 6
STEP_SECONDS = 30
DRIFT_STEPS = 1  # a clock may be one step off, either way
SECRET_BYTES = 20  # RFC 4226 section 4 recommends 160 bits
ALWAYS_TWO = frozenset({Role.CHECKER, Role.ADMINISTRATOR})
RECOVERY_CODES = 10
_RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else
RECOVERY_GROUPS, RECOVERY_GROUP = 3, 4  # 31 letters: just under 60 bits


class Demand(StrEnum):
    """Of whom a second factor is asked. Those who decide what leaves, or who comes in, are always asked."""

    EVERYONE = "everyone"
    CHECKERS_AND_ADMINISTRATORS = "checkers-and-administrators"


@dataclass(frozen=True)
class Attempts:
    """Wrong answers since the last right one, and until when no answer counts."""

    failures: int = 0
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


@dataclass(frozen=True)
class SecondFactor:
    """A secret shared with someone's app: sealed; in use once confirmed. No step up to `last_step` counts again."""

    username: str
    sealed: bytes
    confirmed_at: datetime | None
    last_step: int
    attempts: Attempts


def is_demanded(roles: Collection[Role], demand: Demand) -> bool:
    return demand is Demand.EVERYONE or not ALWAYS_TWO.isdisjoint(roles)


def after_wrong(attempts: Attempts, now: datetime, free: int) -> Attempts:
    """One more wrong answer. After `free` of them each locks for twice as long: from a second up to 15 minutes."""
    failures = attempts.failures + 1
    if failures < free:
        return replace(attempts, failures=failures)
    return Attempts(failures, now + timedelta(seconds=min(2 ** min(failures - free, 20), 900)))


def step_at(at: datetime) -> int:
    """RFC 6238: T = floor(seconds since 1970 / 30)."""
    return int(at.timestamp()) // STEP_SECONDS


def code_of(secret: bytes, step: int) -> str:
    """The code of one step. Example (RFC 6238 appendix B): the last six of 94287082 for step 1."""
    return HOTP(secret, DIGITS, SHA1(), enforce_key_length=False).generate(step).decode()  # noqa: S303  what apps use


def matching_step(secret: bytes, code: str, at: datetime, last_step: int) -> int | None:
    """The step whose code this is, if it is now's or a neighbour's and later than the last one used."""
    now, found = step_at(at), None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step), code) and step > last_step:
            found = step
    return found


def setup_key(secret: bytes) -> str:
    """The secret as people type it into an app: base 32, in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[at:at + 4] for at in range(0, len(text), 4))


def secret_of(key: str) -> bytes:
    """The secret that a setup key stands for."""
    text = re.sub(r"\s", "", key).upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def setup_uri(secret: bytes, username: str, host: str) -> str:
    """What the QR code says, as apps read it."""
    label = quote(f"Reading Room:{username}@{host}", safe="")
    return f"otpauth://totp/{label}?secret={setup_key(secret).replace(' ', '')}&issuer={quote('Reading Room')}"


def is_code(text: str) -> bool:
    return bool(re.fullmatch(rf"[0-9]{{{DIGITS}}}", text))


def normal_code(text: str) -> str:
    """As typed, without what people put between the groups."""
    return re.sub(r"[\s-]", "", text).lower()


def recovery_code(randoms: Collection[int]) -> str:
    """A recovery code from as many random numbers as it has letters, each below the alphabet's length."""
    letters = "".join(_RECOVERY_ALPHABET[one] for one in randoms)
    return "-".join(letters[at:at + RECOVERY_GROUP] for at in range(0, len(letters), RECOVERY_GROUP))


RECOVERY_LETTERS, RECOVERY_CHOICES = RECOVERY_GROUPS * RECOVERY_GROUP, len(_RECOVERY_ALPHABET)
