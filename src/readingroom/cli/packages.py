"""`readingroom packages`: what projects may install, without internet."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated

import typer

from readingroom.bootstrap import build
from readingroom.errors import InvalidInput, NotFound
from readingroom.services import packages
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
BY = "command line"
Project = Annotated[str, typer.Option(help="Which project.")]


@app.command()
def add(
    project: Project,
    wanted: Annotated[list[str] | None, typer.Argument(metavar="NAME==VERSION")] = None,
    file: Annotated[
        list[Path] | None, typer.Option(help="A wheel, or an R source package of CRAN.", exists=True)
    ] = None,
) -> None:
    """Allow packages in a project: fetched from this machine's index by exact version, or given as files."""
    from readingroom.ops import mirror
    from readingroom.ops.progress import Progress

    files = tuple((path.name, path.read_bytes()) for path in file or ())
    fetched = mirror.download(wanted, Progress()) if wanted else ()
    if not (*fetched, *files):
        raise InvalidInput("There is nothing to add: no package was named, or the image holds them already.",
                           rule="packages.nothing", value=" ".join(wanted or ()),
                           next_step="Name packages as NAME==VERSION, or give --file.")
    for package in packages.add(build(load_settings()), project, (*fetched, *files), by=BY):
        print(f"{package.name} {package.version}  sha256:{package.sha256}")


@app.command("list")
def list_packages(
    project: Project, json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False
) -> None:
    """What a project may install, and what its members asked for."""
    room = build(load_settings())
    found, asked = packages.allowed(room, project), packages.requests(room, project)
    if json:
        print(json_library.dumps({
            "packages": [{"name": one.name, "version": one.version, "file": one.filename, "sha256": one.sha256}
                         for one in found],
            "requests": [{"name": one.name, "by": one.username, "status": one.status.value, "reason": one.reason}
                         for one in asked]}, indent=2))
        return
    for package in found:
        print(f"{package.name} {package.version}  {package.filename}")
    for request in asked:
        print(f"asked: {request.name} ({request.ecosystem.value}) by {request.username}: {request.status.value}")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="The package.")], project: Project) -> None:
    """No longer allow a package; what is installed in homes stays there."""
    if not packages.remove(build(load_settings()), project, name, by=BY):
        raise NotFound(f"{project} has no package {name}.", rule="packages.allowed", value=name,
                       next_step="See: readingroom packages list")
    print(f"{name} can no longer be installed in {project}.")


@app.command()
def verify(project: Project) -> None:
    """Read every file of a project's mirror and compare it with its hash. Exit status 1 on the first that differs."""
    room = build(load_settings())
    for package in packages.allowed(room, project):
        room.blobs.get(package.sha256)
        print(f"ok  {package.filename}")
