"""Whose token is this: what portal and SDK routes conclude from the Hub's answer to `GET /hub/api/user`.

Two kinds of token reach the portal, and each opens only its own doors:

- a **workspace's** token (`JUPYTERHUB_API_TOKEN` in the container):
  `access:servers!server=<person>/<project>` and
  nothing else of weight. It opens the JSON API, for that project only. See `project_of`.
- a **browser's** token (from the Hub's OAuth, held in the portal's session):
  `access:services!service=portal`.
  It opens the pages. See `person_of`. A workspace's token never has this scope, so code in a notebook
  cannot use the pages, and what it can do stays what its project may.

Ask the Hub each time (or cache for a few seconds): a stopped workspace's token is deleted by the Hub at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from readingroom.errors import PermissionDenied

PORTAL_SCOPE = "access:services!service=portal"
_SERVER = "access:servers!server="


def _denied(rule: str, value: object) -> PermissionDenied:
    return PermissionDenied(
        "This token does not open this door.",
        rule=rule,
        value=value,
        next_step="Use the SDK inside a running workspace, or sign in to the portal again.",
    )


def _name_and_scopes(model: Mapping[str, object]) -> tuple[str, frozenset[str]]:
    name, scopes = model.get("name"), model.get("scopes")
    if model.get("kind") != "user" or not isinstance(name, str) or not name or not isinstance(scopes, list):
        raise _denied("token.kind", model.get("kind"))
    if not all(isinstance(scope, str) for scope in scopes):
        raise _denied("token.scopes", "not text")
    return name, frozenset(scopes)


def project_of(model: Mapping[str, object]) -> tuple[str, str]:
    """The (username, project) of the workspace whose token the Hub described as `model`.

    Raises PermissionDenied unless the token is a person's, names exactly one named server, that server is
    theirs, and every other scope is the bare minimum of a server's token. An unknown scope is a no (promise
    P9).
    """
    name, scopes = _name_and_scopes(model)
    servers = [scope.removeprefix(_SERVER) for scope in scopes if scope.startswith(_SERVER)]
    if len(servers) != 1:
        raise _denied("token.server", len(servers))
    owner, _, project = servers[0].partition("/")
    if owner != name or not project or "/" in project:
        raise _denied("token.server", servers[0])
    harmless = {
        f"{_SERVER}{name}/{project}",
        f"users:activity!user={name}",
        f"read:users:activity!user={name}",
        f"read:users:name!user={name}",
        f"read:users:groups!user={name}",
    }
    if surplus := scopes - harmless:
        raise _denied("token.scopes", ", ".join(sorted(surplus)))
    return name, project


def person_of(model: Mapping[str, object]) -> str:
    """The username of a browser's token from the portal's OAuth; PermissionDenied for any other."""
    name, scopes = _name_and_scopes(model)
    if PORTAL_SCOPE not in scopes:
        raise _denied("token.scopes", "no access to the portal")
    return name
