"""P8, as a hostile researcher: everything that code in a real workspace can try against its walls, and its neighbours.

The probe of the canary is run here too, in a kernel: what a workspace without data cannot do, one with data cannot
either. What exhausts something is tried for what it leaves to others: the server answers, the neighbour works.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path

import httpx
import pytest

from readingroom.hub import probe as probe_module
from readingroom.tour.visitor import client

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
PROBE = probe_module.program()
PROJECT = "shared"


def open_for(hub, browser):
    if hub.portal.workspace_state(browser.username, PROJECT) != "running":
        hub.portal.start_workspace(browser.username, PROJECT)
        hub.wait(lambda: hub.portal.workspace_state(browser.username, PROJECT) == "running", 60)


def close_for(hub, browser):
    hub.portal.stop_workspace(browser.username, PROJECT)
    hub.wait(lambda: hub.portal.workspace_state(browser.username, PROJECT) == "stopped", 60)


@pytest.fixture(scope="module")
def mallory(hub):
    """The hostile researcher, signed in as alice."""
    return hub.browser("alice")


@pytest.fixture(scope="module")
def neighbour(hub):
    return hub.browser("bob")


@pytest.fixture
def kernel(hub, mallory):
    open_for(hub, mallory)
    with mallory.kernel(PROJECT) as kernel:
        yield kernel


@pytest.fixture
def other(hub, neighbour):
    open_for(hub, neighbour)
    with neighbour.kernel(PROJECT) as kernel:
        yield kernel


def container_of(hub, username):
    [found] = [one for one in hub.containers("workspace") if one["Labels"]["readingroom.person"] == username]
    return hub.engine.inspect_container(found["Id"])


def project_group(pid: int) -> Path:
    """The control group for processor time that the process's own is directly below."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    top, path = next((Path("/sys/fs/cgroup", names.split(",")[0]), path) for _, names, path in
                     (line.split(":", 2) for line in lines) if "cpu" in names.split(",") or not names)
    return Path(f"{top}{path}").parent


def weight(group: Path) -> str:
    return next((group / name).read_text() for name in ("cpu.weight", "cpu.shares") if (group / name).exists())


@pytest.fixture(scope="module")
def findings(hub, mallory):
    open_for(hub, mallory)
    with mallory.kernel(PROJECT) as kernel:
        said = kernel.run(f"import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', {PROBE!r}], "
                          "capture_output=True, text=True).stdout)", seconds=120)
    return {one["wall"]: one for one in json.loads(said)}


@pytest.mark.parametrize("wall", probe_module.WALLS)
def test_p8_the_wall_holds_in_a_real_workspace(findings, wall):
    assert findings[wall]["held"], findings[wall]["seen"]


def attempts(kernel, setup, *lines, seconds=30):
    """Which of these lines of code did not raise an OSError."""
    code = f"import os, socket, ctypes, shutil\n{setup}\ndone = []\n"
    for number, line in enumerate(lines):
        code += f"try:\n    {line}\n    done.append({number})\nexcept OSError as error:\n    pass\n"
    return [lines[number] for number in json.loads(kernel.run(f"{code}import json; print(json.dumps(done))", seconds))]


