"""Sign-in by the records: local accounts, and nobody is let in unless the records say so now."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Any as AnyTrait
from traitlets import default

from readingroom.core.people import LONGEST_USERNAME, USERNAME, Standing
from readingroom.errors import NotFound, PermissionDenied
from readingroom.hub import sign_ins

LONGEST_PASSWORD = 1024  # before hashing, so that a huge one costs nothing


class RecordsAuthenticator(Authenticator):
    """Username and password against the records; a suspended person is out at the next click.

    The answer to a failed sign-in is always the Hub's own "Invalid username or password": it says neither
    which of the two was wrong nor whether the account exists.
    """

    records = AnyTrait(help="A readingroom.hub.records.Records.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sign_ins.limit(self.records.most_sign_ins)

    @default("auth_refresh_age")
    def _refresh_soon(self) -> int:
        return 10

    def normalize_username(self, username: str) -> str:
        """Lower-case and without blanks around; nothing cleverer, so that no two people share a name."""
        return username.strip().lower()

    def validate_username(self, username: str) -> bool:
        return len(username) <= LONGEST_USERNAME and bool(USERNAME.fullmatch(username))

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, object] | None:
        username, password = self.normalize_username(data.get("username", "")), data.get("password", "")
        if not self.validate_username(username) or not 0 < len(password) <= LONGEST_PASSWORD:
            return None
        try:
            person = await asyncio.to_thread(self.records.sign_in, username, password)
        except PermissionDenied:
            return None
        return {"name": person.username, "admin": False}

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        return await self._is_active(username)

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Asked again every few seconds of use: False signs the person out."""
        return await self._is_active(user.name)

    def is_admin(self, handler: Any, authentication: Any) -> bool:
        """Nobody administers through the Hub: that is what `readingroom` commands and the portal are for."""
        return False

    async def _is_active(self, username: str) -> bool:
        try:
            person = await asyncio.to_thread(self.records.person, username)
        except (NotFound, PermissionDenied):
            return False
        return person.standing is Standing.ACTIVE
