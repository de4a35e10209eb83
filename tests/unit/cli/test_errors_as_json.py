"""What `readingroom ... --json` prints where it prints no answer: the error as one document, with the exit status."""

from __future__ import annotations

import json
import sys

import pytest

from readingroom.cli.app import main


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["readingroom", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr()

    return run


def file_of(directory, name, text):
    directory.joinpath(name).write_text(text)
    return directory / name


def test_an_error_is_a_document_too_and_stays_on_stderr(run, tmp_path):
    file = file_of(tmp_path, "model.json", '{"type": "linear", "n": "many"}')
    code, said = run("check", "model", "--input", file, "--json")
    document = json.loads(said.out)
    assert (code, set(document)) == (2, {"error", "message", "rule", "value", "next_step"})
    assert document["next_step"] and document["next_step"] in " ".join(said.err.split())


def test_every_fault_of_a_policy_is_in_the_document(run, tmp_path):
    data = file_of(tmp_path, "data.csv", "a\nx\n")
    recipe = file_of(tmp_path, "recipe.json", '{"rows": ["a"], "statistic": "count"}')
    policy = file_of(tmp_path, "policy.yaml", "threshold: -1\np_percent: abc\n")
    code, said = run("check", "table", "--data", data, "--recipe", recipe, "--policy", policy, "--json")
    faults = json.loads(said.out)["faults"]
    assert code == 2 and "threshold" in faults[0] and "p_percent" in faults[1]


def test_without_json_nothing_is_on_stdout(run, tmp_path):
    code, said = run("check", "published", "--input", tmp_path / "nowhere.json")
    assert (code, said.out) == (2, "") and "nowhere.json" in said.err.replace("\n", "")
