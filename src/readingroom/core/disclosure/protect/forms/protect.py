"""`readingroom check protect`: tables with true values in, a pattern of cells to hide with its audit out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from readingroom.core.disclosure.protect.forms import answer
from readingroom.core.disclosure.protect.forms.model import ProtectForm, parse_protect
from readingroom.core.disclosure.protect.forms.needs import DEFAULT_PERCENT, levels, listed, singles, threshold_of
from readingroom.core.disclosure.protect.forms.noise import perturbed
from readingroom.core.disclosure.protect.forms.problem import Problem, build
from readingroom.core.disclosure.protect.forms.sensitive import check_rules, sensitive_cells
from readingroom.core.disclosure.protect.forms.shown import shown_table
from readingroom.core.disclosure.protect.intruder import Reader, never
from readingroom.core.disclosure.protect.pattern import LARGEST_REPAIR, Method, Pattern, costs_of, suppress
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.protect.rounding import round_table
from readingroom.core.disclosure.protect.system import Floats
from readingroom.core.disclosure.protect.tables import completed
from readingroom.core.disclosure.verdict import Verdict
from readingroom.errors import InvalidInput

MARK = "x"
Rounded = Literal["nearest", "midpoint", "controlled"]
ROUNDINGS: dict[str, Rounded] = {"rounding": "nearest", "midpoint": "midpoint", "controlled-rounding": "controlled"}
METHODS: dict[str, Method] = {"auto": "auto", "optimal": "optimal", "heuristic": "heuristic"}
BASES: dict[Rounded, float] = {"nearest": 5.0, "midpoint": 6.0, "controlled": 5.0}


def check_protect(raw: object, *, out_of_time: Callable[[], bool] = never,
                  give_up: Callable[[], bool] = never) -> answer.Json:
    """The answer of the command, see docs/reference/check.md. InvalidInput for what can't be read or protected."""
    form = parse_protect(raw)
    check_rules(form.rules)
    problem = build(form, published=False)
    missing = [facts for facts in problem.facts.values() if np.isnan(problem.system.value[facts.cell])]
    if missing:
        name = problem.system.names[missing[0].cell]
        raise InvalidInput(f"{name} has no value.", rule="form.value", value=name,
                           next_step="Give every cell its true value; what is hidden already as {\"value\": 4, "
                           "\"suppressed\": true}.")
    problem = replace(problem, system=completed(problem.system))
    if form.method == "cell-key":
        return perturbed(problem, form, out_of_time)
    if form.method in ROUNDINGS:
        return _rounded(problem, form, ROUNDINGS[form.method], out_of_time)
    return _suppressed(problem, form, METHODS[form.method], out_of_time, give_up)


def _rounded(problem: Problem, form: ProtectForm, method: Rounded, out_of_time: Callable[[], bool]) -> answer.Json:
    """Every cell rounded, and what that leaves a reader to infer of the sensitive ones."""
    base = form.base or BASES[method]
    asked = {cell: levels(problem, problem.facts[cell], form) or Protection()
             for cell in sensitive_cells(problem, form)}
    found = round_table(problem.system, base, method, asked, out_of_time=out_of_time)
    parameters: answer.Json = {"method": form.method, "base": base, "threshold": threshold_of(form)}
    verdict = max(found.audit.verdict, Verdict.REVIEW if problem.gap and asked else Verdict.PASS)
    stays = "sums still hold" if found.additive else "sums no longer hold exactly"
    moved = f"; {answer.plural(len(found.moved), 'cell')} had to move further than one multiple" if found.moved else ""
    kept = {"base": base, "method": method}
    return answer.merged(
        {"verdict": verdict.word,
         "message": f"Rounded to {base:g}: {stays}{moved}. {answer.message(found.audit, 'sensitive cell')}",
         "findings": answer.findings(problem, found.audit, parameters)},
        {"pattern": {"primary": answer.described(problem, asked), "secondary": []},
         "cells": _with_role(answer.cells(problem, found.audit), "primary"), "insiders": []},
        {"additive": found.additive, "moved": answer.described(problem, found.moved),
         "tables": [{**shown_table(problem, number, table, lambda cell: answer.bound(float(found.values[cell]))),
                     "rounding": kept} for number, table in enumerate(problem.tables)],
         "notes": [f"{problem.gap[:1].upper()}{problem.gap[1:]}."] if problem.gap else [], "parameters": parameters})


