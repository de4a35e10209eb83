"""Whether a file is of a size that policy lets leave."""

from __future__ import annotations

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.model import LARGEST_FILE
from readingroom.core.policy import Policy


def check_size(content: bytes, policy: Policy) -> list[Finding]:
    limit = LARGEST_FILE if policy.max_file_bytes is None else min(policy.max_file_bytes, LARGEST_FILE)
    findings = []
    if policy.max_file_bytes is None:
        findings.append(
            Finding(
                "policy.incomplete",
                Verdict.REVIEW,
                "The policy does not say how large a file may be.",
                "Ask an administrator to set max_file_bytes in the site policy.",
                parameters={"missing": ["max_file_bytes"]},
            )
        )
    if len(content) > limit:
        findings.append(
            Finding(
                "file.size",
                Verdict.FAIL,
                f"The file has {len(content):,} bytes; {limit:,} is the most that may leave.",
                "Send less: aggregates are small. Split independent tables into files of their own.",
                parameters={"size_bytes": len(content), "max_file_bytes": limit},
            )
        )
    return findings
