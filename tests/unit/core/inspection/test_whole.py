"""What can't be shown can't be approved as if seen: each file is shown whole and inert, or says that it is not."""

from __future__ import annotations

import io
import json
import random
import struct

import pytest
from PIL import Image, ImageDraw

from readingroom.core.disclosure.check import check_output
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.inspection import preview
from readingroom.core.inspection.preview import ALL
from readingroom.core.inspection.whole import RULE
from tests.unit.core.inspection.samples import HOSTILE, POLICY, TABLE, chunk, code, jpeg, notebook, png


def chart(kind="JPEG", mode="RGB", **options):
    """A white page with a line and some noise, as charts are."""
    picture = Image.new(mode, (320, 200), "white")
    draw, source = ImageDraw.Draw(picture), random.Random(3)
    draw.line([(x, source.randrange(40, 160)) for x in range(20, 300, 20)], fill="navy", width=3)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_hidden_pixels():
    picture = Image.new("RGBA", (40, 40), (255, 255, 255, 255))
    for place in range(20):
        picture.putpixel((place, 3), (place * 9, 0, 0, 0))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def inserted(content, what, before=b"IDAT"):
    place = content.index(before) - 4
    return content[:place] + what + content[place:]


def apng():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("white", "black")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def before_end(content, extra):
    """Entropy-coded data after the last block of the picture."""
    return content[:-2] + extra + content[-2:]


WIDGET = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"people": [1, 2, 3]}}}}}


def notebook_with(metadata=None, cell=None, output=None, **top):
    made = code("1 + 1", *([output] if output else []))
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": [made | (cell or {})],
                       **top}).encode()


