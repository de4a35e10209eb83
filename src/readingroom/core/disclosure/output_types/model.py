"""What an output type says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readingroom.core.disclosure.models.described import Described
from readingroom.core.disclosure.verdict import Finding
from readingroom.core.policy import Policy

DescriptionRule = Callable[[Any, Policy], list[Finding]]


@dataclass(frozen=True)
class OutputType:
    """A family of outputs that share their risks.

    `types` are the values of `type` in a description, each with other names for it; `example_differs` says what of the
    `example` is different for one of them. A type that is checked by its cells, such as a table, has no description:
    its rules are those for tables.
    """

    name: str
    title: str
    statbarn: str
    risks: tuple[str, ...]
    evidence: str
    reading: str
    source: str
    description: type[Described] | None = None
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: tuple[DescriptionRule, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    example_differs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def example_of(self, name: str) -> dict[str, Any]:
        """A description of the type `name` that says all that its rules ask for."""
        said = {**self.example, **self.example_differs.get(name, {}), "type": name}
        return {key: value for key, value in said.items() if value is not None}
