"""Cases in which the file holds more than a reader sees, or rows of people."""

from __future__ import annotations

import io
import json

from readingroom.core.training.counts import AREAS
from readingroom.core.training.draws import Draws
from readingroom.core.training.model import Case, Fault, csv

HANDBOOK = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 3 (2024)"
FORMATS = "OpenSAFELY output checking guide, file types (2026)"


def notebook(random: Draws, bad: bool) -> Case:
    """A notebook that still holds what it showed, or one that was cleared."""
    people = random.randrange(30, 90)
    shown = "".join(f"<tr><td>{1000 + row}</td><td>{random.randrange(18, 80)}</td></tr>" for row in range(people))
    output = {"output_type": "execute_result", "execution_count": 2, "metadata": {},
              "data": {"text/html": f"<table>{shown}</table>", "text/plain": "   person  age"}}
    cells = [_cell("import readingroom as rr\ndata = rr.load('defendants')"),
             _cell("data[['person', 'age']]", *([output] if bad else []))]
    content = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()
    fault = Fault("output.unseen", f"The second cell holds a table of {people} people, one row each, as HTML that "
                  "nobody can be shown. What can't be seen can't be approved.", FORMATS) if bad else None
    return Case("analysis.ipynb", content, "The code behind the tables of this request.", "Outputs were cleared.",
                fault, "It holds code only, and all of it can be read.")


def _cell(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs), "execution_count": 1}


def picture(random: Draws, bad: bool) -> Case:
    """A chart with data written behind its pixels, or without."""
    from PIL import Image, ImageDraw, PngImagePlugin  # lazy: the cases are known where no picture is made

    heights = [random.randrange(20, 120) for _ in AREAS]
    drawn = Image.new("RGB", (320, 180), "white")
    draw = ImageDraw.Draw(drawn)
    for place, height in enumerate(heights):
        draw.rectangle((30 + 70 * place, 160 - height, 75 + 70 * place, 160), fill="steelblue")
    draw.line((20, 160, 310, 160), fill="black")
    notes = PngImagePlugin.PngInfo()
    if bad:
        notes.add_text("data", json.dumps([random.randrange(18, 80) for _ in range(60)]))
    out = io.BytesIO()
    drawn.save(out, "PNG", pnginfo=notes)
    fault = Fault("output.unseen", "The picture is harmless, but its file carries 60 people's ages as text beside the "
                  "pixels. It has to be saved again without metadata.", FORMATS) if bad else None
    return Case("bars.png", out.getvalue(), f"Bars: defendants by area; {', '.join(AREAS)}; each of over 200 people.",
                "The counts behind the bars were rounded to 5.", fault, "The file holds its pixels and nothing else.")


def rows(random: Draws, bad: bool) -> Case:
    """Rows of single people without names, or a table of groups of them."""
    if bad:
        count = random.randrange(25, 40)
        content = csv("ref,sex,age,days", [
            [f"QX-{100_000 + random.below(9 * 10**5)}", random.choice("FM"), random.randrange(18, 80),
             random.randrange(20, 400)] for _ in range(count)])
        fault = Fault("people.unique-key", f"{count} rows of one person each, with a reference of their own. Leaving "
                      "names out does not make rows of people an aggregate.", HANDBOOK)
        said = "Example cases with their age and time to disposal; names were removed."
    else:
        content = csv("age group,people", [[f"{age} to {age + 9}", random.randrange(40, 300)]
                                           for age in range(20, 80, 10)])
        fault, said = None, "People by age group; each row counts at least 40."
    return Case("cases.csv", content, said, "No names or dates of birth.", fault,
                "Each row is a count of many people.")
