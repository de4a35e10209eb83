"""`readingroom project`: what an administrator chooses for a project."""

from __future__ import annotations

from typing import Annotated

import typer

from readingroom.bootstrap import build
from readingroom.core.policy import Tier
from readingroom.core.projects import DISPLAY_IMAGE
from readingroom.services import projects
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
BY = "command line"


@app.callback()
def group() -> None:
    """Keeps the one command a command of a group."""


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
