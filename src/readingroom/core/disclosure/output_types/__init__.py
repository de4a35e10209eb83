"""The output types that there are rules for. What is none of them is REVIEW at best."""

from __future__ import annotations

from readingroom.core.disclosure.output_types.concentration import CONCENTRATION
from readingroom.core.disclosure.output_types.figures import FIGURE
from readingroom.core.disclosure.output_types.hypothesis_tests import CORRELATION, GROUP_COMPARISON, INDEPENDENCE_TEST
from readingroom.core.disclosure.output_types.machine_learning import CLASSIFIER, CLUSTERING, INSTANCE_BASED, TREES
from readingroom.core.disclosure.output_types.model import OutputType
from readingroom.core.disclosure.output_types.regression import REGRESSION
from readingroom.core.disclosure.output_types.survival import SURVIVAL_CURVE
from readingroom.core.disclosure.output_types.tables import FREQUENCY_TABLE, MAGNITUDE_TABLE, POSITION_TABLE

OUTPUT_TYPES: tuple[OutputType, ...] = (
    FREQUENCY_TABLE, MAGNITUDE_TABLE, POSITION_TABLE, FIGURE, REGRESSION, GROUP_COMPARISON, INDEPENDENCE_TEST,
    CORRELATION, SURVIVAL_CURVE, CONCENTRATION, CLUSTERING, TREES, CLASSIFIER, INSTANCE_BASED,
)

DESCRIBED: dict[str, tuple[str, OutputType]] = {
    name: (type_name, output_type)
    for output_type in OUTPUT_TYPES
    for type_name, others in output_type.types.items()
    for name in (type_name, *others)
}
"""Every name that `type` may have in a description: the name used here for it, and its output type."""


def described_as(name: str) -> tuple[str, OutputType] | None:
    """The type of that name and its output type, or None where there are no rules for it.

    >>> described_as("Random Forest")[0]
    'forest'
    """
    plain = "-".join(name.casefold().replace("_", " ").replace("-", " ").replace("'", "").split())
    return DESCRIBED.get(plain)


__all__ = ["DESCRIBED", "OUTPUT_TYPES", "OutputType", "described_as"]
