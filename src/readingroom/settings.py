"""Where this installation keeps its things and how it is reached: read once, frozen.

Settings come from `<state_dir>/settings.toml`; the state directory itself from the environment variable
`READINGROOM_STATE` (default: `var` in the working directory). A missing file means all defaults.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from readingroom.errors import SettingsError

DEMO_HOST = "readingroom.localhost"  # browsers take every name below localhost to this machine
_HOST_NAME = re.compile(r"(?=.{1,200}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
STATE_VARIABLE = "READINGROOM_STATE"
REPOSITORY = Path(__file__).resolve().parents[2]
_LEAST = {"sweep_seconds": 0.1, "demo_people": 1, "workspace_memory_bytes": 64 * 1024**2, "workspace_cpus": 0.01,
          "answer_slot_seconds": 0.1, "recomputing_seconds": 0,
          "workspaces_memory_bytes": 0, "workspaces_per_person": 1, "proof_seconds": 1, "canary_seconds": 5,
          "orphans_seconds": 1}
_CHOICES = {"workspace_runtime": ("runc", "runsc", "kata"), "workspace_network": ("none", "bridge"),
            "quotas": ("auto", "loop", "none"),
            "second_factor": ("everyone", "checkers-and-administrators"),  # of these two, always
            "mail_security": ("starttls", "tls", "none")}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """One installation. Paths below `state_dir` are derived, so one directory is the whole installation."""

    state_dir: Path
    policies_dir: Path = REPOSITORY / "policies"
    address: str = "127.0.0.1"
    port: int = 8000
    proxy_api_port: int = 0
    public_url: str = ""
    database_url: str = ""
    engine_url: str = "unix:///var/run/docker.sock"
    notebook_image: str = "readingroom/notebook"
    door_image: str = "readingroom/door"
    sweep_seconds: float = 2.0
    demo_people: int = 100_000
    workspace_memory_bytes: int = 2 * 1024**3
    workspace_cpus: float = 1.0
    answer_slot_seconds: float = 15.0
    recomputing_seconds: float = 60.0
    workspace_runtime: str = "runc"
    workspace_network: str = "none"
    workspaces_memory_bytes: int = 0
    workspaces_per_person: int = 5
    quotas: str = "auto"
    proof_seconds: float = 60.0
    canary_seconds: float = 600.0
    orphans_seconds: float = 60.0
    second_factor: str = "everyone"
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_secret_file: str = "keys/oidc-client-secret"  # noqa: S105  where it is, not what
    oidc_claim: str = "sub"
    oidc_second_factor: str = "mfa"
    oidc_name: str = "your organisation"
    mail_host: str = ""
    mail_port: int = 587
    mail_security: str = "starttls"
    mail_from: str = ""
    mail_username: str = ""
    clamav_socket: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65534:
            raise SettingsError(f"port is {self.port}.", rule="settings.port", value=self.port,
                                next_step="Choose one from 1 to 65534 in settings.toml.")
        if self.proxy_api_port == 0:
            object.__setattr__(self, "proxy_api_port", self.port + 1)
        if not 1 <= self.proxy_api_port <= 65535 or self.proxy_api_port == self.port:
            raise SettingsError(f"proxy_api_port is {self.proxy_api_port}, port is {self.port}.",
                                rule="settings.port", value=self.proxy_api_port,
                                next_step="Choose one from 1 to 65535 in settings.toml, other than port.")
        object.__setattr__(self, "public_url", _origin(self.public_url or f"http://{DEMO_HOST}:{self.port}"))
        for name, least in _LEAST.items():
            if not getattr(self, name) >= least:
                raise SettingsError(f"{name} is {getattr(self, name)}.", rule=f"settings.{name}",
                                    value=getattr(self, name),
                                    next_step=f"Choose {least} or more in settings.toml.")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(f"{name} is {getattr(self, name)!r}.", rule=f"settings.{name}",
                                    value=getattr(self, name),
                                    next_step=f"Choose one of {', '.join(choices)} in settings.toml.")
        self._check_mail()
        self._check_provider()
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.state_dir / 'db' / 'readingroom.sqlite'}")

    def _check_provider(self) -> None:
        if not self.oidc_issuer:
            return
        parts = urlsplit(self.oidc_issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise SettingsError(f"oidc_issuer is {self.oidc_issuer!r}.", rule="settings.oidc_issuer",
                                value=self.oidc_issuer,
                                next_step="Give the provider's issuer as it writes it, beginning with https://.")
        for name in ("oidc_client_id", "oidc_claim", "oidc_secret_file"):
            if not getattr(self, name):
                raise SettingsError(f"oidc_issuer is set, but {name} is empty.", rule=f"settings.{name}",
                                    next_step=f"Set {name} in settings.toml.")

    def _check_mail(self) -> None:
        if not self.mail_host:
            return
        if not 1 <= self.mail_port <= 65535:
            raise SettingsError(f"mail_port is {self.mail_port}.", rule="settings.mail_port", value=self.mail_port,
                                next_step="Choose one from 1 to 65535 in settings.toml.")
        if not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", self.mail_from):
            raise SettingsError(f"mail_from is {self.mail_from!r}.", rule="settings.mail_from", value=self.mail_from,
                                next_step="Give the one address that notices come from, in settings.toml.")
        if self.mail_security == "none" and (self.mail_host not in _LOOPBACK or self.mail_username):
            raise SettingsError(
                "mail_security is 'none', which is for a server on this machine without a password.",
                rule="settings.mail_security", value=self.mail_host,
                next_step="Choose starttls or tls, or a mail server at localhost without mail_username.")

    @property
    def instance(self) -> str:
        """Eight hex digits that tell this installation's containers and sockets from another's."""
        return hashlib.sha256(str(self.state_dir).encode()).hexdigest()[:8]

    @property
    def public_host(self) -> str:
        """The name by which Hub and portal are reached, without scheme and port."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.public_url.startswith("https:")

    def workspace_host(self, key: str) -> str:
        """A workspace's own name, below the portal's: browsers then keep it apart from the portal and all others."""
        return f"w{key}.{self.public_host}"

    def workspace_origin(self, key: str) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://w{key}.{parts.netloc}"

    @property
    def capacity_bytes(self) -> int:
        """Memory that open workspaces together may be promised."""
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return self.workspaces_memory_bytes or total * 9 // 10

    @property
    def run_dir(self) -> Path:
        """Sockets: a short, lower-case path, since a socket's path has at most 107 bytes."""
        if os.geteuid() == 0:
            return Path("/run/readingroom") / self.instance
        return Path("/tmp") / f"readingroom-{os.geteuid()}" / self.instance  # noqa: S108  checked for owner and mode by ops

    @property
    def keys_dir(self) -> Path:
        return self.state_dir / "keys"

    @property
    def vault_dir(self) -> Path:
        return self.state_dir / "vault"

    @property
    def extracts_dir(self) -> Path:
        return self.state_dir / "extracts"

    @property
    def blobs_dir(self) -> Path:
        return self.state_dir / "blobs"

    @property
    def homes_dir(self) -> Path:
        return self.state_dir / "homes"

    @property
    def volumes_dir(self) -> Path:
        """One file system in a file for each home and each project's shared folder, mounted below `homes_dir`."""
        return self.state_dir / "volumes"

    @property
    def logs_dir(self) -> Path:
        return self.state_dir / "logs"

    @property
    def db_dir(self) -> Path:
        return self.state_dir / "db"

    @property
    def images_file(self) -> Path:
        """Which images this installation runs (`readingroom.installed`)."""
        return self.state_dir / "images.json"

    @property
    def checkpoints_file(self) -> Path:
        """Signed heads of the audit chain, outside the database that they witness."""
        return self.state_dir / "audit" / "checkpoints.jsonl"

    @property
    def verification_file(self) -> Path:
        """When the whole audit log was verified last, and what was found, signed."""
        return self.checkpoints_file.parent / "verified.json"

    # sockets (all Unix; the proxy's public port and its loopback API are the only TCP ports)
    @property
    def hub_socket(self) -> Path:
        return self.run_dir / "hub" / "hub.sock"

    @property
    def portal_socket(self) -> Path:
        return self.run_dir / "portal" / "portal.sock"

    @property
    def door_socket(self) -> Path:
        """The workspaces' way out: the only socket of ours that they see."""
        return self.run_dir / "door" / "door.sock"

    @property
    def inward_socket(self) -> Path:
        """The Hub's proxy to the door: the way to every workspace."""
        return self.run_dir / "in" / "in.sock"

    @property
    def door_admin_socket(self) -> Path:
        """Where the door is told which workspaces are open, and says what passed."""
        return self.run_dir / "admin" / "admin.sock"

    @property
    def workspace_sockets_dir(self) -> Path:
        return self.run_dir / "w"

    @property
    def screen_sockets_dir(self) -> Path:
        """Sockets of the screens of strict workspaces: what the door leads to in place of their servers."""
        return self.run_dir / "p"

    @property
    def behind_dir(self) -> Path:
        """Behind the screens: strict workspaces' own sockets and displays, which the door never sees."""
        return self.run_dir / "b"


