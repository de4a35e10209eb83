"""The worker: durable jobs. Extracts, checks, private answers, releases, sweeps, checkpoints.

The records say what is to be done, so nothing is lost when a message would be; each job is a DBOS workflow named
after its subject, so a worker killed at any step resumes there, and none runs twice at once.
Run as `python -m readingroom.worker`.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable

from dbos import DBOS, DBOSConfig, SetWorkflowID

from readingroom.bootstrap import build_workshop, mail, volumes
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.releases import Recheck
from readingroom.errors import ReadingRoomError
from readingroom.hub import bridges, canary, doorlimits, orphans
from readingroom.hub.activity import DoorActivity
from readingroom.hub.engine import DockerEngine
from readingroom.hub.names import workspace_key
from readingroom.services import (
    audit,
    deliveries,
    file_checks,
    handover,
    holdups,
    lapsing,
    memory,
    notices,
    private_answers,
    releases,
    reminders,
    shown,
    simulation,
    turns,
    use,
    walls,
    workspaces,
)
from readingroom.services.changes import Changes
from readingroom.services.workshop import Workshop
from readingroom.settings import load_settings

log = logging.getLogger("readingroom.worker")
CHECKPOINT_SECONDS = 10.0
VERIFY_SECONDS = 600.0  # whether a day has passed
JOBS_SECONDS = 0.5
QUEUE_SECONDS = 1.0
FOLDERS_SECONDS = 10.0
SWEEPERS = 8
REMINDERS_SECONDS = 60.0
RULES_SECONDS = 5.0
USE_SECONDS = 10.0
MAIL_SECONDS = 5.0
ESCALATE_SECONDS = 60.0
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 15.0, 300.0
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class Worker:
    """Starts the workflows that the records call for, and runs the periodic duties."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.stopping = threading.Event()
        self.engine = DockerEngine(workshop.settings)
        self.prover = DockerEngine(workshop.settings)  # with connections of its own: no canary is in its way
        self.activity = DoorActivity(workshop.settings)
        self.volumes = volumes(workshop.settings)
        self.mail = mail(workshop.settings)
        self.extract_changes = Changes()

    def run(self) -> None:
        """Until stopped: every duty at its own pace, each on a thread of its own so that none delays a sweep."""
        settings, sweep = self.workshop.settings, self.workshop.settings.sweep_seconds
        duties: tuple[tuple[str, Callable[[], object], float], ...] = (
            ("destroy", lambda: workspaces.destroy_dead_extracts(self.workshop), sweep),
            ("sweep", self.sweep, sweep),
            ("lapse", lambda: lapsing.sweep(self.workshop), sweep),
            ("use", lambda: use.note_use(self.workshop, self.activity), USE_SECONDS),
            ("limits", self.tell_limits, USE_SECONDS),
            ("meter", lambda: shown.read_meter(self.workshop, self.workshop.meter), sweep),
            ("extracts", lambda: workspaces.prepare_extracts(self.workshop, self.extract_changes), JOBS_SECONDS),
            ("reminders", lambda: reminders.sweep(self.workshop), REMINDERS_SECONDS),
            ("counts", lambda: simulation.count_rows(self.workshop), QUEUE_SECONDS),
            ("jobs", self.start_jobs, JOBS_SECONDS),
            ("proofs", lambda: walls.prove_all(self.workshop, self.prover, self.workshop.hub), settings.proof_seconds),
            ("canary", self.probe, settings.canary_seconds),
            ("queue", lambda: turns.start_waiting(self.workshop, self.workshop.hub), QUEUE_SECONDS),
            ("folders", lambda: self.volumes.release_idle(self.engine.places_in_use), FOLDERS_SECONDS),
            ("orphans", self.remove_orphans, settings.orphans_seconds),
            ("firewall", self.keep_rules, RULES_SECONDS),
            ("checkpoint", lambda: audit.checkpoint(self.workshop), CHECKPOINT_SECONDS),
            ("verify", lambda: audit.verify_daily(self.workshop), VERIFY_SECONDS),
            ("mail", self.send_mail, MAIL_SECONDS),
            ("requests", lambda: holdups.sweep(self.workshop), ESCALATE_SECONDS),
        )
        threads = [threading.Thread(target=self._repeat, args=duty, name=duty[0]) for duty in duties]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def sweep(self) -> None:
        """Close what may not be open now."""
        workspaces.sweep(self.workshop, self.workshop.hub, self.engine, at_once=SWEEPERS)

    def probe(self) -> None:
        """Try the walls from inside, and keep what was found."""
        walls.record_probe(self.workshop, canary.probe(self.workshop.settings, self.engine.api, self.volumes))

    def send_mail(self) -> None:
        """Send the notices that people want by e-mail, where the installation has a mail server."""
        if self.mail is not None:
            notices.send_due(self.workshop, self.mail)

    def tell_limits(self) -> None:
        """Let the door hold open workspaces to what their policy says now, should it have changed."""
        settings = self.workshop.settings
        for opening, policy in workspaces.policies_of_open(self.workshop):
            key = workspace_key(settings, opening.username, opening.project)
            doorlimits.write(settings, key, doorlimits.of_policy(policy))

    def keep_rules(self) -> None:
        """Where workspaces have bridges: put back what another program took from the firewall, and tell of it."""
        if self.workshop.settings.workspace_network != "bridge":
            return
        missing = bridges.missing_rules()
        bridges.provide_rules()
        if missing and self.engine.networks():
            walls.rules_were_missing(self.workshop, missing)

    def remove_orphans(self) -> None:
        """What a crash left of workspaces that are no more."""
        settings = self.workshop.settings
        found = orphans.find(settings, self.engine, walls.known_containers(self.workshop))
        if found:
            log.warning("removing what nothing owns: %s", ", ".join(map(str, found)))
        orphans.remove(settings, self.engine, found)

    def start_jobs(self) -> None:
        """Start a workflow for each request to check or release and each private answer to compute."""
        with self.workshop.store.reading() as tx:
            checks = tx.requests.rounds(RequestStatus.SUBMITTED, RequestStatus.CHECKING)
            approved = tx.requests.rounds(RequestStatus.APPROVED)
            unanswered = tx.accounts.unanswered()
            recalled = tx.releases.to_recheck()
        for number, round, _ in checks:
            self._start(f"check-{number}-{round}", check_request, number)
        for number, _, direction in approved:
            name, workflow = FOLLOWING[direction]
            self._start(f"{name}-{number}", workflow, number)
        for answer in unanswered:
            self._start(f"answer-{answer.id}", compute_answer, answer.id)
        for number in recalled:
            self._start(f"recheck-{number}", recheck_after_recall, number)

    def _start(self, name: str, workflow: Callable[[int], None], key: int) -> None:
        """Start it, or again when the records still call for it some time after it ended.

        It broke (on a full disk, say), or it ended with nothing to do and now there is: a request that thawed, or files
        that wait for room. The waits double up to some minutes.
        """
        attempts = DBOS.list_workflows(workflow_id_prefix=f"{name}.", load_input=False, load_output=False)
        if attempts:
            last = max(attempts, key=lambda attempt: attempt.created_at or 0)
            ended = (last.updated_at or 0) / 1000
            wait = min(RETRY_SECONDS * 2 ** min(len(attempts) - 1, 10), LONGEST_RETRY_SECONDS)
            if last.status not in ENDED or time.time() - ended < wait:
                return
            log.warning("%s ended (%s) and is started again", name, last.status)
        with SetWorkflowID(f"{name}.{len(attempts) + 1}"):
            DBOS.start_workflow(workflow, key)

    def _repeat(self, name: str, duty: Callable[[], object], every_seconds: float) -> None:
        while not self.stopping.is_set():
            started, wait = time.monotonic(), every_seconds
            try:
                duty()
            except ReadingRoomError as error:
                log.warning("%s: %s", name, error)
                wait = min(wait, RETRY_SECONDS)
            except Exception:  # whatever broke, nothing was acknowledged, and the other duties must go on
                log.exception("%s failed; it is tried again", name)
                wait = min(wait, RETRY_SECONDS)
            self.stopping.wait(max(0.05, wait - (time.monotonic() - started)))


