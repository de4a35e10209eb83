"""`python -m benchmarks.checking`: from submission to the checkers' queue, a bundle of 100 typical outputs of 50 MB.

By the real worker with its durable jobs, on a temporary installation without containers whose policy allows so many
files. The tables are the SDK's, of the data as they are mounted, so that the worker computes each of them again from
the vault; what came of that is printed beneath. The baseline reads the same files once with the libraries that anyone
would (Pillow, pandas, nbformat) and checks nothing. `--profile` runs the checks in this process instead and prints
where the processor's time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import itertools
import os
import pstats
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pandas as pd
from PIL import Image
from rich.console import Console
from rich.table import Table

import readingroom.sdk as rr
from benchmarks.result import Result
from readingroom import bootstrap
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.walls import Finding
from readingroom.db.migrate import upgrade
from readingroom.errors import ReadingRoomError
from readingroom.ops import install
from readingroom.services import demo, requests, walls, workspaces
from readingroom.services.room import ReadingRoom
from readingroom.services.uploads import Upload
from readingroom.settings import REPOSITORY, STATE_VARIABLE, Settings, load_settings
from readingroom.tour.visitor import wait_until
from tests.factories import checked

TARGET_SECONDS = 20.0
TABLES, FIGURES, NOTEBOOKS = 30, 50, 20
BUNDLE_BYTES = 50_000_000
PERSON, PROJECT, DATASET = "ada", "returning-defendants", "magistrates-courts"
PEOPLE = 100_000
BY = ("offence_group", "disposal", "plea", "result_year", "age_at_result", "sent_to_crown")
CONTEXT = "Defendants by region, offence and sex in all courts; every cell rests on at least ten people."


def bundle(room: ReadingRoom) -> tuple[Upload, ...]:
    """The same hundred files each time: figures make up most of the bytes, as they do."""
    tables = _tables(room)
    notebooks = [_notebook(number) for number in range(NOTEBOOKS)]
    left = BUNDLE_BYTES - sum(len(one.content) for one in (*tables, *notebooks))
    figures = [_figure(number, left // FIGURES) for number in range(FIGURES)]
    return (*tables, *figures, *notebooks)


def _tables(room: ReadingRoom) -> list[Upload]:
    """Rounded counts and means of one column by another, as the SDK saves them in a notebook."""
    with room.store.reading() as tx:
        extracts = {grant.dataset: tx.extracts.live_of_grant(grant.id) for grant in tx.grants.of_project(PROJECT)}
    mounted = room.settings.state_dir / "mounted"
    mounted.mkdir()
    (mounted / DATASET).symlink_to(room.extracts.path(extracts[DATASET].id))
    os.environ["READINGROOM_DATA"] = str(mounted)
    cases = rr.load(DATASET, "cases")
    pairs = itertools.islice(itertools.permutations(BY, 2), TABLES)
    made = [rr.table(cases, rows, columns).round(5) if number % 3 else
            rr.table(cases, rows, columns, value="fine_pounds", statistic="mean")
            for number, (rows, columns) in enumerate(pairs)]
    return [Upload(f"table-{number:02}.csv", one.content, CONTEXT, one.controls, one.evidence)
            for number, one in enumerate(table.output() for table in made)]


def _figure(number: int, size: int) -> Upload:
    """A scatter plot at the resolution that journals ask for, with as many points as give it about that size."""
    mpl.use("Agg")
    from matplotlib import pyplot

    chance = np.random.default_rng(number)
    points = size // 60
    figure, axes = pyplot.subplots(figsize=(8, 5))
    axes.scatter(chance.normal(size=points), chance.normal(size=points), s=4, c=chance.random(points))
    out = io.BytesIO()
    figure.savefig(out, dpi=300)
    pyplot.close(figure)
    return Upload(f"figure-{number:02}.png", out.getvalue(), CONTEXT)


def _notebook(number: int) -> Upload:
    cells = [nbformat.v4.new_markdown_cell(f"## Step {place}\n\n" + "What is done here, and why. " * 40) if place % 2
             else nbformat.v4.new_code_cell("table = rr.table(defendants, by=['region'])\n" * 25)
             for place in range(120)]
    made = nbformat.v4.new_notebook(cells=cells)
    for place, cell in enumerate(made.cells):
        cell["id"] = f"cell-{place}"
    return Upload(f"analysis-{number:02}.ipynb", nbformat.writes(made).encode(), CONTEXT)


@contextmanager
def installation() -> Iterator[tuple[Settings, ReadingRoom]]:
    """The demo programme without containers, under a policy that lets a hundred files and notebooks be asked for."""
    with tempfile.TemporaryDirectory() as parent:
        state, policies = Path(parent) / "state", Path(parent) / "policies"
        state.mkdir()
        shutil.copytree(REPOSITORY / "policies", policies)
        site = policies / "site.yaml"
        text = re.sub(r"max_files: \d+", "max_files: 100", site.read_text())
        site.write_text(text.replace("output_types: [", "output_types: [ipynb, "))
        (state / "settings.toml").write_text(f'policies_dir = "{policies}"\n')
        settings = load_settings(state)
        install.create_state(settings)
        install.create_keys(settings)
        upgrade(settings)
        room = bootstrap.build(settings)
        demo.load(room, bootstrap.build_vault(settings, room.policies), people=PEOPLE)
        walls.record_probe(room, [Finding("only loopback", True, "lo")])
        yield settings, room
        room.store.engine.dispose()


@contextmanager
def worker(settings: Settings) -> Iterator[None]:
    running = subprocess.Popen(
        [sys.executable, "-m", "readingroom.worker"], cwd=REPOSITORY, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, STATE_VARIABLE: str(settings.state_dir), "PYTHONPATH": str(REPOSITORY / "src")})
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


def _ready(room: ReadingRoom) -> bool:
    try:
        return bool(workspaces.plan(room, PERSON, PROJECT))
    except ReadingRoomError:
        return False


def _in_review(room: ReadingRoom) -> bool:
    with room.store.reading() as tx:
        return RequestStatus.IN_REVIEW in tx.requests.counts()


def by_the_worker() -> tuple[tuple[Upload, ...], float, Counter[str]]:
    """The files, the seconds from submission until they are in front of the checkers, and how the tables are known."""
    with installation() as (settings, room), worker(settings):
        wait_until(lambda: _ready(room), "the extracts", seconds=120)
        files = bundle(room)
        begun = time.monotonic()
        asked = requests.submit(room, PERSON, PROJECT, "A hundred outputs", "A thesis", files)
        wait_until(lambda: _in_review(room), "the checks", seconds=600, every=0.1)
        taken = time.monotonic() - begun
        with room.store.reading() as tx:
            checked_files = tx.requests.get(asked.number).files
    return files, taken, Counter(file.recomputed.outcome.value for file in checked_files if file.recomputed)


def read_once(files: tuple[Upload, ...]) -> float:
    """Seconds to open each file once with its usual library."""
    begun = time.monotonic()
    for file in files:
        if file.name.endswith("csv"):
            pd.read_csv(io.BytesIO(file.content))
        elif file.name.endswith("png"):
            Image.open(io.BytesIO(file.content)).load()
        else:
            nbformat.validate(nbformat.reads(file.content.decode(), as_version=4))
    return time.monotonic() - begun


def profiled() -> None:
    """The same steps in this process, by their share of the processor."""
    with installation() as (settings, room):
        workspaces.prepare_extracts(workshop := bootstrap.build_workshop(settings))
        asked = requests.submit(room, PERSON, PROJECT, "A hundred outputs", "A thesis", bundle(room))
        with cProfile.Profile(time.process_time) as profile:
            checked(workshop, asked.number)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="store_true", help="print where the time goes instead")
    chosen = parser.parse_args()
    if chosen.profile:
        profiled()
        return
    files, seconds, tables = by_the_worker()
    size = sum(len(file.content) for file in files) / 1e6
    result = Result(f"{len(files)} outputs of {size:.0f} MB, submitted to checked", seconds, read_once(files),
                    "reading each once: Pillow, pandas, nbformat", f"under {TARGET_SECONDS:.0f} s")
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                  result.target, result.baseline_name)
    console = Console(width=160)
    console.print(table)
    console.print(f"Of {TABLES} tables computed again from {PEOPLE:,} people: "
                  + ", ".join(f"{count} {outcome}" for outcome, count in tables.most_common()))


if __name__ == "__main__":
    main()
