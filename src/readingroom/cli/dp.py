"""`readingroom dp`: private answers from a file of your own, their price, and plans. Documented in reference/dp.md."""

from __future__ import annotations

import json as json_library
from pathlib import Path
from typing import Annotated, Any

import typer

from readingroom.errors import InvalidInput, SettingsError
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
LONGEST = 2_000_000  # characters of a query or budget file

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
QueryFile = Annotated[Path | None, typer.Option("--query", help="The question and the facts of its table, as JSON.")]
BudgetFile = Annotated[Path | None, typer.Option("--budget", help='For example {"epsilon": 1, "delta": 1e-7}.')]
DataFile = Annotated[Path | None, typer.Option("--data", help="A Parquet file of your own.")]
Example = Annotated[bool, typer.Option("--example", help="Print a query file and a budget file to start from.")]

EXAMPLE_QUERY = {
    "statistic": "mean", "column": "income", "by": ["sex"], "where": "age >= 18 AND region <> 'WA'",
    "privacy_unit": "person_id", "max_rows_per_person": 3, "row_ceiling": 100000,
    "columns": {"income": {"type": "number", "lower": 0, "upper": 100000},
                "age": {"type": "integer", "lower": 0, "upper": 110},
                "sex": {"type": "text", "categories": ["F", "M"]},
                "region": {"type": "text", "categories": ["EN", "SC", "WA", "NI"]}},
}
EXAMPLE_BUDGET = {"epsilon": 1, "delta": 1e-7}


@app.command()
def answer(data: DataFile = None, query: QueryFile = None, budget: BudgetFile = None,
           repeat: Annotated[int, typer.Option(help="Independent answers, each with a ledger of its own.")] = 1,
           json: Json = False, example: Example = False) -> None:
    """Answer a question from a file of your own, with calibrated noise and a scratch ledger."""
    from readingroom.storage.private_files import answer_file

    if example:
        return _example()
    path = _needed(data, "data")
    said = answer_file(path, _read(query, "query"), _read(budget, "budget"), repeat, _installations())
    _print(said, json, [_sentence(result) for result in said["results"]])
    return None


@app.command()
def price(query: QueryFile = None, budget: BudgetFile = None, data: DataFile = None, json: Json = False,
          example: Example = False) -> None:
    """Say what a question would cost and how exact its answer would be. No value of the data is read."""
    from readingroom.storage.private_files import price_query

    if example:
        return _example()
    said = price_query(_read(query, "query"), _read(budget, "budget"), data, _installations())
    _print(said, json, [_offer(one) for one in said["prices"]])
    return None


@app.command()
def plan(query: QueryFile = None, budget: BudgetFile = None, data: DataFile = None,
         weights: Annotated[str, typer.Option(help="Shares, such as 2,1,1. Default: equal accuracy.")] = "",
         equal_shares: Annotated[bool, typer.Option("--equal-shares", help="The same spend for all.")] = False,
         json: Json = False, example: Example = False) -> None:
    """Share a budget among the questions under `queries` of a query file."""
    from readingroom.storage.private_files import plan_queries

    if example:
        return _example()
    said = plan_queries(_read(query, "query"), _read(budget, "budget"), _numbers(weights),
                        equal_accuracy=not equal_shares, data=data, installations=_installations())
    _print(said, json, [_offer(one) for one in said["plan"]])
    return None


def _read(file: Path | None, name: str) -> object:
    path = _needed(file, name)
    try:
        text = path.read_text("utf-8")
        if len(text) > LONGEST:
            raise InvalidInput(f"{path} has {len(text)} characters.", rule=f"dp.{name}", value=len(text),
                               next_step=f"At most {LONGEST} are read.")
        return json_library.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise InvalidInput(f"{path} cannot be read: {reason}.", rule=f"dp.{name}", value=str(path),
                           next_step="`readingroom dp answer --example` prints one to start from.") from None


def _needed(file: Path | None, name: str) -> Path:
    if file is None:
        raise InvalidInput(f"--{name} is missing.", rule=f"dp.{name}",
                           next_step=f"Add --{name} FILE, or see --example.")
    return file


def _numbers(text: str) -> list[float] | None:
    try:
        return [float(part) for part in text.split(",")] if text else None
    except ValueError:
        raise InvalidInput("--weights are numbers with commas between.", rule="dp.weights", value=text[:100],
                           next_step="Write --weights 2,1,1.") from None


def _installations() -> list[Path]:
    """Where this machine's installation keeps its files, if there is one."""
    try:
        return [load_settings().state_dir]
    except SettingsError:
        return []


def _example() -> None:
    print(json_library.dumps({"query": EXAMPLE_QUERY, "budget": EXAMPLE_BUDGET}, indent=2))


def _print(said: dict[str, Any], json: bool, lines: list[str]) -> None:
    print(json_library.dumps(said, allow_nan=False) if json else "\n\n".join(lines))


def _sentence(result: dict[str, Any]) -> str:
    shown = []
    for one in result["answers"][:5]:
        rows = one["rows"] or [{"label": result["statistic"], "value": one["value"], "low": None, "high": None}]
        if one["interval_95"]:
            rows[0] |= {"low": one["interval_95"][0], "high": one["interval_95"][1]}
        shown += [f"  {row['label']}: {row['value']}" + (f"  ({row['low']} to {row['high']})"
                                                        if row["low"] is not None else "") for row in rows]
    more = len(result["answers"]) - 5
    rest = [f"  and {more} more answers; --json has all"] if more > 0 else []
    return "\n".join([*shown, *rest, result["statement"]])


def _offer(one: dict[str, Any]) -> str:
    accuracy = one["accuracy"]
    return (f"{one['query']['statistic']}: costs rho {one['rho']:g} (epsilon {one['epsilon']:g}, "
            f"delta {one['delta']:g}); "
            f"{accuracy['mechanism']}, scale {accuracy['scale']:.6g}, 95% half-width {accuracy['half_width_95']:g}, "
            f"useful for groups of {accuracy['smallest_usable_group']} or more.")
