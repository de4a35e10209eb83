"""`readingroom check protect` by cell keys: counts with the noise that their keys look up, and what that leaves."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from readingroom.core.disclosure.protect.audit import audit
from readingroom.core.disclosure.protect.cell_key import make_ptable, seen_through_noise
from readingroom.core.disclosure.protect.forms import answer
from readingroom.core.disclosure.protect.forms.model import CellForm, ProtectForm
from readingroom.core.disclosure.protect.forms.needs import levels, threshold_of
from readingroom.core.disclosure.protect.forms.problem import Facts, Problem
from readingroom.core.disclosure.protect.forms.sensitive import sensitive_cells
from readingroom.core.disclosure.protect.forms.shown import shown_table
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.core.disclosure.verdict import Verdict
from readingroom.errors import InvalidInput

FULL = 2**64  # cell keys are whole numbers below it


def perturbed(problem: Problem, form: ProtectForm, out_of_time: Callable[[], bool]) -> answer.Json:
    """Every count with the noise of its key, and what a reader who has the table of noise infers of sensitive cells.

    A total without a key has the sum of the keys of its parts, which are taken to be of different units.
    """
    if not problem.system.whole.all():
        raise InvalidInput("Cell-key noise is for counts.", rule="form.noise", value="kind",
                           next_step="Hide cells of magnitudes, or round them.")
    table = make_ptable(form.noise.largest, form.noise.variance, form.noise.small)
    keys = _all_keys(problem)
    counts = np.round(problem.system.value).astype(np.int64)
    fixed = problem.system.lower == problem.system.upper
    shown = np.where(fixed, counts, table.perturb(counts, keys))
    asked = {cell: levels(problem, problem.facts[cell], form) or Protection()
             for cell in sensitive_cells(problem, form)}
    unseen = np.array([cell not in problem.facts for cell in range(problem.system.size)], dtype=bool)
    seen = seen_through_noise(problem.system, shown, table)
    seen = seen.knowing(np.where(unseen, problem.system.lower, seen.lower),
                        np.where(unseen, problem.system.upper, seen.upper))
    found = audit(seen, asked, out_of_time=out_of_time)
    noise = {"largest": form.noise.largest, "variance": form.noise.variance, "small": form.noise.small}
    parameters: answer.Json = {"method": form.method, "noise": noise, "threshold": threshold_of(form)}
    verdict = max(found.verdict, Verdict.REVIEW if problem.gap and asked else Verdict.PASS)
    return answer.merged(
        {"verdict": verdict.word,
         "message": f"Noise of up to {form.noise.largest} either way: sums no longer hold exactly. "
                    f"{answer.message(found, 'sensitive cell')}",
         "findings": answer.findings(problem, found, parameters),
         "pattern": {"primary": answer.described(problem, asked), "secondary": []},
         "cells": [{**cell, "role": "primary"} for cell in answer.cells(problem, found)], "insiders": []},
        {"additive": bool((problem.system.equations @ shown == 0).all()), "moved": [],
         "tables": [{**shown_table(problem, number, one, lambda cell: answer.bound(float(shown[cell]))),
                     "perturbation": form.noise.largest} for number, one in enumerate(problem.tables)],
         "notes": [f"{problem.gap[:1].upper()}{problem.gap[1:]}."] if problem.gap else [], "parameters": parameters})


def _all_keys(problem: Problem) -> np.ndarray:
    """The key of each cell as a whole number below 2^64: as given, or as its parts' keys make it."""
    known: dict[int, int] = {}
    for facts in problem.facts.values():
        if (key := _key(problem, facts)) is not None:
            known[facts.cell] = key
    empty = {int(cell) for cell in np.flatnonzero(problem.system.value == 0)}
    known = dict.fromkeys(empty, 0) | known
    matrix = problem.system.equations
    rows = [dict(zip(map(int, matrix.indices[start:stop]), matrix.data[start:stop], strict=True))
            for start, stop in itertools.pairwise(matrix.indptr)]
    grown = True
    while grown:
        grown = False
        for terms in rows:
            lacking = [cell for cell in terms if cell not in known]
            if len(lacking) == 1 and abs(terms[lacking[0]]) == 1 and all(by == round(by) for by in terms.values()):
                (cell,) = lacking
                rest = sum(int(by) * known[other] for other, by in terms.items() if other != cell)
                known[cell] = -rest * int(terms[cell]) % FULL
                grown = True
    for facts in problem.facts.values():
        if facts.cell not in known:
            name = problem.system.names[facts.cell]
            raise InvalidInput(f"{name} has no key.", rule="form.key", value=name,
                               next_step='Give "keys", a grid from 0 to below 1, or each cell its "key" or its '
                               '"record_keys"; a total may be left to its parts.')
    return np.array([known.get(cell, 0) for cell in range(problem.system.size)], dtype=np.uint64)


def _key(problem: Problem, facts: Facts) -> int | None:
    said = {key for one in facts.forms if (key := _said(one, problem, facts)) is not None}
    if len(said) > 1:
        name = problem.system.names[facts.cell]
        raise InvalidInput(f"{name} has two different keys.", rule="form.key", value=name,
                           next_step="The same cell has one key, whichever table shows it.")
    return next(iter(said), None)


def _said(form: CellForm, problem: Problem, facts: Facts) -> int | None:
    if form.record_keys is None:
        return None if form.key is None else _whole(form.key)
    if len(form.record_keys) != problem.system.value[facts.cell]:
        name = problem.system.names[facts.cell]
        raise InvalidInput(f"{name} has {len(form.record_keys)} record keys for a count of "
                           f"{problem.system.value[facts.cell]:g}.", rule="form.key", value=name,
                           next_step="Give one record key for each unit in the cell.")
    return sum(map(_whole, form.record_keys)) % FULL


def _whole(share: float) -> int:
    """A key as written in decimals, exactly: 0.7 and 0.4 make 0.1."""
    return math.floor(Fraction(repr(share)) * FULL)
