"""A real clamd is asked about what comes in: what it finds never arrives, and what it can't look at is not clean."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from readingroom.clamd import ClamdScanner
from readingroom.core.incoming import Scan
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.policy.model import strictest
from readingroom.core.requests import FileKind
from readingroom.errors import InvalidInput, Unavailable
from readingroom.services import deliveries
from tests import clamav
from tests.factories import checked
from tests.integration.test_incoming import INCOMING, code, made_workshop, reviewed, shared, submitted

LIMIT = 200_000


@pytest.fixture(scope="module")
def scanner(tmp_path_factory):
    with clamav.server(Path(tmp_path_factory.mktemp("clamd")), StreamMaxLength=str(LIMIT), AlertExceedsMax="yes",
                       MaxRecursion="4") as socket:
        yield ClamdScanner(socket)


def packed(content: bytes, name: str = "inner.zip") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def nested(depth: int) -> bytes:
    content = b"clean"
    for _ in range(depth):
        content = packed(content)
    return content


@pytest.mark.parametrize("content", [b"", b"x = 1\n", b"a,b\n1,2\n" * 10_000, b"." * (LIMIT - 1), packed(b"clean")])
def test_what_is_clean_is_said_to_be(scanner, content):
    assert scanner.scan(content) == Scan()


@pytest.mark.parametrize("content", [clamav.MALWARE, b"x = 1\n" + clamav.MALWARE, packed(clamav.MALWARE, "a.txt"),
                                     packed(packed(clamav.MALWARE, "a.txt"))])
def test_malware_is_found_in_the_open_and_in_archives(scanner, content):
    assert scanner.scan(content).found.startswith(clamav.NAME)


def test_what_it_can_not_look_into_is_not_clean(scanner):
    """With AlertExceedsMax, as the guide asks for; without it clamd calls clean what it gave up on."""
    assert "Limits.Exceeded" in scanner.scan(nested(12)).found


def test_more_than_it_takes_is_no_answer(scanner):
    with pytest.raises(Unavailable) as refused:
        scanner.scan(b"." * (LIMIT * 3))
    assert refused.value.rule == "scan.answer" and "StreamMaxLength" in refused.value.next_step


def test_a_scanner_that_went_away_is_no_answer(tmp_path):
    with clamav.server(tmp_path / "clamd") as socket:
        gone = ClamdScanner(socket)
        assert gone.scan(b"x") == Scan()
    with pytest.raises(Unavailable):
        gone.scan(b"x")


def test_p9_what_it_finds_can_be_approved_by_nobody_and_what_it_clears_arrives(tmp_path, scanner):
    room = made_workshop(tmp_path, strictest(INCOMING, Policy(incoming_scanned=True)))
    bad = checked(room, submitted(room, code(content=b"# " + clamav.MALWARE + b"\n")).number, scanner)
    assert bad.files[0].findings[0].rule == "scan.found"
    with pytest.raises(InvalidInput) as refused:
        reviewed(room, bad)
    assert refused.value.rule == "review.barred" and deliveries.make(room, bad.number) is None
    table = code("lookup.csv", b"lsoa,decile\nE01,3\n", kind=FileKind.TABLE)
    good = checked(room, submitted(room, code(), table, author="bilal").number, scanner)
    assert reviewed(room, good).status is RequestStatus.APPROVED
    assert deliveries.make(room, good.number) is not None
    assert {path.name for path in (shared(room) / "incoming" / str(good.number)).iterdir()} == {
        "groups.py", "lookup.csv"}
