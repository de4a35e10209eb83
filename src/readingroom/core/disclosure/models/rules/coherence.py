"""Coherence: numbers of a description that contradict each other describe no model."""

from __future__ import annotations

from collections.abc import Iterator

from readingroom.core.disclosure.models.described import Level
from readingroom.core.disclosure.models.regression import Interaction, Regression
from readingroom.core.disclosure.rules.wording import plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "Belsley, Kuh & Welsch, Regression Diagnostics, ch. 2.1 (1980)"
SLACK = 1e-6
SURVIVAL = frozenset({"survival-regression"})


def check_coherence(model: Regression, parameters: Policy) -> list[Finding]:
    """A description fails when its own numbers cannot all be true.

    Formula: residual_df = n - parameters - absorbed (or, where people repeat, units - 1 or units - parameters, as tests
    by clusters use); units <= n; sum of a variable's levels between units and n; a combination of levels holds no more
    units than each of its levels, and where nobody repeats all that have a level together do not either; 0 <= leverage
    <= 1, the largest at least parameters / n, which is the mean; R-squared at most 1.

    Source: Belsley, Kuh & Welsch, Regression Diagnostics, ch. 2.1 (1980), for leverage; the rest is counting.

    Example: n 100 and 5 parameters leave 95 residual degrees of freedom; 96 is a contradiction: fails.
    """
    faults = [*_totals(model), *_levels(model), *_ranges(model)]
    return [Finding(
        "model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
        "Take the numbers from the fitted model, or let the SDK do so.", source=SOURCE) for fault in faults]


def _totals(model: Regression) -> Iterator[str]:
    n, units, count = model.n, model.units, model.parameters
    if n is not None and units is not None and units > n:
        yield f"{units:,} units have only {plural(n, 'observation')}"
    if n is not None and units == 0 and n > 0:
        yield f"{plural(n, 'observation')} of no units"
    if None not in (n, count, model.residual_df) and model.type not in SURVIVAL:
        left = n - count - (model.absorbed or 0)  # type: ignore[operator]
        by_clusters = {units - 1, units - count} if units is not None and units < n else set()  # type: ignore[operator]
        if model.residual_df not in {left, *by_clusters}:
            swept = f" less {model.absorbed:,} absorbed" if model.absorbed else ""
            yield (f"{n:,} observations less {plural(count or 0, 'parameter')}{swept} leave {left:,} residual degrees "
                   f"of freedom, not {model.residual_df:,}")
    if model.events is not None and units is not None and model.events > units:
        yield f"{model.events:,} units with the outcome among {units:,}"


def _levels(model: Regression) -> Iterator[str]:
    known = {}
    for term in model.terms or ():
        if term.kind == "continuous" and term.levels:
            yield f"{term.name} is continuous and has levels"
        if term.name in known:
            yield f"{term.name} is listed twice"
        known[term.name] = {level.level: level.units for level in term.levels or ()}
        yield from _counts(term.name, term.levels or (), model)
    for interaction in model.interactions or ():
        yield from _counts(interaction.name, interaction.levels or (), model)
        factors = [known[name] for name in interaction.terms if known.get(name)]
        for name in interaction.terms:
            if model.terms is not None and name not in known:
                yield f"{interaction.name} multiplies {name}, which is no term"
        for combined in interaction.levels or ():
            if len(combined.level) == len(factors):
                for factor, label in zip(factors, combined.level, strict=True):
                    if factor and combined.units > factor.get((label,), combined.units):
                        yield (f"{combined.units:,} units in {combined.name}, but only {factor[(label,)]:,} in {label}")
        if all(len(one.level) == len(factors) for one in interaction.levels or ()):
            yield from _combined(interaction, factors, model)
    yield from _counts("the cells", model.cells or (), model)


def _combined(interaction: Interaction, factors: list[dict[tuple[str, ...], int]], model: Regression) -> Iterator[str]:
    """Where each person is in one combination, those of a level can't hold more than the level."""
    if model.units is None or model.units != model.n:
        return
    for place, factor in enumerate(factors):
        for label, units in factor.items():
            held = sum(one.units for one in interaction.levels or () if one.level[place:place + 1] == label)
            if held > units:
                yield f"the combinations of {interaction.name} hold {held:,} units of {' × '.join(label)}, of {units:,}"


def _counts(name: str, levels: tuple[Level, ...], model: Regression) -> Iterator[str]:
    if len({level.level for level in levels}) != len(levels):
        yield f"{name} has the same level twice"
    for level in levels:
        if model.units is not None and level.units > model.units:
            yield f"{level.units:,} units in {name} {level.name}, of {model.units:,} in the model"
        if level.n is not None and level.units > level.n:
            yield f"{level.units:,} units in {name} {level.name} have only {plural(level.n, 'observation')}"
        if level.events is not None and level.events > level.units:
            yield f"{level.events:,} units with the outcome among {level.units:,} in {name} {level.name}"
    total = sum(level.units for level in levels)
    if model.n is not None and total > model.n:
        yield f"the levels of {name} hold {total:,} units together, more than the {model.n:,} observations"


def _ranges(model: Regression) -> Iterator[str]:
    largest = model.leverage_max
    if largest is not None and not -SLACK <= largest <= 1 + SLACK:
        yield f"a leverage of {largest:g} is outside 0 to 1"
    elif largest is not None and model.n and model.parameters and model.type not in SURVIVAL:
        mean = min(1.0, model.parameters / model.n)
        if largest < mean * (1 - SLACK) - 5e-4:  # given to three decimals
            yield f"the largest leverage {largest:g} is below the mean of all, {mean:.3g} (parameters / n)"
    if model.r_squared is not None and model.r_squared > 1 + SLACK:
        yield f"R-squared is {model.r_squared:g}, above 1"
