"""Reads a description and applies the rules of its output type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from readingroom.core.disclosure.models.described import Described, synonyms
from readingroom.core.disclosure.models.regression import Regression, Sample
from readingroom.core.disclosure.output_types import DESCRIBED, OutputType, described_as
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.core.policy.fault_words import value_words
from readingroom.errors import InvalidInput

MOST_MODELS = 100
MOST_FAULTS = 10


def check_description(raw: object, policy: Policy) -> tuple[Finding, ...]:
    """What the rules say of one description, or of `{"models": [...]}` published together.

    Raises InvalidInput (rule `description.malformed`) naming every key that is unknown or has a wrong value. A type
    without rules is a finding, REVIEW, since no one has said what would make it safe.
    """
    if isinstance(raw, Mapping) and "models" in raw:
        return _together(raw, policy)
    found = described(raw)
    if found is None:
        return (_unknown_type(raw),)
    output_type, description = found
    return apply(output_type, description, policy)


def apply(output_type: OutputType, description: Described, policy: Policy) -> tuple[Finding, ...]:
    """The findings of every rule of the type, each once."""
    findings: list[Finding] = []
    for rule in output_type.rules:
        findings += [finding for finding in rule(description, policy) if finding not in findings]
    return tuple(findings)


def described(raw: object) -> tuple[OutputType, Described] | None:
    """The description, with the type by its one name; None where there are no rules for the type."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("type"), str):
        raise _malformed(["type: says which output it is, such as linear, t-test or gini"])
    found = described_as(raw["type"])
    if found is None:
        return None
    name, output_type = found
    assert output_type.description is not None  # only these are in DESCRIBED
    try:
        return output_type, output_type.description.model_validate({**raw, "type": name})
    except ValidationError as error:
        raise _malformed(list(_faults(error, output_type.description))) from None


def _together(raw: Mapping[str, Any], policy: Policy) -> tuple[Finding, ...]:
    """Several models in one output: each by itself, and regressions compared with each other."""
    models = raw["models"]
    extra = sorted(str(name) for name in raw if name != "models")
    if extra or not isinstance(models, list) or not 1 <= len(models) <= MOST_MODELS:
        raise _malformed([f"{name}: is not known beside models" for name in extra]
                         or [f"models: is a list of 1 to {MOST_MODELS} descriptions"])
    findings: list[Finding] = []
    regressions: list[tuple[int, OutputType, Regression]] = []
    for number, one in enumerate(models, start=1):
        found = described(one)
        if found is None:
            findings.append(_unknown_type(one))
        elif isinstance(found[1], Regression):
            regressions.append((number, found[0], found[1]))
        else:
            findings += apply(*found, policy)
    others: dict[int, list[Sample]] = {number: [] for number, *_ in regressions}
    for (first, _, earlier), (number, _, _) in combinations(regressions, 2):
        others[number].append(Sample(name=f"model {first}", n=earlier.n, units=earlier.units))
    for number, output_type, model in regressions:
        beside = (*(model.compared_with or ()), *others[number])
        findings += apply(output_type, model.model_copy(update={"compared_with": beside or None}), policy)
    return tuple(findings)


def _unknown_type(raw: object) -> Finding:
    name = str(raw.get("type"))[:80] if isinstance(raw, Mapping) else ""
    near = get_close_matches(name.casefold(), DESCRIBED, n=1)
    return Finding(
        "output-type.unknown", Verdict.REVIEW, f"There are no automatic rules for “{name}”, so a person must judge it.",
        (f"If you mean {near[0]}, say so. " if near else "")
        + f"There are rules for {', '.join(sorted({known for known, _ in DESCRIBED.values()}))}.",
        parameters={"type": name})


def _faults(error: ValidationError, description: type[Described]) -> Iterator[str]:
    known = [*description.model_fields, *synonyms(description)]
    for fault in error.errors()[:MOST_FAULTS]:
        place = ".".join(str(part) for part in fault["loc"]) or "the description"
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(str(fault["loc"][-1]), known, n=1) if len(fault["loc"]) == 1 else []
            yield f"{place}: is no key of this" + (f"; do you mean {near[0]}?" if near else "")
        else:
            yield f"{place} {value_words(fault)}" if fault["type"] != "value_error" else (
                f"{place}: {fault['ctx']['error']}")


def _malformed(faults: list[str]) -> InvalidInput:
    return InvalidInput(
        f"The description cannot be used: {'; '.join(faults)}.", rule="description.malformed", value=faults[0],
        next_step="See docs/reference/check.md, or start from --example.")
