"""Sign-in by the records: a password, a second factor, and nobody is let in unless the records say so now."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.utils import new_token
from tornado import web
from traitlets import Any as AnyTrait
from traitlets import Unicode, default

from readingroom.core.people import LONGEST_USERNAME, USERNAME, Person, Standing
from readingroom.errors import NotFound, PermissionDenied, ReadingRoomError
from readingroom.hub import browser_tokens, sign_in
from readingroom.services.sign_in import Enrolment, FirstStep, SignedIn

LONGEST_PASSWORD = 1024  # before hashing, so that a huge one costs nothing
LONGEST_CODE = 64


class RecordsAuthenticator(Authenticator):
    """Two steps against the records; a suspended person is out at the next click.

    The answer to a failed first step is always the same: it says neither which of the two was wrong nor whether the
    account exists.
    """

    records = AnyTrait(help="A readingroom.hub.records.Records.").tag(config=True)
    provider = AnyTrait(None, help="A readingroom.hub.oidc.Client; None: passwords only.").tag(config=True)
    home = Unicode("", help="Scheme and host of the Hub, as browsers have it.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        browser_tokens.limit(self.records.most_browser_tokens)
        self._renewed: dict[str, datetime] = {}

    @default("auth_refresh_age")
    def _refresh_soon(self) -> int:
        return 10

    def normalize_username(self, username: str) -> str:
        """Lower-case and without blanks around; nothing cleverer, so that no two people share a name."""
        return username.strip().lower()

    def validate_username(self, username: str) -> bool:
        return len(username) <= LONGEST_USERNAME and bool(USERNAME.fullmatch(username))

    def get_handlers(self, app: Any) -> list[Any]:
        if not self.provider:
            return [*sign_in.HANDLERS]
        from readingroom.hub import oidc_pages  # 10 MiB that a Hub with passwords only does without

        return [*sign_in.HANDLERS, *oidc_pages.HANDLERS]

    # the steps, as the handlers ask for them

    async def first_step(self, username: str, password: str, address: str) -> FirstStep | None:
        """Who it is and what comes next; None for any pair that does not let in."""
        username = self.normalize_username(username)
        if not self.validate_username(username) or not 0 < len(password) <= LONGEST_PASSWORD:
            return None
        try:
            found: FirstStep = await self._ask(self.records.first_step, username, password, address)
        except PermissionDenied:
            return None
        return found

    async def enrolment(self, username: str) -> Enrolment | None:
        """What an app needs; None once it has been confirmed."""
        try:
            found: Enrolment = await self._ask(self.records.enrolment, username)
        except PermissionDenied:
            return None
        return found

    async def second_step(self, username: str, code: str, address: str, since: datetime) -> SignedIn | None:
        """Let in by a code; None for one that does not count."""
        if not 0 < len(code) <= LONGEST_CODE:
            return None
        try:
            found: SignedIn = await self._ask(self.records.second_step, username, code, address, since)
        except PermissionDenied:
            return None
        return found

    async def _ask(self, what: Any, *given: Any) -> Any:
        """Off the event loop; what fails for another reason than a no is told as such, and logged."""
        try:
            return await asyncio.to_thread(what, *given)
        except PermissionDenied:
            raise
        except ReadingRoomError as error:
            self.log.error("Sign-in failed: %s (%s)", type(error).__name__, error.rule)
            raise web.HTTPError(503) from error

    # what the Hub asks

    async def authenticate(self, handler: Any, data: Any) -> dict[str, object] | None:
        """Only who was let in by our handlers: a password sent to the Hub's API would be one factor."""
        if not isinstance(data, sign_in.Proved):
            return None
        return {"name": data["username"], "admin": False}

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        person = await self._known(username)
        return person is not None and person.standing is Standing.ACTIVE

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Asked again every few seconds of use: False signs the person out."""
        person = await self._known(user.name)
        if person is None or person.standing is not Standing.ACTIVE:
            return False
        return person.signed_out_at is None or handler is None or _signed_in_since(handler, person.signed_out_at)

    def renew_cookies(self, handler: Any, person: Person) -> None:
        """Before somebody signs in who signed out everywhere: cookies of before are worth nothing any more."""
        if person.signed_out_at is None or self._renewed.get(person.username) == person.signed_out_at:
            return
        user = handler.find_user(person.username)
        if user is not None:
            user.orm_user.cookie_id = new_token()
            handler.db.commit()
        self._renewed[person.username] = person.signed_out_at

    def is_admin(self, handler: Any, authentication: Any) -> bool:
        """Nobody administers through the Hub: that is what `readingroom` commands and the portal are for."""
        return False

    async def _known(self, username: str) -> Person | None:
        try:
            found: Person = await asyncio.to_thread(self.records.person, username)
        except (NotFound, PermissionDenied):
            return None
        return found


def _signed_in_since(handler: Any, ended: datetime) -> bool:
    """Whether the cookie that came with this request was made after sessions were ended (cookies carry their time)."""
    name = handler.hub.cookie_name
    if not handler.get_cookie(name):  # a token, which has its own end
        return True
    return handler.get_secure_cookie(name, max_age_days=(time.time() - ended.timestamp()) / 86400) is not None
