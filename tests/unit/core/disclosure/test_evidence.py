"""Evidence is read strictly: what its page and its JSON Schema describe, and nothing else."""

import jsonschema
import pytest

from readingroom.core.disclosure.evidence import (
    FigureEvidence,
    TableEvidence,
    TablesEvidence,
    parse_evidence,
    tables_of,
)
from readingroom.core.disclosure.evidence.fields import CELL, TABLE
from readingroom.core.disclosure.evidence.schema import evidence_schema
from readingroom.core.disclosure.statistics import FAMILIES, SYNONYMS, Family, canonical, family
from readingroom.errors import InvalidInput

CELL_WITH_ALL = {
    "row": ["North"], "column": ["2024"], "people": 40, "records": 52, "missing": 3, "suppressed": False,
    "undefined": False, "structural": False, "margin": False, "value": 7, "top": [-9, 12.5], "total": 310,
    "absolute_total": 330, "negatives": 1, "top_weights": [2, 3], "weighted_total": 600, "weighted_absolute_total": 640,
    "constant": False,
    "below": 20, "above": 19, "at_value": 1, "modal_people": 9, "extreme_people": 1, "overlap_people": 0,
    "numerator_people": 11, "denominator_people": 40, "two_by_two": [[1, 2], [3, 4]], "mean": 7.75, "sd": 2.5,
    "nonzero_people": 38, "lower_people": 2, "upper_people": 38, "shown": 45, "label": "guilty",
    "denominator_top": [365, -366], "denominator_total": 9000,
}
TABLE_WITH_ALL = {
    "version": 1, "kind": "table", "statistic": "mean", "unit": "person_id", "cells": [CELL_WITH_ALL],
    "source": {"dataset": "courts"}, "where": ["year >= 2015"],
    "groups": {"region": {"province": {"North": ["NE", "NW"]}}}, "labelled": True,
    "recipe": {"rows": ["region"], "columns": ["year"], "statistic": "mean", "value": "days", "unit": "person_id"},
    "rounding": 5, "rounding_method": "midpoint", "residual_degrees_of_freedom": 12,
    "probability": 0.9, "row_names": ["region"], "column_names": ["year"], "decimals": 2,
    "scale": {"step": 1, "lowest": 0, "highest": 10},
    "noise": {"largest": 2, "variance": 1.5, "small": 1, "key": "c0ffee"},
}


def of_cell(**changes):
    return TABLE_WITH_ALL | {"cells": [CELL_WITH_ALL | changes]}


def valid(document):
    return jsonschema.Draft202012Validator(evidence_schema()).is_valid(document)


def test_every_field_is_read_and_described():
    assert set(CELL_WITH_ALL) == {field.name for field in CELL}
    assert set(TABLE_WITH_ALL) == {field.name for field in TABLE} | {"version", "kind", "cells"}
    found = parse_evidence(TABLE_WITH_ALL)
    assert isinstance(found, TableEvidence)
    cell = found.cells[0]
    assert (cell.top, cell.top_weights) == ((12.5, -9), (3, 2))  # by size, weights alongside
    assert (cell.denominator_top, cell.denominator_total) == ((-366, 365), 9000)
    assert (cell.two_by_two, cell.at_value, cell.numerator_people) == (((1, 2), (3, 4)), 1, 11)
    assert (found.scale.step, found.probability, found.rounding_method) == (1, 0.9, "midpoint")
    assert valid(TABLE_WITH_ALL)


def test_a_field_that_is_null_is_not_said():
    bare = dict.fromkeys(CELL_WITH_ALL) | {"row": ["a"], "column": [], "people": 1, "records": 1}
    found = parse_evidence({"kind": "table", "statistic": "count", "unit": "id", "cells": [bare]})
    assert tables_of(found)[0].cells[0].top == ()
    assert tables_of(found)[0].cells[0].suppressed is False
    assert valid({"kind": "table", "statistic": "count", "unit": "id", "cells": [bare]})


