"""The worker, killed by SIGKILL at one call: `python -m tests.docker.killed_worker before module:Class.function`.

Nothing in the product knows of this; the named function is wrapped before the worker starts.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys


def arm(when: str, place: str) -> None:
    """Have this process killed right before, or right after, the next call of `module:function`."""
    module, _, dotted = place.partition(":")
    owner = importlib.import_module(module)
    *path, name = dotted.split(".")
    for part in path:
        owner = getattr(owner, part)
    real = getattr(owner, name)

    def armed(*args, **kwargs):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, armed)


if __name__ == "__main__":
    arm(sys.argv[1], sys.argv[2])
    from readingroom import worker

    worker.main()
