"""The Hub's sign-in pages: a password, then a code, with the app set up on the way the first time.

Between the steps the browser holds a cookie that the Hub signed: who gave the right password and when, for five
minutes. It is sent to these pages alone and is worth nothing without a code.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import segno
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.login import LoginHandler
from tornado.httputil import HTTPServerRequest, url_concat

from readingroom.core.people import Person
from readingroom.services.sign_in import Second

STEP_COOKIE = "readingroom-second-step"
STEP_SECONDS = 300


class Proved(dict[str, str]):
    """Who was let in, from a handler of ours that saw both factors. What a form or an API call sends is never one."""


@dataclass(frozen=True)
class HalfWay:
    """Somebody gave the right password at a time; `enrols` if their app is still to be set up."""

    username: str
    at: datetime
    enrols: bool


class Steps(BaseHandler):
    """What all steps share. Cookies are signed by the Hub, for as long as the step that reads them says."""

    def keep(self, name: str, said: str, below: str, samesite: str) -> None:
        """Have this browser keep something for the pages below `below`."""
        self._set_cookie(self._place(name), said, path=f"{self.hub.base_url}{below}", expires_days=None,
                         samesite=samesite)

    def kept(self, name: str, seconds: int) -> dict[str, Any] | None:
        """What this browser kept; None if nothing, altered, or for longer than `seconds`."""
        found = self.get_secure_cookie(self._place(name), max_age_days=seconds / 86400)
        return None if found is None else json.loads(found)

    def drop(self, name: str, below: str) -> None:
        self.clear_cookie(self._place(name), path=f"{self.hub.base_url}{below}")

    def _place(self, name: str) -> str:
        return f"__Host-{name}" if self.hub.cookie_name.startswith("__Host-") else name

    def remember(self, half_way: HalfWay) -> None:
        self.keep(STEP_COOKIE, json.dumps({"username": half_way.username, "at": half_way.at.isoformat(),
                                           "enrols": half_way.enrols}), "second-step", samesite="Strict")

    def half_way(self) -> HalfWay | None:
        """Who is between the steps in this browser; None if nobody, or for longer than five minutes."""
        said = self.kept(STEP_COOKIE, STEP_SECONDS)
        return None if said is None else HalfWay(said["username"], datetime.fromisoformat(said["at"]), said["enrols"])

    async def let_in(self, person: Person) -> Any:
        """The Hub's own session, for somebody who has shown all that is asked of them."""
        self.authenticator.renew_cookies(self, person)
        user = await self.login_user(Proved(username=person.username))
        self._jupyterhub_user = user
        return user

    async def show(self, template: str, **known: Any) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish(await self.render_template(template, **known))


class PasswordHandler(Steps, LoginHandler):
    """The first step. Its page is LoginHandler's."""

    async def post(self) -> None:
        username = self.get_body_argument("username", "", strip=True)
        password = self.get_body_argument("password", "", strip=False)
        step = await self.authenticator.first_step(username, password, address_of(self.request))
        if step is None:
            self.set_status(403)
            shown = username if len(username) <= 32 else ""
            self.finish(await self._render(login_error="Invalid username or password", username=shown))
        elif step.second is Second.NOTHING:
            self.redirect(self.get_next_url(await self.let_in(step.person)))
        else:
            self.remember(HalfWay(step.person.username, datetime.now(UTC), step.second is Second.ENROLMENT))
            self.redirect(url_concat(f"{self.hub.base_url}second-step", {"next": self.get_argument("next", "")}))


class SecondStepHandler(Steps):
    """The second step: a code; or, the first time, how to set the app up, and a first code to prove that it was."""

    async def get(self) -> None:
        half_way = self.half_way()
        if half_way is None:
            self._start_again()
        else:
            await self._ask(half_way)

    async def post(self) -> None:
        half_way = self.half_way()
        if half_way is None:
            self._start_again()
            return
        code = self.get_body_argument("recovery", "") or self.get_body_argument("code", "")
        done = await self.authenticator.second_step(half_way.username, code, address_of(self.request), half_way.at)
        if done is None:
            self.set_status(403)
            await self._ask(half_way, wrong=True)
            return
        self.drop(STEP_COOKIE, "second-step")
        onward = self.get_next_url(await self.let_in(done.person))
        if done.recovery_codes:
            await self.show("recovery_codes.html", codes=done.recovery_codes, onward=onward)
        else:
            self.redirect(onward)

    async def _ask(self, half_way: HalfWay, wrong: bool = False) -> None:
        enrolment = await self.authenticator.enrolment(half_way.username) if half_way.enrols else None
        if half_way.enrols and enrolment is None:  # set up meanwhile, in another tab
            self._start_again()
            return
        action = url_concat(f"{self.hub.base_url}second-step", {"next": self.get_argument("next", "")})
        await self.show("second_step.html", action=action, wrong=wrong, username=half_way.username,
                        enrolment=enrolment, picture=picture(enrolment.uri) if enrolment else "",
                        xsrf=self.xsrf_token.decode("ascii"))

    def _start_again(self) -> None:
        self.redirect(url_concat(self.settings["login_url"], {"next": self.get_argument("next", "")}))


def picture(uri: str) -> str:
    """A QR code as SVG, to stand in a page."""
    return segno.make(uri, error="m", micro=False).svg_inline(
        scale=1, light="#fff", omitsize=True, title="QR code that sets up your authenticator app", svgclass=None,
        lineclass=None)


def address_of(request: HTTPServerRequest) -> str:
    """Where a request came from, as our own proxy heard it."""
    return last_address(request.headers.get_list("X-Forwarded-For"))


def last_address(forwarded: Sequence[str]) -> str:
    """The last address of X-Forwarded-For that is not this machine's: an IPv4 address, or a subscriber's IPv6 /64.

    The proxy appends whom it heard from, so nothing that a browser sends comes last.
    """
    for one in reversed(",".join(forwarded).split(",")):
        try:
            given = ipaddress.ip_address(one.strip())
        except ValueError:
            break
        address = getattr(given, "ipv4_mapped", None) or given
        if not address.is_loopback:
            return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
    return "this machine"


HANDLERS = ((r"/login", PasswordHandler), (r"/second-step", SecondStepHandler))
