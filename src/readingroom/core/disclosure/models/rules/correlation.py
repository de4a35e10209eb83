"""Correlation: enough people, and no exact relation."""

from __future__ import annotations

from readingroom.core.disclosure.models.hypothesis_tests import Correlation, Pair
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words, unset
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024); ACRO 1.0.2 (2026)"
EXACT, NEARLY = 1 - 1e-9, 0.9995


def check_correlation(found: Correlation, parameters: Policy) -> list[Finding]:
    """A correlation fails when it rests on too few people, or is exact.

    Formula: units >= t (or > t) and units - 2 >= d0; |r| < 1, since at 1 either variable gives the other for everyone;
    a person judges |r| that rounds to 1.000.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024); ACRO 1.0.2 (2026).

    Example: d0 = 10: r = 0.4 over 11 people leaves 9 degrees of freedom: fails.
    """
    missing, needed = unset(parameters), parameters.residual_degrees_of_freedom
    findings = [missing_parameter(*missing, *(["residual_degrees_of_freedom"] if needed is None else []))
                ] if missing or needed is None else []
    pairs = found.all_pairs
    unknown = [_name(pair) for pair in pairs if pair.units is None or pair.correlation is None]
    if unknown or not pairs:
        findings.append(unsaid(f"how many people, and which coefficient, {listing(unknown) or 'it'} has", "units",
                               "correlation", source=SOURCE))
    few, exact, close = [], [], []
    for pair in pairs:
        counted = [count for count in (pair.n, pair.units) if count is not None]
        left = [count - 2 for count in counted]
        if pair is pairs[0] and found.residual_df is not None:
            left.append(found.residual_df)
        if counted and ((parameters.threshold is not None and is_low(min(counted), parameters))
                        or (needed is not None and min(left) < needed)):
            few.append(f"{_name(pair)}: {plural(min(counted), 'person', 'people')}")
        size = abs(pair.correlation or 0.0)
        if size >= EXACT:
            exact.append(f"{_name(pair)}: {pair.correlation:g}")
        elif size >= NEARLY:
            close.append(f"{_name(pair)}: {pair.correlation:.6g}")
    if few:
        findings.append(_finding(
            Verdict.FAIL, f"{plural(len(few), 'coefficient rests', 'coefficients rest')} on too few people "
            f"({listing(few)}); each needs {limit_words(parameters)}, and {needed} degrees of freedom.", parameters))
    if exact:
        findings.append(_finding(
            Verdict.FAIL, f"{plural(len(exact), 'relation is', 'relations are')} exact ({listing(exact)}), so either "
            "variable gives the other for everyone.", parameters))
    if close:
        findings.append(_finding(
            Verdict.REVIEW, f"{plural(len(close), 'relation is', 'relations are')} nearly exact ({listing(close)}).",
            parameters))
    return findings + _coherence(found, pairs)


def _coherence(found: Correlation, pairs: tuple[Pair, ...]) -> list[Finding]:
    faults = [f"the coefficient of {_name(pair)} is {pair.correlation:g}, outside -1 to 1" for pair in pairs
              if pair.correlation is not None and abs(pair.correlation) > 1 + 1e-9]
    faults += [f"{pair.units:,} units of {_name(pair)} have only {plural(pair.n, 'observation')}" for pair in pairs
               if pair.units is not None and pair.n is not None and pair.units > pair.n]
    if found.n is not None and found.residual_df is not None and found.residual_df != found.n - 2:
        faults.append(f"{plural(found.n, 'observation')} leave {found.n - 2:,} degrees of freedom, not "
                      f"{found.residual_df:,}")
    return [Finding("model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
                    "Take the numbers from the coefficient's own result.", source=SOURCE) for fault in faults]


def _name(pair: Pair) -> str:
    return " and ".join(pair.variables)


def _finding(verdict: Verdict, message: str, parameters: Policy) -> Finding:
    return Finding("correlation", verdict, message, "Leave the coefficient out, or use more people.",
                   parameters={"threshold": parameters.threshold,
                               "residual_degrees_of_freedom": parameters.residual_degrees_of_freedom}, source=SOURCE)
