"""Signing in and out through an organisation's own provider: two addresses, and the page of a refusal."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import httpx
from jupyterhub.handlers.login import LogoutHandler
from tornado import web
from tornado.httputil import url_concat

from readingroom.errors import PermissionDenied, ReadingRoomError
from readingroom.hub import oidc
from readingroom.hub.sign_in import HalfWay, Steps
from readingroom.services.sign_in import Second

TRIP_COOKIE, CAME_COOKIE = "readingroom-trip", "readingroom-provider"
TRIP_SECONDS = 600


class _ProviderHandler(Steps):
    @property
    def client(self) -> oidc.Client:
        client: oidc.Client | None = self.authenticator.provider
        if client is None:
            raise web.HTTPError(404)
        return client

    async def ask(self, what: Any, *given: Any) -> Any:
        """One exchange with the provider, off the event loop."""

        def asked() -> Any:
            with httpx.Client() as http:
                return what(*given, http)

        return await asyncio.to_thread(asked)

    async def refuse(self, error: ReadingRoomError) -> None:
        self.log.warning("Sign-in by the provider failed: %s (%s)", error.message, error.rule)
        self.set_status(error.status_code)
        await self.show("provider_refused.html", message=error.message, next_step=error.next_step)


class LeaveHandler(_ProviderHandler):
    """Off to the provider, with what must come back from there kept in this browser."""

    async def get(self) -> None:
        client = self.client
        try:
            provider = await self.ask(oidc.discover, client)
        except ReadingRoomError as error:
            await self.refuse(error)
            return
        trip = oidc.Trip.begin()
        kept = json.dumps({**asdict(trip), "next": self.get_argument("next", "")})
        # Lax: the way back is a navigation from another site.
        self.keep(TRIP_COOKIE, kept, "oidc/", samesite="Lax")
        self.redirect(oidc.authorize_url(client, provider, trip))


class ReturnHandler(_ProviderHandler):
    """Back from the provider. Nobody is made here: a subject that is not registered to a person is refused."""

    async def get(self) -> None:
        client = self.client
        kept = self.kept(TRIP_COOKIE, TRIP_SECONDS)
        self.drop(TRIP_COOKIE, "oidc/")
        try:
            if kept is None or not secrets.compare_digest(kept["state"].encode(),
                                                          self.get_argument("state", "").encode()):
                raise PermissionDenied("This sign-in was not started in this browser, or took too long.",
                                       rule="oidc.state", next_step="Start again from the sign-in page.")
            if self.get_argument("iss", client.issuer) != client.issuer:
                raise PermissionDenied("The answer is another provider's.", rule="oidc.issuer",
                                       next_step="Start again from the sign-in page.")
            code = self.get_argument("code", "")
            if not code:
                raise PermissionDenied("Your organisation did not let you in.", rule="oidc.denied",
                                       next_step="Ask whoever looks after its accounts.")
            trip = oidc.Trip(kept["state"], kept["nonce"], kept["verifier"])
            provider = await self.ask(oidc.discover, client)
            identity = await self.ask(oidc.identify, client, provider, trip, code)
            step = await asyncio.to_thread(self.authenticator.records.provider_step, client.issuer, identity.subject,
                                           identity.second_factor)
        except ReadingRoomError as error:
            await self.refuse(error)
            return
        self.keep(CAME_COOKIE, "{}", "", samesite="Lax")
        if step.second is Second.NOTHING:
            user = await self.let_in(step.person)
            self.redirect(self.next_of(user, kept["next"]))
        else:
            self.remember(HalfWay(step.person.username, datetime.now(UTC), step.second is Second.ENROLMENT))
            self.redirect(url_concat(f"{self.hub.base_url}second-step", {"next": kept["next"]}))

    def next_of(self, user: Any, wanted: str) -> str:
        """The Hub's own check of where to go next, on what was asked for before the trip."""
        self.request.arguments["next"] = [wanted.encode()]
        found: str = self.get_next_url(user)
        return found


class OutHandler(LogoutHandler, _ProviderHandler):
    """Signing out here ends the provider's session too, for those who came from there."""

    async def render_logout_page(self) -> None:
        came = self.kept(CAME_COOKIE, 7 * 86400) is not None
        self.drop(CAME_COOKIE, "")
        if self.authenticator.provider is None or not came:
            await super().render_logout_page()
            return
        home = f"{self.authenticator.home}{self.settings['login_url']}"
        try:
            provider = await self.ask(oidc.discover, self.client)
        except ReadingRoomError:
            self.redirect(home)
            return
        self.redirect(oidc.sign_out_url(self.client, provider, home))


HANDLERS = ((r"/oidc/leave", LeaveHandler), (r"/oidc/return", ReturnHandler), (r"/logout", OutHandler))
