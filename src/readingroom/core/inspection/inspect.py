"""Look into one file: its type, what it hides, and its table if it has one."""

from __future__ import annotations

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.csv_table import read_csv
from readingroom.core.inspection.images import check_image
from readingroom.core.inspection.json_values import read_json
from readingroom.core.inspection.model import Inspection, PublishedTable
from readingroom.core.inspection.notebooks import check_notebook
from readingroom.core.inspection.people import check_people
from readingroom.core.inspection.recognise import IMAGES, check_type, recognise
from readingroom.core.inspection.size import check_size
from readingroom.core.inspection.textual import check_text, decode
from readingroom.core.inspection.whole import check_image_shown, check_shown
from readingroom.core.policy import Policy


def inspect(name: str, content: bytes, policy: Policy) -> Inspection:
    """The type by content and suffix, and every finding on the file itself.

    Never raises on any bytes; work is bounded by the policy's `max_file_bytes`, and by LARGEST_FILE without
    one. No
    finding means that nothing was noticed, not that the output is safe.
    """
    findings = check_size(content, policy)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        return Inspection("unknown", tuple(findings))
    output_type = recognise(name, content)
    findings += check_type(name, content, output_type, policy.output_types)
    if output_type in IMAGES:
        found = check_image(content, output_type)
        return Inspection(output_type, (*findings, *found, *check_image_shown(found)))
    findings += check_shown(name, content)
    if output_type is None:
        return Inspection("unknown", tuple(findings))
    text = decode(content) or ""
    table: PublishedTable | None = None
    if output_type == "ipynb":
        findings += check_notebook(text)
    else:
        findings += check_text(text)
        if output_type == "csv":
            table, more = read_csv(text)
        elif output_type == "json":
            table, more = read_json(text, policy.max_table_rows)
            if table is not None:  # escapes in JSON hide what the raw text does not show
                more += check_text("\n".join("\n".join(row) for row in (table.header, *table.rows)))
        else:
            more = check_prose(text, policy)
        findings += more
    if table is not None:
        findings += check_people(table, policy)
    return Inspection(output_type, tuple(findings), table)


def check_prose(text: str, policy: Policy) -> list[Finding]:
    """A person must read prose; a long table dressed as text fails."""
    findings = [
        Finding(
            "text.read",
            Verdict.REVIEW,
            "Text is not checked beyond its form, so a person must read it.",
            "Send tables as csv, with evidence from the SDK.",
        )
    ]
    lines = [line for line in text.splitlines() if line.strip()]
    for delimiter in (",", "\t", ";", "|"):
        counts = [line.count(delimiter) for line in lines]
        tabular = [
            line
            for line, count in zip(lines, counts, strict=True)
            if count and count == counts[len(counts) // 2]
        ]
        if len(tabular) >= 20 and len(tabular) >= 0.8 * len(lines):
            table, _ = read_csv("\n".join(tabular))
            if table is not None:
                findings.append(
                    Finding(
                        "text.table",
                        Verdict.FAIL,
                        f"{len(tabular):,} of {len(lines):,} lines are rows of a table.",
                        "Save the table as csv, so that it can be checked.",
                        parameters={"lines": len(tabular)},
                    )
                )
                findings += check_people(table, policy)
            break
    return findings
