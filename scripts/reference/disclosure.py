"""The pages of evidence, rules and output types."""

from __future__ import annotations

import json

from readingroom.core.disclosure.evidence.fields import CELL, TABLE
from readingroom.core.disclosure.output_types import OUTPUT_TYPES
from readingroom.core.disclosure.rules import RULES
from scripts.reference.page import NOTE, paragraphs, table


def evidence_page() -> str:
    def rows(fields):  # type: ignore[no-untyped-def]
        return [(f"`{field.name}`", "yes" if field.required else "", field.meaning) for field in fields]

    return (
        "# Evidence of an output\n\n" + NOTE.format(source="src/readingroom/core/disclosure/evidence/")
        + "Evidence says what lies under each number of an output, so that the [rules](disclosure-rules.md) can be "
        "applied. The SDK writes it beside every table; it is a claim. Where it says the `recipe` and "
        "the `source`, the platform computes the table again from the vault, over the columns and rows that the "
        "project may read; if every count is the same, and every amount to a part in 10^9, and the file is byte for "
        "byte what the SDK writes of it, the file is *verified*, and the platform's evidence takes this one's place. "
        "Anything not described here is refused by name. The same in JSON Schema: "
        "[evidence.schema.json](schemas/evidence.schema.json).\n\n"
        "One statistic is a `table`; several shown in one table are `tables`, a table of each, in which all labels "
        "differ; a picture is a `figure` of the table or tables that it draws:\n\n"
        "```json\n"
        '{"version": 1, "kind": "table", "statistic": "mean", "unit": "person_id",\n'
        ' "cells": [{"row": ["North"], "column": ["2024"], "people": 40, "records": 52, "top": [9, 7],\n'
        '            "total": 310}]}\n'
        '{"version": 1, "kind": "tables", "tables": [{"kind": "table", "...": "..."}]}\n'
        '{"version": 1, "kind": "figure", "underlying": {"kind": "table", "...": "..."}}\n'
        "```\n\n"
        "A field that is not required may be left out, or null: it is not said. A rule that needs it then finds that "
        "it could not check the cell; nothing is assumed.\n\n"
        "## Table\n\n" + table(("Field", "Required", "Meaning"), rows(TABLE))
        + "\n## Cell\n\n" + table(("Field", "Required", "Meaning"), rows(CELL))
    )


def disclosure_rules_page() -> str:
    parts = [
        "# Disclosure rules\n\n", NOTE.format(source="the docstrings of src/readingroom/core/disclosure/rules/"),
        "Each rule looks at the [evidence](evidence.md) of an output with the numbers that the effective "
        "[policy](policy.md) gives it. Whatever a rule cannot check is a finding of its own: silence is never a "
        "pass.\n",
    ]
    for rule in RULES:
        title = rule.__module__.rpartition(".")[2].replace("_", " ").capitalize()
        parts.append(f"\n## {title}\n\n{paragraphs(rule.__doc__ or '')}\n")
    return "".join(parts)


def output_types_page() -> str:
    parts = [
        "# Output types\n\n", NOTE.format(source="src/readingroom/core/disclosure/output_types/"),
        "Outputs with the same risks are one type. What is none of these can be *review* at best: nobody has said what "
        "would make it safe. Tables and figures are checked by their [evidence](evidence.md) and the [rules for "
        "cells](disclosure-rules.md); the others by a description, which `readingroom check model` reads and the SDK "
        "writes ([keys](check.md#readingroom-check-model)).\n",
    ]
    for one in OUTPUT_TYPES:
        parts.append(
            f"\n## {one.title}\n\n" + table(("", ""), [
                ("Statbarn", one.statbarn), ("Risks", ", ".join(one.risks)), ("Evidence needed", one.evidence),
                ("How to read it", one.reading), ("Source", one.source)])
            + f"\n```json\n{json.dumps(dict(one.example), indent=2)}\n```\n")
        for rule in one.rules:
            title = rule.__name__.removeprefix("check_").replace("_", " ")
            parts.append(f"\n### {one.title}: {title}\n\n{paragraphs(rule.__doc__ or '')}\n")
    return "".join(parts)
