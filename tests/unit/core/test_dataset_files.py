"""Policy files: every fault at once, at its line, and nothing that loosens a rule in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.policy.dataset_files import parse_dataset, parse_layer, parse_rule_pack, parse_undertaking
from readingroom.errors import PolicyError

POLICIES = Path(__file__).parents[3] / "policies"
SOUND = """\
slug: courts
title: Courts
department: Ministry of Justice
custodian: mercer
description: Defendants.
tables:
  - name: defendants
    label: One row per defendant
    privacy_unit: person_id
    columns:
      - {name: person_id, label: Person, type: text, identifier: true}
      - {name: sex, label: Sex, type: text, codes: {F: Female, M: Male}}
      - {name: age, label: Age, type: integer, lower: 10, upper: 90}
policy:
  threshold: 10
  denied_columns: [defendants.age]
"""


def faults(text: str, parse=parse_dataset) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        parse(text, "f.yaml")
    assert refused.value.next_step
    return list(refused.value.faults)


def test_a_sound_file_becomes_a_dataset_and_its_policy():
    dataset, policy = parse_dataset(SOUND, "f.yaml")
    assert (dataset.slug, dataset.synthetic, policy.threshold) == ("courts", False, 10)
    assert dataset.tables[0].column("sex").codes == {"F": "Female", "M": "Male"}
    assert policy.denied_columns == {"defendants.age"}


def test_all_faults_are_told_at_once_each_at_its_line():
    text = SOUND.replace("custodian: mercer", "custodian: Jo Mercer").replace("type: integer", "type: int")
    text = text.replace("threshold: 10", "treshold: 10").replace("title: Courts", "title: ''")
    assert [fault.split(": ")[0:2] for fault in faults(text)] == [
        ["f.yaml:2", "title"], ["f.yaml:4", "custodian"], ["f.yaml:13", "tables.0.columns.2.type"],
        ["f.yaml:15", "policy.treshold"]]


@pytest.mark.parametrize(("old", "new", "line", "said"), [
    ("title: Courts", "title: Courts\nowner: me", 3, "owner"),
    ("  threshold: 10", "  threshold: 10\n  threshold: 3", 16, "written twice"),
    ("slug: courts", "slug: courts\nslug: courts", 2, "written twice"),
    ("M: Male", "M: Male, M: Man", 12, "written twice"),
    ("M: Male", "NO: None", 12, "YAML does not read this as text"),
    ("M: Male", "010: Eight", 12, "YAML does not read this as text"),
    ("threshold: 10", "threshold: yes", 15, "can be read in two ways; write true or false"),
    ("threshold: 10", "threshold: 0", 15, "is 0; it must be 1 or more"),
    ("lower: 10", "lower: 90", 13, "must be below"),
    ("lower: 10", "lower: .nan", 13, "finite"),
    (", upper: 90", "", 13, "together"),
    ("name: sex", "name: age", 13, "same name"),
    ("privacy_unit: person_id", "privacy_unit: sex", 9, "identifier: true"),
    ("privacy_unit: person_id", "privacy_unit: nobody", 9, "identifier: true"),
    ("[defendants.age]", "[defendants.aeg]", 16, "is not a table.column"),
    ("type: integer,", "type: integer, codes: {old: Old},", 13, "cannot hold old"),
    ("slug: courts", "slug: ../courts", 1, "may hold lower-case letters"),
    ("name: sex", "name: 'se\"x'", 12, "underscores"),
])
def test_a_fault_is_found_at_its_line(old, new, line, said):
    found = faults(SOUND.replace(old, new))
    assert any(fault.startswith(f"f.yaml:{line}: ") and said in fault for fault in found), found


@pytest.mark.parametrize("text", [
    "", "just text", "- a\n- b", "a: [", "a: b: c", "\x00", "a: 1\n---\nb: 2",
    "!!python/object/apply:os.system ['true']",
    "? [a, b]\n: c", "title: 2020-13-45", "threshold: " + "1" * 6000, "[" * 20_000, "{a: " * 5000,
    "slug: courts\ntables: 7", "tables: [[name]]\npolicy: []", 
    "tables:\n  - {name: [a], columns: [{name: [b]}, {name: [b]}]}",
    "a: " + "b" * 600_000,
])
def test_what_is_no_policy_file_is_refused_as_one(text):
    assert faults(text)
    assert faults(text, parse_layer)


def test_a_file_that_unfolds_to_gigabytes_is_refused_before_it_does():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert "references" in faults(bomb)[0]
    assert faults("tables: &t [*t]")[0].startswith("f.yaml:1: *t")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(list("abc:-?!&*{}[]|>'\"%@#\n ,01~")), max_size=40).map("".join))
def test_no_text_ends_in_anything_but_a_refusal(text):
    assert faults(text)


@pytest.mark.parametrize("file", sorted(POLICIES.rglob("*.yaml")), ids=lambda file: file.stem)
def test_the_shipped_policies_are_sound(file):
    parse = {"datasets": parse_dataset, "rule-packs": parse_rule_pack, "undertakings": parse_undertaking}.get(
        file.parent.name, parse_layer)
    assert parse(file.read_text(), file.name)
