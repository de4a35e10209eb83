"""`readingroom check table`: compute a table from data by a recipe, and check every cell of it."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from readingroom.cli.check._data import read_data
from readingroom.cli.check._files import Example, Json, Rules, read_json, rules, say
from readingroom.core.disclosure.tabulation.answer import Answer, check_recipe, shown, table_dict
from readingroom.core.disclosure.tabulation.recipe import parse_recipe
from readingroom.errors import InvalidInput

EXAMPLE = {"rows": ["region"], "columns": ["sex"], "statistic": "mean", "value": "days", "unit": "person_id",
           "where": "year >= 2015", "margins": True}
MOST_SHOWN = 60
Data = Annotated[Path | None, typer.Option("--data", dir_okay=False, help="The data: .csv or .parquet.")]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", dir_okay=False, help="What to compute, in JSON.")]


def check_table(data: Data = None, recipe: RecipeFile = None, policy: Rules = None, json: Json = False,
                example: Example = False) -> None:
    """Compute a table from data by a recipe, and check every cell by the rules of a policy.

    A recipe says what is counted, by what, and whose rows they are:

        {"rows": ["region"], "columns": ["sex"], "statistic": "count", "unit": "person_id", "margins": true}

    For example:

        readingroom check table --data cases.csv --recipe recipe.json --policy policies/site.yaml

    Prints the table with the cells that break a rule marked, and each finding with a way to mend it. Exit status 0 if
    it passes, 1 for review or fail, 2 if a file cannot be used.
    """
    if example:
        print(json_library.dumps(EXAMPLE, indent=2))
        return
    if data is None or recipe is None:
        raise InvalidInput("Data or recipe are missing.", rule="check.input",
                           next_step="Give --data FILE and --recipe FILE; `readingroom check table --example` prints "
                           "a recipe.")
    wanted = parse_recipe(read_json(recipe))
    answer = check_recipe(read_data(data, wanted), wanted, rules(policy))
    if not json:
        _show(answer)
    say(answer.findings, checked=True, json=json, more={"table": table_dict(answer)})


def _show(answer: Answer) -> None:
    """The table as people read it; a cell that breaks a rule is marked with what it rests on."""
    broken = {(place.row, place.column) for finding in answer.findings for place in finding.cells}
    rows = list(dict.fromkeys(cell.row for table in answer.tables for cell in table.cells))
    columns = list(dict.fromkeys(cell.column for table in answer.tables for cell in table.cells))
    recipe = answer.computed.recipe
    made = Table(*recipe.rows, *(" / ".join(column) or recipe.measures[0].title for column in columns), box=None,
                 header_style="bold")
    texts: dict[Any, Text] = {}
    for table in answer.tables:
        for cell in table.cells:
            value = shown(cell, table)
            number = "[c]" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
            bad = (cell.row, cell.column) in broken
            texts[cell.row, cell.column] = Text(
                f"{number} ✗ ({cell.people:,})" if bad else number, style="red" if bad else "", justify="right")
    for row in rows[:MOST_SHOWN]:
        made.add_row(*(Text(label) for label in row), *(texts.get((row, column), Text("")) for column in columns))
    console = Console()
    console.print(made, highlight=False)
    if len(rows) > MOST_SHOWN:
        console.print(f"{len(rows) - MOST_SHOWN:,} more rows: see --json.", highlight=False)
    if broken:
        console.print("✗: breaks a rule; in brackets, the people it rests on.", highlight=False)
    for reason, rows_left_out in answer.computed.left_out.items():
        if rows_left_out:
            console.print(f"Left out: {rows_left_out:,} rows ({WORDS[reason]}).", highlight=False)


WORDS = {"where": "by the recipe's condition", "label": "without a label", "unit": "of nobody known",
         "weight": "without a weight"}
