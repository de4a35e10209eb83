"""What the display of a strict workspace may see and be, before any engine is asked (promise P8)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readingroom.core.policy import Policy, Tier
from readingroom.core.workspaces import DISPLAY_MEMORY_BYTES, WorkspacePlan
from readingroom.errors import PolicyError
from readingroom.hub import display, tickets
from readingroom.hub.confinement import seccomp_profile
from readingroom.hub.containers import Host, container_arguments
from readingroom.settings import REPOSITORY, Settings

SETTINGS = Settings(state_dir=Path("/srv/room"))
IMAGE = "sha256:" + "b" * 64
HOME = SETTINGS.homes_dir / "courts" / "ada"
PLAN = WorkspacePlan("ada", "courts", (("courts", SETTINGS.extracts_dir / "e1"),), HOME, Policy(tier=Tier.STRICT))
SCREEN = display.screen_arguments(SETTINGS, PLAN, Host(), image_id=IMAGE)
BROWSER = display.browser_arguments(SETTINGS, PLAN, Host(), image_id=IMAGE, base_url="/user/ada/courts/")
WORKSPACE = container_arguments(SETTINGS, PLAN, Host(), image_id=IMAGE)


def sources(arguments):
    return {str(mount.target): (str(mount.source), mount.read_only) for mount in arguments.mounts}


@pytest.mark.parametrize("part", [SCREEN, BROWSER])
def test_it_is_held_as_a_workspace_is(part):
    ours, theirs = part.confinement(), WORKSPACE.confinement()
    different = {name for name in theirs if ours[name] != theirs[name]}
    assert different <= {"PidsLimit", "Memory", "MemorySwap", "Ulimits", "Tmpfs", "Mounts", "SecurityOpt"}
    assert part.configuration()["User"] in ("10003:10003", "10004:10004")


def test_neither_half_sees_data_homes_or_the_way_out():
    for part in (SCREEN, BROWSER):
        for mount in part.mounts:
            assert mount.source.is_relative_to(SETTINGS.run_dir)
            assert not mount.source.is_relative_to(SETTINGS.door_socket.parent)


def test_only_xs_protocol_joins_the_halves_and_each_end_has_one_socket_more():
    screen, browser = sources(SCREEN), sources(BROWSER)
    shared = {source for source, _ in screen.values()} & {source for source, _ in browser.values()}
    assert shared == {screen["/tmp/.X11-unix"][0]}
    assert browser["/tmp/.X11-unix"][1] is True, "the browser cannot put another socket there"
    assert browser["/run/rr/w"] == (sources(WORKSPACE)["/run/rr/w"][0], True)
    assert set(screen) == {"/tmp/.X11-unix", "/run/rr/p"} and set(browser) == {"/tmp/.X11-unix", "/run/rr/w"}


def test_the_workspaces_own_socket_is_where_the_door_sees_nothing():
    source = Path(sources(WORKSPACE)["/run/rr/w"][0])
    assert not source.is_relative_to(SETTINGS.workspace_sockets_dir)
    assert not source.is_relative_to(SETTINGS.screen_sockets_dir)
    plan = WorkspacePlan("ada", "courts", (), HOME, Policy())
    standard = container_arguments(SETTINGS, plan, Host(), image_id=IMAGE)
    assert Path(sources(standard)["/run/rr/w"][0]).is_relative_to(SETTINGS.workspace_sockets_dir)


def test_the_screen_may_in_addition_become_who_it_is_and_nobody_else():
    [more] = [one for one in json.loads(seccomp_profile(10003))["syscalls"]
              if one not in json.loads(seccomp_profile())["syscalls"]]
    assert more["names"] == ["setuid", "setgid"] and more["args"] == [{"index": 0, "value": 10003, "op": "SCMP_CMP_EQ"}]
    assert seccomp_profile(10003) in str(SCREEN.confinement()["SecurityOpt"])
    assert BROWSER.confinement()["SecurityOpt"] == WORKSPACE.confinement()["SecurityOpt"]


def test_the_token_is_the_browsers_only_and_not_in_what_is_kept():
    environment = display.token_environment("secret")
    assert any("secret" in line for line in BROWSER.configuration(environment)["Env"])
    assert "secret" not in json.dumps(BROWSER.demanded(environment))


def test_its_memory_is_what_the_queue_counts():
    assert display.MEMORY_BYTES == DISPLAY_MEMORY_BYTES


def test_an_image_by_name_is_refused():
    with pytest.raises(PolicyError):
        display.screen_arguments(SETTINGS, PLAN, Host(), image_id="readingroom/display")


POLICIES = json.loads((REPOSITORY / "images/display/policies.json").read_text())


@pytest.mark.parametrize(("name", "value"), [
    ("DownloadRestrictions", 3), ("AllowFileSelectionDialogs", False), ("PrintingEnabled", False),
    ("DeveloperToolsAvailability", 2), ("ExtensionInstallBlocklist", ["*"]), ("URLBlocklist", ["*"]),
    ("URLAllowlist", ["http://localhost:8888"]), ("IncognitoModeAvailability", 1), ("ScreenCaptureAllowed", False),
])
def test_the_browser_is_locked_to_its_page(name, value):
    assert POLICIES[name] == value


@pytest.mark.parametrize("option", ["-AcceptCutText=0", "-SendCutText=0", "-SetPrimary=0", "-SendPrimary=0",
                                    "-AllowOverride= ", "-nolisten tcp", "-nolisten local", "-rfbport -1"])
def test_the_screen_has_no_clipboard_and_no_other_way_in(option):
    assert option in (REPOSITORY / "images/display/screen").read_text()


@pytest.mark.parametrize("written", [None, "", " \n"])
def test_a_key_that_is_missing_or_empty_is_nobodys(tmp_path, written):
    settings = Settings(state_dir=tmp_path)
    settings.keys_dir.mkdir()
    if written is not None:
        (settings.keys_dir / tickets.KEY_FILE).write_text(written)
    keys = {tickets.door_key(settings) for _ in range(3)}
    assert len(keys) == 3 and all(len(key) == 44 for key in keys)
    with pytest.raises(FileNotFoundError):
        tickets.entrance(settings, "ada", "courts", datetime.now(UTC))
