"""What stands in a published cell: a number, a mark that it was hidden, or a range such as "<10"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from readingroom.core.disclosure.protect.system import LARGEST
from readingroom.errors import InvalidInput

HIDDEN = frozenset({"", "x", "*", "**", "***", "c", "s", "z", ":", "..", "...", "n/a", "na", "suppressed", "hidden",
                    "confidential", "missing", "redacted", "[x]", "[c]", "[s]", "(x)", "(c)", "(d)", "d",
                    "[redacted]", "[suppressed]", "nan", "<na>"})
RANGE = re.compile(r"^(\d+(?:\.\d+)?)\s*(?:-|–|to|\.\.)\s*(\d+(?:\.\d+)?)$")
BELOW = re.compile(r"^(<=|≤|<|under|fewer than|less than|up to)\s*(\d+(?:\.\d+)?)$")
NUMBER = re.compile(r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$")


@dataclass(frozen=True)
class Mark:
    """`value` for a published number; else hidden, with the range that the mark itself states, if any."""

    value: float | None = None
    stated: tuple[float, float] | None = None

    @property
    def hidden(self) -> bool:
        return self.value is None


def read_mark(raw: object, where: str, *, whole: bool) -> Mark:
    """The mark for what JSON holds. "<10" is 0 to 9 for counts; text is compared without case.

    Raises InvalidInput naming the place for anything that is neither a number nor a known mark.
    """
    if raw is None:
        return Mark()
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise _unknown(raw, where)
    if isinstance(raw, int | float):
        return Mark(_finite(float(raw) if abs(raw) <= LARGEST else math.inf, raw, where))
    text = raw.strip().lower()
    if text in HIDDEN:
        return Mark()
    if NUMBER.match(text):
        return Mark(_finite(float(text.replace(",", "")[:400]), raw, where))
    if found := RANGE.match(text):
        return Mark(stated=(float(found[1][:400]), float(found[2][:400])))
    if found := BELOW.match(text):
        limit = float(found[2][:400])
        included = found[1] in {"<=", "≤", "up to"}
        return Mark(stated=(0.0, limit if included or not whole else math.ceil(limit) - 1.0))
    raise _unknown(raw, where)


def _finite(value: float, raw: object, where: str) -> float:
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise InvalidInput(f"{where}: {str(raw)[:40]} is not a number that can be checked.", rule="form.value",
                           value=str(raw)[:40], next_step=f"Use finite numbers up to {LARGEST:g}.")
    return value


def _unknown(raw: object, where: str) -> InvalidInput:
    shown = str(raw)[:40]
    return InvalidInput(
        f"{where}: {shown!r} is neither a number nor a known mark.", rule="form.value", value=shown,
        next_step='Hidden cells are null, "x", "*", "c", "[c]" or "suppressed"; ranges are "<10" or "1-9".')
