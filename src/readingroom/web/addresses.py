"""Where the portal's pages are: nouns, one place to change them."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from readingroom.hub.names import workspace_key
from readingroom.settings import Settings

PREFIX = "/services/portal"
API = "/api/v1"
"""What the token of a workspace opens, and all of the portal that the door leads workspaces to."""
DESK = "/api/desk/v1"
"""What a signed-in person does by programs. No workspace reaches it."""
HUB = "/hub"

# Only our own pages may be returned to after signing in: no scheme, no host, no "//", no control characters.
_OWN_PAGE = re.compile(rf"{PREFIX}(/[A-Za-z0-9._~-]+)*/?(\?[A-Za-z0-9._~=&%-]*)?")


def is_api(path: str) -> bool:
    """Whether an address is for programs, which are answered in JSON whatever happens."""
    return path.startswith(f"{PREFIX}/api/")


def page(path: str, **query: object) -> str:
    """The address of a portal page; `path` starts with a slash."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{PREFIX}{path}" + (f"?{urlencode(given)}" if given else "")


def own_page(address: str) -> str:
    """`address` if it is one of ours, otherwise the front page (no open redirects)."""
    return address if _OWN_PAGE.fullmatch(address) else page("/")



def lab(settings: Settings, username: str, project: str) -> str:
    """A running workspace's JupyterLab, at the workspace's own host."""
    return f"{settings.workspace_origin(workspace_key(settings, username, project))}/user/{username}/{project}/"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
