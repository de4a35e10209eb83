"""Second factors, recovery codes, and how often an address was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from readingroom.core.second_factor import Attempts, SecondFactor
from readingroom.db.tables import RecoveryCodeRow, SecondFactorRow, SignInAddressRow

FORGOTTEN_AFTER = timedelta(days=1)


class SignIns:
    def __init__(self, session: Session) -> None:
        self._session = session

    def second_factor(self, username: str) -> SecondFactor | None:
        row = self._session.get(SecondFactorRow, username)
        return None if row is None else SecondFactor(row.username, row.sealed, row.confirmed_at, row.last_step,
                                                     Attempts(row.failures, row.locked_until))

    def set_second_factor(self, one: SecondFactor) -> None:
        row = self._session.get(SecondFactorRow, one.username) or SecondFactorRow(username=one.username)
        row.sealed, row.confirmed_at, row.last_step = one.sealed, one.confirmed_at, one.last_step
        row.failures, row.locked_until = one.attempts.failures, one.attempts.locked_until
        self._session.add(row)
        self._session.flush()

    def remove_second_factor(self, username: str) -> None:
        """With its recovery codes."""
        self._session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.username == username))
        self._session.execute(delete(SecondFactorRow).where(SecondFactorRow.username == username))

    def set_recovery_codes(self, username: str, digests: Iterable[str]) -> None:
        """These, and none of the earlier ones."""
        self._session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.username == username))
        self._session.add_all(RecoveryCodeRow(username=username, digest=digest) for digest in digests)
        self._session.flush()

    def unused_recovery_codes(self, username: str) -> int:
        return self._session.scalar(select(func.count()).select_from(RecoveryCodeRow).where(
            RecoveryCodeRow.username == username, RecoveryCodeRow.used_at.is_(None))) or 0

    def use_recovery_code(self, username: str, digest: str, now: datetime) -> bool:
        """Whether it was one of theirs and unused; it is used now."""
        row = self._session.scalars(select(RecoveryCodeRow).where(
            RecoveryCodeRow.username == username, RecoveryCodeRow.digest == digest,
            RecoveryCodeRow.used_at.is_(None))).first()
        if row is None:
            return False
        row.used_at = now
        return True

    def attempts_from(self, address: str, now: datetime) -> Attempts:
        """What is remembered of an address; a day without a wrong answer is forgotten."""
        row = self._session.get(SignInAddressRow, address)
        if row is None or row.last_at < now - FORGOTTEN_AFTER:
            return Attempts()
        return Attempts(row.failures, row.locked_until)

    def set_attempts_from(self, address: str, attempts: Attempts, now: datetime) -> None:
        self._session.execute(delete(SignInAddressRow).where(SignInAddressRow.last_at < now - FORGOTTEN_AFTER))
        row = self._session.get(SignInAddressRow, address) or SignInAddressRow(address=address)
        row.failures, row.locked_until, row.last_at = attempts.failures, attempts.locked_until, now
        self._session.add(row)
        self._session.flush()
