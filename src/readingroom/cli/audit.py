"""`readingroom audit`: read and prove the log."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from readingroom.bootstrap import build, public_key
from readingroom.services import audit
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]


@app.command()
def verify(
    checkpoints: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="Checkpoints kept elsewhere, for example by a custodian.")] = None,
    key: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="The audit key (.pub.pem) as it was handed out.")] = None,
    json: Json = False,
) -> None:
    """Prove that no event was edited, removed, reordered or cut off. Exit status 1 if any was.

    By default against this installation's own checkpoints and key; someone who trusts neither gives copies of
    both that they kept.
    """
    settings = load_settings()
    room = build(settings)
    witnesses = audit.read_checkpoints(checkpoints or settings.checkpoints_file)
    count, faults = audit.faults(room, witnesses, public_key(key or settings.keys_dir / "audit-signing.pub.pem"))
    witnessed = max((checkpoint.seq for checkpoint in witnesses), default=0)
    if json:
        print(json_library.dumps({"holds": not faults, "events": count, "checkpoints": len(witnesses),
                                  "witnessed_to": witnessed, "faults": faults}, indent=2))
    else:
        for fault in faults:
            print(f"FAULT: {fault}")
        print(f"{count} events, {len(witnesses)} checkpoints, witnessed up to event {witnessed}: "
              + ("the log holds." if not faults else f"{len(faults)} faults."))
    if faults:
        raise typer.Exit(1)


@app.command()
def show(
    request: Annotated[int | None, typer.Option(help="Tell the story of one egress request.")] = None,
    grant: Annotated[int | None, typer.Option(help="Tell the story of one grant.")] = None,
    project: Annotated[str | None, typer.Option(help="Everything in one project.")] = None,
    last: Annotated[int, typer.Option(help="Otherwise: the newest events.", min=1)] = 30,
    json: Json = False,
) -> None:
    """Tell what happened, oldest first."""
    room = build(load_settings())
    with room.store.reading() as tx:
        if request is not None:
            tx.requests.get(request)
            events = tx.events.of_subject(f"request:{request}")
        elif grant is not None:
            events = tx.events.of_subject(f"grant:{tx.grants.get(grant).id}")
        elif project is not None:
            events = tx.events.of_project(tx.projects.get(project).slug)
        else:
            events = tuple(reversed(tx.events.latest(last)))
    if json:
        print(json_library.dumps([event.__dict__ for event in events], indent=2))
        return
    console = Console(soft_wrap=True, highlight=False)
    for event in events:
        when = event.at[:19].replace("T", " ")
        console.print(f"{event.seq:>6}  {when}  [bold]{event.action}[/]  {event.subject}  by {escape(event.actor)}")
        for name, value in event.detail.items():
            shown = value if isinstance(value, str) else json_library.dumps(value)
            console.print(f"        {name}: {escape(shown)}")