class TestSocketsOfThePlatform:
    """P8: the door and the workspace's own socket are all there is, and neither can be made into something else."""

    def test_neither_can_be_swapped_linked_or_covered(self, kernel, hub):
        done = attempts(
            kernel, "",
            "os.rename('/run/rr/w/s.sock', '/run/rr/w/old')", "os.unlink('/run/rr/w/s.sock')",
            "os.symlink('/var/run/docker.sock', '/run/rr/w/s2.sock')", "os.link('/run/rr/w/s.sock', '/tmp/s.sock')",
            "os.link('/run/rr/w/s.sock', '/home/researcher/s.sock')", "os.chmod('/run/rr/w', 0o777)",
            "os.rename('/run/rr/w', '/run/rr/v')", "os.mkdir('/run/rr/w/d')", "os.rename('/tmp', '/run/rr/w/t')",
            "socket.socket(socket.AF_UNIX).bind('/run/rr/w/mine.sock')", "os.unlink('/run/rr/door/door.sock')",
            "socket.socket(socket.AF_UNIX).bind('/run/rr/door/mine.sock')", "os.chown('/run/rr/w', 10001, 10001)",
            "os.symlink('/x', '/run/rr/door/x')", "os.utime('/run/rr/door')",
            "os.open('/run/rr/w', os.O_TMPFILE | os.O_RDWR)", "os.mkfifo('/run/rr/w/fifo')",
            "os.setxattr('/run/rr/w', 'user.x', b'1')",
        )
        assert done == []
        for directory in hub.settings.workspace_sockets_dir.iterdir():
            assert directory.stat().st_uid == 0
            assert [entry.name for entry in directory.iterdir()] == ["s.sock"]
            assert stat.S_ISSOCK((directory / "s.sock").lstat().st_mode)

    def test_its_own_socket_made_unusable_harms_only_itself(self, kernel, other, hub):
        kernel.run("import os; os.chmod('/run/rr/w/s.sock', 0)")
        assert other.run("print(6 * 7)") == "42\n"
        kernel_mode = [(d / "s.sock").lstat().st_mode & 0o777 for d in hub.settings.workspace_sockets_dir.iterdir()]
        assert sorted(kernel_mode) == [0, 0o666]
        close_for(hub, kernel.browser)  # not even its owner reaches it now; opened anew, it is well
        open_for(hub, kernel.browser)
        with kernel.browser.kernel(PROJECT) as again:
            assert again.run("print(6 * 7)") == "42\n"

    def test_no_descriptor_of_the_host_can_be_taken_in_over_the_door(self, kernel):
        """The door speaks HTTP only: a descriptor sent along arrives nowhere, none comes back."""
        out = kernel.run("""
import array, os, socket
one = socket.socket(socket.AF_UNIX); one.connect(os.environ['READINGROOM_DOOR'])
one.sendmsg([b'GET /hub/api HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [os.open('/etc/passwd', os.O_RDONLY)]))])
one.settimeout(10)
data, ancillary, *_ = one.recvmsg(65536, 1024)
print(data[9:12].decode(), ancillary)
""")
        assert out == "200 []\n"


class TestFiles:
    def test_links_and_renames_lead_nowhere(self, kernel, hub):
        done = attempts(
            kernel, "",
            "os.link('/data/courts/cases.csv', '/tmp/x')", "os.link('/data/courts/cases.csv', '/home/researcher/x')",
            "os.rename('/data/courts', '/data/c')", "os.rename('/home/researcher', '/home/x')",
            "os.replace('/tmp', '/home/researcher/tmp')", "os.rmdir('/project')", "os.chroot('/tmp')",
            "os.link('/proc/self/exe', '/tmp/exe')", "os.symlink('x', '/data/courts/link')",
            "os.chown('/home/researcher', 0, 0)", "os.chmod('/data', 0o777)", "shutil.rmtree('/data/courts')",
            "os.removexattr('/data/courts/cases.csv', 'user.x')", "os.truncate('/data/courts/cases.csv', 0)",
        )
        assert done == []
        assert (hub.settings.extracts_dir / "e1" / "cases.csv").read_text() == "offence,people\ntheft,12\n"

    def test_a_link_in_the_home_opens_nothing_of_the_host(self, hub, kernel):
        """What the platform itself does with a home as root follows no link of the researcher's."""
        kernel.run("""
import os
for name, target in (('a', '/etc/shadow'), ('b', '../../../keys'), ('lost+found', '/'), ('.ssh', '/root/.ssh')):
    os.path.lexists(name) or os.symlink(target, name)
""")
        close_for(hub, kernel.browser)
        open_for(hub, kernel.browser)
        assert Path("/etc/shadow").stat().st_uid == 0
        assert hub.settings.keys_dir.stat().st_uid == 0
        assert not [path for path in Path("/root").iterdir() if path.stat().st_uid == 10001]

    def test_setuid_files_and_devices_cannot_be_made_or_used(self, kernel):
        out = kernel.run("""
import os, shutil, subprocess, stat
for place in ('/home/researcher', '/project'):
    path = place + '/id'
    shutil.copy('/usr/bin/id', path)
    os.chmod(path, 0o6755)
    print(subprocess.run([path, '-u'], capture_output=True, text=True).stdout.strip(),
          bool(os.statvfs(place).f_flag & os.ST_NOSUID))
    os.unlink(path)
""")
        assert out.splitlines() == ["10001 True", "10001 True"]

    def test_remounting_and_mounting_are_refused(self, kernel):
        out = kernel.run("""
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
for source, target, kind, flags in [(b'', b'/', b'', 32), (b'', b'/data/courts', b'', 32 | 4096),
                                    (b'/', b'/tmp', b'', 4096), (b'proc', b'/tmp', b'proc', 0),
                                    (b'tmpfs', b'/data', b'tmpfs', 0),
                                    (b'/dev/vda', b'/tmp', b'ext4', 0)]:
    print(libc.mount(source, target, kind, flags, None), errno.errorcode[ctypes.get_errno()])
print(libc.umount2(b'/data/courts', 2), errno.errorcode[ctypes.get_errno()])
""")
        assert out.splitlines() == ["-1 EPERM"] * 7

    def test_names_as_long_as_they_come_and_paths_without_end_are_harmless(self, kernel, hub):
        kernel.run("""
import os
os.makedirs('deep', exist_ok=True); os.chdir('deep')
for name in ('x' * 255, '\\n', '%00', '\\x1b[31m', '-rf', '..' + 'a', '\u202e'):
    open(name, 'w').close()
for _ in range(300):
    os.mkdir('d' * 200); os.chdir('d' * 200)
os.chdir('/home/researcher')
""")
        hub.portal.stop_workspace("alice", PROJECT)
        hub.wait(lambda: hub.portal.workspace_state("alice", PROJECT) == "stopped", 30)
        browser = hub.browser("alice")
        open_for(hub, browser)
        with browser.kernel(PROJECT) as again:
            again.run("import shutil; shutil.rmtree('deep')", seconds=60)