def test_several_statistics_are_tables_with_labels_of_their_own():
    other = TABLE_WITH_ALL | {"statistic": "count", "cells": [CELL_WITH_ALL | {"column": ["people"]}]}
    tables = {"kind": "tables", "tables": [TABLE_WITH_ALL, other]}
    found = parse_evidence(tables)
    assert isinstance(found, TablesEvidence)
    assert [table.statistic for table in tables_of(found)] == ["mean", "count"]
    figure = parse_evidence({"kind": "figure", "underlying": tables})
    assert isinstance(figure, FigureEvidence)
    assert tables_of(figure) == found.tables
    assert valid(tables)
    assert valid({"kind": "figure", "version": 1, "underlying": tables})
    with pytest.raises(InvalidInput, match="the same labels twice"):
        parse_evidence({"kind": "tables", "tables": [TABLE_WITH_ALL, TABLE_WITH_ALL]})


@pytest.mark.parametrize(("document", "place"), [
    (None, "evidence"),
    ({"kind": "model"}, "evidence.kind"),
    ({"version": 2} | TABLE_WITH_ALL | {"version": 2}, "evidence.version"),
    (TABLE_WITH_ALL | {"version": True}, "evidence.version"),
    (TABLE_WITH_ALL | {"colour": "red"}, "evidence"),
    (TABLE_WITH_ALL | {"cells": []}, "evidence.cells"),
    (TABLE_WITH_ALL | {"statistic": None}, "evidence.statistic"),
    (TABLE_WITH_ALL | {"rounding": 0}, "evidence.rounding"),
    (TABLE_WITH_ALL | {"rounding_method": "up"}, "evidence.rounding_method"),
    (TABLE_WITH_ALL | {"probability": 1}, "evidence.probability"),
    (TABLE_WITH_ALL | {"decimals": 21}, "evidence.decimals"),
    (TABLE_WITH_ALL | {"scale": {"step": 0, "lowest": 0, "highest": 1}}, "evidence.scale"),
    (TABLE_WITH_ALL | {"scale": {"step": 1, "lowest": 0}}, "evidence.scale.highest"),
    (of_cell(people=53), "evidence.cells[0].people"),
    (of_cell(people=0, top=[], top_weights=[]), "evidence.cells[0].people"),
    (of_cell(people=1, top=[1], top_weights=[1], below=2), "evidence.cells[0].below"),
    (of_cell(top_weights=[1]), "evidence.cells[0].top_weights"),
    (of_cell(top_weights=[1, 0]), "evidence.cells[0].top_weights"),
    (of_cell(people=1), "evidence.cells[0].top"),
    (of_cell(two_by_two=[[1, 2, 3], [4]]), "evidence.cells[0].two_by_two"),
    (of_cell(two_by_two=[[1, -2], [3, 4]]), "evidence.cells[0].two_by_two"),
    (of_cell(constant=1), "evidence.cells[0].constant"),
    (of_cell(value=float("nan")), "evidence.cells[0].value"),
    (of_cell(people=True), "evidence.cells[0].people"),
    (of_cell(row=["a\u202eb"]), "evidence.cells[0].row"),
    ({"kind": "tables", "tables": []}, "evidence.tables"),
    ({"kind": "tables", "tables": [{"kind": "figure"}]}, "evidence.tables[0].kind"),
    ({"kind": "figure", "underlying": {"kind": "figure"}}, "evidence.underlying.kind"),
    (TABLE_WITH_ALL | {"statistic": "share", "cells": [CELL_WITH_ALL | {"numerator_people": 41}]},
     "evidence.cells[0].numerator_people"),
])
def test_anything_else_is_refused_by_place(document, place):
    with pytest.raises(InvalidInput) as refused:
        parse_evidence(document)
    assert (refused.value.rule, refused.value.value) == ("evidence.malformed", place)


def test_every_synonym_leads_to_a_statistic_with_rules():
    assert set(SYNONYMS.values()) <= set(FAMILIES)
    assert not set(SYNONYMS) & set(FAMILIES)
    assert (canonical(" Std "), family("average"), family("kurtosis")) == ("sd", Family.LINEAR, None)


@pytest.mark.parametrize("said", [
    TABLE_WITH_ALL, {"kind": "tables", "tables": [TABLE_WITH_ALL]}, {"kind": "figure", "underlying": TABLE_WITH_ALL}])
def test_what_was_read_is_not_read_again(said):
    """A request's files are held against each other: to read each anew for each took most of the time of checking."""
    read = parse_evidence(said)
    assert parse_evidence(read) is read
