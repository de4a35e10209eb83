"""Protection proved: what a reader can infer from tables, and which cells to hide, round or perturb against it.

The contract for others, kept stable:

    system = make_system(names, equations, value=..., lower=..., upper=..., whole=True)
    audit(system.hiding(hidden), {cell: Protection(...)}, singles=...)  -> Audit
    suppress(system, {cell: Protection(...)}, cost="log", keep=..., singles=...)  -> Pattern

Cells are numbers, the positions in `names`. An equation is (name, {cell: coefficient}) and says that the sum is zero:
`("row North", {total: 1, part: -1, ...})`. `protection_of_count(value, threshold)` gives the levels of a small count;
rules give theirs as `Protection(upper=..., lower=...)`.
"""

from __future__ import annotations

from readingroom.core.disclosure.protect.audit import Audit, Inference, audit
from readingroom.core.disclosure.protect.intruder import Range, Reader
from readingroom.core.disclosure.protect.pattern import Pattern, costs_of, suppress
from readingroom.core.disclosure.protect.protection import Exposure, Protection, judge, protection_of_count
from readingroom.core.disclosure.protect.system import System, check_additive, make_system

__all__ = ["Audit", "Exposure", "Inference", "Pattern", "Protection", "Range", "Reader", "System", "audit",
           "check_additive", "costs_of", "judge", "make_system", "protection_of_count", "suppress"]
