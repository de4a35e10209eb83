"""`readingroom check published` and `readingroom check protect`: what readers can infer, and what to hide."""

from __future__ import annotations

import json as json_library
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from readingroom.cli.check._files import COLOURS, Example, Json, need, read_json
from readingroom.core.disclosure.protect.forms.examples import PROTECT, PUBLISHED
from readingroom.core.disclosure.verdict import Verdict
from readingroom.errors import InvalidInput

Input = Annotated[Path | None, typer.Option("--input", dir_okay=False, allow_dash=True,
                                            help="The tables: JSON, or - for stdin.")]
Of = Annotated[str, typer.Option("--of", help="With --example: which one.")]
MOST_LINES = 200
EXPOSURE = {"exposed": "red", "unproved": "yellow", "protected": "green"}


def check_published(input: Input = None, json: Json = False, example: Example = False, of: Of = "grid") -> None:
    """Say what a reader can infer of hidden and rounded cells from published tables together.

    Exit status 0 if every protected cell is safe, 1 for review or fail, 2 if the file cannot be used.
    """
    from readingroom.core.disclosure.protect.forms.published import check_published as check

    if example:
        _print_example(PUBLISHED, of)
        return
    _answer(check, read_json(_file(input, "published")), json=json)


def check_protect(input: Input = None, json: Json = False, example: Example = False, of: Of = "grid") -> None:
    """Find which further cells to hide so that the sensitive ones can't be inferred, and prove it.

    Exit status 0 if the result passes its audit, 1 if that could not be finished, 2 if the file cannot be used or no
    pattern is enough.
    """
    from readingroom.core.disclosure.protect.forms.protect import check_protect as check

    if example:
        _print_example(PROTECT, of)
        return
    _answer(check, read_json(_file(input, "protect")), json=json, searches=True)


def _file(given: Path | None, command: str) -> Path:
    file = need(given, command)
    return Path("/dev/stdin") if str(file) == "-" else file


def _print_example(examples: Mapping[str, object], of: str) -> None:
    if of not in examples:
        raise InvalidInput(f"There is no example {of!r}.", rule="check.example", value=of,
                           next_step=f"Examples: {', '.join(examples)}.")
    print(json_library.dumps(examples[of], indent=2, ensure_ascii=False))


def _answer(check: Callable[..., dict[str, object]], said: Any, *, json: bool, searches: bool = False) -> None:
    """`searches`: half the time is for finding a pattern, so that the rest is left to prove it."""
    begun = time.monotonic()
    given = said.get("seconds", said.get("time_limit", said.get("timeout_seconds", 60))) if isinstance(
        said, Mapping) else 60
    limit = float(given) if isinstance(given, int | float) else 60.0

    def after(share: float) -> Callable[[], bool]:
        return lambda: time.monotonic() - begun > share * limit

    answer = check(said, out_of_time=after(0.5), give_up=after(1)) if searches else check(said, out_of_time=after(1))
    answer["seconds"] = round(time.monotonic() - begun, 3)
    if json:
        print(json_library.dumps(answer, indent=2, ensure_ascii=False))
    else:
        _show(answer)
    raise typer.Exit(0 if answer["verdict"] == Verdict.PASS.word else 1)


def _show(answer: Mapping[str, Any]) -> None:
    console = Console(soft_wrap=True)
    verdict = Verdict[answer["verdict"].upper()]
    console.print(f"[bold {COLOURS[verdict]}]{verdict.name}[/] {escape(answer['message'])}", highlight=False)
    lines = [*answer["cells"], *answer["insiders"], *answer.get("implied", [])]
    for one in lines[:MOST_LINES]:
        colour = EXPOSURE.get(one.get("verdict", ""), "default")
        words = one.get("words") or f"{one['cell']}: hidden for others ({one['lower']} to {one['upper']})"
        console.print(f"  [{colour}]{escape(words)}[/]", highlight=False)
    if len(lines) > MOST_LINES:
        console.print(f"  and {len(lines) - MOST_LINES:,} more: see --json", highlight=False)
    for note in answer["notes"]:
        console.print(f"  [yellow]{escape(note)}[/]", highlight=False)
    for one in answer.get("tables", []):
        if _is_flat(one):
            console.print(_grid(one))


def _is_flat(table: Mapping[str, Any]) -> bool:
    return "values" in table and len(table["dimensions"]) <= 2 and all(
        len(labels) <= 20 for labels in table["dimensions"].values())


def _grid(table: Mapping[str, Any]) -> Table:
    axes: Sequence[Sequence[str]] = list(table["dimensions"].values())
    shown = Table(escape(table["name"]), *(map(escape, axes[1]) if len(axes) > 1 else [""]), box=None,
                  header_style="bold")
    for label, line in zip(axes[0], table["values"], strict=True):
        shown.add_row(escape(label), *map(str, line if isinstance(line, list) else [line]))
    return shown
