"""What is wrong is said with the value and the fix, the exit status is not 0, and nothing is half-made."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from readingroom import bootstrap
from readingroom.core.audit import faults_of_chain
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.walls import Finding
from readingroom.db.migrate import upgrade
from readingroom.errors import Unavailable
from readingroom.ops import install
from readingroom.services import demo, private_answers, requests, walls, workspaces
from readingroom.settings import REPOSITORY, STATE_VARIABLE, load_settings
from tests.factories import add_project, make_workshop, upload

PROJECT = "returning-defendants"


def readingroom(state, *arguments, module="readingroom"):
    return subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, timeout=60,
                          check=False, cwd=REPOSITORY,
                          env={**os.environ, STATE_VARIABLE: str(state), "PYTHONPATH": str(REPOSITORY / "src"),
                               "COLUMNS": "200"})


def assert_refused(ended, *words, status=None):
    """Not 0, every word said, and no traceback."""
    said = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode != 0, said
    assert status in (None, ended.returncode), said
    for word in words:
        assert word in said, said
    assert "Traceback" not in said


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(probe.getsockname()[1], 65000)


@pytest.fixture
def state(tmp_path):
    made = tmp_path / "state"
    made.mkdir()
    return made


def write_settings(state, text=""):
    (state / "settings.toml").write_text(text if "port" in text else f"{text}\nport = {free_port()}\n")


def assert_untouched(state):
    assert [path.name for path in state.iterdir()] in ([], ["settings.toml"])
    assert not load_settings_safely(state).run_dir.exists()


def load_settings_safely(state):
    (state / "settings.toml").rename(state / "aside") if (state / "settings.toml").exists() else None
    return load_settings(state)


class TestSettings:
    @pytest.mark.parametrize("command", [["up"], ["down"], ["doctor"], ["audit", "verify"]])
    def test_unknown_keys_are_named_with_those_that_are_known(self, state, command):
        write_settings(state, "portt = 8001\nengine_urll = 'x'\n")
        assert_refused(readingroom(state, *command), "'portt'", "'engine_urll'", "Known keys:", "engine_url", status=2)
        assert_untouched(state)

    @pytest.mark.parametrize(("text", "words"), [
        ("port = 'eighty'", ("port = 'eighty'", "type int")),
        ("port = true", ("port = True", "type int")),
        ("port = 0", ("port is 0", "1 to 65534")),
        ("port = 8000\nproxy_api_port = 8000", ("proxy_api_port is 8000", "other than port")),
        ("port = 8000\nproxy_api_port = 70000", ("proxy_api_port is 70000", "65535")),
        ("sweep_seconds = -1.0\nport = 8000", ("sweep_seconds is -1.0", "0.1 or more")),
        ("sweep_seconds = nan\nport = 8000", ("sweep_seconds is nan", "0.1 or more")),
        ("demo_people = 0\nport = 8000", ("demo_people is 0", "1 or more")),
        ("port = 8000\nport = 8001\n", ("not valid TOML", "Cannot overwrite", "Correct that line")),
        ("port = [8000", ("not valid TOML", "Correct that line")),
    ])
    def test_a_wrong_value_is_named_with_what_is_right(self, state, text, words):
        (state / "settings.toml").write_text(text)
        assert_refused(readingroom(state, "up"), *words, status=2)
        assert_untouched(state)

    def test_what_cannot_be_read_as_text_is_refused(self, state):
        (state / "settings.toml").write_bytes(b"port = 8000 # \xff\xfe")
        assert_refused(readingroom(state, "up"), "settings.toml", "not valid TOML", status=2)
        (state / "settings.toml").unlink()
        (state / "settings.toml").mkdir()
        assert_refused(readingroom(state, "up"), "settings.toml", "Is a directory", status=2)


class TestPolicies:
    @pytest.fixture
    def broken(self, state):
        policies = state.parent / "policies"
        shutil.copytree(REPOSITORY / "policies", policies)
        site, dataset = policies / "site.yaml", sorted((policies / "datasets").glob("*.yaml"))[0]
        with site.open("a") as file:
            file.write("\nthresold: 3\n")
        with dataset.open("a") as file:
            file.write("\ncustodain: mercer\n")
        (policies / "programmes" / "odd.yaml").write_text("name: [\n")
        write_settings(state, f"policies_dir = '{policies}'")
        return [f"site.yaml:{len(site.read_text().splitlines())}: thresold",
                f"{dataset.name}:{len(dataset.read_text().splitlines())}: custodain", "odd.yaml:2:"]

    @pytest.mark.parametrize("command", [["policy", "validate"], ["up"]])
    def test_all_faults_are_listed_by_file_and_line(self, state, broken, command):
        assert_refused(readingroom(state, *command), *broken)
        assert_untouched(state)

    @pytest.mark.parametrize("module", ["readingroom.web", "readingroom.worker"])
    def test_no_process_starts_with_them(self, state, broken, module):
        assert_refused(readingroom(state, module=module), "did not start", *broken)

    def test_a_missing_directory_is_named(self, state):
        write_settings(state, "policies_dir = '/nowhere/policies'")
        assert_refused(readingroom(state, "up"), "/nowhere/policies is missing", "policies_dir in settings.toml")
        assert_untouched(state)


class TestTheMachine:
    @pytest.mark.parametrize("which", ["port", "proxy_api_port"])
    def test_a_port_in_use_is_named_with_the_setting(self, state, which):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            ports = {"port": free_port(), "proxy_api_port": free_port(), which: taken}
            (state / "settings.toml").write_text("".join(f"{name} = {port}\n" for name, port in ports.items()))
            assert_refused(readingroom(state, "up"), f"127.0.0.1:{taken}", "another port", "settings.toml", status=3)
        assert_untouched(state)

    @pytest.mark.parametrize("command", ["up", "doctor"])
    def test_an_engine_that_does_not_answer_is_named_with_the_setting(self, state, command):
        write_settings(state, f"engine_url = 'tcp://127.0.0.1:{free_port()}'")
        assert_refused(readingroom(state, command), "No Docker engine answers at tcp://127.0.0.1", "engine_url")
        assert_untouched(state)

    @pytest.mark.docker
    def test_a_missing_image_is_named_with_what_makes_it(self, state):
        write_settings(state, "door_image = 'readingroom/none:absent'")
        ended = readingroom(state, module="readingroom.ops.door")
        assert_refused(ended, "readingroom/none:absent", "missing", "make up")

    def test_a_read_only_place_is_named(self, state):
        with mounted(state, "ro,size=1m"):
            assert_refused(readingroom(state, "up"), str(state), "read-only", STATE_VARIABLE, status=3)
            assert list(state.iterdir()) == []

    def test_a_full_disk_is_named_before_anything_is_made(self, state):
        with mounted(state, "size=1m"):
            assert_refused(readingroom(state, "up"), str(state), "GiB free", "Make room", status=3)
            assert list(state.iterdir()) == []

    def test_a_disk_that_cannot_hold_the_records_leaves_none(self, state):
        """The command that would make them is refused; once there is room it goes through."""
        with mounted(state, "size=96k"):
            made = load_settings(state)
            install.create_keys(made)
            with pytest.raises(Exception, match=r"full|No space"):
                upgrade(made)
            subprocess.run(["mount", "-o", "remount,size=20m", state], check=True)
            upgrade(made)
            assert not demo.exists(bootstrap.build(made))


@contextmanager
def mounted(place, options):
    """A small file system of its own; modes do not stop root, a mount does."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(place, leave=0):
    """Use the file system up, but for some bytes; returns the file to delete."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize - leave
        try:
            while free > 0:
                free -= file.write(b"\0" * min(free, 65536))
        except OSError:
            pass
    return ballast


class TestADiskThatFillsUp:
    """An action is durable or it is refused, never something between."""

    @pytest.fixture
    def workshop(self, tmp_path):
        place = tmp_path / "small"
        place.mkdir()
        with mounted(place, "size=16m"):
            made = make_workshop(place)
            add_project(made)
            yield made
            made.store.engine.dispose()

    def submit(self, workshop, content):
        return requests.submit(workshop, "ada", "returns", "Returns by sex", "A paper", [upload(content=content)])

    def assert_nothing_but_whole(self, workshop, requests_wanted):
        with workshop.store.reading() as tx:
            assert not faults_of_chain(list(tx.events.all()))
            assert len(tx.requests.of_author("ada")) == requests_wanted
        assert not list(workshop.settings.blobs_dir.rglob(".*")), "a temporary file was left"

    @pytest.mark.parametrize("leave", [0, 4096, 65536, 200_000])
    def test_a_submission_is_refused_in_words_and_leaves_nothing(self, workshop, leave):
        content = b"sex,people\n" + b"F,1200\n" * 70_000
        ballast = fill(workshop.settings.state_dir, leave)
        with pytest.raises(Unavailable) as refused:
            self.submit(workshop, content)
        assert refused.value.next_step
        self.assert_nothing_but_whole(workshop, 0)
        ballast.unlink()
        request = self.submit(workshop, content)
        assert workshop.blobs.get(request.files[0].sha256) == content
        self.assert_nothing_but_whole(workshop, 1)

    def test_a_stored_file_without_a_request_harms_nothing(self, workshop):
        """The file got its place, the records did not: the next try uses it."""
        content = b"sex,people\nF,1200\nM,1310\n"
        workshop.blobs.put(content)
        ballast = fill(workshop.settings.state_dir)
        with pytest.raises(Unavailable, match="records could not be used") as refused:
            for _ in range(200):  # the write-ahead log has some room of its own at first
                private_answers.ask(workshop, "ada", "returns", {
                    "dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": 50 + _})
        assert "disk" in refused.value.next_step
        with pytest.raises(Unavailable):
            self.submit(workshop, content)
        ballast.unlink()
        lines, answers = private_answers.statement(workshop, "ada", "returns")
        assert sum(line.spent for line in lines) == sum(answer.cost_micro_rho for answer in answers)
        self.submit(workshop, content)
        self.assert_nothing_but_whole(workshop, 1)

    def test_a_worker_takes_up_again_what_a_full_disk_stopped(self, tmp_path):
        """The request was acknowledged; its checks cannot be recorded until there is room, and then they are."""
        place = tmp_path / "worker"
        place.mkdir()
        with mounted(place, "size=48m"):
            settings = load_settings(place)
            install.create_state(settings)
            install.create_keys(settings)
            upgrade(settings)
            room = bootstrap.build(settings)
            demo.load(room, bootstrap.build_vault(settings, room.policies), people=1000)
            walls.record_probe(room, [Finding("only loopback", True, "lo")])  # there are no images to run a canary
            worker = subprocess.Popen(
                [sys.executable, "-m", "readingroom.worker"], cwd=REPOSITORY, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, STATE_VARIABLE: str(place), "PYTHONPATH": str(REPOSITORY / "src")})
            try:
                until(lambda: prepared(room), worker)
                worker.send_signal(signal.SIGSTOP)
                asked = requests.submit(room, "ada", PROJECT, "Defendants by sex", "A paper",
                                        [upload(content=b"sex,people\nF,1200\nM,1310\n")])
                ballast = fill(place)
                worker.send_signal(signal.SIGCONT)
                time.sleep(6)
                ballast.unlink()
                until(lambda: status(room, asked) is RequestStatus.IN_REVIEW, worker, seconds=60)
            finally:
                worker.kill()
                worker.wait()
            with room.store.reading() as tx:
                told = [event.action for event in tx.events.of_subject(f"request:{asked.number}")]
                assert not faults_of_chain(list(tx.events.all()))
            assert told == ["request.submitted", "request.checking", "file.checked", "request.in-review"]
            room.store.engine.dispose()


def prepared(room):
    try:
        return workspaces.plan(room, "ada", PROJECT)
    except Unavailable:
        return None


def status(room, asked):
    return requests.get(room, "ada", asked.number).request.status


def until(holds, worker, seconds=40):
    deadline = time.monotonic() + seconds
    while not holds():
        assert worker.poll() is None, "the worker ended"
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
