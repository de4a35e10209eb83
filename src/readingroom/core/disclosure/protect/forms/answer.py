"""Answers as JSON: how a cell is named, a range written, a verdict summed up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from readingroom.core.disclosure.protect.audit import Audit, Inference
from readingroom.core.disclosure.protect.forms.problem import Problem
from readingroom.core.disclosure.protect.protection import Exposure
from readingroom.core.disclosure.verdict import Cell, Finding

SOURCE = ("Fischetti and Salazar, Management Science 47 (2001), section 2; "
          "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024)")
Json = dict[str, object]


def place_of(problem: Problem, cell: int) -> Json:
    """Where a cell is: its table and codes (of the first table that shows it), or its id."""
    facts = problem.facts.get(cell)
    if facts is None:
        return {"cell": problem.system.names[cell]}
    table, codes = facts.places[0]
    if not codes and table in problem.place:
        return {"cell": table, "id": table}
    read = next(one for one in problem.tables if one.name == table)
    also = [name for name, _ in facts.places[1:]]
    where = map(str, read.form.where.values())
    return {"cell": ", ".join([*codes, *where]) or "Total", "table": table,
            "at": dict(zip(read.variables, codes, strict=True)), **({"also_in": also} if also else {})}


def bound(value: float) -> float | int | None:
    """A bound for JSON: null without limit, whole numbers as such."""
    if not math.isfinite(value):
        return None
    return int(value) if value == round(value) else float(value)


def inference(problem: Problem, one: Inference) -> Json:
    answer: Json = {**place_of(problem, one.cell), "lower": bound(one.range.lower), "upper": bound(one.range.upper),
                    "verdict": one.exposure.value, "reason": one.reason, "words": one.words}
    if one.value is not None:
        answer["value"] = bound(one.value)
    if one.insider is not None:
        answer["insider"] = one.insider
    return answer


def findings(problem: Problem, audit: Audit, parameters: Json) -> list[Json]:
    """One finding for each inference that is not safe, in the form of all checks."""
    found = []
    for one in (*audit.inferences, *audit.insiders):
        if one.exposure is not Exposure.PROTECTED:
            codes = problem.facts[one.cell].places[0][1] if one.cell in problem.facts else (one.name,)
            found.append(Finding(
                "intruder.insider" if one.insider else "intruder.range", one.exposure.verdict, f"{one.words}.",
                "Hide another cell in the same line, merge categories, or leave a total out; `readingroom check "
                "protect` finds the cheapest cells.", (Cell(codes[:1], codes[1:]),), dict(parameters),
                SOURCE).as_dict())
    return found


def message(audit: Audit, what: str) -> str:
    """One sentence on a whole audit."""
    count = len(audit.inferences)
    by = {state: sum(one.exposure is state for one in audit.inferences) for state in Exposure}
    if not count:
        return "Nothing is hidden or rounded here, so there is nothing to infer."
    if by[Exposure.EXPOSED]:
        return f"{by[Exposure.EXPOSED]} of {plural(count, what)} can be inferred too closely."
    if any(one.exposure is Exposure.EXPOSED for one in audit.insiders):
        return f"Outsiders can't infer any of {plural(count, what)} closely, but a contributor to another cell can."
    if by[Exposure.UNPROVED] or audit.insiders:
        return f"{plural(by[Exposure.UNPROVED] + len(audit.insiders), 'check')} could not be finished."
    return f"None of {plural(count, what)} can be inferred closely."


def plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def cells(problem: Problem, audit: Audit) -> list[Json]:
    return [inference(problem, one) for one in audit.inferences]


def described(problem: Problem, numbers: Iterable[int]) -> list[Json]:
    return [place_of(problem, cell) for cell in numbers]


def merged(*parts: Mapping[str, object]) -> Json:
    """The parts in order as one answer."""
    return {key: value for part in parts for key, value in part.items()}
