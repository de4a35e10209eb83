"""Every output type says what it is, why, and how to read it; what is none of them never passes."""

from __future__ import annotations

import pytest

from readingroom.core.disclosure import check_output, check_table_evidence
from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.output_types import DESCRIBED, OUTPUT_TYPES, described_as
from readingroom.core.disclosure.verdict import Verdict, combine
from readingroom.core.policy import Policy

STRICT = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}),
                p_percent=10, residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png"}),
                max_file_bytes=1_000_000, max_table_rows=5000)
DESCRIBED_TYPES = [one for one in OUTPUT_TYPES if one.description]


@pytest.mark.parametrize("one", OUTPUT_TYPES, ids=lambda one: one.name)
def test_it_says_all_that_a_checker_needs(one):
    assert all((one.title, one.statbarn, one.risks, one.evidence, one.reading, one.source, one.example))
    assert any(year in one.source for year in ("2007", "2022", "2024", "2026"))
    assert bool(one.description) == bool(one.types) == bool(one.rules)


def test_names_are_of_one_type_only():
    names = [name for one in OUTPUT_TYPES for known, others in one.types.items() for name in (known, *others)]
    assert len(set(names)) == len(names) == len(DESCRIBED)
    assert len({one.name for one in OUTPUT_TYPES}) == len(OUTPUT_TYPES)


@pytest.mark.parametrize("one", [one for one in OUTPUT_TYPES if not one.description], ids=lambda one: one.name)
def test_a_table_or_figure_is_known_by_its_evidence(one):
    assert check_table_evidence(dict(one.example), STRICT).verdict is Verdict.PASS


@pytest.mark.parametrize("name", sorted(DESCRIBED))
def test_every_name_is_read_however_it_is_written(name):
    assert described_as(name.upper().replace("-", " ")) == DESCRIBED[name]
    found = check_description({**described_as(name)[1].example, "type": name}, STRICT)
    assert isinstance(combine(found, checked=True), Verdict)


@pytest.mark.parametrize("kind", ["nothing", "", None, 3, "word cloud"])
def test_an_unknown_kind_of_evidence_or_type_never_passes(kind):
    table = b"g,x\nA,75\nB,59\n"
    for evidence in ({"kind": kind}, {"kind": "figure", "underlying": {"kind": kind}},
                     {"kind": "model", "description": {"type": kind}, "shown": [
                         {"row": ["A"], "column": ["x"], "value": 75}, {"row": ["B"], "column": ["x"], "value": 59}]}):
        assert check_output("t.csv", table, evidence, STRICT).verdict is not Verdict.PASS
