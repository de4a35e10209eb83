"""A file that others read while it is written anew."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from readingroom.durable import write_whole


def test_what_fails_leaves_what_was_there_and_nothing_else(tmp_path):
    target = tmp_path / "target"
    write_whole(target, b"first")
    with pytest.raises(TypeError):
        write_whole(target, "not bytes")
    assert target.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400])
def test_the_file_has_exactly_its_mode_also_where_it_replaces_another(tmp_path, mode):
    target = tmp_path / "target"
    target.write_bytes(b"before")
    target.chmod(0o666)
    write_whole(target, b"after", mode)
    assert stat.S_IMODE(target.stat().st_mode) == mode and target.read_bytes() == b"after"


def test_writers_at_once_do_not_mix(tmp_path):
    target, sent = tmp_path / "target", [bytes([number]) * 200_000 for number in range(8)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda content: write_whole(target, content), sent * 4))
    assert target.read_bytes() in sent
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
