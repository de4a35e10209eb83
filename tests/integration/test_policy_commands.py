"""`readingroom policy` on files, as a custodian would use it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from readingroom.cli.policy import app
from readingroom.core.policy import Policy, strictest
from readingroom.core.policy.dataset_files import file_schema
from readingroom.errors import InvalidInput, PolicyError
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


HOSTILE = {
    "empty": (b"", "1: the file: is empty; it must be a mapping"),
    "only a remark": (b"# later\n", "1: the file: is empty"),
    "null": (b"~\n", "1: the file: is empty"),
    "a policy of nothing": (b"name: s\npolicy:\n", "2: policy: is empty; it must be a mapping"),
    "a list": (b"- 1\n", "1: the file: is a list; it must be a mapping"),
    "two documents": (b"a: 1\n---\nb: 2\n", "2: is not valid YAML: it holds a second document"),
    "a bomb": (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "2: *a: write it out"),
    "merging": (b"name: s\npolicy:\n  <<: {threshold: 3}\n", "3: policy.<<: write it out"),
    "a key twice": (b"name: s\npolicy:\n  threshold: 10\n  threshold: 3\n", "4: policy.threshold: is written twice"),
    "a tag": (b"name: !!python/object/apply:os.system [id]\n", "1: !!python/object/apply:os.system: tags are not read"),
    "a set by tag": (b"output_types: !!set {csv, png}\n", "1: !!set: tags are not read"),
    "octal": (b"threshold: 010\n", "1: threshold: 010 can be read in two ways"),
    "base sixty": (b"threshold: 1:30\n", "1: threshold: 1:30 can be read in two ways"),
    "no number": (b"cpus: .nan\n", "1: cpus: .nan can be read in two ways"),
    "nothing": (b"cpus: 0\n", "1: cpus: is 0; it must be greater than 0"),
    "text for a number": (b"threshold: '10'\n", "1: threshold: is '10'; it must be a whole number"),
    "a date for a number": (b"max_grant_days: 2026-01-01\n", "1: max_grant_days: is a date"),
    "a date that is none": (b"name: 2020-13-45\n", "1: name: 2020-13-45 looks like a date and is none"),
    "too large a number": (b"threshold: " + b"9" * 300, "1: threshold: is a number; it must be 9,007,199,254,740,991"),
    "endless digits": (b"threshold: " + b"9" * 5000, "1: threshold: is a number of 5,000 digits"),
    "a switch for a number": (b"threshold: true\n", "1: threshold: is true; it must be a whole number"),
    "a switch of old": (b"zeros_disclosive: yes\n", "1: zeros_disclosive: yes can be read in two ways; write true"),
    "one more": (b"name: s\npolicy:\n  terminals: Off\n", "3: policy.terminals: Off can be read in two ways"),
    "carriage returns": (b"name: s\r\npolicy:\r\n  treshold: 3\r\n", "3: policy.treshold: is not a field here"),
    "a byte order mark": (b"\xef\xbb\xbfname: s\npolicy: {treshold: 3}\n", "2: policy.treshold: is not a field"),
    "less than nothing": (b"threshold: -1\n", "1: threshold: is -1; it must be 1 or more"),
    "another file": (b"name: s\ninclude: site.yaml\n", "2: include: is not a field here; known are name, owners"),
    "part of a name": (b"checkers: 2\n", "1: checkers: is not a field here; did you mean 'checkers_required' or 'inc"),
    "capitals": (b"Zeros-Disclosive: true\n", "1: Zeros-Disclosive: is not a field here; did you mean 'zeros_disclos"),
    "another alphabet": ("name: s\npolicy: {thr\u0435shold: 3}\n".encode(), "2: policy.thr\u0435shold: is not a field"),
    "too many": (b"".join(b"a%d: 1\n" % n for n in range(15_000)), "1: the file: has 14,500 faults more than are told"),
    "a number for a switch": (b"zeros_disclosive: 1\n", "1: zeros_disclosive: is 1; it must be true or false"),
    "text for a list": (b"output_types: csv\n", "1: output_types: is 'csv'; it must be a list"),
    "a choice": (b"tier: loose\n", "1: tier: is 'loose'; it must be one of 'standard' or 'strict'"),
    "a share": (b"dominance: [[2, 0.9]]\n", "1: dominance.0: [2, 0.9] could mean 90% or 0.9%"),
    "a denial of nothing": (b"denied_columns: [address]\n", "1: denied_columns.0: 'address' is not table.column"),
    "an unknown field": (b"treshold: 3\n", "1: treshold: is not a field here; did you mean 'threshold'?"),
    "a rule pack": (b"name: s\nrule_pack: opensafly\n", "2: rule_pack: 'opensafly' is unknown; there are abs-datalab"),
    "a number as key": (b"5: 1\n", "1: 5: is no text to YAML; write the key as '5'"),
    "a list as key": (b"? [a]\n: 1\n", "1: the file: has a key that is a list or mapping"),
    "tabs": (b"name: s\npolicy:\n\tthreshold: 10\n", "3: is not valid YAML: found character"),
    "not UTF-8": (b"name: s\ntitle: \xff\n", "2: is not UTF-8 (byte 0xff)"),
    "a control character": (b"name: s\ntitle: a\x00b\n", "2: is not valid YAML"),
    "an escape": (b'name: "\\e[31mred"\n', "1: name: holds a character that cannot be seen (U+001B)"),
    "too deep": (b"a: " + b"[" * 100 + b"]" * 100, "1: is nested more than 20 deep"),
    "too long": (b"name: s\n#" + b"x" * 300_000, "1: has 300,009 characters; at most 200,000 are read"),
    "far too long": (b"#" * 5_000_000, "1: has more than 800,000 bytes"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_file_must_not_hold_is_told_with_its_line(tmp_path, what):
    """Never a crash, never a guess: exit status 2, and the place in the file."""
    content, said = HOSTILE[what]
    file = tmp_path / "policy.yaml"
    file.write_bytes(content)
    answer = run("validate", "--json", str(file))
    told = json.loads(answer.stdout)
    assert answer.exit_code == PolicyError.exit_code and not told["valid"]
    assert any(fault.startswith(f"{file}:{said}") for fault in told["faults"]), told["faults"]
    for command in (("explain", str(file)), ("combine", str(file)), ("diff", str(file), str(file))):
        assert isinstance(run(*command, "--json").exception, PolicyError), command


def test_what_is_no_file_is_a_fault_too(tmp_path):
    """A pipe or a device would be waited for, or read, without end."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    names = [str(tmp_path / "pipe.yaml"), str(tmp_path / "loop.yaml"), str(tmp_path), str(tmp_path / "gone.yaml"),
             "/dev/zero", "no-such-pack"]
    answer = run("validate", "--json", *names)
    faults = json.loads(answer.stdout)["faults"]
    assert answer.exit_code == 2 and len(faults) == len(names)
    for name, fault, said in zip(names, faults, ("is no file", "symbolic links", "is a directory", "No such file",
                                                 "is no file", "There is no policy file or rule pack"), strict=True):
        assert fault.startswith(name) and said in fault


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path):
    """What YAML reads otherwise than it looks, what no field takes, and what a rule pack leaves open."""
    file = tmp_path / "pack.yaml"
    file.write_text("name: Ours\nsource: us\npolicy:\n  threshold: 010\n  treshold: 3\n  zeros_disclosive: maybe\n")
    faults = [fault.removeprefix(f"{file}:") for fault in json.loads(run("validate", "--json", str(file)).stdout)[
        "faults"]]
    for said in ("1: name: is 'Ours'", "1: title: is missing", "3: policy: does not say dominance",
                 "4: policy.threshold: 010 can be read in two ways", "5: policy.treshold: is not a field",
                 "6: policy.zeros_disclosive: is 'maybe'; it must be true or false"):
        assert any(fault.startswith(said) for fault in faults), said


def test_what_a_file_says_is_printed_as_it_is(tmp_path):
    """Square brackets in a name are no markup."""
    file = tmp_path / "marked.yaml"
    file.write_text("name: '[red]site[/]'\npolicy: {purposes: ['[/bold]']}\n")
    assert "[red]site[/]" in run("explain", str(file)).stdout
    assert "[/bold]" in run("diff", str(file), str(SHIPPED / "site.yaml")).stdout


def test_a_programme_that_is_not_there_is_not_left_out_in_silence():
    answer = run("explain", "magistrates-courts", "--programme", "data-frist", "--policies", str(SHIPPED))
    assert isinstance(answer.exception, InvalidInput) and "data-first" in answer.exception.next_step


@pytest.mark.parametrize("kind", ["layer", "dataset", "bare"])
def test_the_schema_is_printed(kind):
    assert json.loads(run("schema", kind).stdout) == file_schema(kind)
    schema = file_schema(kind)
    threshold = (schema if kind == "bare" else schema["$defs"]["Policy"])["properties"]["threshold"]
    assert "the larger" in threshold["description"]
