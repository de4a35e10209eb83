"""Key files fail closed, and wrapped keys open only as they were wrapped."""

import os

import pytest

from readingroom.errors import IntegrityError, SettingsError
from readingroom.storage.keys import FileKeyWrapper, derive, read_key
from tests.storage_world import key_file

KEY = bytes(range(32))


def test_a_private_key_file_is_read(tmp_path):
    file = key_file(tmp_path / "vault.key")
    assert read_key(file) == file.read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o777])
def test_a_key_that_others_may_touch_is_refused_with_the_command_that_helps(tmp_path, mode):
    file = key_file(tmp_path / "vault.key")
    file.chmod(mode)
    with pytest.raises(SettingsError) as refusal:
        read_key(file)
    assert refusal.value.rule == "keys.mode"
    assert f"chmod 600 {file}" in refusal.value.next_step


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 100_000])
def test_a_key_of_the_wrong_size_is_refused(tmp_path, content):
    file = key_file(tmp_path / "vault.key")
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="bytes"):
        read_key(file)


def test_a_missing_key_a_directory_and_a_pipe_are_refused_at_once(tmp_path):
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", mode=0o600)
    for name in ("missing", "folder", "pipe"):
        with pytest.raises(SettingsError):
            read_key(tmp_path / name)


def test_a_key_of_another_user_is_refused(tmp_path, monkeypatch):
    file = key_file(tmp_path / "vault.key")
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)  # only root can give a file away
    with pytest.raises(SettingsError) as refusal:
        read_key(file)
    assert refusal.value.rule == "keys.owner"


def test_no_refusal_repeats_the_key(tmp_path):
    file = key_file(tmp_path / "vault.key")
    file.write_bytes(b"SECRETSECRETSECRET")
    with pytest.raises(SettingsError) as refusal:
        read_key(file)
    assert "SECRET" not in str(refusal.value.as_dict())


def test_a_wrapped_key_opens_only_with_the_same_context_and_key_file(tmp_path):
    wrapper, other = (FileKeyWrapper(key_file(tmp_path / name)) for name in ("one.key", "two.key"))
    sealed = wrapper.wrap(KEY, b"courts/1")
    assert wrapper.unwrap(sealed, b"courts/1") == KEY
    assert KEY not in sealed
    assert wrapper.wrap(KEY, b"courts/1") != sealed
    for opener, content, context in [(wrapper, sealed, b"courts/2"), (other, sealed, b"courts/1"),
                                     (wrapper, sealed[:-1], b"courts/1"), (wrapper, b"", b"courts/1"),
                                     (wrapper, bytes([sealed[0] ^ 1]) + sealed[1:], b"courts/1")]:
        with pytest.raises(IntegrityError):
            opener.unwrap(content, context)


def test_derived_keys_differ_by_purpose():
    assert len({derive(KEY, "table/a"), derive(KEY, "table/b"), KEY}) == 3
