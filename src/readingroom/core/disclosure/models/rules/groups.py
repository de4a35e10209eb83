"""Groups compared: each is a cell with a mean."""

from __future__ import annotations

from readingroom.core.disclosure.models.hypothesis_tests import GroupComparison
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words, unset
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024); ACRO 1.0.2 (2026)"


def check_groups(test: GroupComparison, parameters: Policy) -> list[Finding]:
    """A comparison of groups fails when a group is too small, or all its values are equal, or too little is left.

    Formula: units of every group n_g >= t (or > t); degrees of freedom >= d0, and so units - groups >= d0; standard
    deviation of every group > 0, since at 0 its mean is everyone's value.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024); ACRO 1.0.2 (2026).

    Example: t = 10: a t-test of 40 treated against 4 others: the mean of the 4 follows from t and the rest: fails.
    """
    missing = unset(parameters)
    needed = parameters.residual_degrees_of_freedom
    findings = [missing_parameter(*missing, *(["residual_degrees_of_freedom"] if needed is None else []))
                ] if missing or needed is None else []
    if not test.groups:
        findings.append(unsaid("how many people are in each group", "groups", source=SOURCE))
    groups = test.groups or ()
    unknown = [group.level for group in groups if group.units is None]
    if unknown:
        findings.append(unsaid(f"how many people are in {listing(unknown)}", "groups[].units", source=SOURCE))
    low = [group for group in groups if group.units is not None and parameters.threshold is not None
           and is_low(group.units, parameters)]
    if low:
        said = listing([f"{group.level}: {plural(group.units or 0, 'person', 'people')}" for group in low])
        findings.append(_finding(f"{plural(len(low), 'group rests', 'groups rest')} on too few people ({said}); each "
                                 f"needs {limit_words(parameters)}.", "Merge groups.", low, parameters))
    constant = [group for group in groups if group.sd is not None and group.sd == 0]
    if constant:
        findings.append(_finding(
            f"All values are equal in {listing([group.level for group in constant])}, so the mean is everyone's value.",
            "Leave this group out, or merge it.", constant, parameters))
    return findings + _coherence(test) + _degrees(test, parameters)


def _degrees(test: GroupComparison, parameters: Policy) -> list[Finding]:
    needed = parameters.residual_degrees_of_freedom
    total = test.units if test.units is not None else (
        sum(group.units or 0 for group in test.groups)
        if test.groups and all(group.units is not None for group in test.groups) else None)
    left = [value for value in (test.residual_df, None if total is None else total - max(1, len(test.groups or ())))
            if value is not None]
    if not left:
        return [unsaid("how many degrees of freedom the test has", "residual_df", source=SOURCE)]
    if needed is None or min(left) >= needed:
        return []
    return [Finding(
        "test.degrees-of-freedom", Verdict.FAIL,
        f"The test has {min(left):g} degrees of freedom, counted in people; at least {needed} are needed.",
        "Compare larger groups.", parameters={"residual_degrees_of_freedom": needed}, source=SOURCE)]


def _coherence(test: GroupComparison) -> list[Finding]:
    faults = []
    if test.n is not None and test.units is not None and test.units > test.n:
        faults.append(f"{test.units:,} units have only {plural(test.n, 'observation')}")
    for group in test.groups or ():
        if group.n is not None and group.units is not None and group.units > group.n:
            faults.append(f"{group.units:,} units in {group.level} have only {plural(group.n, 'observation')}")
        if group.sd is not None and group.sd < 0:
            faults.append(f"the standard deviation of {group.level} is below zero")
    counts = [group.n if group.n is not None else group.units for group in test.groups or ()]
    if test.n is not None and counts and None not in counts and len(counts) > 1:
        total = sum(count or 0 for count in counts)
        if total > test.n or (total < test.n and test.n == test.units):
            faults.append(f"the groups hold {total:,} together, of {test.n:,}")
    if test.p_value is not None and not 0 <= test.p_value <= 1:
        faults.append(f"a p-value of {test.p_value:g} is outside 0 to 1")
    if test.n is not None and test.residual_df is not None and test.residual_df > test.n:
        faults.append(f"{test.residual_df:g} degrees of freedom from {plural(test.n, 'observation')}")
    return [Finding("model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
                    "Take the numbers from the test's own result.", source=SOURCE) for fault in faults]


def _finding(message: str, next_step: str, groups: list, parameters: Policy) -> Finding:  # type: ignore[type-arg]
    return Finding("test.groups", Verdict.FAIL, message, next_step,
                   tuple(Cell((group.level,)) for group in groups), {"threshold": parameters.threshold}, SOURCE)
