"""`readingroom check contributions`: one cell's contributions, judged by the rules on magnitudes."""

from __future__ import annotations

import json as json_library
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from readingroom.cli._layers import layer
from readingroom.cli.check._files import COLOURS, Example, Json, Rules, need, read_json, say
from readingroom.core.disclosure.contributions import Judgement, judge, judgement_dict, parse_contributions
from readingroom.core.disclosure.contributions.judging import plain
from readingroom.core.disclosure.contributions.reading import EXAMPLE
from readingroom.core.policy import strictest

Input = Annotated[Path | None, typer.Option("--input", dir_okay=False, help="The contributions: JSON, or - for stdin.")]


def check_contributions(input: Input = None, policy: Rules = None, json: Json = False,
                        example: Example = False) -> None:
    """Check one cell by its contributions: threshold, dominance, p%, (p,q), and how wide it must be protected.

    The file says contributions and rules:

        {"contributions": [60, 35, 5], "rules": {"nk": [2, 85], "p_percent": 10, "threshold": 10, "pq": [10, 50]}}

    Values of the same unit are added up first. Of rules in the file, a rule pack and --policy, the strictest hold.
    Exit status 0 if it passes, 1 for review or fail, 2 if the file cannot be used.
    """
    if example:
        print(json_library.dumps(EXAMPLE, indent=2))
        return
    given = parse_contributions(read_json(need(input, "contributions"), Decimal))
    said = [layer(name).policy for name in (given.rule_pack, policy) if name is not None]
    policies = [*said, *(() if given.policy is None else (given.policy,))]
    found = judge(given.cell, strictest(*policies), whole=bool(said))
    if not json:
        _show(found)
    say(found.findings, checked=True, json=json, more=judgement_dict(found))


def _show(found: Judgement) -> None:
    table = Table("Rule", "Parameters", "Numbers", "Protection level", "Verdict", box=None, header_style="bold")
    for one in found.rules:
        said = {**one.parameters, **({"weights": one.weights} if one.weights else {})}
        table.add_row(
            one.rule, ", ".join(f"{name} {_words(value)}" for name, value in said.items()),
            ", ".join(f"{name} {_words(plain(value))}" for name, value in one.numbers.items()),
            _words(plain(one.protection)), f"[{COLOURS[one.verdict]}]{one.verdict.word}[/]")
    console = Console()
    console.print(table, highlight=False)
    console.print(f"Protection level: {_words(plain(found.protection.upper))} upwards, "
                  f"{_words(plain(found.protection.lower))} downwards.", highlight=False)


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
