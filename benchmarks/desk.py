"""`python -m benchmarks.desk`: the pages of a request with 10,000 requests on record and twenty people at once.

The portal runs as a process of its own behind a Unix socket, as in an installation, on SQLite; the Hub is the tests'
own, so that only the portal is measured. The baseline is the portal's barest page for a signed-in person (an empty list
of notices), asked for by the same people in the same way in the same run. Nobody stops to read: each asks for the next
page at once, so that twenty here are many more in front of screens. The last row is twenty who do, for a few seconds
each time, four of them on each of the pages; its baseline is the barest page read in the same way.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, select

from benchmarks.result import Result
from readingroom.core.requests import Decision
from readingroom.db.tables import FileRow, ReleaseRow, RequestRow, ReviewRow, VoteRow
from readingroom.ops.install import build_static
from readingroom.ops.progress import Progress
from readingroom.tour.visitor import wait_until
from readingroom.web.sessions import COOKIE
from tests.integration.web.world import BASE, World, safe_uploads

STORED, PEOPLE, EACH = 10_000, 20, 10
READING_SECONDS = 3
TARGET_SECONDS = 0.3
BARE = ("noor", "/notices")


@dataclass(frozen=True)
class Portal:
    """Where it answers, and who may be sent: a cookie for each person."""

    uds: str
    cookies: dict[str, str]
    released: int
    waiting: int

    def seconds(self, username: str, path: str) -> tuple[list[float], list[float]]:
        """Of each answer: to one person alone, and to twenty at once."""
        clients = [self._client(username) for _ in range(PEOPLE)]
        try:
            alone = [self._once(clients[0], path) for _ in range(EACH)]
            with ThreadPoolExecutor(PEOPLE) as pool:
                crowd = pool.map(lambda client: [self._once(client, path) for _ in range(EACH)], clients)
                return sorted(alone), sorted(one for each in crowd for one in each)
        finally:
            for client in clients:
                client.close()

    def read(self, looks: Sequence[tuple[str, str]]) -> list[float]:
        """Of each answer: to twenty people who read for a while before they ask again, one of `looks` each."""
        chance = random.Random(1)
        pauses = [[chance.uniform(0, 2 * READING_SECONDS) for _ in range(EACH)] for _ in range(PEOPLE)]

        def person(number: int) -> list[float]:
            username, path = looks[number % len(looks)]
            with self._client(username) as client:
                return [self._after(pause, client, path) for pause in pauses[number]]

        with ThreadPoolExecutor(PEOPLE) as pool:
            return sorted(one for each in pool.map(person, range(PEOPLE)) for one in each)

    def _client(self, username: str) -> httpx.Client:
        return httpx.Client(cookies={COOKIE: self.cookies[username]}, timeout=60, base_url="http://portal",
                            transport=httpx.HTTPTransport(uds=self.uds))

    def _after(self, pause: float, client: httpx.Client, path: str) -> float:
        time.sleep(pause)
        return self._once(client, path)

    def _once(self, client: httpx.Client, path: str) -> float:
        begun = time.monotonic()
        answer = client.get(BASE + path)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return time.monotonic() - begun


def store(world: World, like: int, count: int) -> None:
    """Copy a released request so often, with its files, answers and release."""
    with world.store.transaction() as tx:
        session = tx.requests._session

        def rows(table, *conditions):  # type: ignore[no-untyped-def]
            columns = [column.name for column in table.__table__.columns]
            return [dict(zip(columns, row, strict=True))
                    for row in session.execute(select(*table.__table__.columns).where(*conditions))]

        request, = rows(RequestRow, RequestRow.number == like)
        release, = rows(ReleaseRow, ReleaseRow.request == like)
        files, reviews = rows(FileRow, FileRow.request == like), rows(ReviewRow, ReviewRow.request == like)
        votes = rows(VoteRow, VoteRow.review_id.in_([one["id"] for one in reviews]))
        apart = 1000
        copies = range(1, count + 1)
        session.execute(insert(RequestRow), [request | {"number": like + apart + copy} for copy in copies])
        for table, found in ((FileRow, files), (ReviewRow, reviews)):
            session.execute(insert(table), [one | {"id": one["id"] + apart * copy, "request": like + apart + copy}
                                            for copy in copies for one in found])
        session.execute(insert(VoteRow), [
            one | {"review_id": one["review_id"] + apart * copy, "file_id": one["file_id"] + apart * copy}
            for copy in copies for one in votes])
        session.execute(insert(ReleaseRow), [release | {"request": like + apart + copy} for copy in copies])


@contextmanager
def portal() -> Iterator[Portal]:
    build_static(Progress())
    with tempfile.TemporaryDirectory() as parent:
        world = World(Path(parent) / "state")
        released = world.released(author="bilal", uploads=safe_uploads()).number
        waiting = world.in_review(author="ada")
        world.vote("imran", world.in_review(author="dara", title="To settle"), Decision.CHANGE, "Merge them.")
        store(world, released, STORED)
        cookies = {name: world.seal.session_cookie(world.session(name)) for name in ("ada", "bilal", "imran", "noor")}
        world.store.engine.dispose()  # nothing of this process's connections goes into the next
        uds = str(Path(parent) / "portal.sock")
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(world, uds), daemon=True)
        process.start()
        try:
            wait_until(lambda: Path(uds).exists(), "the portal", seconds=60)
            yield Portal(uds, cookies, released, waiting.number)
        finally:
            process.terminate()
            process.join(10)


def _serve(world: World, uds: str) -> None:
    uvicorn.Server(uvicorn.Config(world.app, uds=uds, log_level="warning", access_log=False)).run()


def measure() -> list[Result]:
    with portal() as found:
        bare_alone, bare_crowd = found.seconds(*BARE)
        looks = {
            "a researcher's request": ("ada", f"/requests/{found.waiting}"),
            "a released request": ("bilal", f"/requests/{found.released}"),
            "the checker's page of a request": ("imran", f"/requests/{found.waiting}/review"),
            "a checker's queue": ("imran", "/queue"),
            "a researcher's requests": ("bilal", "/requests"),
        }
        results = []
        for what, (username, path) in looks.items():
            alone, crowd = found.seconds(username, path)
            results.append(Result(f"{what}, median alone", statistics.median(alone), statistics.median(bare_alone),
                                  "the barest page, alone"))
            results.append(Result(f"{what}, p95 of {PEOPLE} at once", p95(crowd), p95(bare_crowd),
                                  f"the barest page, {PEOPLE} at once", f"under {TARGET_SECONDS * 1000:.0f} ms"))
        results.append(Result(f"any of these, p95 of {PEOPLE} who read {READING_SECONDS} s between pages",
                              p95(found.read(list(looks.values()))), p95(found.read([BARE])),
                              f"the barest page, {PEOPLE} who read", f"under {TARGET_SECONDS * 1000:.0f} ms"))
        return results


def p95(ordered: Sequence[float]) -> float:
    return ordered[int(len(ordered) * 0.95)]


def main() -> None:
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for result in measure():
        table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                      result.target, result.baseline_name)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
