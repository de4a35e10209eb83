"""Directories on a disk: links are not followed, nothing is overwritten, and the round trip holds."""

import json

import pytest

from readingroom.errors import InvalidInput
from tests.unit.cli.running import check as run


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("threshold: 10\nthreshold_inclusive: false\nzeros_disclosive: true\noutput_types: [csv]\n"
                    "max_file_bytes: 100000\nmax_table_rows: 500\n")
    return file


def test_there_and_back(tmp_path, policy):
    (tmp_path / "t.csv").write_text("g,x\nA,75\nB,59\n")
    assert "1 outputs" in run("export-sacro", tmp_path / "t.csv", "--to", tmp_path / "out", "--policy", policy).stdout
    result = run("acro", tmp_path / "out", "--policy", policy, "--json")
    found = json.loads(result.stdout)
    assert (found["verdict"], result.exit_code) == ("review", 1)
    assert [one["files"] for one in found["outputs"]] == [["t.csv"]]
    with pytest.raises(InvalidInput):
        run("export-sacro", tmp_path / "t.csv", "--to", tmp_path / "out", "--policy", policy)


def test_links_are_not_followed(tmp_path, policy):
    secret = tmp_path / "secret.csv"
    secret.write_text("name,fine\nada,12345\n")
    directory = tmp_path / "acro"
    directory.mkdir()
    (directory / "t.csv").symlink_to(secret)
    (directory / "results.json").write_text(json.dumps({"version": "1.0.2", "results": {
        "t": {"status": "pass", "files": [{"name": "t.csv"}]}}}))
    found = json.loads(run("acro", directory, "--policy", policy, "--json").stdout)
    assert "acro.absent" in {one["rule"] for one in found["findings"]}
    assert "12345" not in json.dumps(found)


def test_what_is_no_directory_of_acros_is_refused(tmp_path):
    with pytest.raises(InvalidInput):
        run("acro", tmp_path)
