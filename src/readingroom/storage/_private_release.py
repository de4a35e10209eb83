"""The release worker: `python -m readingroom.storage._private_release`, spawned, never forked.

Reads one JSON object per line ({"view", "shape", "rho_micro"}), writes one per line. What goes wrong is
told by `"ok": false` alone: texts of libraries quote data values.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from readingroom.storage import private_plans as plans
from readingroom.core.privacy.pricing import Shape


def main() -> None:
    for line in sys.stdin:
        try:
            job = json.loads(line)
            shape = Shape(**job["shape"])
            measurement = plans.checked_plan(shape, job["rho_micro"])
            answer = {
                "ok": True,
                "released": plans.release(measurement, shape, Path(job["view"])),
                "versions": plans.versions(),
            }
        except BaseException:  # noqa: BLE001 - the wall at which library texts stop; the job is refused, not retried
            answer = {"ok": False}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
