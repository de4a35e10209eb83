"""What the commands of `readingroom check` share: reading their files, finding the rules, saying what was found."""

from __future__ import annotations

import json as json_library
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from readingroom.cli._layers import layer
from readingroom.core.disclosure.verdict import Finding, Verdict, combine
from readingroom.core.inspection.recognise import parse_json
from readingroom.core.policy import Policy, strictest
from readingroom.core.policy.fault_words import value_words
from readingroom.errors import InvalidInput

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for machines.")]
Rules = Annotated[str | None, typer.Option(
    "--policy", help="A policy file (site, programme, dataset or bare fields), or the name of a rule pack.")]
Example = Annotated[bool, typer.Option("--example", help="Print a file to start from, and end.")]

LARGEST = 64 * 2**20
COLOURS = {Verdict.PASS: "green", Verdict.REVIEW: "yellow", Verdict.FAIL: "red"}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SHORT_NAMES = {"residual_df": "residual_degrees_of_freedom", "dof": "residual_degrees_of_freedom",
               "min_units": "threshold", "p": "p_percent"}


def read_json(file: Path, parse_float: Callable[[str], object] = float) -> Any:
    """The JSON in `file`, or on stdin for "-". InvalidInput if there is none, or if an object says a key twice."""
    try:
        if str(file) == "-":
            text = sys.stdin.read(LARGEST + 1)
        elif file.stat().st_size > LARGEST:
            raise _unreadable(file, f"is larger than {LARGEST // 2**20} MiB")
        else:
            text = file.read_text(encoding="utf-8-sig")  # Windows programs put a mark of their own before the text
        if len(text) > LARGEST:
            raise _unreadable(file, f"is larger than {LARGEST // 2**20} MiB")
        value = parse_json(text, parse_float)
        json_library.loads(text, object_pairs_hook=_once)
    except OSError as error:
        raise _unreadable(file, f"cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, f"is no JSON: {str(error)[:200]}") from None
    return value


def rules(policy: str | None, inside: object = None) -> Policy:
    """The rules to check by: those of `--policy`, and those in the file itself; of both, the stricter."""
    given = [] if policy is None else [layer(policy).policy]
    if isinstance(inside, str) and SLUG.fullmatch(inside):  # a file may name a pack, and no other file
        given.append(layer(inside).policy)
    elif inside is not None:
        if not isinstance(inside, Mapping):
            raise InvalidInput("policy is neither an object nor the name of a rule pack.", rule="policy.fields",
                               value=str(inside)[:80],
                               next_step='Write {"threshold": 10, "threshold_inclusive": false, ...}.')
        if switches := [name for name, value in inside.items() if isinstance(value, bool) and not _is_switch(name)]:
            raise InvalidInput(f"{', '.join(switches)}: a number is needed, not true or false.", rule="policy.fields",
                               value=switches[0], next_step="See docs/reference/policy.md for the fields.")
        try:
            given.append(Policy.model_validate({SHORT_NAMES.get(name, name): value for name, value in inside.items()}))
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))} {value_words(one)}" for one in error.errors()[:5])
            raise InvalidInput(f"The rule parameters in the file cannot be used: {faults}.", rule="policy.fields",
                               value=faults, next_step="See docs/reference/policy.md for the fields.") from None
    return strictest(*given)


def _is_switch(name: str) -> bool:
    field = Policy.model_fields.get(SHORT_NAMES.get(name, name))
    return field is None or "bool" in str(field.annotation)


def say(findings: Sequence[Finding], *, checked: bool, json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print verdict and findings, worst first, and end: exit status 0 for pass, 1 for review or fail."""
    ordered = sorted(findings, key=lambda finding: -finding.verdict)
    verdict = combine(ordered, checked=checked)
    if json:
        print(json_library.dumps({"verdict": verdict.word, "findings": [one.as_dict() for one in ordered],
                                  **(more or {})}, indent=2, ensure_ascii=False))
    else:
        console = Console()
        console.print(f"[bold {COLOURS[verdict]}]{verdict.name}[/]", highlight=False)
        for one in ordered:
            console.print(f"[{COLOURS[one.verdict]}]{one.verdict.name:6}[/] [bold]{escape(one.rule)}[/]: "
                          f"{escape(one.message)}", highlight=False)
            if one.next_step:
                console.print(f"        next: {escape(one.next_step)}", highlight=False)
            if one.source:
                console.print(f"        source: {escape(one.source)}", highlight=False)
    raise typer.Exit(0 if verdict is Verdict.PASS else 1)


def need(file: Path | None, command: str) -> Path:
    if file is None:
        raise InvalidInput("There is no input.", rule="check.input",
                           next_step=f"Give --input FILE; `readingroom check {command} --example` prints one.")
    return file


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is written twice")
    return said


def _unreadable(file: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{file} {why}.", rule="check.input", value=file, next_step="Give a JSON file.")
