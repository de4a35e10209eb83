"""Leaves of trees: each is a cell."""

from __future__ import annotations

from readingroom.core.disclosure.models.machine_learning import Trees
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words, unset
from readingroom.core.disclosure.rules.wording import missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SACRO-ML 2.0.1 (2026), structural attack and safe trees; GRAIMATTER green paper (2022)"


def check_leaves(found: Trees, parameters: Policy) -> list[Finding]:
    """A tree or forest fails when a leaf is of too few training people, or gives a class with certainty.

    Formula: units of every leaf of every tree >= t (or > t); no pure leaf (all its people of one class), which is group
    disclosure; leaves x fewest <= units of one tree.

    Source: SACRO-ML 2.0.1 (2026), structural attack and safe trees; GRAIMATTER green paper (2022).

    Example: t = 10: a tree of unlimited depth on 10,000 people has leaves of one person: fails.
    """
    if missing := unset(parameters):
        return [missing_parameter(*missing)] if parameters.threshold is not None else [
            missing_parameter(*missing), *_coherence(found)]
    sizes = [leaf.units for leaf in found.leaves or ()]
    known = [*sizes, *([] if found.leaf_units_min is None else [found.leaf_units_min])]
    pure = [leaf for leaf in found.leaves or () if leaf.largest_class is not None and leaf.largest_class == leaf.units]
    findings = _coherence(found)
    if not known:
        findings.append(unsaid("how many people are in the smallest leaf", "leaf_units_min", "leaves", source=SOURCE))
    elif is_low(min(known), parameters):
        findings.append(Finding(
            "trees.leaves", Verdict.FAIL,
            f"The smallest leaf rests on {plural(min(known), 'person', 'people')}; each needs "
            f"{limit_words(parameters)}.",
            "Set min_samples_leaf to at least that, and count people, not rows.",
            parameters={"threshold": parameters.threshold}, source=SOURCE))
    if pure or found.pure_leaves:
        findings.append(Finding(
            "trees.pure", Verdict.FAIL,
            f"{plural(max(len(pure), found.pure_leaves or 0), 'leaf gives', 'leaves give')} one class with certainty, "
            "which tells it of everyone in it.", "Limit the depth, or ask for more people per leaf.", source=SOURCE))
    elif found.pure_leaves is None and not (found.leaves and all(leaf.largest_class is not None
                                                                 for leaf in found.leaves)):
        findings.append(unsaid("whether a leaf gives one class with certainty", "pure_leaves",
                               "leaves[].largest_class", source=SOURCE))
    if found.depth is None:
        findings.append(unsaid("how deep the trees are", "depth", source=SOURCE))
    return findings


def _coherence(found: Trees) -> list[Finding]:
    faults = []
    if found.units is not None and found.n is not None and found.units > found.n:
        faults.append(f"{found.units:,} units have only {plural(found.n, 'observation')}")
    for leaf in found.leaves or ():
        if leaf.largest_class is not None and leaf.largest_class > leaf.units:
            faults.append(f"{leaf.largest_class:,} of {plural(leaf.units, 'unit')} of a leaf have one class")
            break
    one_tree = (found.trees or 1) == 1
    count = found.leaf_count if found.leaf_count is not None else len(found.leaves or ())
    if one_tree and found.n is not None and found.leaf_units_min is not None and count * found.leaf_units_min > found.n:
        faults.append(f"{count:,} leaves of at least {found.leaf_units_min:,} do not fit into {found.n:,} observations")
    if one_tree and found.depth is not None and found.depth < 60 and count > 2**found.depth:
        faults.append(f"{count:,} leaves do not fit into a depth of {found.depth}")
    return [Finding("model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
                    "Take the numbers from the fitted trees.", source=SOURCE) for fault in faults]
