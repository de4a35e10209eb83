"""`python -m benchmarks.checking`: from submission to the checkers' queue, a bundle of 100 typical outputs of 50 MB.

By the real worker with its durable jobs, on a temporary installation without containers whose policy allows so many
files. The baseline reads the same files once with the libraries that anyone would (Pillow, pandas, nbformat) and checks
nothing. `--profile` runs the checks in this process instead and prints where the processor's time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
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
PERSON, PROJECT = "ada", "returning-defendants"
CONTEXT = "Defendants by region, offence and sex in all courts; every cell rests on at least ten people."


def bundle() -> tuple[Upload, ...]:
    """The same hundred files each time: figures make up most of the bytes, as they do."""
    chance = random.Random(7)
    tables = [_table(number, chance) for number in range(TABLES)]
    notebooks = [_notebook(number) for number in range(NOTEBOOKS)]
    left = BUNDLE_BYTES - sum(len(one.content) for one in (*tables, *notebooks))
    figures = [_figure(number, left // FIGURES) for number in range(FIGURES)]
    return (*tables, *figures, *notebooks)


def _table(number: int, chance: random.Random) -> Upload:
    """Forty regions by six offences, with the SDK's evidence for each cell."""
    offences = [f"offence {place}" for place in range(6)]
    rows = {f"region {place}": [chance.randint(40, 9000) for _ in offences] for place in range(40)}
    content = "region," + ",".join(offences) + "\n" + "".join(
        f"{region},{','.join(map(str, counts))}\n" for region, counts in rows.items())
    cells = [{"row": [region], "column": [offence], "people": count, "records": count, "top": [1, 1], "total": count}
             for region, counts in rows.items() for offence, count in zip(offences, counts, strict=True)]
    evidence: dict[str, object] = {
        "kind": "table", "statistic": "count", "unit": "defendant_id", "cells": cells,
        "source": {"dataset": "magistrates", "version": "v1", "table": "defendants"}}
    return Upload(f"table-{number:02}.csv", content.encode(), CONTEXT, "", evidence)


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
        demo.load(room, bootstrap.build_vault(settings, room.policies), people=1000)
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


def by_the_worker(files: tuple[Upload, ...]) -> float:
    """Seconds from submission until it is in front of the checkers."""
    with installation() as (settings, room), worker(settings):
        wait_until(lambda: _ready(room), "the extracts", seconds=120)
        begun = time.monotonic()
        requests.submit(room, PERSON, PROJECT, "A hundred outputs", "A thesis", files)
        wait_until(lambda: _in_review(room), "the checks", seconds=600, every=0.1)
        return time.monotonic() - begun


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


def profiled(files: tuple[Upload, ...]) -> None:
    """The same steps in this process, by their share of the processor."""
    with installation() as (settings, room):
        workspaces.prepare_extracts(bootstrap.build_workshop(settings))
        asked = requests.submit(room, PERSON, PROJECT, "A hundred outputs", "A thesis", files)
        with cProfile.Profile(time.process_time) as profile:
            checked(room, asked.number)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="store_true", help="print where the time goes instead")
    chosen = parser.parse_args()
    files = bundle()
    if chosen.profile:
        profiled(files)
        return
    size = sum(len(file.content) for file in files) / 1e6
    result = Result(f"{len(files)} outputs of {size:.0f} MB, submitted to checked", by_the_worker(files),
                    read_once(files), "reading each once: Pillow, pandas, nbformat", f"under {TARGET_SECONDS:.0f} s")
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                  result.target, result.baseline_name)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
