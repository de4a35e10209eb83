"""`readingroom policy` on files, as a custodian would use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from readingroom.cli.policy import app
from readingroom.core.policy import Policy, strictest
from readingroom.core.policy.dataset_files import file_schema
from readingroom.errors import PolicyError
from readingroom.storage.policies import load_layer

SHIPPED = Path(__file__).parents[2] / "policies"
FILES = [str(file) for file in sorted(SHIPPED.rglob("*.yaml")) if file.parent.name != "rule-packs"]


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def bare(tmp_path) -> Path:
    file = tmp_path / "bare.yaml"
    file.write_text("threshold: 12\noutput_types: [csv, pdf]\n")
    return file


def test_p3_combining_files_in_any_order_gives_their_meet(bare):
    files = [*FILES, str(bare)]
    printed = run("combine", *files).stdout
    assert printed == run("combine", *reversed(files)).stdout
    said = Policy.model_validate(yaml.safe_load(printed))
    assert said == strictest(*(load_layer(Path(file)).policy for file in files))
    assert said.threshold == 12
    assert said.output_types == {"csv"}
    assert json.loads(run("combine", "--json", *files).stdout) == yaml.safe_load(printed)


def test_a_file_cannot_be_combined_with_itself(bare):
    assert run("combine", str(bare), str(bare)).exit_code != 0


def test_explaining_files_names_the_layer_that_set_each_value(bare):
    explained = json.loads(run("explain", "--json", str(SHIPPED / "site.yaml"), str(bare)).stdout)
    said = {one["field"]: one for one in explained}
    assert said["threshold"]["set_by"] == [str(bare)]
    assert said["threshold"]["effective"] == 12
    assert set(said["threshold"]["said"].values()) == {10, 12}


def test_a_diff_tells_what_is_loosened_by_its_exit_status(bare, tmp_path):
    tighter = tmp_path / "tighter.yaml"
    tighter.write_text("name: x\npolicy: {threshold: 13, output_types: [csv]}\n")
    assert run("diff", str(bare), str(tighter)).exit_code == 0
    back = run("diff", "--json", str(tighter), str(bare))
    assert back.exit_code == 1
    assert json.loads(back.stdout)["differences"][0] == {
        "field": "threshold", "before": 13, "after": 12, "change": "looser"}


def test_validate_tells_every_fault_of_every_file_with_line_and_what_is_meant(tmp_path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("name: x\npolicy:\n  treshold: 10\n  cpus: yes\n")
    other.write_text("threshold: 0\n")
    answer = run("validate", "--json", str(one), str(other))
    faults = "\n".join(json.loads(answer.stdout)["faults"])
    assert answer.exit_code == PolicyError.exit_code
    for said in (f"{one}:3: policy.treshold: is not a field here; did you mean 'threshold'?", f"{one}:4: policy.cpus",
                 f"{other}:1: threshold"):
        assert said in faults
    assert run("validate", *FILES).exit_code == 0


def test_validate_reads_undertakings_too(tmp_path):
    file = tmp_path / "words.yaml"
    file.write_text("version: '2'\ntext: I will.\norganization: Leeds\n")
    faults = json.loads(run("validate", "--json", str(file)).stdout)["faults"]
    assert faults[0].startswith(f"{file}:3: organization: is not a field here; did you mean 'organisation'?")


@pytest.mark.parametrize("kind", ["layer", "dataset"])
def test_the_schema_is_printed(kind):
    assert json.loads(run("schema", kind).stdout) == file_schema(kind)
    threshold = file_schema(kind)["$defs"]["Policy"]["properties"]["threshold"]
    assert "the larger" in threshold["description"]
