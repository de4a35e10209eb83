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
from readingroom.core.disclosure.protect.groups import Group, small_groups
from readingroom.core.disclosure.protect.intruder import Reader, never
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.protect.rounding import seen_adding_up
from readingroom.core.disclosure.protect.system import System
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict

MOST_NAMED = 5


def check_published(raw: object, *, out_of_time: Callable[[], bool] = never) -> answer.Json:
    """The answer of the command, see docs/reference/check.md. InvalidInput for what can't be read or can't be true."""
    form = parse_published(raw)
    problem = build(form, published=True)
    protected = {cell: _needed(problem, problem.facts[cell], form) for cell in _protected(problem, form)}
    hidden = [cell for cell in singles(problem, form) if problem.system.lower[cell] < problem.system.upper[cell]]
    found = audit(_adding_up(problem), protected, singles=hidden, out_of_time=out_of_time)
    known, unsafe = Reader(problem.system).system, unsafe_of(form)
    implied = _implied(problem, known, unsafe)
    groups, shown = _groups(problem, known, unsafe), _shown(problem, form)
    verdict = max(found.verdict, Verdict.FAIL if implied or groups or shown else Verdict.PASS,
                  Verdict.REVIEW if problem.gap and found.inferences else Verdict.PASS)
    parameters: answer.Json = {"threshold": threshold_of(form), "zeros_unsafe": form.zeros_unsafe,
                               "percent": DEFAULT_PERCENT, "insiders_asked": found.insiders_asked}
    return answer.merged(
        {"verdict": verdict.word, "message": _message(found, groups, shown, implied, problem)},
        {"findings": [*answer.findings(problem, found, parameters),
                      *(_together(problem, one, parameters) for one in groups),
                      *([_too_few(problem, shown, parameters)] if shown else []),
                      *(_difference(one, parameters) for one in implied)]},
        {"cells": answer.cells(problem, found), "insiders": [answer.inference(problem, one) for one in found.insiders],
         "groups": [{"cells": answer.described(problem, one.cells), "lower": answer.bound(one.lower),
                     "upper": answer.bound(one.upper), "verdict": "exposed", "words": one.words} for one in groups],
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


def _together(problem: Problem, group: Group, parameters: answer.Json) -> answer.Json:
    places = [problem.facts[cell].places[0][1] if cell in problem.facts else (problem.system.names[cell],)
              for cell in group.cells]
    cells = tuple(Cell(codes[:1], codes[1:]) for codes in places)
    return Finding("intruder.group", Verdict.FAIL, f"{group.words}.", "Hide a larger cell of the same line as well, or "
                   "the total.", cells, dict(parameters), answer.SOURCE).as_dict()


def _too_few(problem: Problem, shown: list[int], parameters: answer.Json) -> answer.Json:
    places = [problem.facts[cell].places[0][1] for cell in shown]
    names = "; ".join(f"{problem.system.names[cell]}: {problem.system.lower[cell]:.0f}" for cell in shown[:MOST_NAMED])
    more = f"; and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return Finding("intruder.shown", Verdict.FAIL, f"{answer.plural(len(shown), 'cell')} below the threshold "
                   f"{'is' if len(shown) == 1 else 'are'} shown ({names}{more}).", "Hide or round them; `readingroom "
                   "check protect` finds which others to hide.", tuple(Cell(codes[:1], codes[1:]) for codes in places),
                   dict(parameters), answer.SOURCE).as_dict()


def _message(found: Audit, groups: list[Group], shown: list[int], implied: list[answer.Json], problem: Problem) -> str:
    parts = [answer.message(found, "protected cell")] if found.inferences or not implied else []
    if groups:
        parts.append(f"{answer.plural(len(groups), 'set')} of hidden cells {'is' if len(groups) == 1 else 'are'} too "
                     "few people together.")
    if shown:
        parts.append(f"{answer.plural(len(shown), 'count')} below the threshold {'is' if len(shown) == 1 else 'are'} "
                     "shown.")
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


def _implied(problem: Problem, known: System, unsafe: tuple[float, float] | None) -> list[answer.Json]:
    """Counts that no table shows, that follow exactly, and that are below the threshold: differences between tables."""
    if unsafe is None or len(problem.tables) < 2:
        return []
    small = (known.lower == known.upper) & known.whole & (known.lower >= unsafe[0]) & (known.lower <= unsafe[1])
    return [{"cell": known.names[cell], "value": int(known.lower[cell]), "verdict": "exposed",
             "words": f"{known.names[cell]}: {known.lower[cell]:.0f}, exposed (it follows by subtraction)"}
            for cell in np.flatnonzero(small) if int(cell) not in problem.facts]


def _shown(problem: Problem, form: PublishedForm) -> list[int]:
    """Counts below the threshold that are shown, where the form says a threshold, and not what is sensitive."""
    unsafe = unsafe_of(form)
    if unsafe is None or "threshold" not in form.model_fields_set or listed(problem, form, "sensitive"):
        return []
    return [cell for cell, facts in problem.facts.items()
            if facts.whole and not facts.hidden and not facts.rounded and not any(one.structural for one in facts.forms)
            and unsafe[0] <= problem.system.lower[cell] == problem.system.upper[cell] <= unsafe[1]]


def _groups(problem: Problem, known: System, unsafe: tuple[float, float] | None) -> list[Group]:
    """Hidden counts that are too few people together, as a total shows."""
    hidden = [cell for cell, facts in problem.facts.items() if facts.hidden and facts.whole]
    return [] if unsafe is None else small_groups(known, hidden, unsafe)
