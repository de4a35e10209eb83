"""`readingroom project`: what an administrator chooses for a project."""

from __future__ import annotations

from typing import Annotated

import typer

from readingroom.bootstrap import build
from readingroom.core.policy import Tier
from readingroom.core.projects import DISPLAY_IMAGE
from readingroom.services import members, projects
from readingroom.services.accounts import COMMAND_LINE
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
BY = COMMAND_LINE


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
