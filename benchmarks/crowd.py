"""Many workspaces at once: how long ten take to open, what they weigh, and how soon twenty close when they must."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.plain_hub import PlainHub
from benchmarks.result import Result
from readingroom import bootstrap
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.errors import PermissionDenied
from readingroom.hub.engine import DockerEngine
from readingroom.hub.names import PROJECT_LABEL
from readingroom.ops import supervise
from readingroom.services import grants, workspaces
from readingroom.settings import Settings
from readingroom.tour.journey import PROJECT
from readingroom.tour.visitor import wait_until

MIB = 1024**2
PERSON = "ada"
SETTINGS = "workspace_memory_bytes = 536870912\nworkspaces_per_person = 40\n"  # of the installation to measure on
PROMISE_SECONDS, WEIGHT_MIB = 60.0, 600.0


class Crowd:
    """`count` projects of one person with a grant and an extract each, and their workspaces."""

    def __init__(self, settings: Settings, count: int) -> None:
        self.settings, self.room, self.engine = settings, bootstrap.build(settings), DockerEngine(settings)
        self.hub = bootstrap.hub_client(settings, "portal-token")
        self.slugs = [f"crowd-{number}" for number in range(count)]
        self.grants = [self._project(slug) for slug in self.slugs]
        wait_until(self._prepared, "the extracts", seconds=300)

    def _project(self, slug: str) -> int:
        with self.room.store.transaction() as tx:
            project, like = tx.projects.get(PROJECT), tx.grants.of_project(PROJECT)[0]
            tx.projects.add(replace(project, slug=slug, title=slug, status=ProjectStatus.ACTIVE))
            return int(tx.grants.add(replace(like, id=0, project=slug, status=GrantStatus.ACTIVE,
                                             expires_on=self.room.today() + timedelta(days=9))).id)

    def _prepared(self) -> bool:
        with self.room.store.reading() as tx:
            return all(tx.extracts.live_of_grant(grant) for grant in self.grants)

    def open(self, slugs: Sequence[str]) -> float:
        """Seconds until all of them are ready, asked for at once."""
        return at_once([lambda one=slug: self._open(one) for slug in slugs])  # type: ignore[misc]

    def _open(self, slug: str) -> None:
        self.hub.start_workspace(PERSON, slug)

        def settled() -> str:
            found = self.hub.workspace_state(PERSON, slug)
            return found if found in ("running", "stopped") else ""
        if wait_until(settled, slug, seconds=400, every=0.2) != "running":
            raise SystemExit(f"{slug} did not open; the Hub's log says why")

    def close(self, slugs: Sequence[str]) -> None:
        for slug in slugs:
            self.hub.stop_workspace(PERSON, slug)
        wait_until(lambda: not self.running(), "all to close", seconds=120)

    def running(self) -> dict[str, str]:
        return {found["Labels"][PROJECT_LABEL]: found["Id"] for found in self.engine.containers("workspace")}


def at_once(actions: Sequence[Callable[[], object]]) -> float:
    begun = time.monotonic()
    with ThreadPoolExecutor(len(actions)) as pool:
        for done in [pool.submit(action) for action in actions]:
            done.result()
    return time.monotonic() - begun


def opening(crowd: Crowd, plain: PlainHub, count: int = 10) -> Result:
    """`count` at once, ours against plain ones; the image is warm on both sides."""
    ours = crowd.open(crowd.slugs[:count])
    crowd.close(crowd.slugs[:count])
    names = [f"bench-{number}" for number in range(count)]
    plainly = at_once([lambda one=name: plain.start(one) for name in names])  # type: ignore[misc]
    at_once([lambda one=name: plain.stop(one) for name in names])  # type: ignore[misc]
    return Result(f"{count} workspaces at once", ours, plainly, "plain DockerSpawner, same image", "at most 1.25x")


def weight(crowd: Crowd) -> list[Result]:
    """Memory of an idle workspace (its control group), and of our own processes with these open.

    Of ours twice: resident, where pages that processes share are counted for each of them, and as a share, where they
    are counted once: what the machine has less of.
    """
    used = [crowd.engine.api.stats(container, stream=False)["memory_stats"] for container in crowd.running().values()]
    cached = [one["stats"].get("total_inactive_file", one["stats"].get("inactive_file", 0)) for one in used]
    idle = [one["usage"] - spare for one, spare in zip(used, cached, strict=True)]
    ours = _weights(crowd)
    each = ", ".join(f"{name} {rss / MIB:.0f}" for name, (rss, _) in ours.items())
    what = f"hub, proxy, portal, worker, door with {len(idle)} open"
    return [
        Result("memory of an idle workspace", max(idle) / MIB, crowd.settings.workspace_memory_bytes / MIB, "its limit",
               unit="MiB"),
        *(Result(f"{what}, {how}", sum(one[number] for one in ours.values()) / MIB, WEIGHT_MIB, "the target",
                 "at most 1x", unit="MiB")
          for number, how in enumerate((f"RSS ({each})", "PSS"))),
    ]


def _weights(crowd: Crowd) -> dict[str, tuple[int, int]]:
    """Bytes, resident and as a share, of each of our programs with everything below it, and of the door's container."""
    tops = {program.name: program.pid for program in supervise.status(crowd.settings)
            if program.name in ("hub", "portal", "worker", "door")}
    tops["proxy"] = int((crowd.settings.run_dir / "proxy.pid").read_text())
    for one in crowd.engine.containers():
        if any("door" in name for name in one["Names"]):
            tops["HAProxy"] = crowd.engine.api.inspect_container(one["Id"])["State"]["Pid"]
    parents = {int(folder.name): _parent(folder) for folder in Path("/proc").glob("[0-9]*")}
    found = dict.fromkeys(tops, (0, 0))
    owners = {pid: name for name, pid in tops.items()}
    for process in parents:
        pid: int | None = process
        while pid and pid not in owners:  # the proxy is the Hub's child and stands for itself
            pid = parents.get(pid)
        if pid:
            rss, pss = _memory(process)
            found[owners[pid]] = (found[owners[pid]][0] + rss, found[owners[pid]][1] + pss)
    return found


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it ended meanwhile
        return None


