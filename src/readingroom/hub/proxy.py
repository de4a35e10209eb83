"""The Hub's proxy, taught about Unix sockets where JupyterHub's own class is not."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from jupyterhub.proxy import ConfigurableHTTPProxy
from traitlets import Callable, Dict, Unicode

UNIX = "http+unix://"
ELSEWHERE = "/elsewhere/"  # stands for every host and path that has no route
BEHIND = "behind_the_door"  # in a route's data: the workspace's own socket, which the Hub asks but people don't
PROGRAM = "configurable-http-proxy"


def unix_url(path: object) -> str:
    """`http+unix://` and the path, percent-encoded: how JupyterHub and its proxy name a Unix socket."""
    return UNIX + quote(str(path), safe="")


class UnixProxy(ConfigurableHTTPProxy):
    """configurable-http-proxy with routes to Unix sockets.

    `extra_routes` accepts http URLs only, so a socket gets a stand-in name there (`socket_routes`), replaced on
    the way out. Behind the path of a workspace's socket JupyterHub 6.1 writes `:80`; nobody follows that one.
    """

    socket_routes = Dict(Unicode(), help="Stand-in http URL -> http+unix URL of the same server.").tag(
        config=True
    )

    host_of = Callable(help="The host name of a routespec; empty for whatever is not named otherwise.").tag(config=True)
    door = Unicode(help="The http+unix URL through which every workspace is reached.").tag(config=True)

    def _routespec_to_chp_path(self, routespec):
        """The proxy routes by host, the first part of its paths; JupyterHub itself would give a host to each person."""
        path = super()._routespec_to_chp_path(routespec)
        if routespec == ELSEWHERE:
            return "/"
        return f"/{self.host_of(routespec)}{path}".rstrip("/")

    def _routespec_from_chp_path(self, chp_path):
        _, _, path = chp_path.lstrip("/").partition("/")
        return super()._routespec_from_chp_path(f"/{path}") if chp_path != "/" else ELSEWHERE

    async def add_route(self, routespec, target, data):
        """People reach a workspace through the door only; which one, the door reads from the path."""
        target = self.socket_routes.get(target, target)
        if "user" in data:
            target, data = self.door, {**data, BEHIND: target}
        await super().add_route(routespec, target.removesuffix("/") if target.startswith(UNIX) else target, data)

    async def get_all_routes(self):
        """As the Hub remembers them, so that its regular comparison finds nothing to repair."""
        routes = await super().get_all_routes()
        for route in routes.values():
            route["target"] = route["data"].pop(BEHIND, route["target"])
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
