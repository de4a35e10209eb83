"""Small secrets that the records hold: sealed and hashed under the installation's own key for sign-in."""

from __future__ import annotations

import hmac
from pathlib import Path

from readingroom.storage.keys import FileKeyWrapper, derive, read_key


class FileSecrets:
    """The Secrets port with a key file, read at each use."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._wrapper = FileKeyWrapper(file)

    def seal(self, content: bytes, context: str) -> bytes:
        return self._wrapper.wrap(content, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        return self._wrapper.unwrap(sealed, context.encode())

    def digest(self, content: str, context: str) -> str:
        return hmac.digest(derive(read_key(self._file), context), content.encode(), "sha256").hex()
