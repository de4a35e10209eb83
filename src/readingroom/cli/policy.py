"""`readingroom policy`: check and explain policy files."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from readingroom.core.policy import Explanation, explain
from readingroom.settings import load_settings
from readingroom.storage.policies import load_policies

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
Directory = Annotated[Path | None, typer.Option(
    "--policies", exists=True, file_okay=False, help="Default: the installation's own.")]


@app.command()
def validate(policies: Directory = None) -> None:
    """Read every policy file and report all faults at once. Exit status 2 if there are any."""
    loaded = load_policies(policies or load_settings().policies_dir)
    print(f"site, {len(loaded.programmes)} programmes, {len(loaded.datasets)} datasets: no faults.")


@app.command("explain")
def explain_dataset(
    dataset: Annotated[str, typer.Argument(help="The dataset's slug.")],
    programme: Annotated[str, typer.Option(help="The programme under which it is used.")] = "data-first",
    policies: Directory = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")] = False,
) -> None:
    """Say for each rule what is in force, which layer set it, and what the others said."""
    explanations = explain(load_policies(policies or load_settings().policies_dir).layers(programme, dataset))
    if json:
        print(json_library.dumps([_plain(one) for one in explanations], indent=2))
        return
    table = Table("Rule", "In force", "Set by", "Said", box=None, header_style="bold")
    for one in explanations:
        plain = _plain(one)
        table.add_row(one.field, str(plain["effective"]), ", ".join(one.set_by),
                      "; ".join(f"{layer}: {value}" for layer, value in plain["said"].items()))  # type: ignore[attr-defined]
    Console().print(table)


def _plain(one: Explanation) -> dict[str, object]:
    def shown(value: object) -> object:
        return sorted(value) if isinstance(value, frozenset) else value

    return {"field": one.field, "effective": shown(one.effective), "set_by": list(one.set_by),
            "direction": one.direction.value, "said": {layer: shown(value) for layer, value in one.said.items()}}
