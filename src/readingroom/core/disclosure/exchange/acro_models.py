"""What ACRO records of a regression, as a description for the checks of models."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.verdict import Finding
from readingroom.core.inspection.textual import decode
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

TYPES = {"ols": "linear", "olsr": "linear", "logit": "logistic", "logitr": "logistic", "probit": "probit",
         "probitr": "probit"}
LABELS = {"no. observations:": "n", "df residuals:": "residual_df", "r-squared:": "r_squared",
          "pseudo r-squ.:": "r_squared"}
MOST_BYTES = 1_000_000


def regression_findings(result: Mapping[str, Any], files: Sequence[bytes], policy: Policy) -> list[Finding]:
    """What the rules for models say of the numbers in its summary tables; what these do not hold is not known."""
    properties = result.get("properties")
    said = properties if isinstance(properties, Mapping) else {}
    described: dict[str, Any] = {"type": TYPES.get(str(said.get("method")).casefold(), str(said.get("method")))}
    coefficients = 0
    for content in files:
        rows = _rows(content)
        for row in rows:
            for label, value in itertools.pairwise(row):
                name = LABELS.get(label.strip().casefold())
                if name and _number(value) is not None:
                    described[name] = _number(value)
        if rows and [cell.strip().casefold() for cell in rows[0][1:2]] == ["coef"]:
            coefficients = len(rows) - 1
    if coefficients:
        described["parameters"] = coefficients
    if "residual_df" not in described and _number(str(said.get("dof"))) is not None:
        described["residual_df"] = _number(str(said["dof"]))
    try:
        return list(check_description(described, policy))
    except InvalidInput as error:
        return list(check_description({"type": described["type"]}, policy)) if error.rule else []


def _rows(content: bytes) -> list[list[str]]:
    if len(content) > MOST_BYTES:
        return []
    try:
        return [row for row in csv.reader(io.StringIO(decode(content) or "", newline=""), strict=True) if row]
    except csv.Error:
        return []


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None
