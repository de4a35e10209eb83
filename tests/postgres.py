"""A PostgreSQL server for tests: its own cluster in a directory of its own, reached through a socket there only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "postgres"  # the server refuses to run as root


@contextmanager
def server(directory: Path) -> Iterator[str]:
    """The address, for SQLAlchemy, of an empty database in a server that ends with the block."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    data = directory / "data"
    directory.mkdir(mode=0o755)
    as_account: list[str] = []
    if os.geteuid() == 0:
        os.chown(directory, pwd.getpwnam(ACCOUNT).pw_uid, -1)
        as_account = ["runuser", "-u", ACCOUNT, "--"]

    def run(program: str, *arguments: str) -> None:
        subprocess.run([*as_account, str(programs / program), *arguments], check=True, stdout=subprocess.DEVNULL,
                       cwd=directory)

    run("initdb", "--pgdata", str(data), "--username", "test", "--auth", "trust", "--no-sync")
    log, options = str(directory / "log"), f"-c listen_addresses= -c unix_socket_directories={directory}"
    run("pg_ctl", "--pgdata", str(data), "--log", log, "--options", options, "--wait", "start")
    try:
        yield f"postgresql+psycopg://test@/postgres?host={directory}"
    finally:
        run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "--wait", "stop")
        shutil.rmtree(directory)