_PATHS = {"policies_dir"}


def _origin(url: str) -> str:
    """`url` as an origin: scheme, name, port. SettingsError for what can't have names below it, such as an address."""
    parts = urlsplit(url.rstrip("/"))
    try:
        plain = parts.port is None or parts.port > 0
    except ValueError:
        plain = False
    if (not plain or parts.scheme not in ("http", "https") or not _HOST_NAME.fullmatch(parts.hostname or "")
            or parts.path or parts.query or parts.fragment or "@" in parts.netloc or url != url.lower()):
        raise SettingsError(f"public_url is {url!r}.", rule="settings.public_url", value=url,
                            next_step="Give scheme and host name in lower case, as in https://readingroom.example.org; "
                            "each workspace has a name below it, so an IP address can't be used.")
    return f"{parts.scheme}://{parts.netloc}"


def load_settings(state_dir: Path | None = None) -> Settings:
    """Read the settings of the installation at `state_dir` (default: from the environment).

    Raises SettingsError naming every unknown key or wrong type.
    """
    state = (state_dir or Path(os.environ.get(STATE_VARIABLE, "var"))).expanduser().resolve()
    file = state / "settings.toml"
    if not file.exists():
        return Settings(state_dir=state)
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.", rule="settings.readable", value=file,
                            next_step="Make it a file that this account may read, or remove it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.", rule="settings.toml",
                            next_step="Correct that line and start again.") from error
    known = {field.name: field for field in fields(Settings) if field.name != "state_dir"}
    faults = [f"unknown key {key!r}" for key in given if key not in known]
    values: dict[str, object] = {}
    for key, value in given.items():
        if key not in known:
            continue
        expected = {"int": int, "float": (int, float)}.get(str(known[key].type), str)
        if not isinstance(value, expected) or isinstance(value, bool):
            faults.append(f"{key} = {value!r} is not of type {known[key].type}")
        values[key] = (file.parent / str(value)).resolve() if key in _PATHS else value
    if faults:
        raise SettingsError(f"{file}: {'; '.join(faults)}.", rule="settings.toml", value=sorted(given),
                            next_step=f"Known keys: {', '.join(sorted(known))}.")
    return Settings(state_dir=state, **values)  # type: ignore[arg-type]
