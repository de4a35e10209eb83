"""Bytes by content hash: written once, checked whenever they are read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from readingroom.errors import IntegrityError, NotFound, Unavailable


class FileBlobs:
    """The Blobs port on files: `<root>/<first two hex digits>/<digest>`, read-only once written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        try:
            self._write(path, content)
        except OSError as error:
            raise Unavailable(f"The file could not be stored: {error.strerror}.", rule="blob.write",
                              value=f"{len(content):,} bytes",
                              next_step="Nothing was kept. An administrator has to make room in the state directory; "
                              "then send it again.") from error
        return digest

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fchmod(stream.fileno(), 0o400)
                os.fsync(stream.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        for directory in (path.parent, self._root):
            _sync_directory(directory)

    def get(self, sha256: str) -> bytes:
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"No stored file has the hash {sha256[:16]}….", rule="blob.exists", value=sha256,
                           next_step="Restore the store from a backup.") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise IntegrityError(f"The stored file {sha256[:16]}… was changed.", rule="blob.integrity", value=sha256,
                                 next_step="Restore it from a backup; it is not released as it is.")
        return content

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
