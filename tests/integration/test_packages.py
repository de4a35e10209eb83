"""Packages without internet: exact files of one project, and requests for more."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from readingroom.core.packages import Ecosystem, PackageRequestStatus, identify
from readingroom.errors import IntegrityError, InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services import packages
from tests.factories import make_workshop, with_two_projects

PIP, CRAN = Ecosystem


def wheel(name: str = "rr_demo", version: str = "1.0", body: str = "VALUE = 42\n") -> tuple[str, bytes]:
    """A small real wheel."""
    info = f"{name}-{version}.dist-info"
    parts = {
        f"{name}.py": body,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.9\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    parts[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*parts, f"{info}/RECORD"))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path, text in parts.items():
            archive.writestr(path, text)
    return f"{name}-{version}-py3-none-any.whl", held.getvalue()


def source(name: str = "rrdemo", extra: str = "NeedsCompilation: no\n") -> tuple[str, bytes]:
    """A small real R source package."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for path, text in {
            "DESCRIPTION": f"Package: {name}\nVersion: 1.0\nTitle: Demo\nDescription: A demo.\nLicense: MIT\n"
                           f"Author: A\nMaintainer: A <a@example.org>\nImports: stats,\n  utils\n{extra}",
            "NAMESPACE": "export(value)\n", "R/value.R": "value <- function() 42\n",
        }.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return f"{name}_1.0.tar.gz", held.getvalue()


@pytest.fixture
def workshop(tmp_path):
    return with_two_projects(make_workshop(tmp_path))


def last_events(workshop, number):
    with workshop.store.reading() as tx:
        return [(event.actor, event.action, event.project) for event in tx.events.all()][-number:]


class TestTheMirror:
    def test_a_project_fetches_its_own_file_and_the_log_says_who(self, workshop):
        name, content = wheel()
        (added,) = packages.add(workshop, "returns", [(name, content)], by="command line")
        assert (added.name, added.version, added.index) == ("rr-demo", "1.0", ">=3.9")
        assert packages.fetch(workshop, "ada", "returns", PIP, name, added.sha256) == content
        assert last_events(workshop, 2) == [("command line", "package.added", "returns"),
                                            ("ada", "package.fetched", "returns")]

    def test_another_project_finds_nothing_of_it(self, workshop):
        name, content = wheel()
        (added,) = packages.add(workshop, "returns", [(name, content)], by="command line")
        assert packages.allowed(workshop, "other") == ()
        with pytest.raises(NotFound):
            packages.fetch(workshop, "chloe", "other", PIP, name, added.sha256)

    def test_the_same_name_with_other_bytes_is_not_the_file_that_was_allowed(self, workshop):
        """Dependency confusion: what counts is the hash."""
        (added,) = packages.add(workshop, "returns", [wheel()], by="command line")
        with pytest.raises(NotFound):
            packages.fetch(workshop, "ada", "returns", PIP, added.filename, "0" * 64)

    def test_a_file_changed_in_storage_is_not_given_out(self, workshop):
        (added,) = packages.add(workshop, "returns", [wheel()], by="command line")
        stored = next(path for path in workshop.settings.blobs_dir.rglob("*") if path.name.endswith(added.sha256[2:])
                      or path.name == added.sha256)
        stored.chmod(0o600)
        stored.write_bytes(b"changed")
        with pytest.raises(IntegrityError):
            packages.fetch(workshop, "ada", "returns", PIP, added.filename, added.sha256)

    def test_what_is_removed_can_no_longer_be_fetched(self, workshop):
        (added,) = packages.add(workshop, "returns", [wheel()], by="command line")
        assert packages.remove(workshop, "returns", "RR.demo", by="command line") == 1
        assert packages.allowed(workshop, "returns") == ()
        with pytest.raises(NotFound):
            packages.fetch(workshop, "ada", "returns", PIP, added.filename, added.sha256)

    @pytest.mark.parametrize("name", ["x-1.0.tar.gz", "x.whl", "../x-1.0-py3-none-any.whl",
                                      "torch-2.0+cpu-py3-none-any.whl", "x_1.0.zip", "", "x-1.0-py3-none-any.whl\n"])
    def test_only_wheels_and_r_sources_by_plain_names_are_added(self, workshop, name):
        with pytest.raises(InvalidInput):
            packages.add(workshop, "returns", [(name, b"x")], by="command line")
        assert packages.allowed(workshop, "returns") == ()

    @pytest.mark.parametrize("made", [("x-1.0-py3-none-any.whl", b"no zip"), ("x_1.0.tar.gz", b"no gzip"),
                                      source(extra="NeedsCompilation: yes\n"), source(extra="LinkingTo: Rcpp\n")])
    def test_what_is_not_what_its_name_says_or_has_to_be_compiled_is_refused(self, workshop, made):
        with pytest.raises(InvalidInput):
            packages.add(workshop, "returns", [wheel(), made], by="command line")
        assert packages.allowed(workshop, "returns") == (), "all or none"

    def test_rs_index_says_what_the_package_says(self, workshop):
        (added,) = packages.add(workshop, "returns", [source()], by="command line")
        assert identify(added.filename) == (CRAN, "rrdemo", "1.0")
        assert added.index.splitlines()[:3] == ["Package: rrdemo", "Version: 1.0", "Imports: stats, utils"]


class TestAsking:
    def test_asking_is_answered_by_adding(self, workshop):
        packages.ask(workshop, "ada", "returns", PIP, "RR_Demo", "To read 42.")
        packages.add(workshop, "returns", [wheel()], by="command line")
        (answered,) = packages.requests(workshop, "returns")
        assert (answered.name, answered.status, answered.decided_by) == (
            "rr-demo", PackageRequestStatus.ADDED, "command line")

    def test_asking_twice_is_asking_once(self, workshop):
        first = packages.ask(workshop, "ada", "returns", PIP, "rr-demo", "To read 42.")
        assert packages.ask(workshop, "bilal", "returns", PIP, "RR.Demo", "Me too.") == first

    @pytest.mark.parametrize(("who", "name", "reason", "error"), [
        ("chloe", "numpy", "For sums.", PermissionDenied), ("ada", "https://x/y", "For sums.", InvalidInput),
        ("ada", "numpy==1", "For sums.", InvalidInput), ("ada", "numpy", " ", InvalidInput)])
    def test_strangers_odd_names_and_no_reason_are_refused(self, workshop, who, name, reason, error):
        with pytest.raises(error):
            packages.ask(workshop, who, "returns", PIP, name, reason)
        assert packages.requests(workshop, "returns") == ()

    def test_a_project_cannot_fill_the_administrators_list(self, workshop):
        for number in range(packages.MOST_OPEN_REQUESTS):
            packages.ask(workshop, "ada", "returns", PIP, f"package{number}", "Why not.")
        with pytest.raises(InvalidInput):
            packages.ask(workshop, "ada", "returns", PIP, "onemore", "Why not.")

    def test_a_refusal_has_a_reason_and_is_final(self, workshop):
        asked = packages.ask(workshop, "ada", "returns", CRAN, "keras", "Deep thoughts.")
        with pytest.raises(PermissionDenied):
            packages.refuse(workshop, "ada", asked.id, "No.")
        with pytest.raises(InvalidInput):
            packages.refuse(workshop, "robin", asked.id, " ")
        packages.refuse(workshop, "robin", asked.id, "It downloads models.")
        assert packages.all_requests(workshop, "robin")[0].decision == "It downloads models."
        with pytest.raises(InvalidTransition):
            packages.refuse(workshop, "robin", asked.id, "Again.")
