"""Which cells a form wants protected, how strongly, and who knows more than others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from readingroom.core.disclosure.protect.forms.grid import ReadTable
from readingroom.core.disclosure.protect.forms.model import ProtectForm, ProtectionForm, PublishedForm
from readingroom.core.disclosure.protect.forms.problem import Facts, Problem
from readingroom.core.disclosure.protect.protection import Protection
from readingroom.errors import InvalidInput

DEFAULT_THRESHOLD = 10  # the research services' usual one
DEFAULT_PERCENT = 10.0  # for magnitudes without levels
Form = PublishedForm | ProtectForm


def threshold_of(form: Form) -> int | None:
    """The threshold for counts: as written, DEFAULT_THRESHOLD if not written, none if written as null."""
    return form.threshold if "threshold" in form.model_fields_set else DEFAULT_THRESHOLD


def unsafe_of(form: Form) -> tuple[float, float] | None:
    threshold = threshold_of(form)
    return None if threshold is None else (0.0 if form.zeros_unsafe else 1.0, threshold - 1.0)


def levels(problem: Problem, facts: Facts, form: Form) -> Protection | None:
    """The levels that the form writes for this cell, or for all cells; None if it writes none."""
    for one in facts.forms:
        if one.lower_level is not None or one.upper_level is not None or one.sliding_level is not None:
            return Protection(one.lower_level or 0.0, one.upper_level or 0.0, one.sliding_level or 0.0)
    given = next((one.protection for one in facts.forms if one.protection is not None), form.protection)
    if given is None:
        return None
    if not isinstance(given, ProtectionForm):
        given = ProtectionForm(lower=given, upper=given)
    return with_percent(problem, facts.cell, given.percent,
                        Protection(given.lower, given.upper, given.sliding))


def with_percent(problem: Problem, cell: int, percent: float, other: Protection | None = None) -> Protection:
    """Levels of so many percent of the true value on both sides; without one, of the middle of the range."""
    value = float(problem.system.value[cell])
    base = other or Protection()
    if np.isnan(value):
        return Protection(base.lower, base.upper, base.sliding, percent=percent)
    share = abs(value) * percent / 100
    return Protection(max(base.lower, share), max(base.upper, share), base.sliding)


def listed(problem: Problem, form: Form, what: str) -> dict[int, None]:
    """Cells that "sensitive" or "keep" name: per cell, by a list of places, or by a grid of booleans."""
    found: dict[int, None] = {facts.cell: None for facts in problem.facts.values()
                              if any(getattr(one, what) for one in facts.forms)}
    for number, table in enumerate(problem.tables):
        given: list[Any] | None = getattr(table.form, what)
        found |= dict.fromkeys(_places(problem, number, table, given or [], what))
    if form.tables is not None or not problem.tables:
        for ref in getattr(form, what) or []:
            found[problem.find(_reference(ref), what)] = None
    return found


def _reference(raw: Any) -> Any:
    from readingroom.core.disclosure.protect.forms.model import Reference

    if isinstance(raw, dict) and set(raw) == {"table", "at"}:
        return Reference.model_validate(raw)
    return raw


def _places(problem: Problem, number: int, table: ReadTable, given: Sequence[Any], what: str) -> Iterator[int]:
    if given and _is_mask(given):
        yield from _masked(problem, number, table, given, what)
        return
    for raw in given:
        if isinstance(raw, str | int) and not isinstance(raw, bool) and str(raw) in problem.place:
            yield problem.place[str(raw)]
        else:
            yield problem.at(number, raw, f"{table.name}: {what}")


def _is_mask(given: Any) -> bool:
    return all(_is_mask(one) for one in given) if isinstance(given, list) else isinstance(given, bool)


def _masked(problem: Problem, number: int, table: ReadTable, given: Sequence[Any], what: str) -> Iterator[int]:
    mask = np.array(given, dtype=object)
    if mask.shape != tuple(map(len, table.labels)):
        raise InvalidInput(f"{table.name}: {what} has another shape than values.", rule="form.table", value=table.name,
                           next_step="Give true or false for each cell, or a list of places.")
    for index in np.argwhere(mask == True):  # noqa: E712  an array of objects
        labels = [table.labels[axis][place] for axis, place in enumerate(index)]
        yield problem.at(number, labels, f"{table.name}: {what}")


def singles(problem: Problem, form: Form) -> tuple[int, ...]:
    """Cells with one contributor: as listed; or by their number of contributors, and counts of one."""
    if isinstance(form.singletons, list):
        return tuple(problem.find(_reference(one), "singletons") if not isinstance(one, list | dict) or set(
            one if isinstance(one, dict) else ()) == {"table", "at"} else problem.at(0, one, "singletons")
            for one in form.singletons)
    if not form.singletons:
        return ()
    return tuple(sorted(facts.cell for facts in problem.facts.values() if contributors(problem, facts) == 1))


def contributors(problem: Problem, facts: Facts) -> int | None:
    """How many people or firms are behind a cell, where the form says so."""
    for one in facts.forms:
        if one.contributors is not None:
            return one.contributors
        if one.contributions is not None:
            return len(one.contributions)
    value = problem.system.value[facts.cell]
    return int(value) if facts.whole and not np.isnan(value) else None
