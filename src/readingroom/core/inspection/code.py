"""Code that people read: a script or notebook in plain text, by content and suffix (promise P9)."""

from __future__ import annotations

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.model import Inspection
from readingroom.core.inspection.notebooks import read_notebook
from readingroom.core.inspection.recognise import content_kind, suffix_of
from readingroom.core.inspection.size import check_size
from readingroom.core.inspection.textual import CONTROL, INVISIBLE, decode
from readingroom.core.policy import Policy

SUFFIXES = frozenset({"py", "r", "rmd", "qmd", "jl", "sql", "do", "ado", "sas", "sps", "stan", "sh", "md", "txt",
                      "toml", "yaml", "yml", "cfg", "ini", "json", "ipynb"})
HIDDEN = "The code has {count} kinds of invisible or direction-changing characters: what is read is not what runs."


def is_code(name: str, content: bytes) -> bool:
    """Whether it is plain text under a name that code has."""
    return suffix_of(name) in SUFFIXES and content_kind(content) in ("text", "HTML, SVG or other markup")


def inspect_code(name: str, content: bytes, policy: Policy) -> Inspection:
    """REVIEW at best, since only a person can tell what code does. Never raises on any bytes."""
    findings = check_size(content, policy)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        return Inspection("unknown", tuple(findings))
    if not is_code(name, content) or (suffix_of(name) == "ipynb" and read_notebook(decode(content) or "") is None):
        kind = content_kind(content)
        return Inspection("unknown", (*findings, Finding(
            "code.type", Verdict.FAIL, f"The name ends in “.{suffix_of(name)[:20]}” and the content is "
            f"{'plain text' if kind == 'text' else kind}: this is not code that a person can read.",
            f"Send scripts and notebooks as plain text: {', '.join(sorted(SUFFIXES))}.",
            parameters={"suffix": suffix_of(name)[:20], "content": kind})))
    text = decode(content) or ""
    hidden = {char for pattern in (INVISIBLE, CONTROL) for char in pattern.findall(text)}
    if hidden:
        findings.append(Finding(
            "text.hidden-characters", Verdict.FAIL, HIDDEN.format(count=len(hidden)), "Remove them and send it again.",
            parameters={"characters": sorted(f"U+{ord(char):04X}" for char in hidden)[:20]},
            source="Boucher and Anderson, Trojan Source, 2021"))
    findings.append(Finding("code.read", Verdict.REVIEW, "Code is not run here; a person must read it."))
    return Inspection("code", tuple(findings))
