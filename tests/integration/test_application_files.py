"""Applications in files: every fault at once with its line, a draft as if it had been typed, submitted by its lead."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from readingroom.cli import project as commands
from readingroom.core.application_file import application_schema
from readingroom.core.lifecycle import ProjectStatus
from readingroom.core.people import Standing
from readingroom.errors import PermissionDenied, PolicyError
from readingroom.services import application_files, applications

SOUND = """\
programme: data-first
title: Returning to court
aim: To learn who returns, and after what.
public_benefit: Fewer victims.
purpose: research
legal_gateway: DEA
ends_on: 2027-06-30
members: [bilal]
datasets:
  - dataset: courts
    columns:
      defendants:
        sex: To compare women and men.
        age: To compare age groups.
    row_filter: {defendants: age >= 18}
    budget_micro_rho: 20000
outputs: Tables by sex, in an article.
"""


def faults(workshop, text, username="ada"):
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PolicyError) as refusal:
        application_files.begin(workshop, username, content, "f.yaml")
    with workshop.store.reading() as tx:
        assert tx.projects.all() == ()
    return refusal.value.faults


def test_it_makes_a_draft_that_its_lead_submits(workshop):
    made = application_files.begin(workshop, "ada", SOUND.encode(), "f.yaml")
    assert (made.status, made.lead) == (ProjectStatus.DRAFT, "ada")
    form = applications.form(workshop, "bilal", made.slug)
    assert form.faults == () and not form.may_submit, "bilal writes it too, and does not submit it"
    assert applications.form(workshop, "ada", made.slug).may_submit
    version = applications.submit(workshop, "ada", made.slug)
    said = version.application
    assert said.ask("courts").columns == {"defendants": {"sex": "To compare women and men.",
                                                         "age": "To compare age groups."}}
    assert said.ask("courts").row_filter == {"defendants": "age >= 18"} and said.members == ("ada", "bilal")
    with workshop.store.reading() as tx:
        begun = next(event for event in tx.events.of_project(made.slug) if event.action == "project.started")
    assert begun.actor == "ada" and len(begun.detail["file"]) == 64


def test_what_no_field_and_what_no_policy_takes_are_told_together(workshop):
    """A shape that is wrong hides nothing that is wrong elsewhere."""
    text = (SOUND.replace("title: Returning to court\n", "titel: Returning\n").replace("[bilal]", "[bilal, nobody]")
            .replace("purpose: research", "purpose: profit").replace("courts\n", "courts\n    colums: {}\n", 1))
    found = faults(workshop, text)
    assert len(found) == 5, found
    assert any(one.startswith("f.yaml:1: title: is missing") for one in found)
    assert any("f.yaml:2: titel: is not a field here; did you mean 'title'?" in one for one in found)
    assert any("colums: is not a field here; did you mean 'columns'?" in one for one in found)
    assert any(one.startswith("f.yaml:5: purpose: “profit” is not a purpose") for one in found)
    assert any(one.startswith("f.yaml:8: members.1:") and "“nobody”" in one for one in found)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("programme: data-first", "programme: data-frist", "1: programme: There is no programme 'data-frist'; did"),
    ("purpose: research", "purpose: profit", "5: purpose: “profit” is not a purpose that all your datasets allow"),
    ("2027-06-30", "2020-06-30", "7: ends_on: 30 June 2020 is not in the future"),
    ("2027-06-30", "2027-06-30T00:00:00Z", "7: ends_on: has a time of day"),
    ("2027-06-30", "soon", "7: ends_on: 'soon' is not a date, such as 2028-03-31"),
    ("2027-06-30", "2027-02-30", "7: ends_on: 2027-02-30 looks like a date and is none"),
    ("dataset: courts", "dataset: cuorts", "10: datasets.0.dataset: There is no dataset 'cuorts'; did you mean"),
    ("sex: To compare women and men.", "sex: ''", "13: datasets.0.columns.defendants.sex: must not be empty"),
    ("        sex:", "        hair:", "13: datasets.0.columns.defendants.hair: "),
    ("age >= 18", "age >= (select 1)", "15: datasets.0.row_filter.defendants: "),
    ("20000", "20_000", "16: datasets.0.budget_micro_rho: 20_000 can be read in two ways"),
    ("20000", "-1", "16: datasets.0.budget_micro_rho: is -1; it must be 0 or more"),
    ("20000", "999999999", "16: datasets.0.budget_micro_rho: A privacy budget of 999,999,999 is more than"),
    ("[bilal]", "[mercer]", "8: members.0: No researcher here goes by “mercer”"),
    ("[bilal]", "bilal", "8: members: is 'bilal'; it must be a list"),
    ("outputs: Tables by sex, in an article.", "outputs: \"\\u200b\"", "17: outputs: holds a character that"),
    ("outputs:", "tier: loose\noutputs:", "17: tier: “loose” is not a tier. Choose one of: standard, strict."),
    ("title:", "title: Twice\ntitle:", "3: title: is written twice"),
    ("datasets:", "datasets: &all", ""),
])
def test_each_fault_is_told_at_its_line(workshop, old, new, said):
    text = SOUND.replace(old, new)
    if not said:  # an anchor by itself is harmless
        assert application_files.begin(workshop, "ada", text.encode(), "f.yaml")
        return
    found = faults(workshop, text)
    assert any(one.startswith(f"f.yaml:{said}") for one in found), found


def test_a_dataset_is_asked_for_once(workshop):
    again = SOUND.replace("outputs:", "  - {dataset: courts, columns: {defendants: {sex: Again}}}\noutputs:")
    assert faults(workshop, again) == ("f.yaml:17: datasets.1.dataset: 'courts' is asked for twice; say it once",)


def test_too_many_datasets_are_a_fault_among_the_others(workshop):
    many = "".join(f"  - {{dataset: set-{n}, columns: {{t: {{c: Why}}}}}}\n" for n in range(25))
    found = faults(workshop, SOUND.replace("outputs:", f"{many}outputs:").replace("title:", "titel:"))
    assert any("datasets: is a list; it must have 20 at most" in one for one in found), found
    assert any("titel: is not a field here" in one for one in found)
    assert sum("There is no dataset 'set-" in one for one in found) == 25


@pytest.mark.parametrize("content", [
    b"", b"- a\n", b"\xff\xfe", b"a: [", b"x" * 900_000, b"hello", b"a: 1\n---\nb: 2\n"])
def test_what_is_no_application_at_all_is_refused_with_its_line(workshop, content):
    assert all(one.startswith("f.yaml:") for one in faults(workshop, content))


@pytest.mark.parametrize("who", ["mercer", "robin", "freya"])
def test_only_researchers_begin_one_and_nobody_else_learns_who_exists(workshop, who):
    with pytest.raises(PermissionDenied):
        application_files.begin(workshop, who, SOUND.encode(), "f.yaml")


def test_a_suspended_person_begins_none(workshop):
    with workshop.store.transaction() as tx:
        tx.people.save(replace(tx.people.get("ada"), standing=Standing.SUSPENDED))
    with pytest.raises(PermissionDenied):
        application_files.begin(workshop, "ada", SOUND.encode(), "f.yaml")


def test_the_schema_takes_what_is_taken(workshop):
    validator = Draft202012Validator(application_schema())
    sound = json.loads(json.dumps(yaml.safe_load(SOUND), default=str))
    assert validator.is_valid(sound)
    application_files.check(workshop, "ada", json.dumps(sound).encode(), "f.json")
    for wrong in ({**sound, "titel": "x"}, {**sound, "tier": "loose"}, {**sound, "members": "bilal"},
                  {**sound, "datasets": []}, {name: value for name, value in sound.items() if name != "aim"}):
        assert not validator.is_valid(wrong)
        assert faults(workshop, json.dumps(wrong))


class TestCommands:
    @pytest.fixture
    def run(self, workshop, monkeypatch):
        monkeypatch.setattr(commands, "build", lambda settings: workshop)
        return lambda *words: CliRunner().invoke(commands.app, list(words))

    def test_check_tells_all_and_changes_nothing(self, run, tmp_path):
        file = tmp_path / "mine.yaml"
        file.write_text(SOUND.replace("purpose: research", "purpose: profit").replace("title:", "titel:"))
        answer = run("check", str(file), "--as", "ada", "--json")
        told = json.loads(answer.stdout)
        assert answer.exit_code == 2 and not told["valid"] and len(told["faults"]) == 3
        file.write_text(SOUND)
        assert json.loads(run("check", str(file), "--as", "ada", "--json").stdout) == {"valid": True, "faults": []}
        assert isinstance(run("check", str(tmp_path / "gone.yaml")).exception, PolicyError)

    def test_apply_leaves_the_submission_to_the_person(self, run, workshop, tmp_path):
        file = tmp_path / "mine.yaml"
        file.write_text(SOUND)
        answer = run("apply", str(file), "--as", "ada")
        with workshop.store.reading() as tx:
            (made,) = tx.projects.all()
            begun = next(event for event in tx.events.of_project(made.slug) if event.action == "project.started")
        assert made.status is ProjectStatus.DRAFT and f"/projects/{made.slug}/application/check" in answer.stdout
        assert begun.actor == "command line"

    def test_the_schema_is_printed(self, run):
        assert json.loads(run("schema").stdout) == application_schema()
