"""Pre-flight: the checks of the airlock, run here first, by the project's own rules. Nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.errors import Unavailable
from readingroom.sdk import _door
from readingroom.sdk._outputs import Output, as_output

if TYPE_CHECKING:
    from readingroom.core.disclosure import CheckResult
    from readingroom.core.policy import Policy

MEANING = {
    Verdict.PASS: "the automatic checks found nothing; two people will look at it as well.",
    Verdict.REVIEW: "a person has to judge it; say in its context what they need to know.",
    Verdict.FAIL: "it would be sent back; change it first.",
}
NOTHING = "Nothing was checked: give tables, figures or paths of files."


@dataclass(frozen=True)
class Rules:
    """`known` is false where the project's rules could not be had and usual ones stand in; never suppress by those."""

    policy: Policy
    known: bool


@dataclass(frozen=True)
class Checked:
    """One output's result."""

    name: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What a request will need besides, which is no fault of the output."""


@dataclass(frozen=True)
class Preflight:
    """Results of all outputs, in the order given. PASS is no approval: two people still look."""

    outputs: tuple[Checked, ...]
    rules_known: bool

    @property
    def verdict(self) -> Verdict:
        return max((output.verdict for output in self.outputs), default=Verdict.REVIEW)

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for output in self.outputs for finding in output.findings)

    def without_notes(self) -> Preflight:
        """The findings alone, for an output that is still being made."""
        return replace(self, outputs=tuple(replace(one, notes=()) for one in self.outputs))

    def __repr__(self) -> str:
        lines = []
        for output in self.outputs:
            lines.append(f"{output.verdict.name:6}  {output.name}: {MEANING[output.verdict]}")
            for finding in output.findings:
                lines.append(f"        {finding.verdict.name if finding.verdict else 'Note'}: {finding.message}")
                lines += [f"          Next: {finding.next_step}"] if finding.next_step else []
            lines += [f"        Before you ask: {note}" for note in output.notes]
        return "\n".join(lines) or NOTHING

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import preflight_html

        return preflight_html(self)


def preflight(*outputs: object) -> Preflight:
    """Check tables, figures and files as the airlock will, by the project's effective rules.

    Where the portal cannot be reached, usual rules stand in and REVIEW is the best verdict.
    """
    from readingroom.core.disclosure import check_output
    from readingroom.core.disclosure.check import check_beside

    effective = rules()
    checked = []
    made = [as_output(thing, number) for number, thing in enumerate(outputs, start=1)]
    for output in made:
        result = check_output(output.name, output.content, output.evidence, effective.policy)
        others = {other.name: other.evidence for other in made if other is not output}
        result = check_beside(result, output.name, output.evidence, others, effective.policy)
        one = _checked(output.name, result, effective)
        checked.append(replace(one, notes=_notes(output)))
    return Preflight(tuple(checked), effective.known)


def _notes(output: Output) -> tuple[str, ...]:
    """Too little context is what every fourth request is returned for."""
    from readingroom.core.egress import MINIMUM_CONTEXT

    if len(output.context.strip()) >= MINIMUM_CONTEXT:
        return ()
    return ('say what it shows, of whom, and why it is safe: .save("name", context="...").',)


def rules() -> Rules:
    """The project's effective rules, asked for each time: a custodian may just have made them stricter."""
    from pydantic import ValidationError

    from readingroom.core.policy import Policy

    try:
        return Rules(Policy.model_validate(_door.get("/workspace")["rules"]), known=True)
    except (Unavailable, ValidationError):  # the latter: rules newer than this image
        return Rules(_usual(), known=False)


def _usual() -> Policy:
    """Stand-ins, on the strict side of common practice."""
    from readingroom.core.policy import Policy

    return Policy(
        threshold=10, threshold_inclusive=True, zeros_disclosive=True, dominance=frozenset({(1, 50.0), (2, 85.0)}),
        p_percent=15, residual_degrees_of_freedom=10,
        output_types=frozenset({"csv", "png", "jpeg", "json", "txt", "md"}),
        max_file_bytes=16 * 2**20, max_table_rows=5000)


def _checked(name: str, result: CheckResult, effective: Rules) -> Checked:
    if effective.known:
        return Checked(name, result.verdict, result.findings)
    offline = Finding(
        "rules.unknown", Verdict.REVIEW, "The project's rules could not be had; usual ones stood in for them.",
        "Check again inside the workspace when the portal answers.")
    return Checked(name, max(result.verdict, Verdict.REVIEW), (*result.findings, offline))
