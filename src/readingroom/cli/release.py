"""`readingroom release`: check packages that left."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated

import typer

from readingroom.bootstrap import public_key
from readingroom.core import package
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _release() -> None:
    """Check packages that left."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The release, a zip file.")],
    key: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="The release key (.pub.pem) of the installation that made it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")] = False,
) -> None:
    """Check a release offline: who signed it, and whether every byte is as it was. Names whatever differs.

    Whether it was recalled since, a file can't say: that is on its page in the portal.
    Without --key, the key of the installation on this machine is used. Exit status 1 if anything differs.
    """
    signer = public_key(key or load_settings().keys_dir / "release-signing.pub.pem")
    result = package.verify(file.read_bytes(), signer)
    if json:
        print(json_library.dumps({"holds": result.holds, "key": result.key_fingerprint,
                                  "faults": list(result.faults), "manifest": result.manifest}, indent=2))
    elif result.holds:
        files = result.manifest["files"]
        assert isinstance(files, list)
        print(f"{file}: every byte is as it was signed by key {result.key_fingerprint}.")
        print(f"  request {result.manifest['request']}: {result.manifest['title']}")
        for entry in files:
            checkers = ", ".join(approval["checker"] for approval in entry["approvals"])
            print(f"  {entry['name']}  sha256 {entry['sha256'][:16]}…  approved by {checkers}")
        page = f"/releases/{result.manifest['request']}"
        print(f"  Not known offline: whether it was recalled since. Its page has that: {page}")
    else:
        for fault in result.faults:
            print(f"DIFFERS: {fault}")
    if not result.holds:
        raise typer.Exit(1)
