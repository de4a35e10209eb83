"""The disclosure criteria of a project as data, to travel with what left under them (SATRE 3.3.09)."""

from __future__ import annotations

from enum import Enum
from itertools import takewhile

from readingroom.core.policy.model import Explanation, Layer, Policy, explain

FIELDS: tuple[str, ...] = tuple(takewhile(lambda name: name != "max_query_micro_rho", Policy.model_fields))
"""What a result has to satisfy, and who must look: everything before the fields on private answers and access."""


def criteria(layers: tuple[Layer, ...]) -> dict[str, dict[str, object]]:
    """For each criterion that any layer demands: its value, in words what it means, and which layers set it.

    Example: `{"threshold": {"value": 10, "means": "A cell resting on ...", "set_by": ["site"]}}`.
    """
    found = {one.field: one for one in explain(layers) if one.field in FIELDS}
    return {name: _as_data(found[name]) for name in FIELDS if name in found}


def _as_data(one: Explanation) -> dict[str, object]:
    return {"value": _plain(one.effective), "means": Policy.model_fields[one.field].description or "",
            "set_by": sorted(one.set_by)}


def _plain(value: object) -> object:
    """Sets as sorted lists, so that the same policy is written the same way each time."""
    if isinstance(value, frozenset):
        return sorted((_plain(one) for one in value), key=repr)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value
