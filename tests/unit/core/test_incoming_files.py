"""P9 on the way in: what a file is, is told by its content; what can't be read, or runs unseen, does not come in."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib

import pytest

from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.incoming import Described, Scan, check_incoming, inspect_incoming
from readingroom.core.inspection import archives
from readingroom.core.policy import Policy, strictest
from readingroom.core.requests import FileKind
from readingroom.errors import InvalidInput

CODE, TABLE, PACKAGE = FileKind.CODE, FileKind.TABLE, FileKind.PACKAGE
POLICY = Policy(incoming_kinds=frozenset({"code", "table", "package"}), incoming_files=3, incoming_file_bytes=100_000,
                incoming_bytes=150_000, threshold=10)
PURPOSE = "Groups offence codes as in our earlier paper."
WHEEL, SOURCE = "own_tools-1.0-py3-none-any.whl", "owntools_1.0.tar.gz"
CSV = b"lsoa,decile\nE01000001,3\nE01000002,7\n"


def record(files: dict[str, bytes]) -> bytes:
    lines = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},"
             f"{len(content)}" for name, content in files.items()]
    return "\n".join([*lines, "own_tools-1.0.dist-info/RECORD,,"]).encode()


def wheel(files: dict[str, bytes] | None = None, *, said: bytes | None = None, compress=zipfile.ZIP_DEFLATED) -> bytes:
    files = {"own_tools/__init__.py": b"VERSION = 1\n",
             "own_tools-1.0.dist-info/METADATA": b"Name: own-tools\nVersion: 1.0\n"} | (files or {})
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compress) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("own_tools-1.0.dist-info/RECORD", record(files) if said is None else said)
    return target.getvalue()


def source(files: dict[str, bytes] | None = None, *, extra: tarfile.TarInfo | None = None) -> bytes:
    files = {"owntools/DESCRIPTION": b"Package: owntools\nVersion: 1.0\n",
             "owntools/R/a.R": b"f <- 1\n"} | (files or {})
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if extra is not None:
            archive.addfile(extra)
    return target.getvalue()


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def described(name="groups.py", content=b"x = 1\n", kind=CODE, **said) -> Described:
    return Described(name, content, kind, **{"purpose": PURPOSE, "source": "written by me", "licence": "MIT"} | said)


@pytest.mark.parametrize(("files", "rule"), [
    ([], "incoming.files"),
    ([described(f"f{n}.py") for n in range(4)], "incoming.max-files"),
    ([described(), described("GROUPS.py")], "request.file-name"),
    ([described(name="../up.py")], "request.file-name"),
    ([described(name="a\u202eyp.py")], "request.file-name"),
    ([described(content=b"#" * 100_001)], "incoming.max-file-bytes"),
    ([described("a.py", b"#" * 90_000), described("b.py", b"#" * 90_000)], "incoming.max-bytes"),
    ([described(purpose="short")], "incoming.purpose"),
    ([described(source="")], "incoming.source"),
    ([described(licence="")], "incoming.licence"),
    ([described(licence="x" * 2001)], "incoming.licence"),
    ([described(kind=FileKind.OUTPUT)], "incoming.kind"),
    ([described(kind=FileKind.SUPPORTING)], "incoming.kind"),
    ([described("a.csv", CSV, CODE)], "incoming.type"),
    ([described("a.py", b"MZ\x90\x00", CODE)], "incoming.type"),
    ([described("a.csv", b"PK\x03\x04", TABLE)], "incoming.type"),
    ([described("a.xlsm", b"PK\x03\x04", TABLE)], "incoming.type"),
    ([described("a.csv", b"\xd0\xcf\x11\xe0", TABLE)], "incoming.type"),
    ([described("a.parquet", b"PAR1", TABLE)], "incoming.type"),
    ([described("a.py", b"x = 1", TABLE)], "incoming.type"),
    ([described("a.zip", b"PK\x03\x04", PACKAGE)], "incoming.type"),
    ([described("own-1.0.tar.gz", b"\x1f\x8b", PACKAGE)], "incoming.type"),
    ([described(WHEEL, b"\x7fELF", PACKAGE)], "incoming.type"),
    ([described("a.svg", b"<svg/>", CODE)], "incoming.type"),
    ([described("a.py", b"", CODE)], "incoming.type"),
])  # fmt: skip
def test_what_cannot_come_in_names_its_rule_before_anything_is_stored(files, rule):
    with pytest.raises(InvalidInput) as refused:
        check_incoming(files, POLICY)
    assert refused.value.rule == rule and refused.value.next_step


def test_each_kind_is_taken_for_what_it_is():
    check_incoming([described(), described("lookup.csv", CSV, TABLE), described(WHEEL, wheel(), PACKAGE)], POLICY)
    check_incoming([described(SOURCE, source(), PACKAGE)], POLICY)


def test_of_several_layers_the_strictest_holds_and_unsaid_is_nothing():
    dataset = Policy(incoming_kinds=frozenset({"code"}), incoming_files=1, incoming_scanned=True, incoming_checkers=2)
    both = strictest(POLICY, dataset)
    assert (both.incoming_kinds, both.incoming_files, both.incoming_scanned, both.incoming_checkers) == (
        {"code"}, 1, True, 2)
    with pytest.raises(InvalidInput) as refused:
        check_incoming([described("lookup.csv", CSV, TABLE)], both)
    assert refused.value.rule == "incoming.kind"
    for policy in (Policy(), Policy(incoming_kinds=frozenset({"code"}))):
        with pytest.raises(InvalidInput):
            check_incoming([described()], policy)


def found(name, content, kind, scan=None, policy=POLICY):
    result = inspect_incoming(name, content, kind, policy, scan)
    return result.verdict, {finding.rule: finding.verdict for finding in result.findings}


class TestWhatAPersonIsTold:
    @pytest.mark.parametrize(("name", "content", "kind", "rule"), [
        ("groups.py", b"x = 1\n", CODE, "code.read"), ("lookup.csv", CSV, TABLE, "table.read"),
        (WHEEL, wheel(), PACKAGE, "package.read"), (SOURCE, source(), PACKAGE, "package.read")])
    def test_nothing_passes_without_a_person_and_that_nobody_scanned_it_is_said(self, name, content, kind, rule):
        verdict, rules = found(name, content, kind)
        assert verdict is Verdict.REVIEW and rules == {rule: Verdict.REVIEW, "scan.none": Verdict.REVIEW}
        assert found(name, content, kind, Scan()) == (Verdict.REVIEW, {rule: Verdict.REVIEW})

    def test_malware_and_a_missing_scanner_that_policy_demands_fail(self):
        assert found("groups.py", b"x = 1\n", CODE, Scan("Eicar-Signature"))[1]["scan.found"] is Verdict.FAIL
        demanding = strictest(POLICY, Policy(incoming_scanned=True))
        assert found("groups.py", b"x = 1\n", CODE, None, demanding)[1]["scan.none"] is Verdict.FAIL
        assert found("groups.py", b"x = 1\n", CODE, Scan(), demanding)[0] is Verdict.REVIEW

    def test_rows_about_people_and_formulas_are_pointed_out(self):
        people = b"name,nino,date_of_birth\n" + b"".join(
            b"Ann Example%d,QQ%06dC,1990-01-%02d\n" % (n, n, n % 28 + 1) for n in range(40))
        assert found("list.csv", people, TABLE)[1]["incoming.people"] is Verdict.REVIEW
        assert found("calc.csv", b"a,b\n=1+1,2\n", TABLE)[1]["table.formulas"] is Verdict.REVIEW

    @pytest.mark.parametrize("kind", [TABLE, CODE])
    def test_hidden_characters_fail(self, kind):
        name = "a.csv" if kind is TABLE else "a.py"
        assert found(name, "a,b\n1,\u202e2\n".encode(), kind)[1]["text.hidden-characters"] is Verdict.FAIL

    def test_policy_that_tightened_since_fails_what_it_lets_in_no_more(self):
        assert found("groups.py", b"x = 1\n", CODE, Scan(), Policy(incoming_file_bytes=100))[1]["incoming.kind"] \
            is Verdict.FAIL


def bomb(unpacked: int) -> bytes:
    return wheel({"own_tools/zeros.txt": b"\0" * unpacked})


def lying_wheel() -> bytes:
    """Its directory says that a file has ten bytes; it has two megabytes."""
    content = bytearray(wheel({"own_tools/big.txt": b"\0" * 2**21}))
    at = content.rindex(b"own_tools/big.txt") - 46
    content[at + 24:at + 28] = (10).to_bytes(4, "little")
    return bytes(content)


class TestPackages:
    @pytest.mark.parametrize(("content", "rule"), [
        (wheel({"own_tools/fast.so": b"\x7fELF"}), "package.binary"),
        (wheel({"own_tools/run.txt": b"MZ\x90"}), "package.binary"),
        (wheel({"own_tools/more.zip": b"PK\x03\x04"}), "package.nested"),
        (wheel({"own_tools/macro.doc": b"\xd0\xcf\x11\xe0"}), "package.nested"),
        (wheel({"start.pth": b"import os"}), "package.start-up"),
        (wheel({"own_tools-1.0.data/purelib/start.pth": b"import os"}), "package.start-up"),
        (wheel({"../up.py": b""}), "package.unsafe"),
        (wheel({"/etc/cron.d/x": b""}), "package.unsafe"),
        (wheel({"own_tools\\up.py": b""}), "package.unsafe"),
        (wheel({"own_tools/a\u202eb.py": b""}), "package.unsafe"),
        (wheel(said=b""), "package.record"),
        (wheel(said=b"own_tools/__init__.py,sha256=wrong,1"), "package.record"),
        (bomb(20 * 2**20), "package.unsafe"),
        (lying_wheel(), "package.unreadable"),
        (wheel()[:-30], "package.unreadable"),
        (b"PK\x03\x04" + b"\0" * 50, "package.unreadable"),
    ])
    def test_wheels_that_nobody_could_judge_fail(self, content, rule):
        verdict, rules = found(WHEEL, content, PACKAGE, Scan())
        assert verdict is Verdict.FAIL and rules[rule] is Verdict.FAIL

    @pytest.mark.parametrize(("content", "rule"), [
        (source({"owntools/src/fast.c": b"int x;"}), "package.compiled"),
        (source({"owntools/configure": b"#!/bin/sh"}), "package.compiled"),
        (source({"owntools/inst/x": b"\x7fELF"}), "package.binary"),
        (source({"owntools/DESCRIPTION": b"Package: owntools\nNeedsCompilation: yes\n"}), "packages.compiled"),
        (source({"other/R/a.R": b""}), "package.unsafe"),
        (source({"owntools/../up": b""}), "package.unsafe"),
        (source(extra=member("owntools/link", tarfile.SYMTYPE, "/etc/passwd")), "package.unsafe"),
        (source(extra=member("owntools/link", tarfile.LNKTYPE, "owntools/R/a.R")), "package.unsafe"),
        (source(extra=member("owntools/dev", tarfile.CHRTYPE)), "package.unsafe"),
        (source({"owntools/zeros": b"\0" * 5 * 2**20}), "package.unsafe"),
        (gzip.compress(b"not a tar"), "package.unreadable"),
        (source()[:-20], "package.unreadable"),
    ])
    def test_r_sources_that_nobody_could_judge_fail(self, content, rule):
        verdict, rules = found(SOURCE, content, PACKAGE, Scan())
        assert verdict is Verdict.FAIL and rules[rule] is Verdict.FAIL

    def test_data_of_an_r_package_is_pointed_out(self):
        assert found(SOURCE, source({"owntools/data/x.rda": b"\x1f\x8b"}), PACKAGE)[1]["package.data"] is Verdict.REVIEW

    def test_a_bomb_is_not_unpacked_to_find_that_it_is_one(self):
        packer = zlib.compressobj(9, wbits=31)
        zeros = packer.compress(b"\0" * 64 * 2**20) + packer.flush()
        with pytest.raises(archives.Unsafe):
            archives._gunzip(zeros * 20)
        assert archives.unpacked(SOURCE, zeros * 20) is None

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b", b"\x1f\x8b" + b"\xff" * 100, wheel()[:80]])
    @pytest.mark.parametrize("name", [WHEEL, SOURCE])
    def test_no_bytes_break_the_check_or_the_listing(self, name, content):
        assert found(name, content, PACKAGE)[0] is Verdict.FAIL
        archives.unpacked(name, content)
