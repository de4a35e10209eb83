"""Private answers from the vault: bounded views in private scratch space, noise in a spawned worker.

One question at a time. Its views are bounded person by person (private_views.py), so what one person can change is
known before anything is computed, and the plan states the same (private_plans.py).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

import readingroom
from readingroom.core.datasets import Dataset, Table
from readingroom.core.privacy.parts import Part
from readingroom.core.privacy.pricing import Price, price
from readingroom.core.privacy.queries import Query
from readingroom.core.privacy.results import described, numbers_of
from readingroom.errors import Unavailable
from readingroom.ports import Vault
from readingroom.storage.private_scratch import PREFIX, clear_scratch
from readingroom.storage.private_views import build_view, derive
from readingroom.storage.private_worker import ReleaseWorker

logger = logging.getLogger(__name__)

MOST_BYTES = 4 * 2**30  # of bounded views kept; those unused for longest go first


class OpenDPAnswerer:
    """A `PrivateAnswerer`. Owns `scratch_dir` alone and empties it at the start.

    `row_key` decides which rows of a person are kept; the same key keeps the same ones after a restart.
    `delta` is where epsilon is shown; left out, the table's own.
    """

    def __init__(self, vault: Vault, scratch_dir: Path, delta: float | None = None, row_key: bytes = b"") -> None:
        self._vault = vault
        self._scratch = scratch_dir
        self._delta = delta
        self._row_key = row_key
        self._lock = threading.Lock()
        self._worker = ReleaseWorker()
        clear_scratch(scratch_dir)
        self._views = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch_dir))

    def answer(self, query: object, dataset: Dataset, table: Table, version: str) -> dict[str, object]:
        """Fresh noise at each call, so call once per paid reservation. Every failure has the same text."""
        failure = ""
        try:
            assert isinstance(query, Query), "queries come from parse_query"
            assert (query.dataset, query.table) == (dataset.slug, table.name), "another table's query"
            cost = price(query, table, self._delta)
            with self._lock:
                views = [self._bounded(query, table, version, part) for part in cost.parts]
                reply = release(self._worker, query, table, cost, views, self._scratch)
            return answers(query, table, self._label(dataset.slug, version), cost, reply)[0]
        except Exception as error:  # noqa: BLE001 - the second refusal text: nothing of a library may pass
            failure = type(error).__name__
        logger.error("private answer failed: %s", failure)
        raise Unavailable(
            "The private answer failed after its budget was reserved. No detail can be given.",
            rule="private-answer",
            next_step="Ask the people who run this Reading Room.",
        )

    def _label(self, dataset: str, version: str) -> str:
        """The version's place in order: its name is a hash of the data, by which a guess could be checked."""
        return str(1 + self._vault.versions(dataset).index(version))

    def forget(self, dataset: str, version: str) -> None:
        """Remove every view made of a version that is gone."""
        with self._lock:
            for view in self._views.glob(f"{_name(dataset, version)}-*"):
                view.unlink()

    def close(self) -> None:
        """End the release worker and remove the views; the next answer starts another."""
        with self._lock:
            self._worker.stop()
            for view in self._views.glob("*"):
                view.unlink()

    def _bounded(self, query: Query, table: Table, version: str, part: Part) -> Path:
        """The bounded view, made now if nobody asked of this table and K before."""
        place = f"{query.dataset}/{version}/{table.name}/{part.rows_per_person}"
        view = self._views / f"{_name(query.dataset, version)}-{_name(table.name, str(part.rows_per_person))}.parquet"
        if not view.exists():
            names = [column.name for column in table.columns]
            rows = self._vault.read(query.dataset, version, table.name, names)
            bounded_view(rows, table, part.rows_per_person, hmac.digest(self._row_key, place.encode(), "sha256"), view)
            self._evict(view)
        os.utime(view)
        return view

    def _evict(self, newest: Path) -> None:
        kept = sorted(self._views.glob("*.parquet"), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for view in [newest, *(path for path in kept if path != newest)]:
            total += view.stat().st_size
            if total > MOST_BYTES and view != newest:
                view.unlink()


def bounded_view(source: pa.Table | Path, table: Table, rows_per_person: int, seed: bytes, view: Path) -> None:
    """`build_view` under a temporary name, so that a view that exists is whole."""
    unfinished = view.with_suffix(".unfinished")
    try:
        build_view(source, table, [column.name for column in table.columns], rows_per_person, seed, unfinished)
        unfinished.rename(view)
    finally:
        unfinished.unlink(missing_ok=True)


def release(worker: ReleaseWorker, query: Query, table: Table, cost: Price, views: Sequence[Path], scratch: Path,
            repeat: int = 1, timeout_seconds: float = 300.0) -> dict[str, Any]:
    """What the worker replies for views derived from bounded ones; the derived are removed whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch))
    try:
        derived = [directory / f"{place}.parquet" for place in range(len(views))]
        for part, view, target in zip(cost.parts, views, derived, strict=True):
            derive(query, table, part, view, target)
        return worker.release(query, cost.parts, derived, repeat, timeout_seconds)
    finally:
        shutil.rmtree(directory)


def answers(query: Query, table: Table, version: str, cost: Price, reply: dict[str, Any]) -> list[dict[str, Any]]:
    """The answer of each release in a worker's reply."""
    said = described(query, table, version, cost, {**reply["versions"], "readingroom": readingroom.__version__})
    return [said | numbers_of(query, table, cost, released) for released in reply["releases"]]


def _name(*parts: str) -> str:
    """A file name for these parts, and for no others."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
