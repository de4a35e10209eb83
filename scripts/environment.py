"""Make or update the platform's environment in .venv from requirements/platform.lock, by hash.

Runs with any Python from 3.11 and its standard library only. Does nothing when the environment is already
what the lock file says. Run by `make`.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK = REPOSITORY / "requirements" / "platform.lock"
VENV = REPOSITORY / ".venv"
MARKER = VENV / "made-from"
COMMAND = """#!{python}
import sys

from readingroom.cli import main

sys.exit(main())
"""


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  this is what tells people with an older one
        sys.exit(
            f"Python {sys.version.split()[0]} is too old: install Python 3.11 or later, "
            "or name one: make PYTHON=/path/to/python3.11 up"
        )
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode() + COMMAND.encode()).hexdigest()
    if MARKER.exists() and MARKER.read_text() == wanted:
        return
    need_venv()
    print("Making the environment .venv", flush=True)
    MARKER.unlink(missing_ok=True)
    python = VENV / "bin" / "python"
    same = python.exists() and version_of(python) == sys.version
    subprocess.run([sys.executable, "-m", "venv", *([] if same else ["--clear"]), str(VENV)], check=True)
    install(python)
    connect(python)
    MARKER.write_text(wanted)


def version_of(python: Path) -> str:
    answer = subprocess.run(
        [python, "-c", "import sys; print(sys.version, end='')"], capture_output=True, text=True, check=False
    )
    return answer.stdout


def need_venv() -> None:
    """Debian and Ubuntu ship Python without what makes environments."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            f"Python here can't make environments. As root: apt-get install --no-install-recommends {package}"
        )
    print(f"Installing {package}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=environment)
    subprocess.run(
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", package],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )


def install(python: Path) -> None:
    total = len(re.findall(r"^[A-Za-z0-9_.-]+==", LOCK.read_text(), re.MULTILINE))
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--progress-bar",
        "off",
        "-r",
        LOCK,
    ]
    seen, lines = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            seen += line.startswith(("Collecting", "Requirement already"))
            if sys.stdout.isatty():
                text = "installing" if line.startswith("Installing") else f"{seen} of up to {total} packages"
                print(f"\r\033[K  {text}", end="", flush=True)
    print("\r\033[K" if sys.stdout.isatty() else "", end="", flush=True)
    if process.returncode != 0:
        sys.exit(
            "".join(lines[-15:]) + "\nThe packages of requirements/platform.lock did not install. Check that "
            "the Python package index of this machine answers: pip config list"
        )


def connect(python: Path) -> None:
    """Let the environment find this checkout, and give it the `readingroom` command."""
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (Path(where) / "readingroom.pth").write_text(f"{REPOSITORY / 'src'}\n")
    command = VENV / "bin" / "readingroom"
    command.write_text(COMMAND.format(python=python))
    command.chmod(0o755)


if __name__ == "__main__":
    main()