class TestPeople:
    """P8: between two people nothing is left, but what they share on purpose."""

    def test_homes_are_apart_and_the_projects_folder_is_shared(self, kernel, other):
        secret = secrets.token_hex(8)
        kernel.run(f"open('/project/note', 'w').write({secret!r}); open('mine', 'w').write({secret!r})")
        seen = other.run("import os; print(open('/project/note').read(), os.path.exists('mine'))")
        assert seen == f"{secret} False\n"
        other.run("open('/project/note', 'a').write('+'); import os; os.unlink('/project/note')")
        assert kernel.run("import os; print(os.path.exists('/project/note'))") == "False\n"

    def test_neither_memory_nor_temporary_files_nor_processes_are(self, kernel, other):
        secret = secrets.token_hex(16)
        kernel.run(f"""
import os
from multiprocessing import shared_memory
for place in ('/tmp/left', '/dev/shm/left'):
    open(place, 'w').write({secret!r})
shared = shared_memory.SharedMemory('mine', create=True, size=64)
import socket; a = socket.socket(socket.AF_UNIX); a.bind('\\0mine'); a.listen()
b = socket.socket(); b.bind(('127.0.0.1', 45678)); b.listen()
""")
        out = other.run(f"""
import os, socket
found = [place for place in ('/tmp/left', '/dev/shm/left', '/dev/shm/mine') if os.path.exists(place)]
for family, address in ((socket.AF_UNIX, '\\0mine'), (socket.AF_INET, ('127.0.0.1', 45678))):
    try:
        socket.socket(family).connect(address); found.append(address)
    except OSError: pass
for number in filter(str.isdigit, os.listdir('/proc')):
    try:
        if {secret!r} in open(f'/proc/{{number}}/cmdline').read(): found.append(number)
    except OSError: pass
print(found)
""")
        assert out == "[]\n"

    def test_the_next_workspace_finds_nothing_of_the_last_but_its_home(self, kernel, hub, mallory):
        kernel.run("""
for place in ('/tmp/left', '/dev/shm/left', '/home/researcher/left'):
    open(place, 'w').write('x')
""")
        before = container_of(hub, "alice")["Id"]
        hub.portal.stop_workspace("alice", PROJECT)
        hub.wait(lambda: hub.portal.workspace_state("alice", PROJECT) == "stopped", 30)
        open_for(hub, mallory)
        assert container_of(hub, "alice")["Id"] != before
        with mallory.kernel(PROJECT) as again:
            assert again.run("""
import os
print([place for place in ('/tmp/left', '/dev/shm/left', '/home/researcher/left') if os.path.exists(place)])
""") == "['/home/researcher/left']\n"

    def test_one_persons_token_is_worth_nothing_for_another(self, kernel, other, hub, neighbour):
        stolen = kernel.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')")
        bob = hub.browser("bob")
        theirs, mine = bob.workspace(PROJECT), bob.workspace(PROJECT, "alice")
        with client(hub.settings.public_url) as thief:
            for path in (f"{theirs}api/contents", f"{theirs}api/kernels", "/hub/api/users/bob"):
                answer = thief.get(path, headers={"Authorization": f"token {stolen}"}, follow_redirects=False)
                assert answer.status_code in (401, 403, 404), path
        assert bob.http.get(f"{mine}api/contents").status_code in (403, 404)


