"""`readingroom images`: make images, and say what is in them."""

from __future__ import annotations

from typing import Annotated

import typer

from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def build(family: Annotated[str, typer.Argument(help="notebook, notebook-r, door ...")]) -> None:
    """Make one image now, if what it is made of changed, and what it stands on."""
    from readingroom.ops import images
    from readingroom.ops.progress import Progress

    settings = load_settings()
    images.check_family(family)
    made = images.provide(settings, Progress(), [family])
    print("\n".join(made) if made else f"{family} is current.")


@app.command()
def sbom(family: Annotated[str, typer.Argument(help="notebook, notebook-r, door ...")]) -> None:
    """Print what is in an image: CycloneDX JSON, also kept in the state directory."""
    from readingroom.ops import images
    from readingroom.ops import sbom as bills

    images.check_family(family)
    print(bills.make(load_settings(), family).read_text(), end="")


@app.command("list")
def list_images(json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False) -> None:
    """The images that this installation runs, by the engine's own ids."""
    from readingroom import installed
    from readingroom.ops import sbom as bills

    settings = load_settings()
    found = installed.images(settings)
    if json:
        print(installed.as_text(found), end="")
        return
    for family, one in sorted(found.items()):
        bill = bills.file_of(settings, family)
        print(f"{family}  {one.name}  {one.image_id}  {bill if bill.exists() else 'no bill of materials yet'}")
