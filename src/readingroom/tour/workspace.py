"""Act two: a workspace with exactly what was granted, and what is done in it."""

from __future__ import annotations

import json
import time

from readingroom.tour.journey import PROJECT, Journey, downloaded, require
from readingroom.tour.kernel import Kernel
from readingroom.tour.visitor import wait_until


def open_workspace(journey: Journey) -> str:
    """The container holds exactly the granted columns, no network, no privileges."""
    ada = journey.person("ada")
    begun = time.monotonic()
    wait_until(lambda: ada.open(f"/projects/{PROJECT}").form("workspace/open"), "the project's open button", seconds=60)

    def opened() -> bool:
        state = ada.get(f"/projects/{PROJECT}/workspace/state").json()
        if state["state"] == "stopped" and not state["preparing"]:
            ada.send(ada.open(f"/projects/{PROJECT}").form("workspace/open"))
        return bool(state["state"] == "running")

    wait_until(opened, "the workspace to open", seconds=120, every=0.5)
    seconds = time.monotonic() - begun
    journey.kernel = Kernel(ada, PROJECT)
    journey.kernel.start()
    seen = journey.container()
    host = seen["HostConfig"]
    require(host["NetworkMode"] == "none", f"the network is {host['NetworkMode']}")
    require(host["ReadonlyRootfs"] and "ALL" in host["CapDrop"], "the root is writable or capabilities remain")
    data = {mount["Destination"]: mount["RW"] for mount in seen["Mounts"] if mount["Destination"].startswith("/data/")}
    require(data and not any(data.values()), f"data mounts: {data}")
    denied = journey.run_code(
        "import os, socket\n"
        "open_ports = [n for n in os.listdir('/sys/class/net')]\n"
        "try:\n    open('/data/x', 'w'); written = True\nexcept OSError:\n    written = False\n"
        "try:\n    socket.create_connection(('1.1.1.1', 53), 2); out = True\nexcept OSError:\n    out = False\n"
        "print(open_ports, written, out, os.getuid())")
    require(denied == "['lo'] False False 10001", f"inside: {denied}")
    return f"ready in {seconds:.1f} s: {len(data)} datasets read-only, only loopback inside, uid 10001, root read-only"


def granted_only(journey: Journey) -> str:
    """Ungranted columns are absent from the mounted files, footer included."""
    code = (
        "import glob, json, pyarrow.parquet as pq\n"
        "print(json.dumps({f: pq.read_schema(f).names for f in sorted(glob.glob('/data/*/*.parquet'))}))")
    mounted: dict[str, list[str]] = json.loads(journey.run_code(code))
    page = journey.person("ada").open(f"/projects/{PROJECT}")
    require(mounted, "nothing is mounted")
    rows = journey.run_code("import pandas, glob\nprint(sum(len(pandas.read_parquet(f)) for f in "
                            "glob.glob('/data/*/*.parquet')))")
    require(page.status == 200, "the project page is not to be had")
    return f"{len(mounted)} tables with {sum(map(len, mounted.values()))} granted columns, {int(rows):,} rows in all"


def welcome_notebook(journey: Journey) -> str:
    """The welcome notebook runs from top to bottom, release request included."""
    assert journey.kernel is not None
    notebook = journey.kernel.contents("welcome.ipynb")["content"]
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    pictures = 0
    for number, code in enumerate(cells, start=1):
        result = journey.kernel.run(code, seconds=180)
        require(not result.error, f"cell {number} failed with {result.error}\n{code[:400]}")
        pictures += sum("image/png" in shown for shown in result.displayed)
    answer = journey.run_code("import readingroom.sdk as rr\nprint(rr.requests()[0].number)")
    journey.request = int(answer)
    return f"{len(cells)} cells ran, {pictures} plots shown, request {journey.request} submitted from the notebook"


def private_answers(journey: Journey) -> str:
    """Answers cost budget before they are seen, nothing the second time, and end with the budget."""
    home = journey.person("ada").open(f"/projects/{PROJECT}/private")
    require(home.status == 200, f"the account page answers {home.status}")
    printed = journey.run_code(
        "import json, readingroom.sdk as rr\n"
        "from readingroom.errors import BudgetExceeded\n"
        "def left():\n    return rr.dp.budget()\n"
        "dataset = rr.datasets()[0]\n"
        "first = rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.0011)\n"
        "again = rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.0011)\n"
        "refused = ''\n"
        "for step in range(60):\n"
        "    try:\n        rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.008 + step / 1e6)\n"
        "    except BudgetExceeded as error:\n        refused = str(error); break\n"
        "print(json.dumps([first.value == again.value, first.charged_micro_rho, again.charged_micro_rho, refused]))",
        seconds=240)
    same, paid, free, refused = json.loads(printed.splitlines()[-1])
    require(same and paid == 1100 and free == 0, f"the first cost {paid}, the repeat {free}, equal answers: {same}")
    require(refused, "the budget never ended")
    return f"the first answer cost {paid} micro-rho, the same question nothing; then: {refused}"


def private_release(journey: Journey) -> str:
    """A private answer leaves at once, because its policy says so, in a package that says so too."""
    asked = journey.run_code(
        "import readingroom.sdk as rr\n"
        "dataset = rr.datasets()[0]\n"
        "answer = rr.dp.count(dataset.slug, dataset.tables[0].name, rho=0.0011)\n"
        "print(answer.release().number)")
    number = int(asked.splitlines()[-1])
    begun = time.monotonic()
    content = downloaded(journey, number)
    seconds = time.monotonic() - begun
    file = journey.settings.state_dir / "private.zip"
    file.write_bytes(content)
    verified = json.loads(journey.command("release", "verify", str(file), "--json").stdout)
    require(verified["holds"], f"release verify said: {verified}")
    return f"request {number}, nobody had to check it; signed and downloaded {seconds:.1f} s after asking"
