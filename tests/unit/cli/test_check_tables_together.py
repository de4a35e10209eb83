"""`readingroom check published` and `check protect`: what a person or a script sees of them."""

import json
import re
from pathlib import Path

import pytest

from readingroom.core.disclosure.protect.forms.examples import PROTECT, PUBLISHED
from readingroom.core.disclosure.protect.forms.protect import check_protect
from readingroom.core.disclosure.protect.forms.published import check_published
from readingroom.errors import InvalidInput
from tests.unit.cli.running import check as run

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "check.md").read_text(encoding="utf-8")
SECTIONS = {"published": check_published, "protect": check_protect}


@pytest.mark.parametrize(("command", "name"), [*(("published", name) for name in PUBLISHED),
                                               *(("protect", name) for name in PROTECT)])
def test_every_example_can_be_checked_as_it_is(tmp_path, command, name):
    file = tmp_path / "tables.json"
    file.write_text(run(command, "--example", "--of", name).stdout)
    result = run(command, "--input", file, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if found["verdict"] == "pass" else 1)
    assert found["seconds"] >= 0
    shown = run(command, "--input", file)
    assert found["message"] in shown.stdout
    assert shown.exit_code == result.exit_code


def test_what_protect_gives_can_be_checked_as_published(tmp_path):
    file = tmp_path / "tables.json"
    file.write_text(json.dumps(PROTECT["grid"]))
    tables = json.loads(run("protect", "--input", file, "--json").stdout)["tables"]
    file.write_text(json.dumps({"tables": tables}))
    assert run("published", "--input", file).exit_code == 0


@pytest.mark.parametrize("command", SECTIONS)
def test_the_inputs_on_the_page_work(command):
    """Blocks that hold tables are inputs; the others show answers."""
    section = PAGE.partition(f"## `readingroom check {command}`")[2].partition("\n## ")[0]
    inputs = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)]
    inputs = [one for one in inputs if "verdict" not in one]
    assert inputs
    for one in inputs:
        assert SECTIONS[command](one)["verdict"] in {"pass", "fail"}


@pytest.mark.parametrize("command", SECTIONS)
def test_no_input_and_no_json_are_said(tmp_path, command):
    with pytest.raises(InvalidInput, match="no input"):
        run(command)
    file = tmp_path / "tables.json"
    file.write_text("{")
    with pytest.raises(InvalidInput, match="no JSON"):
        run(command, "--input", file)
    with pytest.raises(InvalidInput, match="no example"):
        run(command, "--example", "--of", "cake")
