"""`readingroom check model`: a regression, test, curve or predictor as described in a file."""

from __future__ import annotations

import json as json_library
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from readingroom.cli.check._files import Example, Json, Rules, need, read_json, rules, say
from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.output_types import OUTPUT_TYPES, described_as
from readingroom.errors import InvalidInput

POLICY = {"threshold": 10, "threshold_inclusive": False, "zeros_disclosive": True, "residual_degrees_of_freedom": 10,
          "dominance": [[2, 90]], "p_percent": 10}
Input = Annotated[Path | None, typer.Option("--input", dir_okay=False, help="The description: JSON, or - for stdin.")]
OfType = Annotated[str, typer.Option("--type", help="With --example: of which type.")]


def check_model(input: Input = None, policy: Rules = None, json: Json = False, example: Example = False,
                type: OfType = "linear") -> None:
    """Check a model, test, survival curve or predictor by its description.

    Exit status 0 if it passes, 1 for review or fail, 2 if the file cannot be used.
    """
    if example:
        print(json_library.dumps(_example(type), indent=2))
        return
    said = read_json(need(input, "model"))
    inside = None
    if isinstance(said, Mapping):
        said = dict(said)
        inside = said.pop("policy", None)
    say(check_description(said, rules(policy, inside)), checked=True, json=json)


def _example(name: str) -> dict[str, object]:
    found = described_as(name)
    if found is None:
        raise InvalidInput(f"There is no type {name!r}.", rule="description.type", value=name,
                           next_step=f"Types: {', '.join(key for one in OUTPUT_TYPES for key in one.types)}.")
    return {**found[1].example_of(found[0]), "policy": POLICY}