def _memory(pid: int) -> tuple[int, int]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    return kib["Rss"] * 1024, kib["Pss"] * 1024


def revocation(crowd: Crowd) -> list[Result]:
    """All grants withdrawn at once: per workspace, the time until container, token and data are gone."""
    crowd.open(crowd.slugs)
    tokens = {slug: _token(crowd, container) for slug, container in crowd.running().items()}
    extracts = {}
    with crowd.room.store.reading() as tx:
        for slug, grant in zip(crowd.slugs, crowd.grants, strict=True):
            extracts[slug] = crowd.room.extracts.path(tx.extracts.live_of_grant(grant).id)
    custodian = crowd.room.policies.dataset(_dataset(crowd)).custodian
    begun, ended = time.monotonic(), {}
    for grant in crowd.grants:
        grants.withdraw(crowd.room, custodian, grant, "Measured.")
    while len(ended) < len(crowd.slugs):
        running = crowd.running()
        for slug in set(crowd.slugs) - set(ended):
            if slug not in running and not extracts[slug].exists() and _dead(crowd, tokens[slug]):
                ended[slug] = time.monotonic() - begun
        if time.monotonic() - begun > 5 * PROMISE_SECONDS:
            raise SystemExit(f"after {5 * PROMISE_SECONDS:.0f} s still open: {sorted(running)}")
        time.sleep(0.1)
    wait_until(lambda: not workspaces.open_now(crowd.room), "the records", seconds=120)
    seconds = sorted(ended.values())
    return [Result(f"{len(seconds)} open workspaces revoked, {name}", seconds[math.ceil(share * len(seconds)) - 1],
                   PROMISE_SECONDS, "the promise", "at most 1x") for name, share in (("p50", 0.5), ("p95", 0.95))]


def _dataset(crowd: Crowd) -> str:
    with crowd.room.store.reading() as tx:
        return str(tx.grants.of_project(PROJECT)[0].dataset)


def _token(crowd: Crowd, container: str) -> str:
    variables = crowd.engine.api.inspect_container(container)["Config"]["Env"]
    return next(line.split("=", 1)[1] for line in variables if line.startswith("JUPYTERHUB_API_TOKEN="))


def _dead(crowd: Crowd, token: str) -> bool:
    try:
        crowd.hub.identify(token)
    except PermissionDenied:
        return True
    return False


def measure(settings: Settings, plain: PlainHub, count: int) -> Iterator[Result]:
    """Everything above on an installation whose settings.toml has `SETTINGS`."""
    crowd = Crowd(settings, count)
    with closing(crowd.hub):
        yield opening(crowd, plain, min(10, count))
        crowd.open(crowd.slugs)
        yield from weight(crowd)
        yield from revocation(crowd)
