"""Wires the application once. Only this module sees every room of the house.

What reads and writes tables (Arrow, DuckDB: 60 MiB once loaded), and what not each of Hub, portal and worker needs, is
imported by the functions that wire it: they run all day without the rest.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from readingroom.core.policy.library import Policies
from readingroom.db.store import Store
from readingroom.errors import SettingsError
from readingroom.ports import Extracts, Mail, PrivateAnswerer, Recomputer, Vault, Volumes
from readingroom.services.room import ReadingRoom
from readingroom.settings import Settings
from readingroom.storage.blobs import FileBlobs
from readingroom.storage.extracts import FoundExtracts
from readingroom.storage.keys import derive, read_key
from readingroom.storage.policies import load_policies
from readingroom.storage.private_scratch import private_scratch
from readingroom.storage.secrets import FileSecrets
from readingroom.storage.volumes import FolderVolumes, LoopVolumes

if TYPE_CHECKING:
    from readingroom.hub.client import HubClient
    from readingroom.services.workshop import Workshop

EXTRACTS_IDLE_SECONDS, ANSWERS_IDLE_SECONDS = 10.0, 300.0  # bounded views are kept between private questions
RECIPES_IDLE_SECONDS, RECIPE_SECONDS = 10.0, 60.0


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def build(settings: Settings) -> ReadingRoom:
    """The application as Hub, portal and command line use it: no data key, no signing key."""
    clock = SystemClock()
    return ReadingRoom(
        settings=settings, store=Store(settings.database_url, clock), clock=clock,
        policies=load_policies(settings.policies_dir), blobs=FileBlobs(settings.blobs_dir),
        extracts=FoundExtracts(settings.extracts_dir), secrets=FileSecrets(settings.keys_dir / "sign-in.key"),
    )


def build_workshop(settings: Settings) -> Workshop:
    """The application as the worker uses it, with what the vault has, the answerer and the signing keys."""
    from readingroom.clamd import ClamdScanner
    from readingroom.hub.meter import DoorMeter
    from readingroom.hub.names import RESEARCHER
    from readingroom.services.workshop import Workshop
    from readingroom.storage.apart import AnswererApart, Apart, ExtractsApart, RecomputerApart
    from readingroom.storage.arrivals import SharedFolders
    from readingroom.storage.vault_index import VaultIndex

    room = build(settings)
    return Workshop(
        settings=settings, store=room.store, clock=room.clock, policies=room.policies, blobs=room.blobs,
        secrets=room.secrets,
        extracts=ExtractsApart(settings.extracts_dir, Apart(settings, "extracts", EXTRACTS_IDLE_SECONDS)),
        vault=VaultIndex(settings.vault_dir, settings.keys_dir / "vault.key"),
        answerer=AnswererApart(_scratch(settings), Apart(settings, "answers", ANSWERS_IDLE_SECONDS)),
        hub=hub_client(settings, "worker-token"), meter=DoorMeter(settings),
        audit_key=_private_key(settings.keys_dir / "audit-signing.pem"),
        release_key=_private_key(settings.keys_dir / "release-signing.pem"),
        arrivals=SharedFolders(settings.homes_dir, volumes(settings), RESEARCHER),
        scanner=ClamdScanner(Path(settings.clamav_socket)) if settings.clamav_socket else None,
        recomputer=RecomputerApart(Apart(settings, "recipes", RECIPES_IDLE_SECONDS), RECIPE_SECONDS),
    )


# What the back rooms hold (`readingroom.back_room`): processes that work on tables, for as long as there is work.


def build_extracts(settings: Settings) -> Extracts:
    from readingroom.storage.extract_making import FileExtracts
    from readingroom.storage.vault import FileVault

    vault = FileVault(settings.vault_dir, settings.keys_dir / "vault.key")
    return FileExtracts(settings.extracts_dir, vault, settings.keys_dir / "pseudonym.key")


def build_recomputer(settings: Settings) -> Recomputer:
    from readingroom.storage.extract_making import FileExtracts
    from readingroom.storage.recomputing import VaultRecomputer
    from readingroom.storage.vault import FileVault

    vault = FileVault(settings.vault_dir, settings.keys_dir / "vault.key")
    return VaultRecomputer(vault, FileExtracts(settings.extracts_dir, vault, settings.keys_dir / "pseudonym.key"))


def build_answerer(settings: Settings) -> PrivateAnswerer:
    from readingroom.storage.private_answers import OpenDPAnswerer
    from readingroom.storage.vault import FileVault

    vault = FileVault(settings.vault_dir, settings.keys_dir / "vault.key")
    row_key = derive(read_key(settings.keys_dir / "pseudonym.key"), "rows of private answers")
    return OpenDPAnswerer(vault, _scratch(settings), row_key=row_key)


def _scratch(settings: Settings) -> Path:
    return private_scratch(settings.state_dir / "scratch", settings.instance)


def build_vault(settings: Settings, policies: Policies) -> Vault:
    """The vault, which takes only what matches its registration in `policies`."""
    from readingroom.storage.registration import RegisteredVault
    from readingroom.storage.vault import FileVault

    return RegisteredVault(FileVault(settings.vault_dir, settings.keys_dir / "vault.key"), policies.dataset_or_twin)


def mail(settings: Settings) -> Mail | None:
    """The mail server, where the installation has one."""
    from readingroom.smtp import SmtpMail

    return SmtpMail(settings) if settings.mail_host else None


def volumes(settings: Settings) -> Volumes:
    """Homes with quotas where the settings want them and this account can mount; else plain folders."""
    if settings.quotas == "loop" or (settings.quotas == "auto" and os.geteuid() == 0):
        return LoopVolumes(settings.volumes_dir, settings.homes_dir)
    return FolderVolumes(settings.volumes_dir)


def hub_client(settings: Settings, token_file: str) -> HubClient:
    from readingroom.hub.client import HubClient

    return HubClient(settings.hub_socket, _secret(settings.keys_dir / token_file))


def public_key(file: Path) -> Ed25519PublicKey:
    """The Ed25519 public key in a PEM file. SettingsError if it is not one."""
    key = load_pem_public_key(_read(file))
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{file} is not an Ed25519 key.", rule="keys.type", value=file.name,
                            next_step="Give the .pub.pem file of the installation that signed.")
    return key


def _private_key(file: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(_read(file), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{file} is not an Ed25519 key.", rule="keys.type", value=file.name,
                            next_step="Restore the key from your backup.")
    return key


def _secret(file: Path) -> str:
    return _read(file).decode().strip()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.", rule="keys.present", value=file.name,
                            next_step="Run `make up`, which creates the keys, or restore them from your backup."
                            ) from error
