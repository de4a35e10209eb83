"""The one way out of a workspace: the portal's JSON API, through a Unix socket, as the workspace's own person."""

from __future__ import annotations

import os
from typing import Any

from readingroom import errors

SOCKET_VARIABLE = "READINGROOM_DOOR"
TOKEN_VARIABLE = "JUPYTERHUB_API_TOKEN"  # noqa: S105 -- the name of a variable
BASE = "http://portal/services/portal/api/v1"
TIMEOUT_SECONDS = 60.0
BY_STATUS: dict[int, type[errors.ReadingRoomError]] = {
    401: errors.PermissionDenied, 402: errors.BudgetExceeded, 403: errors.PermissionDenied, 404: errors.NotFound,
    409: errors.InvalidTransition, 413: errors.InvalidInput, 422: errors.InvalidInput,
}


def get(path: str) -> Any:
    """What the portal answers, as JSON values. Raises the portal's own error, or Unavailable."""
    return _call("GET", path)


def post(path: str, *, json: object = None, data: dict[str, str] | None = None, files: list[Any] | None = None) -> Any:
    return _call("POST", path, json=json, data=data, files=files)


def _call(method: str, path: str, **sent: Any) -> Any:
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
            answer = client.request(method, BASE + path, headers={"Authorization": f"token {token}"}, **given)
    except httpx.HTTPError as error:
        raise errors.Unavailable(f"The portal does not answer ({type(error).__name__}).", rule="door.portal",
                                 next_step="Try again in a moment.") from error
    if answer.is_success:
        return _json(answer)
    raise _error(answer.status_code, _json(answer))


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        if answer.is_success:
            raise errors.Unavailable("The portal's answer cannot be read.", rule="door.answer",
                                     value=answer.status_code, next_step="Try again in a moment.") from None
        return None


def _error(status: int, said: object) -> errors.ReadingRoomError:
    """The error class that the portal raised, by its name; by the status where it is unknown here."""
    fields = said if isinstance(said, dict) else {}
    by_status = BY_STATUS.get(status, errors.Unavailable if status >= 500 else errors.InvalidInput)
    named = getattr(errors, str(fields.get("error", "")), None)
    known = isinstance(named, type) and issubclass(named, errors.ReadingRoomError)
    cls: type[errors.ReadingRoomError] = named if known else by_status
    return cls(str(fields.get("message") or f"The portal answered {status}."), rule=str(fields.get("rule") or "door"),
               value=fields.get("value"), next_step=str(fields.get("next_step") or ""))
