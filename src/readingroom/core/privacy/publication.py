"""The files by which a private answer leaves: a function of its record, so that anyone can make and compare them."""

from __future__ import annotations

import csv
import io
import json

from readingroom.core.answers import PrivateAnswer

FORMAT = "readingroom-private-answer/1"


def files_of(answer: PrivateAnswer) -> dict[str, bytes]:
    """The numbers as csv and the whole record as JSON, by file name.

    The record holds the canonical question, the mechanism with its parameters, the loss and the versions: what a
    reader needs to use and to judge the numbers. No exact value is in it, because none is in the answer, and of the
    dataset's version only its place in order: its name is a hash of the data, by which a guess could be checked.
    """
    assert answer.answer is not None, "only answers that were given leave"
    name = f"private-answer-{answer.id}"
    record = {"format": FORMAT, "number": answer.id, "dataset": answer.dataset,
              "asked_at": answer.asked_at.isoformat(), "cost_micro_rho": answer.cost.micro_rho,
              "cost_femto_delta": answer.cost.femto_delta, **answer.answer}
    return {f"{name}.csv": _table(answer.answer),
            f"{name}.json": json.dumps(record, sort_keys=True, indent=1).encode() + b"\n"}


def _table(answer: dict[str, object]) -> bytes:
    """A line per number. A single number is a table of one line, named after its statistic; a synthetic table is its
    own rows.
    """
    one = {"key": answer.get("statistic"), "label": answer.get("statistic"), "value": answer.get("value"),
           "half_width_95": answer.get("half_width_95")}
    made_up = answer.get("synthetic")
    rows = answer.get("rows") or [one]
    if isinstance(made_up, dict):
        rows = [dict(zip(made_up, values, strict=True)) for values in zip(*made_up.values(), strict=True)]
    assert isinstance(rows, list)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
