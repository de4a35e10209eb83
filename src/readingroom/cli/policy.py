"""`readingroom policy`: check, explain, combine and compare policy files."""

from __future__ import annotations

import json as json_library
from collections.abc import Sequence
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from readingroom.cli._layers import layer
from readingroom.core.policy import DIRECTIONS, Explanation, Layer, Policy, diff, explain, loosened, strictest
from readingroom.core.policy.dataset_files import file_schema
from readingroom.errors import InvalidInput, PolicyError
from readingroom.settings import load_settings
from readingroom.storage.policies import load_policies

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
Directory = Annotated[Path | None, typer.Option(
    "--policies", exists=True, file_okay=False, help="Default: the installation's own.")]
Files = Annotated[list[Path], typer.Argument(help="Policy files of any kind, or files of bare policy fields.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]


class FileKind(StrEnum):
    """The kinds of policy file there are."""

    LAYER = "layer"
    DATASET = "dataset"
    RULE_PACK = "rule-pack"
    UNDERTAKING = "undertaking"
    BARE = "bare"


@app.command()
def validate(
    files: Annotated[list[Path] | None, typer.Argument(help="Only these files; default: the whole directory.")] = None,
    policies: Directory = None,
    json: Json = False,
) -> None:
    """Read policy files and report all faults at once, each with its line. Exit status 2 if there are any."""
    faults: list[str] = []
    if files:
        for file in files:
            try:
                layer(file)
            except PolicyError as error:
                faults += error.faults or [error.message]
            except InvalidInput as error:
                faults.append(f"{file}: {error.message} {error.next_step}")
        said = f"{len(files)} file{'s' * (len(files) != 1)}: no faults."
    else:
        try:
            loaded = load_policies(policies or load_settings().policies_dir)
            said = f"site, {len(loaded.programmes)} programmes, {len(loaded.datasets)} datasets: no faults."
        except PolicyError as error:
            faults, said = list(error.faults), ""
    if json:
        print(json_library.dumps({"valid": not faults, "faults": faults}, indent=2))
    elif faults:
        raise PolicyError("These policies cannot be used:", faults=faults, rule="policy.files",
                          next_step="Correct them and start again.")
    else:
        print(said)
    if faults:
        raise typer.Exit(PolicyError.exit_code)


@app.command("explain")
def explain_policy(
    what: Annotated[list[str], typer.Argument(help="A dataset's slug, or policy files, outermost layer first.")],
    programme: Annotated[str, typer.Option(help="The programme under which the dataset is used.")] = "data-first",
    policies: Directory = None,
    json: Json = False,
) -> None:
    """Say for each rule what is in force, which layer set it, and what the others said."""
    if len(what) == 1 and not Path(what[0]).exists():
        loaded = load_policies(policies or load_settings().policies_dir)
        if programme not in loaded.programmes:
            raise InvalidInput(f"There is no programme {programme!r}.", rule="policy.programme", value=programme,
                               next_step=f"There are: {', '.join(sorted(loaded.programmes)) or 'none'}.")
        layers = loaded.layers(programme, what[0])
    else:
        layers = _layers([Path(one) for one in what])
    explanations = explain(layers)
    if json:
        print(json_library.dumps([_explained(one) for one in explanations], indent=2))
        return
    table = Table("Rule", "In force", "Set by", "Said", box=None, header_style="bold")
    for one in explanations:
        table.add_row(*map(Text, (
            one.field, _words(one.effective), ", ".join(one.set_by),
            "; ".join(f"{layer}: {_words(value)}" for layer, value in one.said.items()))))
    Console().print(table)


@app.command()
def combine(files: Files, json: Json = False) -> None:
    """Print the strictest combination of policy files; the order of the files does not matter.

    Example: readingroom policy combine policies/site.yaml policies/programmes/data-first.yaml
    """
    combined = strictest(*(layer.policy for layer in _layers(files)))
    said = {name: _plain(value) for name in DIRECTIONS if (value := getattr(combined, name)) is not None}
    print(json_library.dumps(said, indent=2) if json else yaml.safe_dump(said, sort_keys=False).rstrip())


@app.command("diff")
def diff_policies(
    before: Annotated[Path, typer.Argument(help="The policy file as it was.")],
    after: Annotated[Path, typer.Argument(help="The policy file as it would be.")],
    json: Json = False,
) -> None:
    """Say field by field what a change tightens or loosens. Exit status 1 if it loosens anything."""
    differences = diff(layer(before).policy, layer(after).policy)
    if json:
        print(json_library.dumps({
            "loosens": bool(loosened(differences)),
            "differences": [{"field": one.field, "before": _plain(one.before), "after": _plain(one.after),
                             "change": one.change.value} for one in differences]}, indent=2))
    elif not differences:
        print("The two say the same.")
    else:
        table = Table("Rule", "Before", "After", "Change", box=None, header_style="bold")
        for one in differences:
            table.add_row(*map(Text, (one.field, _words(one.before), _words(one.after), one.change.value)))
        Console().print(table)
    if loosened(differences):
        raise typer.Exit(1)


@app.command()
def schema(kind: Annotated[FileKind, typer.Argument(
        help="Of a site's or programme's file, a dataset's, a rule pack, an undertaking, bare fields.",
        )] = FileKind.LAYER) -> None:
    """Print the JSON Schema of a policy file, by which editors complete and check it."""
    print(json_library.dumps(file_schema(kind.value), indent=2))


def _layers(files: Sequence[Path]) -> tuple[Layer, ...]:
    """The layers in `files`, told apart by their names, or by their files where two have the same name."""
    loaded = [(file, layer(file)) for file in files]
    names = [layer.name for _, layer in loaded]
    layers = tuple(Layer(str(file) if names.count(layer.name) > 1 else layer.name, layer.policy)
                   for file, layer in loaded)
    if len({layer.name for layer in layers}) < len(layers):
        raise InvalidInput("The same file is given twice.", rule="policy.files", value=", ".join(map(str, files)),
                           next_step="Name each file once; saying a thing twice changes nothing.")
    return layers


def _explained(one: Explanation) -> dict[str, object]:
    return {"field": one.field, "effective": _plain(one.effective), "set_by": list(one.set_by),
            "direction": one.direction.value, "meaning": Policy.model_fields[one.field].description,
            "said": {layer: _plain(value) for layer, value in one.said.items()}}


def _plain(value: object) -> object:
    """As JSON and YAML have it: sets as sorted lists, pairs as lists."""
    if isinstance(value, frozenset):
        return [_plain(one) for one in sorted(value)]
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _words(value: object) -> str:
    plain = _plain(value)
    if plain is None:
        return "no opinion"
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, list):
        return ", ".join(str(one) for one in plain) or "nothing"
    return f"{plain:,}" if isinstance(plain, int) else str(plain)
