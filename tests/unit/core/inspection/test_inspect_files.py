"""Files as they come, hostile ones included: known, or refused."""

import io
import random
import time

import pytest
from PIL import Image

from readingroom.core.disclosure.check import check_output
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection import inspect, preview
from tests.unit.core.inspection.samples import (
    HOSTILE,
    POLICY,
    TABLE,
    code,
    jpeg,
    notebook,
    png,
    png_with_text,
)


def rules_of(inspection):
    return {finding.rule for finding in inspection.findings}


def csv_of(header, rows):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]).encode()


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_fail_quickly_with_a_way_out(case):
    name, content = HOSTILE[case]
    started = time.monotonic()
    result = check_output(name, content, None, POLICY)
    assert result.verdict is Verdict.FAIL
    assert all(finding.message and finding.next_step for finding in result.findings)
    preview(name, content, result.findings)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("name", "content", "output_type"),
    [
        ("a.csv", TABLE, "csv"),
        ("a.CSV", b"\xef\xbb\xbf" + TABLE, "csv"),
        ("a.csv", TABLE.decode().encode("utf-16"), "csv"),
        ("a.tsv", TABLE.replace(b",", b"\t"), "csv"),
        ("a.csv", TABLE.replace(b",", b";"), "csv"),
        ("a.png", png(), "png"),
        ("a.png", png_with_text("Software", "Matplotlib version3.10.0, https://matplotlib.org/"), "png"),
        ("a.jpg", jpeg(), "jpeg"),
        ("a.json", b'[{"region": "North", "people": 40}]', "json"),
    ],
)
def test_plain_files_are_recognised_without_findings(name, content, output_type):
    inspection = inspect(name, content, POLICY)
    assert (inspection.output_type, inspection.findings) == (output_type, ())


@pytest.mark.parametrize(
    ("name", "content", "output_type"),
    [
        ("a.txt", b"The model converged.", "txt"),
        ("a.md", b"# Notes", "md"),
        ("a.ipynb", notebook(code("1 + 1")), "ipynb"),
    ],
)
def test_what_only_people_can_judge_is_review(name, content, output_type):
    result = check_output(name, content, None, POLICY)
    assert (result.output_type, result.verdict) == (output_type, Verdict.REVIEW)


def test_a_type_that_the_policy_leaves_out_fails():
    only_png = POLICY.model_copy(update={"output_types": frozenset({"png"})})
    assert "file.type-not-allowed" in rules_of(inspect("a.csv", TABLE, only_png))


RANDOM = random.Random(7)  # fixed, so that the files are the same every time
PEOPLE = {
    "many rows": (csv_of("band,n", [(f"b{i}", 40 + i) for i in range(1_200)]), "people.many-rows"),
    "identifier column": (csv_of("DefendantID,n", [(i, 40) for i in range(3)]), "people.identifier-column"),
    "hash column": (
        csv_of("x,n", [(f"{RANDOM.getrandbits(64):016x}", 40) for _ in range(5)]),
        "people.pseudonyms",
    ),
    "codes": (csv_of("ref no,n", [(f"QX-{100000 + 7 * i}", 40) for i in range(40)]), "people.unique-key"),
    "row numbers": (
        csv_of(",sex,age", [(i, "MF"[i % 2], 20 + i % 9) for i in range(50)]),
        "people.unique-key",
    ),
    "rows of people": (
        csv_of("sex,region,age", [("MF"[i % 2], "NSEW"[i % 4], 20 + i % 30) for i in range(300)]),
        "people.repeated-rows",
    ),
    "value_counts of a measure": (
        csv_of("income,count", [(f"{9000 + i * 1.37:.2f}", 1 + (i == 3)) for i in range(99)]),
        "people.listed-values",
    ),
}


def test_area_codes_are_no_pseudonyms():
    areas = csv_of("area,people", [(f"E060000{i:02}", 40 + i) for i in range(30)])
    assert inspect("a.csv", areas, POLICY).findings == ()


@pytest.mark.parametrize("case", PEOPLE)
def test_rows_of_people_are_noticed(case):
    content, rule = PEOPLE[case]
    assert rule in rules_of(inspect("table.csv", content, POLICY))


