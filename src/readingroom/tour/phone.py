"""An authenticator app, for the tour and the tests: it holds what sign-in pages gave it, and makes each code once."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from readingroom.core.second_factor import DRIFT_STEPS, STEP_SECONDS, code_of, secret_of, step_at


class Phone:
    """One app for all accounts of this process, by address of the installation and username."""

    def __init__(self) -> None:
        self._secrets: dict[tuple[str, str], bytes] = {}
        self._used: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def set_up(self, installation: str, username: str, key: str) -> None:
        """Take in the setup key that a page showed."""
        self._secrets[installation, username] = secret_of(key)

    def code(self, installation: str, username: str) -> str:
        """A code that was not used yet and counts now; waits for the next one if need be."""
        account = installation, username
        with self._lock:
            step = max(step_at(datetime.now(UTC)), self._used.get(account, 0) + 1)
            self._used[account] = step
        time.sleep(max(0.0, (step - DRIFT_STEPS) * STEP_SECONDS - time.time()))
        return code_of(self._secrets[account], step)


PHONE = Phone()
