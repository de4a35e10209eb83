"""Files that are there whole or not at all, also after a loss of power."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def sync(path: Path) -> None:
    """Force a file or a directory's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file durably under a hidden name of its own and rename it. Whoever reads meanwhile reads the old one.

    Of several writers at once the last one's is kept, unmixed. What fails leaves what was there before.
    """
    handle, hidden = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(hidden).replace(path)
    except BaseException:
        Path(hidden).unlink(missing_ok=True)
        raise
    sync(path.parent)
