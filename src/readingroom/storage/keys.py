"""Key files, and the key-encryption key that wraps every data key of the vault."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from readingroom.errors import IntegrityError, SettingsError

KEY_BYTES = 32
NONCE_BYTES = 12


class KeyWrapper(Protocol):
    """Holds the key-encryption key so that nobody else has to: here a file, at a larger site a key service."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """`key` sealed together with `context`, which is not secret and not stored in the result."""

    def unwrap(self, sealed: bytes, context: bytes) -> bytes:
        """The key again. IntegrityError if `sealed` or `context` differ in any bit from what was wrapped."""


class FileKeyWrapper:
    """AES-256-GCM under the key in one file, read at each use so that a revoked file is revoked at once."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(read_key(self._file)).encrypt(nonce, key, context)

    def unwrap(self, sealed: bytes, context: bytes) -> bytes:
        cipher = AESGCM(read_key(self._file))
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise IntegrityError("A data key of the vault does not open: it or its description was changed, or the "
                                 "key file is another one.", rule="vault.key", value=self._file.name,
                                 next_step="Restore the vault, and the key it was made with, from a backup.",
                                 ) from error


def read_key(file: Path) -> bytes:
    """The 32 bytes of a key file that nobody but its owner can read. SettingsError otherwise."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found, key = os.fstat(descriptor), os.read(descriptor, KEY_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SettingsError(f"The key {file} cannot be read: {error.strerror}.", rule="keys.present", value=file.name,
                            next_step="Restore it from your backup; without it the data cannot be read.") from error
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode) or mode & 0o077:
        raise SettingsError(f"The key {file} can be read by others (mode {mode:o}).", rule="keys.mode",
                            value=f"{mode:o}", next_step=f"chmod 600 {file}, and consider replacing it.")
    if found.st_uid not in (0, os.geteuid()):
        raise SettingsError(f"The key {file} belongs to another user ({found.st_uid}).", rule="keys.owner",
                            value=found.st_uid, next_step=f"chown {os.geteuid()} {file}, and consider replacing it.")
    if len(key) != KEY_BYTES or found.st_size != KEY_BYTES:
        raise SettingsError(f"The key {file} has {found.st_size} bytes.", rule="keys.size", value=found.st_size,
                            next_step=f"A key has {KEY_BYTES} bytes; restore it from your backup.")
    return key


def derive(key: bytes, purpose: str) -> bytes:
    """A key of its own for one purpose (HKDF-SHA256): knowing it tells nothing of `key` or of the others."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)