class TestExhaustion:
    """P8: what one workspace uses up is its own; the neighbour works, and so does its own server afterwards."""

    def works(self, other):
        return other.run("print(sum(range(1000)), open('/data/courts/cases.csv').readline().strip())") == (
            "499500 offence,people\n")

    def test_a_fork_bomb_ends_at_its_own_limit(self, kernel, other):
        out = kernel.run("""
import os, time, signal
children = []
try:
    for _ in range(5000):
        child = os.fork()
        if child == 0:
            time.sleep(20); os._exit(0)
        children.append(child)
except OSError as error:
    print(len(children) < 250, type(error).__name__)
for child in children:
    os.kill(child, signal.SIGKILL); os.waitpid(child, 0)
""", seconds=60)
        assert out == "True BlockingIOError\n"
        assert self.works(other)

    def test_a_memory_hog_is_killed_alone(self, hub, mallory, other):
        open_for(hub, mallory)
        hog = mallory.kernel(PROJECT)
        with pytest.raises((AssertionError, TimeoutError)):
            hog.run("x = [bytearray(64 * 1024**2) for _ in range(200)]; print('had it all')", seconds=20)
        assert self.works(other)
        hub.wait(lambda: hub.portal.workspace_state("alice", PROJECT) in ("running", "stopped"), 30)
        open_for(hub, hub.browser("alice"))
        hog.__exit__()

    @pytest.mark.parametrize(("place", "most"), [("/home/researcher", 64), ("/project", 32), ("/tmp", 256),
                                                 ("/dev/shm", 64)])
    def test_a_disk_that_is_full_says_so_and_is_only_its_own(self, kernel, other, place, most):
        out = kernel.run(f"""
import errno, os
written = 0
try:
    with open('{place}/fill', 'wb', buffering=0) as file:
        while written < 2**31: written += file.write(b'x' * 2**20)
except OSError as error:
    print(errno.errorcode[error.errno], written // 2**20 <= {most})
os.unlink('{place}/fill')
""", seconds=60)
        assert out == "ENOSPC True\n"
        assert other.run("open('mine', 'w').write('x' * 10**6); open('/tmp/mine', 'w').write('x' * 10**6)") == ""
        assert self.works(other)

    def test_a_home_that_is_full_can_still_be_opened_and_tidied(self, kernel, hub, mallory):
        kernel.run("""
import os, shutil
os.path.exists('welcome.ipynb') and os.unlink('welcome.ipynb')
for made in ('.jupyter', '.local'): shutil.rmtree(made, ignore_errors=True)  # as in a home that nobody worked in
try:
    with open('fill', 'wb', buffering=0) as file:
        while True: file.write(b'x' * 2**20)
except OSError: pass
try:
    with open('fill2', 'wb', buffering=0) as file:
        while True: file.write(b'x' * 512)
except OSError: pass
""", seconds=60)
        hub.portal.stop_workspace("alice", PROJECT)
        hub.wait(lambda: hub.portal.workspace_state("alice", PROJECT) == "stopped", 30)
        open_for(hub, mallory)
        with mallory.kernel(PROJECT) as again:
            assert again.run("""
import os
for name in ('fill', 'fill2'): os.unlink(name)
print(open('note', 'w').write('room again'))
""") == "10\n"

    @pytest.mark.parametrize("place", ["/home/researcher/many", "/tmp/many"])
    def test_files_without_number_end_at_its_own_limit(self, kernel, other, place):
        out = kernel.run(f"""
import errno, os, shutil
os.makedirs('{place}', exist_ok=True)
made = 0
try:
    for made in range(300_000):
        os.close(os.open(f'{place}/{{made}}', os.O_CREAT | os.O_WRONLY))
except OSError as error:
    print(errno.errorcode[error.errno], made < 150_000)
shutil.rmtree('{place}')
""", seconds=120)
        assert out == "ENOSPC True\n"
        assert self.works(other)

    def test_descriptors_end_at_its_own_limit(self, kernel, other):
        out = kernel.run("""
import os
held = []
try:
    for _ in range(100_000): held.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error:
    print(type(error).__name__, len(held) < 4097)
for one in held: os.close(one)
""")
        assert out.split()[-1] == "True"
        assert self.works(other)

    def test_pseudo_terminals_end_before_the_hosts_own(self, kernel, other):
        """The kernel counts those of all containers together, and keeps its reserve for who signs in to the host."""
        most, reserve = (int(Path(f"/proc/sys/kernel/pty/{name}").read_text()) for name in ("max", "reserve"))
        out = kernel.run("""
import errno, os
held = []
try:
    while True: held.append(os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY))
except OSError as error:
    print(len(held), errno.errorcode[error.errno])
""")
        held, why = out.split()
        assert 0 < int(held) <= most - reserve and why in ("ENOSPC", "EMFILE")
        for end in os.openpty():  # on the host
            os.close(end)
        assert self.works(other)
        kernel.run("for one in held: os.close(one)")
        assert other.run("import os; print(len(os.openpty()))") == "2\n"

    def test_a_flood_of_log_lines_is_cut_off_on_the_hosts_disk(self, kernel, hub):
        kernel.run("""
line = ('x' * 4000 + '\\n').encode()
with open('/proc/1/fd/1', 'wb', buffering=0) as log:
    for _ in range(8000): log.write(line)
""", seconds=120)
        log = Path(container_of(hub, "alice")["LogPath"])
        held = sum(path.stat().st_size for path in log.parent.glob(f"{log.name}*"))
        assert 2**20 < held <= 12 * 2**20

    def test_a_crash_leaves_no_core(self, kernel):
        out = kernel.run("""
import glob, os, resource, signal
child = os.fork()
if child == 0:
    os.abort()
_, ended = os.waitpid(child, 0)
print(os.WTERMSIG(ended) == signal.SIGABRT, os.WCOREDUMP(ended), glob.glob('core*') + glob.glob('/tmp/core*'))
try:
    resource.setrlimit(resource.RLIMIT_CORE, (2**30, 2**30)); print('raised')
except (ValueError, PermissionError, OSError):
    print('no')
""")
        assert out.splitlines() == ["True False []", "no"]

    def test_processor_time_is_capped(self, hub, kernel):
        assert container_of(hub, "alice")["HostConfig"]["NanoCpus"] == 1_000_000_000

    def test_processor_time_is_shared_between_projects_and_then_within_each(self, hub, kernel, other):
        """By the kernel's own words: a workspace is a child of its project's group, and those groups weigh the same."""
        hub.portal.start_workspace("alice", "reoffending")
        hub.wait_for_state("running", project="reoffending")
        try:
            found = [hub.engine.inspect_container(one["Id"]) for one in hub.containers("workspace")]
            groups = [(one["Config"]["Labels"]["readingroom.project"], project_group(one["State"]["Pid"]))
                      for one in found]
            weights = {weight(group) for _, group in groups}
        finally:
            hub.portal.stop_workspace("alice", "reoffending")
        assert sorted(project for project, _ in groups) == ["reoffending", PROJECT, PROJECT]
        assert len(set(groups)) == len({group for _, group in groups}) == 2
        assert len({group.parent for _, group in groups}) == len(weights) == 1


