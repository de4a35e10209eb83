"""The Hub's proxy, taught about Unix sockets where JupyterHub's own class is not."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from jupyterhub.proxy import ConfigurableHTTPProxy
from traitlets import Dict, Unicode

UNIX = "http+unix://"
_PORT = ":80"
PROGRAM = "configurable-http-proxy"


def unix_url(path: object) -> str:
    """`http+unix://` and the path, percent-encoded: how JupyterHub and its proxy name a Unix socket."""
    return UNIX + quote(str(path), safe="")


class UnixProxy(ConfigurableHTTPProxy):
    """configurable-http-proxy with routes to Unix sockets.

    JupyterHub 6.1 keeps a server's address as host and port, which puts `:80` behind a socket's path; the
    proxy would look for a file of that name. And `extra_routes` accepts http URLs only, so a socket gets a
    stand-in name there (`socket_routes`), replaced on the way out.
    """

    socket_routes = Dict(Unicode(), help="Stand-in http URL -> http+unix URL of the same server.").tag(
        config=True
    )

    async def add_route(self, routespec, target, data):
        target = self.socket_routes.get(target, target)
        if target.startswith(UNIX):
            target = target.removesuffix("/").removesuffix(_PORT)
        await super().add_route(routespec, target, data)

    async def get_all_routes(self):
        """As the Hub remembers them, so that its regular comparison finds nothing to repair."""
        routes = await super().get_all_routes()
        for route in routes.values():
            if route["target"].startswith(UNIX) and "user" in route["data"]:
                route["target"] += _PORT
        return routes

    async def restore_routes(self):
        """On a new proxy. JupyterHub forgets the extra routes there until its next look, a minute later."""
        await super().restore_routes()
        for routespec, target in self.extra_routes.items():
            await self.add_route(routespec, target, {"extra": True})

    def _check_pid(self, pid):
        """As JupyterHub's, but a dead process that nobody has buried, or another that got its number, is no proxy."""
        super()._check_pid(pid)
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            words = ""
        if PROGRAM not in words:  # empty for a zombie
            raise ProcessLookupError(pid)
