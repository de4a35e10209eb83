"""`readingroom check model`: what a person or a script sees of it."""

import json

import pytest

from readingroom.core.disclosure.output_types import OUTPUT_TYPES
from readingroom.errors import InvalidInput
from tests.unit.cli.running import check

HOLD_ROWS = {"knn", "svc", "kernel", "case-based"}


def run(*arguments):
    return check("model", *arguments)


@pytest.mark.parametrize("name", [name for one in OUTPUT_TYPES for name in one.types])
def test_every_example_says_all_that_is_asked(tmp_path, name):
    """A pass, except of what passes in no case: predictors that hold people's rows, or may remember them."""
    file = tmp_path / "description.json"
    file.write_text(run("--example", "--type", name).stdout)
    result = run("--input", file, "--json")
    found = json.loads(result.stdout)
    assert "evidence.missing" not in {one["rule"] for one in found["findings"]}
    assert found["verdict"] == {"classifier": "review"}.get(name, "fail" if name in HOLD_ROWS else "pass")
    assert result.exit_code == (0 if found["verdict"] == "pass" else 1)
    assert all(set(one) >= {"rule", "verdict", "cells", "message", "parameters", "source"} for one in found["findings"])


def described(tmp_path, **changes):
    file = tmp_path / "description.json"
    file.write_text(json.dumps(json.loads(run("--example").stdout) | changes))
    return file


def test_rules_of_the_file_and_of_the_command_meet(tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("threshold: 400\n")
    file = described(tmp_path)
    assert run("--input", file).exit_code == 0
    assert "400" in run("--input", file, "--policy", policy).stdout
    looser = tmp_path / "looser.yaml"
    looser.write_text("threshold: 1\n")
    failing = described(tmp_path, n=12, units=12)
    assert run("--input", failing, "--policy", looser).exit_code == 1


def test_without_rules_it_is_for_a_person(tmp_path):
    result = run("--input", described(tmp_path, policy=None), "--json")
    assert json.loads(result.stdout)["verdict"] == "review"


def test_the_file_may_name_a_pack_and_nothing_else(tmp_path):
    assert run("--input", described(tmp_path, policy="ons-srs")).exit_code in (0, 1)
    for other in ("../site.yaml", "/etc/passwd", "no-such-pack", {"threshold": True}, {"threshold": 0}):
        with pytest.raises(InvalidInput):
            run("--input", described(tmp_path, policy=other))


def test_findings_are_said_in_words(tmp_path):
    shown = run("--input", described(tmp_path, leverage_max=1)).stdout
    assert shown.startswith("FAIL")
    assert "model.leverage" in shown


@pytest.mark.parametrize("text", [
    "", "[1", "NaN", '{"type": "linear", "n": 1, "n": 2}', '{"type": "linear", "zeal": 2}', "[]",
    '{"type": "linear", "policy": 3}', '{"type": "linear", "policy": {"treshold": 3}}', "[" * 5000,
])
def test_a_bad_file_is_refused(tmp_path, text):
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(InvalidInput):
        run("--input", file)


def test_a_missing_file_and_an_unknown_pack_are_refused(tmp_path):
    with pytest.raises(InvalidInput):
        run()
    with pytest.raises(InvalidInput):
        run("--input", tmp_path / "none.json")
    with pytest.raises(InvalidInput):
        run("--input", described(tmp_path), "--policy", "no-such-pack")
