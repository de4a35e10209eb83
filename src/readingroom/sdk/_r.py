"""What the R package asks of the SDK: one verb per call, its arguments as JSON on standard input.

Run as `python -I -m readingroom.sdk._r VERB`. An answer is JSON, but a loaded table is an R data frame;
a refusal is JSON with `error`, `rule` and `next_step`, and exit status 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import readingroom.sdk as rr
from readingroom.errors import ReadingRoomError
from readingroom.sdk._data import KEYS

Arguments = dict[str, Any]


def workspace(_: Arguments) -> str:
    return repr(rr.workspace())


def datasets(_: Arguments) -> list[dict[str, Any]]:
    return [asdict(dataset) for dataset in rr.datasets()]


def load(given: Arguments) -> None:
    import pyarrow as pa

    from readingroom.sdk import _rdata

    frame = rr.load(given["dataset"], given["table"], columns=given.get("columns"), labels=given.get("labels", True))
    attributes = {key: str(frame.attrs[key]) for key in KEYS}
    _rdata.write(pa.Table.from_pandas(frame, preserve_index=False), attributes, sys.stdout.buffer)


def table(given: Arguments) -> dict[str, Any]:
    """A table of the columns that R wrote to `frame`, saved with its evidence to `path`."""
    import pandas

    frame = pandas.read_csv(given["frame"], dtype=dict.fromkeys(given["text"], "str"), keep_default_na=False,
                            na_values=[""])
    for name, levels in given["levels"].items():
        frame[name] = pandas.Categorical(frame[name], categories=levels, ordered=True)
    frame.attrs = dict(given["source"])
    made = rr.table(frame, given["rows"], given["columns"] or None, given.get("value"), given["statistic"],
                    given.get("unit"), given["totals"])
    if given["suppress"]:
        made = made.suppress()
    if given.get("round"):
        made = made.round(given["round"])
    made.save(given["path"])
    return {"shown": repr(made), **_checked(rr.preflight(given["path"]))}


def preflight(given: Arguments) -> dict[str, Any]:
    return _checked(rr.preflight(*given["paths"]))


def request(given: Arguments) -> dict[str, Any]:
    return _standing(rr.request_release(given["title"], given["purpose"], _outputs(given)))


def resubmit(given: Arguments) -> dict[str, Any]:
    return _standing(rr.request(given["number"]).resubmit(_outputs(given), drop=given["drop"]))


def withdraw(given: Arguments) -> dict[str, Any]:
    return _standing(rr.request(given["number"]).withdraw())


def _outputs(given: Arguments) -> list[tuple[str, str]]:
    """Each path with what was said of the file of its name."""
    return [(path, given["context"].get(Path(path).name, "")) for path in given["paths"]]


def _standing(asked: rr.Request) -> dict[str, Any]:
    return {"number": asked.number, "status": asked.status, "url": asked.url}


def _checked(found: rr.Preflight) -> dict[str, Any]:
    return {"verdict": found.verdict.name, "report": repr(found)}


VERBS: dict[str, Callable[[Arguments], object]] = {
    verb.__name__: verb for verb in (
        workspace, datasets, load, table, preflight, request, resubmit, withdraw)}


def main() -> int:
    try:
        answer = VERBS[sys.argv[1]](json.load(sys.stdin))
    except ReadingRoomError as error:
        print(json.dumps({"error": error.message, "rule": error.rule, "next_step": error.next_step}))
        return 1
    if answer is not None:
        print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
