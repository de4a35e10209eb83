"""The one way out of a workspace: the portal's JSON API, through a Unix socket, as the workspace's own person."""

from __future__ import annotations

import os
from secrets import token_hex
from typing import Any

from readingroom import errors

SOCKET_VARIABLE = "READINGROOM_DOOR"
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105 -- the name of a variable
BASE = "http://portal/services/portal/api/v1"
TIMEOUT_SECONDS = 60.0
TRIES = 3
NO_ANSWER = "door.portal"
LATER = "Try again in a minute; if it stays so, tell your administrator."
BY_STATUS: dict[int, tuple[type[errors.ReadingRoomError], str, str]] = {
    401: (errors.PermissionDenied, "This workspace's token is no longer accepted.",
          "Close the workspace and open it again."),
    402: (errors.BudgetExceeded, "The privacy budget does not allow it.", "See rr.dp.budget()."),
    403: (errors.PermissionDenied, "The door lets nothing of this kind through.",
          "Use the functions of readingroom.sdk."),
    404: (errors.NotFound, "The portal knows nothing of that name.", "Close the workspace and open it again."),
    409: (errors.InvalidTransition, "The state does not allow it now.", "Ask for the state anew."),
    413: (errors.InvalidInput, "What was sent is too large.", "Send fewer or smaller files."),
    422: (errors.InvalidInput, "The portal does not understand what was sent.", "Check the names and values given."),
    429: (errors.Unavailable, "Too many calls came in a short time.", "Wait a minute, then try again."),
}
"""What a refusal means that does not explain itself: by something on the way, such as the door."""


def get(path: str) -> Any:
    """What the portal answers, as JSON values. Raises the portal's own error, or Unavailable."""
    return _call("GET", path)


def post(path: str, *, json: object = None, data: dict[str, str] | None = None, files: list[Any] | None = None,
         once: bool = False) -> Any:
    """`once`: sent under a key, so that it is tried again where an answer is lost, and done once all the same."""
    if not once:
        return _call("POST", path, json=json, data=data, files=files)
    headers = {"Idempotency-Key": token_hex(16)}
    for left in reversed(range(TRIES)):
        try:
            return _call("POST", path, json=json, data=data, files=files, headers=headers)
        except errors.Unavailable as lost:
            if lost.rule != NO_ANSWER or not left:
                raise
    raise AssertionError("the last try returns or raises")


def _call(method: str, path: str, *, headers: dict[str, str] | None = None, **sent: Any) -> Any:
    import httpx

    socket, token = os.environ.get(SOCKET_VARIABLE), os.environ.get(TOKEN_VARIABLE)
    if not socket or not token:
        raise errors.Unavailable(
            "This is not a running workspace, so the portal cannot be reached.", rule="door.workspace",
            next_step="Open the project's workspace and run this there.")
    given = {name: value for name, value in sent.items() if value is not None}
    try:
        transport = httpx.HTTPTransport(uds=socket)
        with httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.request(method, BASE + path, headers={"Authorization": f"token {token}"} | (headers or {}),
                                    **given)
    except httpx.HTTPError as error:
        raise errors.Unavailable(f"The portal does not answer ({type(error).__name__}).", rule=NO_ANSWER,
                                 next_step=LATER) from error
    if answer.is_success:
        return _json(answer)
    raise _error(answer.status_code, _json(answer))


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        if answer.is_success:
            raise errors.Unavailable("The portal's answer cannot be read.", rule="door.answer",
                                     value=answer.status_code, next_step=LATER) from None
        return None


def _error(status: int, said: object) -> errors.ReadingRoomError:
    """The error class that the portal raised, by its name; by the status where it is unknown or was not said."""
    cls, message, next_step = BY_STATUS.get(status, (errors.Unavailable, "The portal could not answer.", LATER))
    if not isinstance(said, dict) or not said.get("message"):
        return cls(message, rule="door.refused", value=f"status {status}", next_step=next_step)
    named = getattr(errors, str(said.get("error", "")), None)
    if isinstance(named, type) and issubclass(named, errors.ReadingRoomError):
        cls = named
    return cls(str(said["message"]), rule=str(said.get("rule") or "door.refused"), value=said.get("value"),
               next_step=str(said.get("next_step") or next_step))
