"""The release worker: `python -m readingroom.storage._private_release`, spawned, never forked.

Reads one JSON object per line ({"views", "shapes", "amount", "femto_delta", "repeat"}), writes one per line. What goes
wrong is told by `"ok": false` alone: texts of libraries quote data values.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from readingroom.core.privacy.shapes import Noisy, Shape
from readingroom.storage import private_plans as plans


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # a library that prints must not write into the answers
    for line in sys.stdin:
        try:
            answer = answered(json.loads(line))
        except BaseException:  # noqa: BLE001 - the wall at which library texts stop; the job is refused, not retried
            answer = {"ok": False}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def answered(job: dict[str, Any]) -> dict[str, Any]:
    """`repeat` independent releases of all parts; each plan is made, and each view opened, once."""
    shapes = [shape_of(said) for said in job["shapes"]]
    checked = plans.checked_plans(shapes, Fraction(job["amount"]), job["femto_delta"])
    draws = [plan.prepare(Path(view)) for plan, view in zip(checked, job["views"], strict=True)]
    releases = [[draw() for draw in draws] for _ in range(job["repeat"])]
    return {"ok": True, "releases": releases, "versions": plans.versions(),
            "library_loss": [float(plan.loss) for plan in checked], "library_delta": [plan.delta for plan in checked]}


def shape_of(said: dict[str, Any]) -> Shape:
    noisy = tuple(Noisy(**one) for one in said["noisy"])
    return Shape(**{**said, "noisy": noisy, "quantiles": tuple(said["quantiles"])})


if __name__ == "__main__":
    main()
