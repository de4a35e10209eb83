"""The Hub as portal and worker see it: calls of its REST API over its Unix socket, with a service's token."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from readingroom.errors import AccessDenied, NotFound, PermissionDenied, Unavailable

OAUTH_CLIENT = "service-portal"
OAUTH_CALLBACK = "/services/portal/oauth_callback"
STOPPED, STARTING, RUNNING, STOPPING = "stopped", "starting", "running", "stopping"
_PENDING = {"spawn": STARTING, "check": STARTING, "stop": STOPPING}


class HubClient:
    """`ports.Hub` over HTTP, and the two questions that sign-in needs. Safe to share between threads.

    Raises Unavailable when the Hub does not answer within `timeout_seconds` or answers what nobody expects.
    """

    def __init__(self, socket: Path, token: str, *, timeout_seconds: float = 30) -> None:
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)),
            base_url="http://hub/hub/api",
            headers={"Authorization": f"token {token}"},
            timeout=timeout_seconds,
            follow_redirects=False,
        )
        self._token = token

    def close(self) -> None:
        self._http.close()

    # workspaces (ports.Hub)

    def start_workspace(self, username: str, project: str) -> None:
        """Ask for it; returns once accepted. Starting or running already is fine.

        AccessDenied with the spawner's own words if the records say no; NotFound if this person has never
        signed in, since the Hub knows nobody else.
        """
        answer = self._send("POST", self._server(username, project), json={"user_options": {}})
        if answer.status_code in (201, 202):
            return
        if answer.status_code == 400 and self.workspace_state(username, project) in (STARTING, RUNNING):
            return
        message = _message(answer)
        if answer.status_code == 403:
            raise AccessDenied(
                message,
                reasons=(message,),
                rule="hub.start",
                value=project,
                next_step="Your projects page says what is missing.",
            )
        if answer.status_code == 404:
            raise NotFound(
                f"The Hub does not know {username}.",
                rule="hub.person",
                value=username,
                next_step="Sign in once, then open the workspace.",
            )
        raise Unavailable(
            f"The Hub did not start the workspace: {message}",
            rule="hub.start",
            value=answer.status_code,
            next_step="Try again in a moment.",
        )

    def stop_workspace(self, username: str, project: str) -> None:
        """Ask for its end; returns once accepted. Not running, or unknown, is fine."""
        answer = self._send("DELETE", self._server(username, project))
        if answer.status_code in (202, 204, 404):
            return
        if answer.status_code == 400 and self.workspace_state(username, project) in (STOPPED, STOPPING):
            return
        raise Unavailable(
            f"The Hub did not stop the workspace: {_message(answer)}",
            rule="hub.stop",
            value=answer.status_code,
            next_step="Try again in a moment.",
        )

    def workspace_state(self, username: str, project: str) -> str:
        """One of stopped, starting, running, stopping; whom the Hub does not know has none running."""
        return self.workspace_states(username).get(project, STOPPED)

    def workspace_states(self, username: str) -> dict[str, str]:
        """The states of all workspaces of a person that the Hub knows of, by project, in one question."""
        answer = self._send("GET", f"/users/{quote(username, safe='')}")
        if answer.status_code == 404:
            return {}
        return {project: _state(server) for project, server in self._json(answer).get("servers", {}).items()}

    # tokens and sign-in

    def identify(self, token: str) -> Mapping[str, Any]:
        """The Hub's model of a token's owner, for `tokens.project_of` and `tokens.person_of`.

        PermissionDenied if the Hub does not know the token (any more).
        """
        if not token.isascii() or not token.isprintable() or not 0 < len(token) <= 256:
            raise _unknown_token()
        answer = self._send("GET", "/user", headers={"Authorization": f"token {token}"})
        if answer.status_code in (401, 403, 404):
            raise _unknown_token()
        return self._json(answer)

    def exchange_code(self, code: str, verifier: str) -> str:
        """The browser's token for an OAuth code; `verifier` is what `authorize_url` was given."""
        answer = self._send(
            "POST",
            "/oauth2/token",
            headers={"Authorization": ""},
            data={
                "client_id": OAUTH_CLIENT,
                "client_secret": self._token,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": OAUTH_CALLBACK,
                "code_verifier": verifier,
            },
        )
        if answer.status_code in (400, 401, 403):
            raise PermissionDenied(
                "The Hub did not accept this sign-in.", rule="oauth.code", next_step="Sign in again."
            )
        return str(self._json(answer)["access_token"])

    def _server(self, username: str, project: str) -> str:
        return f"/users/{quote(username, safe='')}/servers/{quote(project, safe='')}"

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"The Hub does not answer ({type(error).__name__}).",
                rule="hub.unreachable",
                next_step="It restarts by itself; try again in a moment.",
            ) from error
        if answer.status_code >= 500 and method == "GET":
            raise Unavailable(
                f"The Hub answered {answer.status_code}.",
                rule="hub.failed",
                value=answer.status_code,
                next_step="Try again in a moment.",
            )
        return answer

    @staticmethod
    def _json(answer: httpx.Response) -> dict[str, Any]:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code != 200 or not isinstance(content, dict):
            raise Unavailable(
                f"The Hub answered {answer.status_code} without what was asked.",
                rule="hub.answer",
                value=answer.status_code,
                next_step="Try again; if it stays so, look at its log.",
            )
        return content


def _state(server: Mapping[str, Any]) -> str:
    if server.get("pending"):
        return _PENDING.get(server["pending"], STARTING)
    return RUNNING if server.get("ready") else STOPPED


def authorize_url(state: str, verifier: str) -> str:
    """Where a browser signs in; keep `state` and `verifier` (43-128 characters) for the callback."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return "/hub/api/oauth2/authorize?" + urlencode(
        {
            "client_id": OAUTH_CLIENT,
            "redirect_uri": OAUTH_CALLBACK,
            "response_type": "code",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )


def _unknown_token() -> PermissionDenied:
    return PermissionDenied(
        "The Hub does not know this token.",
        rule="token.unknown",
        next_step="Open the workspace again, or sign in again.",
    )


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", answer.status_code))
    except (ValueError, AttributeError):
        return f"status {answer.status_code}"
