"""The policy files of an installation, read from a real directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from readingroom.errors import NotFound, PolicyError
from readingroom.storage.policies import load_policies

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.fixture
def policies(tmp_path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "policies"))


def faults(directory: Path) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        load_policies(directory)
    return [fault.removeprefix(f"{directory}/") for fault in refused.value.faults]


def test_the_shipped_policies_load_and_agree_with_each_other():
    found = load_policies(SHIPPED)
    assert set(found.datasets) == {"magistrates-courts", "school-history"}
    assert set(found.programmes) == {"data-first"}
    assert all(dataset.synthetic for dataset, _ in found.datasets.values())
    for slug in found.datasets:
        assert [layer.policy.threshold for layer in found.layers("data-first", slug)] == [10, 10, 10]
    with pytest.raises(NotFound):
        found.dataset("unheard-of")


def test_the_faults_of_all_files_are_told_at_once(policies):
    for name, old, new in (("site.yaml", "threshold:", "treshold:"), ("programmes/data-first.yaml", "name:", "nam:"),
                           ("datasets/magistrates-courts.yaml", "type: integer", "type: int"),
                           ("datasets/school-history.yaml", "slug: school-history", "slug: schools")):
        file = policies / name
        file.write_text(file.read_text().replace(old, new))
    (policies / "datasets" / "broken.yaml").write_text("a: [")
    (policies / "datasets" / "latin.yaml").write_bytes(b"title: \xe9\n")
    found = "\n".join(faults(policies))
    for said in ("site.yaml:9: policy.treshold", "data-first.yaml:3: nam",
                 "magistrates-courts.yaml:29: tables.0.columns.2.type",
                 "school-history.yaml: the slug is 'schools'", "broken.yaml:1: is not valid YAML",
                 "latin.yaml:1: is not UTF-8 (byte 0xe9)"):
        assert said in found


def test_a_missing_site_is_a_fault(policies):
    (policies / "site.yaml").unlink()
    assert any(fault.startswith("site.yaml") for fault in faults(policies))


def test_a_missing_directory_is_a_fault(tmp_path):
    assert faults(tmp_path / "nowhere")


def test_an_editors_leftovers_are_not_read(policies):
    (policies / "datasets" / "magistrates-courts.yaml~").write_text("a: [")
    (policies / "datasets" / "notes.txt").write_text("a: [")
    assert len(load_policies(policies).datasets) == 2
