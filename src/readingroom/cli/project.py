"""`readingroom project`: applications in files, and what an administrator chooses for a project."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated

import typer

from readingroom.bootstrap import build
from readingroom.core.application_file import application_schema
from readingroom.core.policy import Tier
from readingroom.core.projects import DISPLAY_IMAGE
from readingroom.errors import PolicyError
from readingroom.services import application_files, members, projects
from readingroom.services.accounts import COMMAND_LINE
from readingroom.settings import load_settings
from readingroom.storage.policies import read_some

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
BY = COMMAND_LINE
File = Annotated[Path, typer.Argument(help="An application as YAML; `project schema` prints its schema.")]


@app.command()
def check(
    file: File,
    username: Annotated[str, typer.Option("--as", help="Who leads it, if the file does not say.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")] = False,
) -> None:
    """Say everything that would keep an application from being submitted, each with its line. Exit status 2 if any."""
    try:
        application_files.check(build(load_settings()), username, _content(file), str(file))
    except PolicyError as error:
        if not json:
            raise
        print(json_library.dumps({"valid": False, "faults": list(error.faults)}, indent=2))
        raise typer.Exit(error.exit_code) from error
    print(json_library.dumps({"valid": True, "faults": []}, indent=2) if json else f"{file}: no faults.")


@app.command()
def apply(
    file: File,
    username: Annotated[str, typer.Option("--as", help="The researcher who applies.")],
) -> None:
    """Begin a draft for a researcher from a file. They read it through in the portal and submit it: nobody else can."""
    settings = load_settings()
    project = application_files.begin(build(settings), username, _content(file), str(file), by=BY)
    print(f"{project.slug} is a draft of {username}, who submits it here:\n"
          f"  {settings.public_url}/services/portal/projects/{project.slug}/application/check")


@app.command()
def schema() -> None:
    """Print the JSON Schema of an application, by which editors complete and check it."""
    print(json_library.dumps(application_schema(), indent=2))


def _content(file: Path) -> bytes:
    try:
        return read_some(file)
    except OSError as error:
        raise PolicyError(f"{file} cannot be used:", faults=[f"{file}: cannot be read: {error.strerror}"],
                          rule="application.file", value=file, next_step="Name a file that exists.") from error


@app.command()
def lead(
    slug: Annotated[str, typer.Argument(help="Which project.")],
    username: Annotated[str, typer.Argument(help="The member who leads it from now on.")],
    reason: Annotated[str, typer.Option(help="Goes on the audit log.", prompt=True)],
) -> None:
    """Name another lead where the present one can't act: suspended, barred, or no researcher any more."""
    members.name_lead(build(load_settings()), BY, slug, username, reason)
    print(f"{username} leads {slug}.")


@app.command()
def workspace(
    slug: Annotated[str, typer.Argument(help="Which project.")],
    image: Annotated[str, typer.Option(help="What its workspaces run, of what policy allows.")] = "notebook",
    tier: Annotated[Tier, typer.Option(help="How they are reached, unless policy is stricter.")] = Tier.STANDARD,
) -> None:
    """Choose image and tier of a project's workspaces: the next ones to open."""
    from readingroom.ops import images
    from readingroom.ops.progress import Progress

    settings = load_settings()
    images.check_family(image)
    projects.set_workspace(build(settings), slug, image=image, tier=tier, by=BY)
    images.provide(settings, Progress(), [image, *([DISPLAY_IMAGE] if tier is Tier.STRICT else [])])
    print(f"Workspaces of {slug} run {image} ({tier.value}).")
