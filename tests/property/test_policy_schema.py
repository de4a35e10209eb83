"""The published JSON Schema of a policy file accepts exactly what `readingroom policy validate` accepts.

Only what no schema can say is left to reading: whether a rule pack of that name is there, and what holds between
fields of a dataset. Examples are put together field by field from values of every kind, sound and odd.
"""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from readingroom.core.policy import DIRECTIONS, Direction, Policy
from readingroom.core.policy.complete import NEEDED
from readingroom.core.policy.dataset_files import (
    MODELS,
    FileKind,
    file_schema,
    parse_any,
    parse_dataset,
    parse_layer,
    parse_rule_pack,
    parse_undertaking,
)
from readingroom.errors import PolicyError

PACKS = {"ours": Policy()}
ODD = [None, True, False, 0, 1, 2, -1, 10, 1.0, 1.5, 100, 100.5, 101, 2**53 - 1, 2**53, "", "10", "csv", "strict",
       "a.b", "expand", "author", "a-b", "A b", "ours", [], ["a.b"], ["a"], [""], ["csv", "csv"], [1], [None],
       [[2, 90]], [[2, 90.5]], [[2, 1]], [[2, 0]], [[0, 50]], [[1, 101]], [[1]], [[1, 2, 3]], ["2", 90], [[True, 50]],
       ["expand"], ["total", "other"], ["author", "members"], [10.0, 100], [[10, 100]], [[0, 5]], {}, {"a": 1}]
SOUND: dict[str, object] = {"dominance": [[2, 90]], "p_q": [[10, 100]], "weights": ["expand"], "tier": "strict",
                            "release_recipients": ["author"], "denied_columns": ["a.b"]}
OF_DIRECTION = {Direction.MAX: 3, Direction.MIN: 2, Direction.ANY: True, Direction.ALL: False,
                Direction.INTERSECTION: ["csv"], Direction.UNION: ["a"]}


def sound(name: str) -> object:
    return SOUND.get(name, OF_DIRECTION[DIRECTIONS[name]])


def fields(names, sound_values) -> st.SearchStrategy[dict[str, object]]:
    """Some of the fields, most of them sound, and now and then one that is not known."""
    values = {name: st.just(sound_values[name]) | st.sampled_from(ODD) for name in names}
    return st.fixed_dictionaries({}, optional={**values, "unheard_of": st.sampled_from(ODD)})


POLICY = fields(DIRECTIONS, {name: sound(name) for name in DIRECTIONS})
LAYER = {"name": "site", "title": "Site", "owners": ["quinn"], "rule_pack": "ours", "policy": {"threshold": 10}}
PACK = {"name": "ours", "title": "Ours", "source": "Us", "policy": {name: sound(name) for name in NEEDED}}
UNDERTAKING = {"organisation": "Leeds", "version": "1", "days": 365, "text": "I will."}


def accepted(kind: FileKind, given_fields: dict[str, object]) -> bool:
    text = json.dumps(given_fields)
    try:
        {"layer": lambda: parse_layer(text, "f", PACKS), "bare": lambda: parse_any(text, "f", PACKS),
         "rule-pack": lambda: parse_rule_pack(text, "f"), "undertaking": lambda: parse_undertaking(text, "f"),
         "dataset": lambda: parse_dataset(text, "f", PACKS)}[kind]()
    except PolicyError as error:
        assert error.faults and all(fault.startswith("f:") for fault in error.faults)
        return "is unknown; there are" in "".join(error.faults) and len(error.faults) == 1
    return True


@cache
def schema(kind: FileKind) -> Draft202012Validator:
    return Draft202012Validator(file_schema(kind))


def agree(kind: FileKind, given_fields: dict[str, object]) -> None:
    assert accepted(kind, given_fields) == schema(kind).is_valid(given_fields), given_fields


@pytest.mark.parametrize("name", [*DIRECTIONS, "rule_pack", "unheard_of"])
def test_each_field_takes_the_same_values(name):
    for odd in ODD:
        agree("bare", {"threshold": 10, name: odd})
        agree("layer", {"name": "s", "policy": {name: odd}})


@given(POLICY)
def test_a_policy_of_many_fields(policy):
    agree("layer", {"name": "site", "policy": policy})


@given(fields(LAYER, LAYER))
def test_a_layer(layer):
    agree("layer", layer)


@given(fields(PACK, PACK), fields(NEEDED, PACK["policy"]))
def test_a_rule_pack(pack, policy):
    agree("rule-pack", {**pack, "policy": policy})


@given(fields(UNDERTAKING, UNDERTAKING))
def test_an_undertaking(undertaking):
    agree("undertaking", undertaking)


COLUMN = {"name": "sex", "label": "Sex", "type": "text", "codes": {"F": "Female"}, "identifier": False,
          "sensitive": True}
TABLE = {"name": "people", "label": "People", "privacy_unit": "person", "max_rows_per_person": 2, "row_ceiling": 5}
DATASET = {"slug": "courts", "title": "Courts", "department": "Justice", "custodian": "mercer", "description": "All",
           "synthetic": True, "known_issues": ["Gaps"], "people": "person", "synthetic_twin": False,
           "rule_pack": "ours"}
PERSON = {"name": "person", "label": "Person", "type": "text", "identifier": True}


@given(fields(DATASET, DATASET), fields(TABLE, TABLE), fields(COLUMN, COLUMN))
def test_a_dataset(dataset, table, column):
    """But for what holds between fields, which is made to hold here."""
    table = {**table, "privacy_unit": "person", "columns": [PERSON, {**column, "name": "sex", "type": "text"}]}
    agree("dataset", {**dataset, "tables": [table]})


def test_every_kind_of_file_has_a_schema_that_is_one():
    for kind in MODELS:
        Draft202012Validator.check_schema(file_schema(kind))
