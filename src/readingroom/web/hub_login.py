"""Signing in with JupyterHub: OAuth 2 authorization code with state and PKCE."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx

from readingroom.errors import PermissionDenied, Unavailable
from readingroom.settings import Settings
from readingroom.web.addresses import HUB, page
from readingroom.web.sessions import SignIn

CLIENT_ID = "service-portal"
CALLBACK = page("/oauth_callback")


class HubLogin:
    """The browser goes to the Hub through the public address; the code is exchanged over the Hub's own socket."""

    def __init__(self, settings: Settings, client_secret: str, transport: httpx.BaseTransport | None = None) -> None:
        self._secret = client_secret
        self._client = httpx.Client(
            transport=transport or httpx.HTTPTransport(uds=str(settings.hub_socket)),
            base_url="http://hub", timeout=10.0, follow_redirects=False, trust_env=False,
        )

    def authorize_url(self, signin: SignIn) -> str:
        return f"{HUB}/api/oauth2/authorize?" + urlencode({
            "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": signin.state,
            "code_challenge": signin.challenge, "code_challenge_method": "S256",
        })

    def exchange(self, code: str, signin: SignIn) -> str:
        """The person's Hub token. Raises PermissionDenied if the Hub refuses the code, Unavailable if it is away."""
        try:
            answer = self._client.post(f"{HUB}/api/oauth2/token", data={
                "client_id": CLIENT_ID, "client_secret": self._secret, "grant_type": "authorization_code", "code": code,
                "redirect_uri": CALLBACK, "code_verifier": signin.verifier,
            })
        except httpx.HTTPError as error:
            raise Unavailable("Signing in is not possible right now: the Hub does not answer.", rule="portal.sign-in",
                              next_step="Try again in a minute; if it stays so, tell your administrator.") from error
        if answer.status_code >= 500:
            raise Unavailable("Signing in is not possible right now: the Hub had a fault.", rule="portal.sign-in",
                              value=answer.status_code, next_step="Try again in a minute.")
        token = answer.json().get("access_token") if answer.status_code == 200 else None
        if not isinstance(token, str) or not token:
            raise PermissionDenied("The Hub did not accept this sign-in.", rule="portal.sign-in",
                                   value=answer.status_code, next_step="Start again from the front page.")
        return token
