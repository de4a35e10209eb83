"""The pin, against what a researcher's process could have put in the directory before it."""

import os
import socket
from pathlib import Path

import pytest

from readingroom.errors import IntegrityError
from readingroom.hub import doorkeeper
from readingroom.hub.sockets import DOOR, NAME, PINNED_MODE, check_pinned, fresh_directory, remove_directory
from readingroom.settings import Settings


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path has at most 107 bytes, and pytest's is long
    made = fresh_directory(Path("w") / "d")
    made.chmod(PINNED_MODE)
    return made


def serve(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    return server


ME = os.geteuid()


def test_a_real_socket_in_a_pinned_directory_is_accepted(directory):
    with serve(directory / NAME):
        check_pinned(directory, ME, ME)


def test_a_link_to_another_socket_is_refused(directory):
    with serve(directory.parent / "other"):
        (directory / NAME).symlink_to(directory.parent.absolute() / "other")
        with pytest.raises(IntegrityError):
            check_pinned(directory, ME, ME)


def test_a_second_name_of_another_socket_is_refused(directory):
    with serve(directory.parent / "other"):
        (directory / NAME).hardlink_to(directory.parent / "other")
        with pytest.raises(IntegrityError):
            check_pinned(directory, ME, ME)


def test_a_file_is_refused(directory):
    (directory / NAME).write_text("")
    with pytest.raises(IntegrityError):
        check_pinned(directory, ME, ME)


def test_a_socket_of_someone_else_is_refused(directory):
    with serve(directory / NAME), pytest.raises(IntegrityError):
        check_pinned(directory, ME, ME + 1)


def test_a_directory_that_is_still_the_researchers_is_refused(directory):
    with serve(directory / NAME):
        with pytest.raises(IntegrityError):
            check_pinned(directory, ME + 1, ME)
        directory.chmod(0o700)
        with pytest.raises(IntegrityError):
            check_pinned(directory, ME, ME)


def test_what_an_earlier_workspace_left_is_gone(directory):
    (directory / "left").write_text("")
    assert list(fresh_directory(directory).iterdir()) == []


def test_a_link_in_the_directorys_place_is_removed_and_not_followed(directory, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("")
    remove_directory(directory)
    directory.symlink_to(kept)
    fresh_directory(directory)
    assert (kept / "file").exists() and not directory.is_symlink()


def test_a_path_too_long_for_a_socket_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(IntegrityError):
        fresh_directory(tmp_path / ("x" * 100))


def test_only_the_hubs_own_account_and_the_door_come_near_the_sockets(directory):
    assert directory.parent.stat().st_mode & 0o777 == 0o710
    assert directory.parent.stat().st_gid == (DOOR if os.geteuid() == 0 else os.getegid())


@pytest.mark.parametrize(("owner", "open_"), [(10001, True), (231_001, True), (0, False)])
def test_the_door_leads_to_a_pinned_socket_whatever_account_the_engine_made_of_the_researchers(
        tmp_path, monkeypatch, owner, open_):
    """With user namespaces the account inside is another one outside; ours it never is."""
    settings = Settings(state_dir=tmp_path)
    monkeypatch.setattr(Settings, "run_dir", property(lambda _: Path("r")))
    monkeypatch.chdir(tmp_path)
    folder = fresh_directory(settings.workspace_sockets_dir / "0123456789ab")
    folder.chmod(PINNED_MODE)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / NAME))
    real = Path.lstat

    def seen(path):
        found = real(path)
        if path.name != NAME:
            return found
        values = list(found)
        values[4] = os.geteuid() if owner == 0 else owner
        return os.stat_result(values)

    monkeypatch.setattr(Path, "lstat", seen)
    assert (folder.name in doorkeeper.open_keys(settings)) is open_
