"""Which cells of a form are sensitive: as named, by a threshold, or by rules over contributions."""

from __future__ import annotations

import numpy as np

from readingroom.core.disclosure.protect.forms.model import ProtectForm, RulesForm
from readingroom.core.disclosure.protect.forms.needs import (
    DEFAULT_PERCENT,
    levels,
    listed,
    threshold_of,
    unsafe_of,
    with_percent,
)
from readingroom.core.disclosure.protect.forms.problem import Facts, Problem
from readingroom.core.disclosure.protect.protection import Protection, protection_of_count
from readingroom.errors import InvalidInput

Contributions = dict[int, tuple[float, ...]]


def sensitive_cells(problem: Problem, form: ProtectForm) -> dict[int, Protection]:
    """Each sensitive cell with the protection it needs.

    Cells named, and cells marked as suppressed already. By the threshold: counts below it, if it is written or nothing
    else says what is sensitive. By the rules: cells whose contributions, added up over parts where a total gives none,
    break one.
    """
    named = listed(problem, form, "sensitive")
    named |= {facts.cell: None for facts in problem.facts.values() if facts.hidden}
    by_rule = _by_rules(problem, form)
    small: dict[int, None] = {}
    if "threshold" in form.model_fields_set or not (named or by_rule or _has_rules(form.rules)):
        small = {facts.cell: None for facts in problem.facts.values() if _is_small(problem, facts, form)}
    found: dict[int, Protection] = {}
    for cell in dict.fromkeys([*named, *small, *by_rule]):
        written = levels(problem, problem.facts[cell], form)
        needed = written or by_rule.get(cell) or _default(problem, problem.facts[cell], form)
        found[cell] = _within_bounds(problem, cell, needed)
    return found


def _has_rules(rules: RulesForm) -> bool:
    return bool(rules.dominance or rules.p_percent is not None or rules.pq or rules.min_contributors)


def _is_small(problem: Problem, facts: Facts, form: ProtectForm) -> bool:
    unsafe, value = unsafe_of(form), problem.system.value[facts.cell]
    if unsafe is None or problem.system.lower[facts.cell] == problem.system.upper[facts.cell]:
        return False
    if facts.whole:
        return bool(unsafe[0] <= value <= unsafe[1])
    counts = [one.contributors for one in facts.forms if one.contributors is not None]
    return any(unsafe[0] <= count <= unsafe[1] for count in counts)


def _default(problem: Problem, facts: Facts, form: ProtectForm) -> Protection:
    value, threshold = float(problem.system.value[facts.cell]), threshold_of(form)
    if not facts.whole:
        return with_percent(problem, facts.cell, DEFAULT_PERCENT)
    if threshold is None:
        return Protection()
    return protection_of_count(value, threshold, zeros_unsafe=form.zeros_unsafe)


def _within_bounds(problem: Problem, cell: int, needed: Protection) -> Protection:
    """A cell can't be asked to look smaller than it can be: the lower level ends at its lower bound."""
    room = float(problem.system.value[cell] - problem.system.lower[cell])
    lower = max(0.0, min(needed.lower, room)) if np.isfinite(room) else needed.lower
    return Protection(lower, needed.upper, needed.sliding, needed.unsafe)


def _by_rules(problem: Problem, form: ProtectForm) -> dict[int, Protection]:
    """Cells that break a rule, with the largest upper level of the rules broken; the lower level is the same."""
    if not _has_rules(form.rules):
        return {}
    contributions = _contributions(problem)
    found = {}
    for facts in problem.facts.values():
        count = next((one.contributors for one in facts.forms if one.contributors is not None), None)
        if facts.cell in contributions:
            level = upper_level(contributions[facts.cell], float(problem.system.value[facts.cell]), form.rules)
            count = len(contributions[facts.cell]) if count is None else count
        else:
            level = None
        few = form.rules.min_contributors is not None and count is not None and 0 < count < form.rules.min_contributors
        if level is not None or few:
            found[facts.cell] = Protection(level, level) if level else with_percent(
                problem, facts.cell, DEFAULT_PERCENT)
    return found


def upper_level(contributions: tuple[float, ...], total: float, rules: RulesForm) -> float | None:
    """The upper protection level, or None if no rule is broken.

    With x1 >= x2 >= ... and total X: dominance (n,k): unsafe if x1+..+xn > (k/100) X, level (100/k)(x1+..+xn) - X;
    p%: unsafe if X - x1 - x2 < (p/100) x1, level (p/100) x1 - (X - x1 - x2); (p,q) as p% with 100p/q.

    Source: Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024), table of upper protection levels.

    Example: 60, 30, 4 with p = 10: 94 - 90 = 4 < 6, level 2.
    """
    ordered = sorted((abs(one) for one in contributions), reverse=True)
    total = max(abs(total), sum(ordered))
    first, rest = (ordered[0] if ordered else 0.0), total - sum(ordered[:2])
    percents = [rules.p_percent] if rules.p_percent is not None else []
    percents += [100 * rules.pq[0] / rules.pq[1]] if rules.pq else []
    found = [percent / 100 * first - rest for percent in percents]
    found += [100 / k * sum(ordered[:n]) - total for n, k in rules.dominance]
    broken = [level for level in found if level > 1e-9 * max(total, 1.0)]
    return max(broken, default=None)


def _contributions(problem: Problem) -> Contributions:
    """Contributions per cell: as given, or those of the parts of a total whose parts all have some."""
    found = {facts.cell: tuple(one.contributions) for facts in problem.facts.values() for one in facts.forms
             if one.contributions is not None}
    matrix = problem.system.equations
    progress = bool(found)
    while progress:
        progress = False
        for row in range(matrix.shape[0]):
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            cells, by = matrix.indices[span], matrix.data[span]
            totals, parts = cells[by > 0], cells[by < 0]
            if len(totals) == 1 and int(totals[0]) not in found and all(int(part) in found for part in parts):
                found[int(totals[0])] = tuple(one for part in parts for one in found[int(part)])
                progress = True
    return found


def check_rules(rules: RulesForm) -> None:
    """Refuses parameters that no rule has."""
    for n, k in rules.dominance:
        if n < 1 or not 0 < k <= 100:
            raise InvalidInput(f"rules.dominance: ({n}, {k:g}) is not (n, k percent).", rule="form.rules",
                               value=f"{n},{k:g}", next_step="For example [[1, 75], [2, 90]].")
        if k <= 1:
            raise InvalidInput(f"rules.dominance: ({n}, {k:g}) could mean {100 * k:g}% or {k:g}% of the total.",
                               rule="form.rules", value=f"{n},{k:g}",
                               next_step=f"k is in percent: write [{n}, {100 * k:g}], or a k above 1.")
    if rules.pq is not None and not 0 < rules.pq[0] < rules.pq[1]:
        raise InvalidInput(f"rules.pq: p = {rules.pq[0]:g} is not below q = {rules.pq[1]:g}.", rule="form.rules",
                           value=f"{rules.pq[0]:g},{rules.pq[1]:g}", next_step="For example [10, 60].")