UNSEEN = {
    "a million rows": ("a.csv", b"band,n\n" + b"".join(b"b,%d\n" % (40 + n % 50) for n in range(1_000_000))),
    "a line too long": ("a.txt", b"It " * 3000),
    "a cell too long": ("a.json", json.dumps([{"region": "x " * 4000, "n": 40}]).encode()),
    "png: data behind": ("a.png", png() + TABLE),
    "png: animated": ("a.png", apng()),
    "png: exif": ("a.png", inserted(png(), chunk(b"eXIf", b"MM\x00*secret"))),
    "png: text": ("a.png", inserted(png(), chunk(b"zTXt", b"k\x00\x00secret"))),
    "png: many harmless chunks": ("a.png", inserted(png(), chunk(b"tIME", b"1234567") * 2)),
    "png: a large background": ("a.png", inserted(png(), chunk(b"bKGD", bytes(500)))),
    "png: colours that nobody sees": ("a.png", with_hidden_pixels()),
    "png: huge dimensions": ("a.png", HOSTILE["png bomb"][1]),
    "png: cut short": ("a.png", png()[:-30]),
    "jpeg: comment": ("a.jpg", b"\xff\xd8\xff\xfe\x00\x08secret" + jpeg()[2:]),
    "jpeg: exif": ("a.jpg", b"\xff\xd8\xff\xe1\x00\x0cExif\x00\x00abcd" + jpeg()[2:]),
    "jpeg: own segment": ("a.jpg", b"\xff\xd8\xff\xf0\x00\x08secret" + jpeg()[2:]),
    "jpeg: tables": ("a.jpg", b"\xff\xd8" + (b"\xff\xdb\x00\x43\x00" + bytes(range(1, 65))) * 200 + jpeg()[2:]),
    "jpeg: data after its pixels": ("a.jpg", before_end(chart(), b"name,people;" * 40)),
    "jpeg: restarts": ("a.jpg", chart(restart_marker_blocks=1)),
    "jpeg: data behind": ("a.jpg", jpeg() + TABLE),
    "pdf": ("a.pdf", b"%PDF-1.7\n"),
    "svg": ("a.svg", HOSTILE["svg"][1]),
    "unknown": ("a.bin", bytes(range(256))),
    "nul characters": ("a.csv", b"a,b\n1,\x00\n"),
    "utf-16 without a mark": ("a.csv", TABLE.decode().encode("utf-16-le")),
    "xlsx with hidden columns": ("a.xlsx", HOSTILE["xlsx"][1]),
    "notebook: a shown table": ("a.ipynb", HOSTILE["notebook with a shown table"][1]),
    "notebook: an attachment": ("a.ipynb", notebook_with(cell={"attachments": {"a.png": {"image/png": "AAAA"}}})),
    "notebook: a widget": ("a.ipynb", notebook_with(output={
        "output_type": "display_data", "metadata": {}, "data": {
            "application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "A()"}})),
    "notebook: too many lines": ("a.ipynb", notebook(code("x\n" * 3000))),
    "notebook: too many cells": ("a.ipynb", notebook(*[code("1")] * 1001)),
    "notebook: a name twice": ("a.ipynb", b'{"nbformat": 4, "metadata": {"a": 1, "a": 2}, "cells": []}'),
}

WHOLE = {
    "table": ("a.csv", TABLE),
    "a mark and utf-16": ("a.csv", TABLE.decode().encode("utf-16")),
    "formulas": ("a.csv", HOSTILE["formula"][1]),
    "three hundred columns": ("a.csv", b"\n".join(b",".join(b"%d" % (40 + n) for n in range(300)) for _ in range(9))),
    "ragged": ("a.csv", b"a,b\n1,2,3\n4\n"),
    "markup in cells": ("a.csv", b"region,n\n<script>alert(1)</script>,40\n"),
    "html in markdown": ("a.md", b"# Notes\n<img src=x onerror=alert(1)>\n"),
    "png": ("a.png", chart("PNG")),
    "transparent png": ("a.png", chart("PNG", "RGBA")),
    "jpeg": ("a.jpg", chart()),
    "flat jpeg": ("a.jpg", jpeg()),
    "progressive jpeg": ("a.jpg", chart(progressive=True)),
    "grey jpeg": ("a.jpg", chart(mode="L")),
    "json with a name twice": ("a.json", b'[{"region": "x", "n": 40, "n": 3}]'),
    "json of many digits": ("a.json", b'[{"region": "x", "n": 12.00000000000000000000431}]'),
    "notebook": ("a.ipynb", notebook(code("1 + 1", {"output_type": "stream", "name": "stdout", "text": "2"}))),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_what_is_on_no_page_fails_and_says_what(case):
    name, content = UNSEEN[case]
    result = check_output(name, content, None, POLICY.model_copy(update={"max_file_bytes": 20_000_000}))
    found = [finding for finding in result.findings if finding.rule == RULE]
    assert [finding.verdict for finding in found] == [Verdict.FAIL]
    assert found[0].parameters["unseen"] and found[0].next_step
    assert preview(name, content).unseen == preview(name, content, part=ALL).unseen != ""


@pytest.mark.parametrize("case", WHOLE)
def test_what_is_shown_whole_does_not(case):
    name, content = WHOLE[case]
    assert RULE not in {finding.rule for finding in check_output(name, content, None, POLICY).findings}


@pytest.mark.parametrize("lines", [1, 199, 200, 201, 399, 400, 401, 2345])
def test_the_parts_together_are_the_whole_file(lines):
    content = b"band,n\n" + b"".join(b"band %d,%d\n" % (n, 40 + n) for n in range(lines))
    first = preview("a.csv", content)
    parts = [preview("a.csv", content, part=part) for part in range(1, first.parts + 1)]
    assert tuple(row for part in parts for row in part.rows) == preview("a.csv", content, part=ALL).rows
    assert [part.first for part in parts] == [200 * place for place in range(len(parts))]
    assert preview("a.csv", content, part=99_999) == parts[-1]
    assert preview("a.csv", content, part=-3) == first


def test_every_character_of_a_notebook_is_shown_or_named():
    """A payload in any place of the format is on the page, or the notebook is one that nobody can approve."""
    places = {
        "metadata": notebook_with(metadata=WIDGET | {"payload": "PAYLOAD"}),
        "kernel": notebook_with(metadata={"kernelspec": {"display_name": "PAYLOAD", "name": "python3"}}),
        "top": notebook_with(extra="PAYLOAD"),
        "minor": notebook_with(nbformat_minor="PAYLOAD"),
        "cell metadata": notebook_with(cell={"metadata": {"tags": ["PAYLOAD"]}}),
        "cell key": notebook_with(cell={"PAYLOAD": 1}),
        "cell id": notebook_with(cell={"id": "PAYLOAD"}),
        "execution count": notebook_with(cell={"execution_count": ["PAYLOAD"]}),
        "output metadata": notebook_with(output={"output_type": "stream", "name": "stdout", "text": "2",
                                                 "metadata": {"k": "PAYLOAD"}}),
        "output name": notebook_with(output={"output_type": "stream", "name": "PAYLOAD", "text": "2"}),
        "output text of another kind": notebook_with(output={"output_type": "stream", "name": "stdout",
                                                             "text": {"k": "PAYLOAD"}}),
        "plain text of another kind": notebook_with(output={"output_type": "execute_result", "metadata": {},
                                                            "data": {"text/plain": {"k": "PAYLOAD"}}}),
        "error": notebook_with(output={"output_type": "error", "ename": "PAYLOAD", "evalue": "x", "traceback": []}),
        "source": notebook_with(cell={"source": ["PAYLOAD"]}),
    }
    for place, content in places.items():
        shown = preview("a.ipynb", content)
        said = "\n".join(line for cell in shown.cells for line in (*cell.lines, *cell.output_lines))
        assert "PAYLOAD" in said or shown.unseen, place


def test_a_plain_notebook_has_no_metadata_to_read():
    assert [cell.kind for cell in preview("a.ipynb", notebook(code("1"))).cells] == ["code"]


def test_numbers_of_json_are_shown_as_they_are_written():
    shown = preview("a.json", WHOLE["json of many digits"][1])
    assert shown.rows == (("x", "12.00000000000000000000431"),)
    twice = preview("a.json", WHOLE["json with a name twice"][1])
    assert (twice.kind, "3" in twice.lines[0]) == ("text", True)


def test_any_png_chunk_is_either_known_or_not_shown():
    source = random.Random(5)
    for _ in range(60):
        kind = bytes(source.choice(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))
        content = inserted(png(), chunk(kind, source.randbytes(source.randrange(1, 2000))))
        assert preview("a.png", content).unseen, kind


def test_a_picture_of_many_jpeg_scans_is_checked_at_each():
    content = chart(progressive=True)
    first = content.index(b"\xff\xda")
    length, = struct.unpack_from(">H", content, first + 2)
    end = content.index(b"\xff\xc4", first + length)
    assert preview("a.jpg", content[:end] + b"people 1 2 3" * 9 + content[end:]).unseen
