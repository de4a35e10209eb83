"""What the tests need of this machine beside Python: engine, images, a browser with fonts, PostgreSQL, clamd."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from readingroom.errors import ReadingRoomError
from readingroom.ops import engine, images, install, packages
from readingroom.ops.doctor.software import CHROMIUM
from readingroom.ops.progress import Progress
from readingroom.settings import Settings, load_settings

FONTS = ("fonts-dejavu-core", "fonts-liberation")


def prepare(settings: Settings, progress: Progress) -> None:
    """Provide it all. Raises Unavailable saying what to install when this account may not."""
    wanted = [] if any(shutil.which(name) for name in CHROMIUM) else ["chromium"]
    if not any(Path("/usr/share/fonts").rglob("*.ttf")):
        wanted += FONTS
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        wanted += ["postgresql"]
    if not shutil.which("clamd"):
        wanted += ["clamav-daemon"]
    if wanted:
        packages.install(wanted, "Testing pages in a browser, records in PostgreSQL and files against a malware "
                         "scanner", progress)
    engine.provide(settings, progress)
    install.provide_node(progress)
    install.build_static(progress)
    images.provide(settings, progress)


if __name__ == "__main__":
    try:
        prepare(load_settings(), Progress())
    except ReadingRoomError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
