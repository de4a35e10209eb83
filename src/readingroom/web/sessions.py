"""Who is at the other end: a sealed cookie, checked with the Hub and the records on every request.

The cookie carries the person's Hub token under authenticated encryption (Fernet: AES-CBC and HMAC-SHA256), so the
portal keeps no session of its own: killing the portal signs nobody out, and signing out at the Hub deletes the
token, which ends every copy of the cookie within `HUB_CHECK_SECONDS`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken

from readingroom.errors import PermissionDenied
from readingroom.web.addresses import PREFIX

COOKIE = "readingroom-portal"
SIGNIN_COOKIE = "readingroom-signin"
SESSION_SECONDS = 12 * 3600
SIGNIN_SECONDS = 600
HUB_CHECK_SECONDS = 15.0

def cookie_place(name: str, *, secure: bool) -> tuple[str, str]:
    """A cookie's name and path. Over TLS with the prefix that pages of hosts below ours can't give one of theirs."""
    return (f"__Host-{name}", "/") if secure else (name, f"{PREFIX}/")  # the prefix demands this path


Model = Mapping[str, object]


@dataclass(frozen=True)
class Session:
    """One signed-in browser. `csrf_token` goes into every form and must come back with it."""

    username: str
    hub_token: str
    csrf_token: str


@dataclass(frozen=True)
class SignIn:
    """What must survive the trip to the Hub and back: `state` ties the answer to this browser (RFC 6749 10.12)."""

    state: str
    verifier: str
    next_page: str

    @classmethod
    def begin(cls, next_page: str) -> SignIn:
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(48), next_page)


class Seal:
    """Turns sessions into cookies and back; what was altered or is too old reads as absent."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def _fernet(self, purpose: str) -> Fernet:
        key = hmac.digest(self._secret, b"readingroom.portal." + purpose.encode(), "sha256")
        return Fernet(base64.urlsafe_b64encode(key))

    def _open(self, purpose: str, cookie: str, seconds: int) -> dict[str, str] | None:
        try:
            return json.loads(self._fernet(purpose).decrypt(cookie.encode(), ttl=seconds))
        except (InvalidToken, UnicodeEncodeError):
            return None

    def session_cookie(self, session: Session) -> str:
        return self._fernet("session").encrypt(json.dumps(asdict(session)).encode()).decode()

    def session(self, cookie: str) -> Session | None:
        found = self._open("session", cookie, SESSION_SECONDS)
        return Session(**found) if found else None

    def session_began(self, cookie: str) -> datetime:
        """When a session's cookie was made. Only for one that `session` accepted."""
        return datetime.fromtimestamp(self._fernet("session").extract_timestamp(cookie.encode()), UTC)

    def signin_cookie(self, signin: SignIn) -> str:
        return self._fernet("signin").encrypt(json.dumps(asdict(signin)).encode()).decode()

    def signin(self, cookie: str) -> SignIn | None:
        found = self._open("signin", cookie, SIGNIN_SECONDS)
        return SignIn(**found) if found else None


class Identities:
    """Asks the Hub whose token it is, remembering a yes for `HUB_CHECK_SECONDS` (a no is never remembered)."""

    def __init__(self, identify: Callable[[str], Model], clock: Callable[[], float] = time.monotonic) -> None:
        self._identify = identify
        self._clock = clock
        self._known: dict[bytes, tuple[float, Model]] = {}
        self._lock = threading.Lock()

    def of(self, token: str) -> Model:
        """The Hub's model of the token's owner and scopes. Raises PermissionDenied for a token that the Hub refuses."""
        if not token:
            raise PermissionDenied("No token was sent.", rule="portal.token", next_step="Sign in again.")
        key, now = hashlib.sha256(token.encode()).digest(), self._clock()
        with self._lock:
            found = self._known.get(key)
        if found is not None and now - found[0] < HUB_CHECK_SECONDS:
            return found[1]
        self.forget(token)
        identity = self._identify(token)
        with self._lock:
            self._known = {k: v for k, v in self._known.items() if now - v[0] < HUB_CHECK_SECONDS}
            self._known[key] = (now, identity)
        return identity

    def forget(self, token: str) -> None:
        """Ask again next time (after signing out)."""
        with self._lock:
            self._known.pop(hashlib.sha256(token.encode()).digest(), None)
