"""`make bench`: measures on a temporary installation and prints ratios against a baseline of the same run."""

from __future__ import annotations

import argparse
import shutil

from rich.console import Console
from rich.table import Table

from benchmarks import crowd, door, pages, plain_hub, starting, workspaces
from readingroom.ops.up import clean_demo, up
from readingroom.settings import load_settings
from readingroom.tour.run import temporary_installation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5, help="workspace starts on each side (default: 5)")
    parser.add_argument("--people", type=int, default=10_000, help="synthetic people (default: 10,000)")
    parser.add_argument("--crowd", type=int, default=20, help="workspaces that are revoked together (default: 20)")
    parser.add_argument("--only-crowd", action="store_true", help="only what many workspaces do together")
    chosen = parser.parse_args()
    console, settings = Console(), temporary_installation(chosen.people)
    with (settings.state_dir / "settings.toml").open("a") as file:
        file.write(crowd.SETTINGS)
    settings = load_settings(settings.state_dir)
    try:
        first = up(settings, demo=True, console=Console(quiet=True))
        passwords = {account.username: account.password for account in first.accounts}
        with plain_hub.running(settings) as plain:
            results = [workspaces.ready_time(settings, passwords, plain, chosen.starts)]
            results += crowd.measure(settings, plain, chosen.crowd)
        if not chosen.only_crowd:
            results += door.cost(settings, passwords)
            results += pages.under_load(settings, passwords)
            results.append(starting.second_start(settings, first.seconds))
    finally:
        clean_demo(settings, Console(quiet=True))
        shutil.rmtree(settings.state_dir, ignore_errors=True)
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    for result in results:
        table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline), f"{result.ratio:.2f}x",
                      result.target, result.baseline_name)
    console.print(table)


if __name__ == "__main__":
    main()
