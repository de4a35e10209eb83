"""The worker, killed by SIGKILL at one call: `python -m tests.docker.killed_worker before module:Class.function`.

Nothing in the product knows of this; the named function is wrapped before the worker starts. With "after, apart" it is
one of the process in which the worker has tables worked on: the worker is killed in the middle of that job.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
from pathlib import Path

APART = ", apart"
AT_ITS_START = """
import os, sys
if "readingroom.back_room" in sys.orig_argv:
    from tests.docker.killed_worker import arm
    arm({when!r}, {place!r}, os.getppid())
"""


def arm(when: str, place: str, doomed: int) -> None:
    """Have the process `doomed` killed right before, or right after, the next call of `module:function` in this one."""
    module, _, dotted = place.partition(":")
    owner = importlib.import_module(module)
    *path, name = dotted.split(".")
    for part in path:
        owner = getattr(owner, part)
    real = getattr(owner, name)

    def armed(*args, **kwargs):
        if when == "before":
            os.kill(doomed, signal.SIGKILL)
        result = real(*args, **kwargs)
        os.kill(doomed, signal.SIGKILL)
        return result

    setattr(owner, name, armed)


def arm_apart(when: str, place: str) -> None:
    """The same in every process that this one starts to work on tables."""
    folder = Path(tempfile.mkdtemp())
    (folder / "sitecustomize.py").write_text(AT_ITS_START.format(when=when, place=place))
    os.environ["PYTHONPATH"] = f"{folder}:{os.environ['PYTHONPATH']}"


if __name__ == "__main__":
    when, place = sys.argv[1:]
    if when.endswith(APART):
        arm_apart(when.removesuffix(APART), place)
    else:
        arm(when, place, os.getpid())
    from readingroom import worker

    worker.main()
