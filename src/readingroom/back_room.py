"""The process in which the worker has tables worked on (`storage.apart`): `python -m readingroom.back_room LINE`.

It is told on that line what to be: the maker of extracts, the answerer of private questions, or who computes recipes.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from multiprocessing.connection import Connection

from readingroom import bootstrap
from readingroom.storage.apart import serve

ROOMS = {"extracts": bootstrap.build_extracts, "answers": bootstrap.build_answerer,
         "recipes": bootstrap.build_recomputer}


def main() -> None:
    with Connection(int(sys.argv[1])) as line, ExitStack() as ending:
        settings, room, idle_seconds = line.recv()
        made = ROOMS[room](settings)
        if hasattr(made, "close"):
            ending.callback(made.close)
        serve(made, line, idle_seconds)


if __name__ == "__main__":
    main()
