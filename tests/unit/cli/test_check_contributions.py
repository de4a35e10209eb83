"""`readingroom check contributions`, as a person or a script runs it."""

import json

import pytest
from typer.testing import CliRunner

from readingroom.cli.check import app
from readingroom.errors import InvalidInput

SHORT = {"contributions": [60, 35, 5], "rules": {"nk": [2, 85], "p_percent": 10, "threshold": 10, "pq": [10, 50]}}


def run(*arguments, **options):
    return CliRunner().invoke(app, ["contributions", *map(str, arguments)], **options)


@pytest.fixture
def file(tmp_path):
    def write(document):
        path = tmp_path / "cell.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path
    return write


def test_the_issues_own_example(file):
    answer = run("--input", file(SHORT), "--json")
    said = json.loads(answer.output)
    assert (answer.exit_code, said["verdict"]) == (1, "fail")
    assert [one["rule"] for one in said["findings"]] == ["threshold", "dominance", "p-percent", "prior-posterior"]
    assert said["protection_level"]["upper"] == pytest.approx(200 / 17)
    for one in said["findings"]:
        assert one["source"] and one["next_step"] and one["message"]


def test_a_safe_cell_ends_with_zero(file):
    answer = run("--input", file({"contributions": list(range(50, 70)), "rules": SHORT["rules"]}), "--json")
    said = json.loads(answer.output)
    assert (answer.exit_code, said["verdict"], said["findings"]) == (0, "pass", [])
    assert said["protection_level"]["upper"] == 0


def test_the_printed_example_works_and_people_can_read_it(file):
    printed = run("--example")
    answer = run("--input", file(printed.output))
    assert answer.exit_code == 1
    for word in ("dominance", "Protection level: 7 upwards", "FAIL"):
        assert word in answer.output


def test_a_rule_pack_and_a_policy_file_join_the_rules_of_the_file(file, tmp_path):
    cell = {"contributions": [54, 36, 10], "rules": {"threshold": 3}}
    assert run("--input", file(cell)).exit_code == 0
    assert run("--input", file(cell | {"rule_pack": "acro-default"})).exit_code == 1
    assert run("--input", file(cell), "--policy", "acro-default").exit_code == 1
    policy = tmp_path / "p.yaml"
    fields = "threshold: 3\nthreshold_inclusive: false\nzeros_disclosive: true\np_percent: 10\n"
    policy.write_text(fields + "dominance: [[2, 90]]\n")
    assert run("--input", file(cell), "--policy", policy).exit_code == 0
    policy.write_text(fields)
    answer = run("--input", file(cell), "--policy", policy, "--json")
    assert json.loads(answer.output)["verdict"] == "review"


def test_numbers_are_exactly_as_written(file):
    text = '{"contributions": [0.3, 0.6, 0.1], "rules": {"nk": [2, 90]}}'
    assert run("--input", file(text)).exit_code == 0
    assert run("--input", file(text.replace("0.3", "0.30000000000000000001"))).exit_code == 1


def test_stdin_is_a_file_too():
    assert run("--input", "-", "--json", input=json.dumps(SHORT)).exit_code == 1


@pytest.mark.parametrize("text", [
    "", "[", "{}", '{"contributions": [NaN], "rules": {"p": 10}}', '{"contributions": [1], "contributions": [2]}',
    '{"contributions": [1]}', '{"contributions": [1], "rule_pack": "unheard-of"}', "[" * 500,
    '"\\ud800"', "[1e999999999]",
])
def test_what_cannot_be_used_is_told(file, text):
    answer = run("--input", file(text))
    assert isinstance(answer.exception, InvalidInput)
    assert answer.exception.exit_code == 2
    assert answer.exception.next_step


def test_no_file_is_told_too(tmp_path):
    assert isinstance(run().exception, InvalidInput)
    assert isinstance(run("--input", tmp_path / "none.json").exception, InvalidInput)
