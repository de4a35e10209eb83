"""When each workspace was last used, as the Hub's proxy saw it: what people sent, not what a container says.

The proxy notes a route's time at each answered request and at each piece that comes in over a websocket. What a kernel
prints, and that it calls itself busy, moves nothing.
"""

from __future__ import annotations

from datetime import datetime

import httpx

from readingroom.errors import Unavailable
from readingroom.settings import Settings


class ProxyActivity:
    """Port `Activity`, asked of configurable-http-proxy's own interface on the loopback."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"http://127.0.0.1:{settings.proxy_api_port}/api/routes"
        self._token_file = settings.keys_dir / "proxy-token"

    def last_used(self) -> dict[tuple[str, str], datetime]:
        """Raises Unavailable when the proxy does not answer as it should."""
        try:
            token = self._token_file.read_text().strip()
            answer = httpx.get(self._url, headers={"Authorization": f"token {token}"}, timeout=5, trust_env=False)
            routes = answer.raise_for_status().json().values()
            return {(route["user"], route["server_name"]): datetime.fromisoformat(route["last_activity"])
                    for route in routes if route.get("user") and route.get("server_name")}
        except (httpx.HTTPError, OSError, ValueError, KeyError, AttributeError) as error:
            raise Unavailable("The Hub's proxy does not say when workspaces were used.", rule="hub.activity",
                              value=type(error).__name__, next_step="It is asked again; nothing is closed meanwhile.",
                              ) from error