class TestServerProcess:
    """P8: the server runs beside its kernels; what it holds of the platform is closed to them as far as it goes."""

    def test_its_memory_and_environment_are_closed_and_nothing_can_trace_it(self, kernel):
        out = kernel.run("""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
server = [n for n in filter(str.isdigit, os.listdir('/proc'))
          if 'jupyterhub-singleuser' in open(f'/proc/{n}/cmdline').read() and n != '1'][0]
for name in ('mem', 'environ', 'maps'):
    try:
        open(f'/proc/{server}/{name}', 'rb').read(16); print('read', name)
    except OSError:
        print('no')
print(libc.ptrace(16, int(server), 0, 0))
""")
        assert out.split() == ["no", "no", "no", "-1"]

    def test_killing_it_ends_the_workspace_and_nothing_else(self, hub, mallory, other):
        open_for(hub, mallory)
        doomed = mallory.kernel(PROJECT)
        with pytest.raises((AssertionError, TimeoutError)):
            doomed.run("import os; os.kill(1, 15); os.kill(os.getppid(), 9)", seconds=10)
        hub.wait(lambda: hub.portal.workspace_state("alice", PROJECT) == "stopped", 30)
        assert other.run("print(1)") == "1\n"


class TestTokenOfTheWorkspace:
    """P8: hand-made calls with the workspace's token, past the door and at the Hub and its users' servers."""

    @pytest.fixture
    def call(self, kernel, hub):
        token = kernel.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(hub.settings.hub_socket)), base_url="http://hub",
                          headers={"Authorization": f"token {token}"}) as client:
            yield lambda method, path, **more: client.request(method, f"/hub/api/{path}", **more)

    def test_it_reads_its_own_name_and_no_more(self, call):
        model = call("GET", "user").json()
        assert model["name"] == "alice"
        assert not {"servers", "auth_state", "groups"} & {name for name, value in model.items() if value}

    @pytest.mark.parametrize(("method", "path", "body"), [
        ("GET", "users", None), ("GET", "users?state=active", None), ("GET", "users/bob", None),
        ("GET", "groups", None), ("GET", "proxy", None), ("PATCH", "proxy", {"ip": "x"}),
        ("GET", "services", None), ("GET", "shutdown", None),
        ("POST", "shutdown", {}), ("POST", "users", {"usernames": ["eve"], "admin": True}),
        ("POST", "users/eve", {"admin": True}), ("PATCH", "users/alice", {"admin": True}),
        ("PATCH", "users/alice", {"name": "bob"}), ("DELETE", "users/alice", None), ("DELETE", "users/bob", None),
        ("POST", "users/alice/tokens", {"scopes": ["all"]}), ("POST", "users/bob/tokens", {}),
        ("GET", "users/alice/tokens", None), ("DELETE", "users/alice/tokens/a1", None),
        ("POST", "users/alice/servers/shared", {"image": "evil"}), ("POST", "users/alice/servers/eve", {}),
        ("POST", "users/alice/server", {}), ("DELETE", "users/alice/servers/shared", None),
        ("POST", "users/bob/servers/shared", {}), ("DELETE", "users/bob/servers/shared", None),
        ("GET", "users/alice/servers/shared/progress", None), ("GET", "users/bob/shared", None),
        ("POST", "users/bob/activity", {"last_activity": "2030-01-01T00:00:00Z"}),
        ("POST", "shares/alice/shared", {"user": "bob"}), ("POST", "share-codes/alice/shared", {}),
        ("POST", "groups/eve", {}), ("POST", "authorizations/token", {}), ("POST", "oauth2/token", {}),
        ("GET", "authorizations/cookie/x/y", None),
    ])
    def test_every_other_call_is_refused(self, call, hub, method, path, body):
        answer = call(method, path, json=body)
        assert answer.status_code in (400, 403, 404, 405), answer.text
        if answer.status_code == 400:
            assert "client" in answer.text or "grant" in answer.text  # OAuth's own refusals
        assert hub.portal.workspace_state("alice", PROJECT) == "running"

    def test_a_browsers_way_in_is_not_open_to_it(self, kernel, hub):
        token = kernel.run("import os; print(os.environ['JUPYTERHUB_API_TOKEN'], end='')")
        for path in ("/hub/home", "/hub/token", "/hub/admin", "/hub/api/users/alice/tokens"):
            with client(hub.settings.public_url) as thief:
                answer = thief.get(path, headers={"Authorization": f"token {token}"}, follow_redirects=False)
            assert answer.status_code in (302, 403, 404), path
            assert "/hub/login" in answer.headers.get("location", "/hub/login")
