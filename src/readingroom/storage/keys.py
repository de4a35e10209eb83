"""Key files, and the key-encryption key that wraps every data key of the vault."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pyarrow.parquet.encryption as pe
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from readingroom.errors import IntegrityError, SettingsError

KEY_BYTES = 32
NONCE_BYTES = 12


def read_key(file: Path) -> bytes:
    """The 32 bytes of a key file that nobody but its owner can read. SettingsError otherwise."""
    try:
        mode = file.stat().st_mode
        key = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"The key {file} cannot be read: {error.strerror}.", rule="keys.present", value=file.name,
                            next_step="Restore it from your backup; without it the data cannot be read.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"The key {file} can be read by others (mode {stat.S_IMODE(mode):o}).", rule="keys.mode",
                            value=f"{stat.S_IMODE(mode):o}", next_step=f"chmod 600 {file}, and consider replacing it.")
    if len(key) != KEY_BYTES:
        raise SettingsError(f"The key {file} has {len(key)} bytes.", rule="keys.size", value=len(key),
                            next_step=f"A key has {KEY_BYTES} bytes; restore it from your backup.")
    return key


class FileKeyWrapper(pe.KmsClient):  # type: ignore[misc]
    """Wraps data keys with AES-256-GCM under one key file, in Parquet's key-management interface.

    The embedded default; an external key service takes its place behind the same two methods.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._cipher = AESGCM(key)

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, bytes(key_bytes), str(master_key_identifier).encode())
        return base64.b64encode(nonce + sealed).decode()

    def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
        raw = base64.b64decode(wrapped_key)
        try:
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], str(master_key_identifier).encode())
        except InvalidTag as error:
            raise IntegrityError("A data key of the vault does not open with this installation's key.",
                                 rule="vault.key", next_step="Restore the key that the vault was made with.") from error
