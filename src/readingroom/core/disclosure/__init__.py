"""Disclosure control: rules over evidence, and the verdict on one output.

The checking functions are loaded on first use, so that `verdict` and the rules can be imported by
`core.inspection` without a cycle.
"""

from __future__ import annotations

from importlib import import_module

from readingroom.core.disclosure.verdict import Cell, Finding, Verdict, combine

__all__ = ["Cell", "CheckResult", "Finding", "Verdict", "check_output", "check_table_evidence", "combine"]


def __getattr__(name: str) -> object:
    if name in {"CheckResult", "check_output", "check_table_evidence"}:
        return getattr(import_module("readingroom.core.disclosure.check"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
