"""Environments of the peers' own, made with pip: their pins are not ours, and nothing of them is in the product."""

from __future__ import annotations

import subprocess
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path


def environment(name: str, packages: Sequence[str], directory: Path | None = None) -> Path:
    """The interpreter of an environment with these packages, in `directory` or among temporary files."""
    home = directory or Path(tempfile.gettempdir()) / f"readingroom-bench-{name}"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True,
                   stderr=subprocess.DEVNULL)
    return python
