"""`readingroom check published`: published tables in, what a reader can infer of each protected cell out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from readingroom.core.disclosure.protect.audit import Audit, audit
from readingroom.core.disclosure.protect.forms import answer
from readingroom.core.disclosure.protect.forms.model import PublishedForm, parse_published
from readingroom.core.disclosure.protect.forms.needs import (
    DEFAULT_PERCENT,
    levels,
    listed,
    singles,
    threshold_of,
    unsafe_of,
    with_percent,
)
from readingroom.core.disclosure.protect.forms.problem import Facts, Problem, build, rounding_of
from readingroom.core.disclosure.protect.intruder import Reader, never
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.protect.rounding import seen_adding_up
from readingroom.core.disclosure.protect.system import System
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict


def check_published(raw: object, *, out_of_time: Callable[[], bool] = never) -> answer.Json:
    """The answer of the command, see docs/reference/check.md. InvalidInput for what can't be read or can't be true."""
    form = parse_published(raw)
    problem = build(form, published=True)
    protected = {cell: _needed(problem, problem.facts[cell], form) for cell in _protected(problem, form)}
    hidden = [cell for cell in singles(problem, form) if problem.system.lower[cell] < problem.system.upper[cell]]
    found = audit(_adding_up(problem), protected, singles=hidden, out_of_time=out_of_time)
    implied = _implied(problem, form)
    verdict = max(found.verdict, Verdict.FAIL if implied else Verdict.PASS,
                  Verdict.REVIEW if problem.gap and found.inferences else Verdict.PASS)
    parameters: answer.Json = {"threshold": threshold_of(form), "zeros_unsafe": form.zeros_unsafe,
                               "percent": DEFAULT_PERCENT, "insiders_asked": found.insiders_asked}
    return answer.merged(
        {"verdict": verdict.word, "message": _message(found, implied, problem)},
        {"findings": [*answer.findings(problem, found, parameters),
                      *(_difference(one, parameters) for one in implied)]},
        {"cells": answer.cells(problem, found), "insiders": [answer.inference(problem, one) for one in found.insiders],
         "implied": implied, "notes": [f"{problem.gap[:1].upper()}{problem.gap[1:]}."] if problem.gap else []},
        {"parameters": parameters})


def _adding_up(problem: Problem) -> System:
    """The system with what is known of hidden cells by controlled rounding: rounded numbers still add up."""
    system = problem.system
    for at, table in enumerate(problem.tables):
        rounding = rounding_of(table.form.rounding)
        if rounding is not None and rounding.method == "controlled":
            cells = {problem.index[at, one.at]: one.mark for one in table.cells if one.facts.rounding is None}
            shown = {cell: mark.value for cell, mark in cells.items() if mark.value is not None and not mark.hidden}
            system = seen_adding_up(system, shown, set(cells) - set(shown), rounding.base)
    return system


def _difference(implied: answer.Json, parameters: answer.Json) -> answer.Json:
    return Finding("intruder.difference", Verdict.FAIL, f"{implied['words']}.",
                   "Hide a cell in one of the tables, or publish them for the same people.",
                   (Cell((str(implied["cell"]),)),), dict(parameters), answer.SOURCE).as_dict()

def _message(found: Audit, implied: list[answer.Json], problem: Problem) -> str:
    parts = [answer.message(found, "protected cell")] if found.inferences or not implied else []
    if implied:
        parts.append(f"{answer.plural(len(implied), 'cell')} that no table shows can be worked out, and "
                     f"{'is' if len(implied) == 1 else 'are'} too small.")
    if problem.gap:
        parts.append("Not everything that the tables say together was used.")
    return " ".join(parts)


def _protected(problem: Problem, form: PublishedForm) -> list[int]:
    """The cells named as sensitive; if none is named, every hidden or rounded one."""
    named = listed(problem, form, "sensitive")
    if named:
        return list(named)
    return [facts.cell for facts in problem.facts.values() if facts.hidden or facts.rounded]


def _needed(problem: Problem, facts: Facts, form: PublishedForm) -> Protection:
    """Written levels; else a threshold for counts, a share for magnitudes, and for rounded cells not being exact."""
    written = levels(problem, facts, form)
    if facts.rounded and not facts.hidden:
        return written or Protection()
    if facts.whole:
        return replace(written or Protection(), unsafe=unsafe_of(form), stated=facts.stated)
    return replace(written or with_percent(problem, facts.cell, DEFAULT_PERCENT), stated=facts.stated)


def _implied(problem: Problem, form: PublishedForm) -> list[answer.Json]:
    """Counts that no table shows, that follow exactly, and that are below the threshold: differences between tables."""
    unsafe = unsafe_of(form)
    if unsafe is None or len(problem.tables) < 2:
        return []
    known = Reader(problem.system).system
    small = (known.lower == known.upper) & known.whole & (known.lower >= unsafe[0]) & (known.lower <= unsafe[1])
    return [{"cell": known.names[cell], "value": int(known.lower[cell]), "verdict": "exposed",
             "words": f"{known.names[cell]}: {known.lower[cell]:.0f}, exposed (it follows by subtraction)"}
            for cell in np.flatnonzero(small) if int(cell) not in problem.facts]
