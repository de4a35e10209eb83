"""Bytes by content hash: written once, checked whenever they are read."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from readingroom.durable import sync, write_whole
from readingroom.errors import IntegrityError, NotFound, Unavailable
from readingroom.storage.files import make_directory

_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileBlobs:
    """The Blobs port on files: `<root>/<first two hex digits>/<digest>`, read-only once written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._root / digest[:2] / digest
        try:
            make_directory(path.parent)
            if _holds(path, content):
                sync(path.parent)  # an earlier writer may have been killed before its own
            else:
                write_whole(path, content, mode=0o400)
        except OSError as error:
            raise Unavailable(f"The file could not be stored: {error.strerror}.", rule="blob.write", value=digest,
                              next_step="Free space or repair the disk, then send it again.") from error
        return digest

    def get(self, sha256: str) -> bytes:
        path = self._root / sha256[:2] / sha256 if _DIGEST.fullmatch(sha256) else None
        if path is None or not path.is_file():
            raise NotFound(f"No stored file has the hash {sha256[:16]}….", rule="blob.exists", value=sha256,
                           next_step="Restore the store from a backup.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise IntegrityError(f"The stored file {sha256[:16]}… was changed.", rule="blob.integrity", value=sha256,
                                 next_step="Restore it from a backup; it is not released as it is.")
        return content


def _holds(path: Path, content: bytes) -> bool:
    """Whether `path` has exactly these bytes; a damaged file does not, and is written anew."""
    return path.is_file() and path.read_bytes() == content
