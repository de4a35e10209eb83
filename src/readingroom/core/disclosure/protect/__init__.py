"""Protection proved: what a reader can infer from tables, and which cells to hide, round or perturb against it.

The contract for others, kept stable. Cells are numbers, the positions in `names`:

    system = make_system(names, equations, value=..., lower=..., upper=..., whole=True)
    audit(system.hiding(hidden), {cell: Protection(...)}, singles=...)          -> Audit
    suppress(system, {cell: Protection(...)}, cost="log", keep=..., singles=...) -> Pattern
    round_table(system, base, "nearest" | "midpoint" | "controlled", {cell: Protection(...)}) -> Rounding
    record_keys, cell_keys, make_ptable(D, V, js).perturb(counts, keys), seen_through_noise(...)

An equation is (name, {cell: coefficient}) and says that the sum is zero: `("row North", {total: 1, part: -1, ...})`.
`protection_of_count(value, threshold)` gives the levels of a small count; rules give theirs as
`Protection(upper=..., lower=...)`. Tables with totals, hierarchies and links become a system by

    joined = join([Table(name, variables, (Entry(codes, value, lower, upper), ...)), ...], hierarchies)
    joined.system, joined.place[table number, codes], joined.gap

where a code of None is the total. Before protection an entry's bounds are what readers know without the table (0 and
infinity for counts); as published they are the value twice, or the range of a rounded cell. Not everything that several
tables say may be used: then `gap` says so, and no verdict should be PASS.
"""

from __future__ import annotations

from readingroom.core.disclosure.protect.audit import Audit, Inference, audit
from readingroom.core.disclosure.protect.cell_key import (
    PTable,
    cell_keys,
    make_ptable,
    record_keys,
    seen_through_noise,
)
from readingroom.core.disclosure.protect.intruder import Range, Reader
from readingroom.core.disclosure.protect.pattern import Pattern, costs_of, suppress
from readingroom.core.disclosure.protect.protection import Exposure, Protection, judge, protection_of_count
from readingroom.core.disclosure.protect.rounding import Rounding, round_table
from readingroom.core.disclosure.protect.system import System, check_additive, make_system
from readingroom.core.disclosure.protect.tables import Entry, Joined, Table, completed, join

__all__ = ["Audit", "Entry", "Exposure", "Inference", "Joined", "PTable", "Pattern", "Protection", "Range", "Reader",
           "Rounding", "System", "Table", "audit", "cell_keys", "check_additive", "completed", "costs_of", "join",
           "judge", "make_ptable", "make_system", "protection_of_count", "record_keys", "round_table",
           "seen_through_noise", "suppress"]
