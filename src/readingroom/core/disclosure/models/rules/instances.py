"""Instance-based predictors hold training rows."""

from __future__ import annotations

from readingroom.core.disclosure.models.machine_learning import InstanceBased
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SDC-Reboot, comparison-to-stored-data models (2024); SACRO-ML 2.0.1 (2026)"


def check_instances(found: InstanceBased, parameters: Policy) -> list[Finding]:
    """A predictor that keeps people's rows fails, always.

    Formula: k nearest neighbours keep every row, support vector classifiers the support vectors, kernel methods and
    Gaussian processes the points of the kernel: each is microdata.

    Source: SDC-Reboot, comparison-to-stored-data models (2024); SACRO-ML 2.0.1 (2026).

    Example: a support vector classifier of 3,000 people was found to hold 2,952 of their rows exactly: fails.
    """
    kept = f" ({found.kept:,} of them)" if found.kept else ""
    return [Finding(
        "predictor.instances", Verdict.FAIL, f"A {found.type} holds people's own rows{kept}, to compare with.",
        "Fit a model that is published by its parameters, such as a logistic regression.", source=SOURCE)]
