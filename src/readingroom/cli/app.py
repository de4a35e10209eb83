"""`readingroom`: run an installation, look after it, and prove what it did.

Each command is a thin entry to a function elsewhere; errors become a message and an exit status here.
"""

from __future__ import annotations

import json as json_library
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from readingroom.cli import audit, check, dp, images, packages, person, policy, project, release
from readingroom.errors import ReadingRoomError
from readingroom.settings import load_settings

app = typer.Typer(help=__doc__, no_args_is_help=True, rich_markup_mode="rich", add_completion=False,
                  pretty_exceptions_enable=False)
app.add_typer(audit.app, name="audit", help="Read and prove the audit log.")
app.add_typer(check.app, name="check", help="Check tables, models and files for disclosure.")
app.add_typer(dp.app, name="dp", help="Private answers from a file of your own, and their price.")
app.add_typer(person.app, name="person", help="Look after accounts.")
app.add_typer(project.app, name="project", help="Choose what a project's workspaces run.")
app.add_typer(packages.app, name="packages", help="Say what projects may install, without internet.")
app.add_typer(images.app, name="images", help="Make images, and say what is in them.")
app.add_typer(release.app, name="release", help="Check release packages.")
app.add_typer(policy.app, name="policy", help="Check and explain policy files.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]

MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "failure": "[red]failure[/]"}


@app.command()
def up(demo: Annotated[bool, typer.Option(help="Make the demo programme if there are no records yet.")] = True) -> None:
    """Provide what is missing, start everything, and say how to reach it. Run again, it changes nothing."""
    from readingroom.ops.up import up as start

    start(load_settings(), demo=demo)


@app.command()
def down() -> None:
    """Stop everything that `up` started; records, data and homes stay."""
    from readingroom.ops.down import down as stop

    stop(load_settings())


@app.command("clean-demo")
def clean_demo(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove what `up` made: records, data, homes, releases, containers. There is no way back."""
    from readingroom.ops.down import clean_demo as clean

    settings = load_settings()
    if not yes:
        typer.confirm(f"Remove everything in {settings.state_dir}?", abort=True)
    clean(settings)


@app.command()
def doctor(
    json: Json = False,
    probe: Annotated[bool, typer.Option("--probe", help="Also try the walls, from inside a workspace without data."
                                        )] = False,
) -> None:
    """Say what is missing, too old or unsafe on this machine, and how to mend it. Exit status 1 on a failure."""
    from readingroom.ops import walls
    from readingroom.ops.doctor import diagnose

    settings = load_settings()
    checks = (*diagnose(settings), *(walls.probe(settings) if probe else ()))
    if json:
        print(json_library.dumps([{"name": check.name, "level": check.level, "message": check.message,
                                   "fix": check.fix} for check in checks], indent=2))
    else:
        console = Console()
        for check in checks:
            console.print(f"{MARKS[check.level]} [bold]{check.name}[/]: {check.message}", highlight=False)
            if check.fix and check.level != "ok":
                console.print(f"        fix: {check.fix}", highlight=False)
    if any(check.level == "failure" for check in checks):
        raise typer.Exit(1)


@app.command()
def tour(
    json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the installation running to look around.")] = False,
    people: Annotated[int, typer.Option(help="Synthetic people to generate.", min=1000)] = 20_000,
) -> None:
    """Walk the whole journey on a fresh temporary installation, step by step. Exit status 0 only if all held."""
    from readingroom.tour import run

    raise typer.Exit(run(people=people, keep=keep, as_json=json))


def main() -> None:
    """Entry point: runs the command and translates our errors into a message and an exit status."""
    try:
        app(standalone_mode=True)
    except ReadingRoomError as error:
        said = str(error)  # may quote what a stranger wrote: no markup is read in it
        Console(stderr=True).print(Text(said) if "\n" in said else Text(error.message, style="red"), highlight=False)
        if error.next_step and not str(error).count("\n"):
            print(f"  {error.next_step}", file=sys.stderr)
        if "--json" in sys.argv:
            faults = {"faults": list(error.parts)} if error.parts else {}
            print(json_library.dumps(error.as_dict() | faults, indent=2, ensure_ascii=False))
        raise SystemExit(error.exit_code) from None
    except OSError as error:  # a disk that is full or read-only, wherever it was noticed
        print(f"{error.strerror or error}: {error.filename or 'no file named'}.\n"
              "  Make room, or give this account the place, and run it again.", file=sys.stderr)
        raise SystemExit(3) from None
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        raise SystemExit(130) from None


