"""What the rules on magnitudes say of one cell, with the numbers that each rule came to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.constant import check_constant
from readingroom.core.disclosure.rules.dominance import check_dominance, dominance_protection, dominates
from readingroom.core.disclosure.rules.magnitude import Contributions, exact, magnitudes
from readingroom.core.disclosure.rules.p_percent import check_p_percent, is_close, p_percent_protection
from readingroom.core.disclosure.rules.prior_posterior import (
    check_prior_posterior,
    is_sharpened,
    prior_posterior_protection,
)
from readingroom.core.disclosure.rules.protection import Protection, protection_level
from readingroom.core.disclosure.rules.threshold import check_threshold, is_low
from readingroom.core.disclosure.verdict import Finding, Verdict, combine
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput


@dataclass(frozen=True)
class RuleResult:
    """One rule with one set of parameters: its verdict, the numbers compared, and the protection that it asks for."""

    rule: str
    verdict: Verdict
    parameters: dict[str, object]
    numbers: dict[str, Fraction]
    protection: Fraction = Fraction()
    weights: str = ""


@dataclass(frozen=True)
class Judgement:
    """`protection` is the widest that any rule asks for; of weights counted in two ways, the wider one."""

    cell: CellEvidence
    findings: tuple[Finding, ...]
    rules: tuple[RuleResult, ...]
    protection: Protection

    @property
    def verdict(self) -> Verdict:
        return combine(self.findings, checked=True)


def judge(cell: CellEvidence, policy: Policy, *, whole: bool = False) -> Judgement:
    """Apply every rule whose parameters the policy has. InvalidInput if it has none: then nothing would be checked.

    With `whole` the policy is somebody's rules, not a choice of some: that it says nothing of a rule is a finding.
    """
    table = TableEvidence("sum", "unit", (cell,))
    checks = [
        (whole or policy.threshold is not None, check_threshold),
        (whole or policy.dominance is not None, check_dominance),
        (whole or policy.p_percent is not None, check_p_percent),
        (bool(policy.p_q), check_prior_posterior),
        (policy.group_disclosure is True, check_constant),
    ]
    chosen = [check for wanted, check in checks if wanted]
    if not chosen:
        raise InvalidInput("No rule is given, so nothing would be checked.", rule="contributions.rules",
                           next_step='Give "rules": {"threshold": 10, "nk": [2, 90], "p_percent": 10}, a "rule_pack", '
                           "or --policy.")
    findings: list[Finding] = []
    for check in chosen:
        findings += [finding for finding in check(table, policy) if finding not in findings]
    results: list[RuleResult] = [_threshold(cell, policy)] if policy.threshold is not None else []
    levels = [Protection(Fraction(), Fraction())]
    for way, found in _ways(cell, policy):
        results += _results(found, policy, way)
        levels.append(protection_level(found, policy))
    return Judgement(cell, tuple(sorted(findings, key=lambda finding: -finding.verdict)), tuple(results),
                     Protection(max(one.upper for one in levels), max(one.lower for one in levels)))


def _ways(cell: CellEvidence, policy: Policy) -> Iterator[tuple[str, Contributions]]:
    """The contributions, once for each way in which weights are to count; none where too few are known."""
    needed = max((n for n, _ in policy.dominance or ()), default=0)
    needed = max(needed, (policy.p_percent_coalition or 1) + 1)
    for way in sorted(policy.weights or {"expand"}) if cell.top_weights else ("",):
        chosen = policy.model_copy(update={"weights": frozenset({way})}) if way else policy
        for one in magnitudes("", TableEvidence("sum", "unit", (cell,)), needed, chosen, "", lambda *_: False).usable:
            yield way, one.contributions


def _threshold(cell: CellEvidence, policy: Policy) -> RuleResult:
    low = is_low(cell.people, policy)
    return RuleResult("threshold", Verdict.FAIL if low else Verdict.PASS,
                      {"threshold": policy.threshold, "threshold_inclusive": policy.threshold_inclusive,
                       "zeros_disclosive": policy.zeros_disclosive}, {"contributors": Fraction(cell.people)})


def _results(found: Contributions, policy: Policy, way: str) -> Iterator[RuleResult]:
    verdicts = {True: Verdict.FAIL, False: Verdict.PASS}
    inclusive = policy.dominance_inclusive is True
    for n, k in sorted(policy.dominance or ()):
        part = found.largest(n)
        unsafe = dominates(found, n, exact(k), inclusive=inclusive)
        yield RuleResult(
            "dominance", verdicts[unsafe], {"n": n, "k_percent": k, "inclusive": inclusive},
            {"largest": part, "total": found.total} | _percent(part, found.total),
            dominance_protection(found, n, exact(k)) if unsafe else Fraction(), way)
    if policy.p_percent is not None:
        coalition, p = policy.p_percent_coalition or 1, exact(policy.p_percent)
        unsafe = is_close(found, p, coalition)
        yield RuleResult(
            "p-percent", verdicts[unsafe], {"p_percent": policy.p_percent, "coalition": coalition},
            {"rest": found.rest(coalition), "largest": found.first} | _percent(found.rest(coalition), found.first),
            p_percent_protection(found, p, coalition), way)
    for p_after, q_before in sorted(policy.p_q or ()):
        p, q = exact(p_after), exact(q_before)
        unsafe = is_sharpened(found, p, q)
        yield RuleResult(
            "prior-posterior", verdicts[unsafe], {"p_percent": p_after, "q_percent": q_before},
            {"rest": found.rest(), "largest": found.first} | _percent(found.rest(), found.first),
            prior_posterior_protection(found, p, q), way)


def _percent(part: Fraction, whole: Fraction) -> dict[str, Fraction]:
    return {"percent": 100 * part / whole} if whole else {}


def judgement_dict(found: Judgement) -> dict[str, object]:
    """As JSON: numbers as numbers, and protection levels as exact fractions too."""
    cell, levels = found.cell, found.protection
    facts = {"contributors": cell.people, "values": cell.records, "missing": cell.missing, "negatives": cell.negatives,
             "total": cell.total, "absolute_total": cell.absolute_total, "weighted_total": cell.weighted_total}
    return {
        "cell": {name: plain(value) for name, value in facts.items() if value is not None},
        "rules": [
            {"rule": one.rule, "verdict": one.verdict.word, "parameters": one.parameters}
            | ({"weights": one.weights} if one.weights else {})
            | {"numbers": {name: plain(value) for name, value in one.numbers.items()},
               "protection_level": plain(one.protection)}
            for one in found.rules
        ],
        "protection_level": {"upper": plain(levels.upper), "lower": plain(levels.lower),
                             "exact": {"upper": str(levels.upper), "lower": str(levels.lower)}},
    }


def plain(value: float | Fraction) -> int | float | str:
    """A whole number as one, others as floats; what is too large for those as text."""
    found = exact(value)
    if found.denominator == 1:
        return int(found)
    try:
        return float(found)
    except OverflowError:
        return str(found)
