"""The contract of the Blobs port: bytes by SHA-256, written once, checked whenever they are read."""

from __future__ import annotations

import hashlib
import threading

import pytest

from readingroom.errors import IntegrityError, NotFound
from readingroom.storage.blobs import FileBlobs


@pytest.fixture
def blobs(tmp_path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


def stored(blobs: FileBlobs) -> list:
    return [path for path in blobs._root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"a", b"\x00\xff" * 1000, b"x" * 2_000_000])
def test_what_is_put_is_got_by_its_hash(blobs, content):
    digest = blobs.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert blobs.get(digest) == content


def test_the_same_bytes_are_stored_once(blobs):
    assert blobs.put(b"same") == blobs.put(b"same")
    assert len(stored(blobs)) == 1


def test_another_process_finds_it(blobs):
    digest = blobs.put(b"kept")
    assert FileBlobs(blobs._root).get(digest) == b"kept"


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "A" * 64, "a/" * 32, ".", "0" * 63 + "\n"])
def test_what_is_absent_or_no_hash_is_not_found(blobs, name):
    blobs.put(b"something")
    with pytest.raises(NotFound):
        blobs.get(name)


@pytest.mark.parametrize("wrong", [b"", b"sounD", b"sound ", b"soun"])
def test_changed_bytes_are_never_returned(blobs, wrong):
    digest = blobs.put(b"sound")
    [path] = stored(blobs)
    path.chmod(0o600)
    path.write_bytes(wrong)
    with pytest.raises(IntegrityError):
        blobs.get(digest)


def test_putting_again_mends_a_damaged_one(blobs):
    digest = blobs.put(b"sound")
    [path] = stored(blobs)
    path.chmod(0o600)
    path.write_bytes(b"")
    blobs.put(b"sound")
    assert blobs.get(digest) == b"sound"


def test_nobody_else_can_read_and_nobody_overwrites(blobs):
    blobs.put(b"private")
    [path] = stored(blobs)
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o077 == 0


def test_many_at_once_leave_one_whole_copy(blobs):
    content = b"at once" * 10_000
    threads = [threading.Thread(target=blobs.put, args=(content,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blobs.get(hashlib.sha256(content).hexdigest()) == content
    assert len(stored(blobs)) == 1