def test_a_table_of_people_dressed_as_text_fails():
    content = csv_of("sex,region,age", [("MF"[i % 2], "NSEW"[i % 4], 20 + i) for i in range(60)])
    assert check_output("notes.txt", content, None, POLICY).verdict is Verdict.FAIL


def test_precise_numbers_need_a_person():
    assert "precision" in rules_of(inspect("a.csv", b"region,mean\nNorth,12.34567890123\n", POLICY))
    assert inspect("a.csv", b"region,mean\nNorth,12.35\n", POLICY).findings == ()


def test_small_counts_in_a_declared_table_fail_at_their_place():
    result = check_output("a.csv", b"region,men,women\nNorth,40,3\nSouth,<10,20\n", None, POLICY)
    finding = next(finding for finding in result.findings if finding.rule == "threshold")
    assert (finding.verdict, [cell.position for cell in finding.cells]) == (Verdict.FAIL, [(0, 2)])
    assert "North × women: 3" in finding.message and "at least 10" in finding.message


def test_zeros_in_a_declared_table_follow_the_policy():
    table = b"region,men\nNorth,40\nSouth,0\n"
    assert check_output("a.csv", table, None, POLICY).verdict is Verdict.REVIEW
    strict = POLICY.model_copy(update={"zeros_disclosive": True})
    assert check_output("a.csv", table, None, strict).verdict is Verdict.FAIL


def test_any_bytes_are_answered():
    source = random.Random(11)
    names = ["a.csv", "a.png", "a.jpg", "a.json", "a.ipynb", "a.txt"]
    seeds = [TABLE, png(), jpeg(), notebook(code("x"))]
    for _ in range(400):
        content = bytearray(source.choice(seeds))
        for _ in range(source.randint(1, 6)):
            content[source.randrange(len(content))] = source.randrange(256)
        name = source.choice(names)
        result = check_output(name, bytes(content), None, POLICY)
        assert result.verdict > Verdict.PASS
        preview(name, bytes(content), result.findings)


def test_a_table_preview_is_capped_and_marks_flagged_cells():
    content = csv_of("band,n", [(f"band {i}", 40 if i else 3) for i in range(300)])
    result = check_output("a.csv", content, None, POLICY)
    shown = preview("a.csv", content, result.findings)
    assert (shown.kind, shown.header, len(shown.rows), shown.parts) == ("table", ("band", "n"), 200, 2)
    assert shown.flagged == {(0, 1)}


def test_an_image_preview_is_made_from_pixels_alone():
    shown = preview("a.png", png_with_text("Comment", "secret") + b"trailing", ())
    assert shown.kind == "image"
    assert b"secret" not in shown.image and b"trailing" not in shown.image
    assert Image.open(io.BytesIO(shown.image)).size == (64, 48)


def test_a_text_preview_spells_out_what_cannot_be_seen():
    assert preview("a.txt", "a\u202eb\x1b[31m".encode(), ()).lines == ("a⟨U+202E⟩b⟨U+001B⟩[31m",)


def test_a_notebook_preview_names_rich_outputs_without_showing_them():
    content = HOSTILE["notebook with a shown table"][1]
    cell = preview("a.ipynb", content, ()).cells[0]
    assert (cell.lines, cell.output_lines, cell.not_shown) == (("df",), ("x",), ("text/html",))


def test_what_is_not_recognised_is_not_shown():
    assert preview("a.svg", HOSTILE["svg"][1], (Finding("x", Verdict.FAIL, "x"),)).kind == "unknown"


@pytest.mark.parametrize("text", [b'[{"re\\ud800gion": "x", "n": 40}]', b'[{"region": "a\\u202eb", "n": 3}]'])
def test_characters_hidden_by_json_escapes_fail_and_stay_out_of_findings(text):
    result = check_output("a.json", text, None, POLICY)
    assert "text.hidden-characters" in {finding.rule for finding in result.findings}
    assert "\u202e" not in str([finding.as_dict() for finding in result.findings])
    assert all(finding.message.encode() for finding in result.findings)


def test_commas_inside_quotes_do_not_hide_a_small_count():
    content = b'region,men,women\n"York, North","1,240",3\nSouth,40,20\n'
    assert inspect("a.csv", content, POLICY).table.header == ("region", "men", "women")
    assert check_output("a.csv", content, None, POLICY).verdict is Verdict.FAIL
