"""`make bench`: measures on a temporary installation and prints ratios against a baseline of the same run.

`python -m benchmarks NAME` (`make bench WHAT=NAME`) measures one other thing instead, which takes longer; see OTHERS.
"""

from __future__ import annotations

import argparse
import runpy
import shutil
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.table import Table

from benchmarks import crowd, door, pages, plain_hub, starting, workspaces
from benchmarks.result import Result
from readingroom.ops.down import clean_demo
from readingroom.ops.up import up
from readingroom.settings import Settings, load_settings
from readingroom.tour.run import temporary_installation

OTHERS = {
    "tables": "checked tables against ACRO and a bare DuckDB pass (makes an environment with ACRO)",
    "protection": "the intruder audit, and optimal patterns against a plain integer programme",
    "checking": "submission to checked, of a hundred outputs of 50 MB, beside reading each of them once",
    "desk": "the pages of a request with 10,000 on record and twenty people at once, beside the barest page",
    "lapsing": "the sweep over ten thousand grants, and what the worker asks twice a second",
    "ledger": "what a private question's entry in the account costs",
    "access_decisions": "one access decision on 1,000 projects of 50 grants, beside reading its rows",
    "private_speed": "private statistics of ten million rows",
    "private_accuracy": "how far private statistics lie from the true ones, beside diffprivlib and SmartNoise",
}


def main() -> None:
    if sys.argv[1:] and sys.argv[1] in OTHERS:
        del sys.argv[0]
        runpy.run_module(f"benchmarks.{sys.argv[0]}", run_name="__main__", alter_sys=True)
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["others:", *(f"  {name:17} {what}" for name, what in OTHERS.items())]))
    parser.add_argument("--starts", type=int, default=5, help="workspace starts on each side (default: 5)")
    parser.add_argument("--people", type=int, default=10_000, help="synthetic people (default: 10,000)")
    parser.add_argument("--crowd", type=int, default=20, help="workspaces that are revoked together (default: 20)")
    parser.add_argument("--only", choices=("crowd", "door"),
                        help="what many workspaces do together, or what the door costs")
    chosen = parser.parse_args()
    console, settings = Console(), temporary_installation(chosen.people)
    with (settings.state_dir / "settings.toml").open("a") as file:
        file.write(crowd.SETTINGS)
    settings = load_settings(settings.state_dir)
    table = Table("What", "Ours", "Baseline", "Ratio", "Target", "Baseline is", box=None, header_style="bold")
    try:
        with Live(table, console=console):  # what was measured is shown even if something after it fails
            for result in measured(settings, chosen):
                table.add_row(result.what, result.shown(result.ours), result.shown(result.baseline),
                              f"{result.ratio:.2f}x", result.target, result.baseline_name)
    finally:
        clean_demo(settings, Console(quiet=True))
        shutil.rmtree(settings.state_dir, ignore_errors=True)
    console.print(f"Measured by themselves (make bench WHAT=...): {', '.join(OTHERS)}.", highlight=False)


def measured(settings: Settings, chosen: argparse.Namespace) -> Iterator[Result]:
    """On an installation of its own, which is started for it."""
    first = up(settings, demo=True, console=Console(quiet=True))
    passwords = {account.username: account.password for account in first.accounts}
    if chosen.only != "door":
        with plain_hub.running(settings) as plain:
            yield workspaces.ready_time(settings, passwords, plain, chosen.starts)
            yield from crowd.measure(settings, plain, chosen.crowd)
    if chosen.only != "crowd":
        yield from door.cost(settings, passwords)
    if not chosen.only:
        yield from pages.under_load(settings, passwords)
        yield starting.second_start(settings, first.seconds)


if __name__ == "__main__":
    main()