_worker: Worker | None = None


def _workshop() -> Workshop:
    assert _worker is not None
    return _worker.workshop


@DBOS.workflow()
def check_request(number: int) -> None:
    """Check every file of a submitted request, then put it in front of the checkers."""
    _begin_checks(number)
    _check_files(number)
    _compare(number)
    _finish_checks(number)


@DBOS.step()
def _begin_checks(number: int) -> None:
    file_checks.begin_checks(_workshop(), number)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _check_files(number: int) -> None:
    file_checks.check_files(_workshop(), number, _workshop().scanner)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _compare(number: int) -> None:
    memory.compare(_workshop(), number)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _finish_checks(number: int) -> None:
    file_checks.finish_checks(_workshop(), number)


@DBOS.workflow()
def make_release(number: int) -> None:
    """Build and sign the package of an approved request."""
    _make_release(number)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _make_release(number: int) -> None:
    releases.make(_workshop(), number)


@DBOS.workflow()
def make_delivery(number: int) -> None:
    """Put the files of an approved request into its project's folder."""
    _make_delivery(number)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _make_delivery(number: int) -> None:
    deliveries.make(_workshop(), number)


FOLLOWING = {Direction.OUT: ("release", make_release), Direction.IN: ("deliver", make_delivery)}
"""What follows the last approval."""


@DBOS.workflow()
def compute_answer(answer_id: int) -> None:
    """Compute a private answer that has been paid for."""
    _compute_answer(answer_id)


@DBOS.step()
def _compute_answer(answer_id: int) -> None:
    private_answers.compute(_workshop(), answer_id)


@DBOS.workflow()
def recheck_after_recall(number: int) -> None:
    """Check again what was released since a recalled release, from the same project or data."""
    found = [one for sibling in _siblings(number) for one in _recheck(number, sibling)]
    _finish_recheck(number, found)


@DBOS.step()
def _siblings(number: int) -> list[int]:
    return list(handover.siblings(_workshop(), number))


@DBOS.step(retries_allowed=True, max_attempts=5)
def _recheck(number: int, sibling: int) -> tuple[Recheck, ...]:
    return handover.recheck(_workshop(), number, sibling)


@DBOS.step(retries_allowed=True, max_attempts=5)
def _finish_recheck(number: int, found: list[Recheck]) -> None:
    handover.finish_recheck(_workshop(), number, found)


def main() -> None:
    global _worker
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = load_settings()
    workshop = build_workshop(settings)
    workshop.extracts.clear_unfinished()
    _worker = Worker(workshop)
    config: DBOSConfig = {
        "name": "readingroom-worker",
        "system_database_url": f"sqlite:///{settings.db_dir / 'jobs.sqlite'}",
        "run_admin_server": False,
        "executor_id": "worker",
        "application_version": "1",
    }
    DBOS(config=config)
    DBOS.launch()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _worker.stopping.set() if _worker else None)
    try:
        _worker.run()
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=5)


if __name__ == "__main__":
    try:
        main()
    except ReadingRoomError as error:
        sys.exit(f"The worker did not start. {error}")