def _suppressed(problem: Problem, form: ProtectForm, method: Method, out_of_time: Callable[[], bool],
                give_up: Callable[[], bool]) -> answer.Json:
    protected = sensitive_cells(problem, form)
    unpublished = [cell for cell in range(problem.system.size) if cell not in problem.facts
                   and problem.system.lower[cell] < problem.system.upper[cell]]
    pattern = suppress(
        problem.system, protected, cost=_costs(problem, form), keep=listed(problem, form, "keep"),
        singles=singles(problem, form), also_hidden=unpublished, method=method, out_of_time=out_of_time,
        give_up=give_up)
    pattern = replace(pattern, primary=tuple(cell for cell in pattern.primary if cell in problem.facts))
    hidden = set(pattern.hidden)

    def seen(cell: int) -> object:
        return MARK if cell in hidden else answer.bound(float(problem.system.value[cell]))

    verdict = max(pattern.audit.verdict, Verdict.REVIEW if problem.gap and protected else Verdict.PASS)
    parameters: answer.Json = {"threshold": threshold_of(form), "zeros_unsafe": form.zeros_unsafe, "cost": form.cost,
                               "percent": DEFAULT_PERCENT, "insiders_asked": pattern.audit.insiders_asked}
    return answer.merged(
        {"verdict": verdict.word, "message": _message(pattern, problem),
         "findings": answer.findings(problem, pattern.audit, parameters)},
        {"pattern": {"primary": answer.described(problem, pattern.primary),
                     "secondary": answer.described(problem, pattern.secondary)}},
        {"cells": [*_with_role(answer.cells(problem, pattern.audit), "primary"),
                   *_secondary(problem, pattern, give_up)],
         "insiders": [answer.inference(problem, one) for one in pattern.audit.insiders]},
        {"cost": pattern.cost, "bound": pattern.bound, "optimal": pattern.optimal, "gap": pattern.gap,
         "tables": [shown_table(problem, number, table, seen) for number, table in enumerate(problem.tables)],
         "notes": [f"{problem.gap[:1].upper()}{problem.gap[1:]}."] if problem.gap else [],
         "parameters": parameters})


def _costs(problem: Problem, form: ProtectForm) -> Floats:
    cost = costs_of(problem.system, "count" if form.cost == "unit" else form.cost)
    for facts in problem.facts.values():
        for one in facts.forms:
            if one.cost is not None:
                cost[facts.cell] = one.cost
    return cost


def _message(pattern: Pattern, problem: Problem) -> str:
    if not pattern.primary:
        return "Nothing is sensitive here, so nothing needs to be hidden."
    best = "no cheaper pattern exists" if pattern.optimal else (
        f"a better one could cost up to {pattern.gap:.0%} less" if pattern.bound > 0
        else "it was found by a heuristic, and a cheaper one may exist")
    audit = {
        Verdict.PASS: "the audit finds none of the sensitive cells exposed",
        Verdict.REVIEW: "the audit could not be finished in the time allowed (\"seconds\"), so it is not proved safe",
        Verdict.FAIL: "the time allowed (\"seconds\") ended before a safe pattern was found, so don't publish it",
    }[pattern.audit.verdict]
    gap = " Not everything that the tables say together was used." if problem.gap else ""
    return (f"Hide {answer.plural(len(pattern.primary), 'sensitive cell')} and {len(pattern.secondary)} more: {audit}; "
            f"{best}.{gap}")


def _with_role(cells: list[answer.Json], role: str) -> list[answer.Json]:
    return [{**cell, "role": role} for cell in cells]


def _secondary(problem: Problem, pattern: Pattern, give_up: Callable[[], bool]) -> list[answer.Json]:
    """The ranges of the cells hidden for others' sake; they are no verdict, and not worked out for large tables."""
    if problem.system.size > LARGEST_REPAIR:
        return [{**answer.place_of(problem, cell), "lower": None, "upper": None, "role": "secondary",
                 "value": answer.bound(float(problem.system.value[cell]))} for cell in pattern.secondary]
    reader = Reader(problem.system.hiding(_hidden(problem, pattern)), out_of_time=give_up)
    found = []
    for cell in pattern.secondary:
        span = reader.range(cell)
        found.append({**answer.place_of(problem, cell), "lower": answer.bound(span.lower),
                      "upper": answer.bound(span.upper), "role": "secondary",
                      "value": answer.bound(float(problem.system.value[cell]))})
    return found


def _hidden(problem: Problem, pattern: Pattern) -> set[int]:
    return {*pattern.hidden, *(cell for cell in range(problem.system.size) if cell not in problem.facts)}
