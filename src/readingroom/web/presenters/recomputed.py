"""What came of computing an output again from the data: in words for everyone, with the numbers for its checkers."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.disclosure.recomputing import Difference, Outcome, Recomputation
from readingroom.core.inspection.textual import visible
from readingroom.core.requests import Assurance, OutputFile
from readingroom.web.presenters import times
from readingroom.web.presenters.words import ASSURANCE_WORDS

MOST_SHOWN = 20
OUTCOME_WORDS = {
    Outcome.VERIFIED: "Recomputed by the platform from {data} on {day}: every number and the file itself came out the "
                      "same.",
    Outcome.DIFFERS: "Recomputed by the platform from the same data on {day}, and not all of it came out the same.",
    Outcome.NO_RECIPE: "Not recomputed: its data were prepared in the notebook, or are not of one granted table. The "
                       "where, bands and merge of rr.table() do the same so that it can be.",
    Outcome.SEVERAL: "Not recomputed: it is of several recipes at once.",
    Outcome.PICTURE: "Not recomputed: the platform does not draw pictures.",
    Outcome.OTHER_UNIT: "Not recomputed: it counts something else than the people of the dataset.",
    Outcome.NOT_GRANTED: "Not recomputed: it is of data that the project may not read now.",
    Outcome.VERSION: "Not recomputed: it names a version of the data that is not there, or that the project never had.",
    Outcome.OWN_NOISE: "Not recomputed: its noise comes from a key of the researcher's own.",
    Outcome.NO_FIT: "Not recomputed: its recipe cannot be applied to the data.",
    Outcome.TOO_LARGE: "Not recomputed: it would take more rows, cells or memory than the platform gives to one table.",
    Outcome.TOO_LONG: "Not recomputed: it would take longer than the platform gives to one table.",
    Outcome.TIME_USED: "Not verified: the time for this request was used up by its other tables. Sent in a smaller "
                       "request, it is computed again.",
    Outcome.BROKE_OFF: "Not recomputed: the work broke off. Sent again, it is tried again.",
    Outcome.OTHER_FILE: "Its evidence was recomputed and holds, but the file is not exactly as the SDK writes that "
                        "table, and may say something else.",
}
FIELD_WORDS = {"": "the cell itself", "people": "people", "records": "records", "value": "the number", "total": "total",
               "top": "largest contributions"}


@dataclass(frozen=True)
class ShownDifference:
    """A fact about one cell: what was sent, and what the data give."""

    place: str
    what: str
    said: str
    found: str


def came_about(file: OutputFile) -> str:
    """How a file came about, as far as the platform knows: `Recomputed by the platform from courts version ...`."""
    meaning = ASSURANCE_WORDS[file.assurance][1]
    if file.recomputed is None:
        return meaning
    again = _words(file.recomputed)
    return again if file.assurance is Assurance.VERIFIED else f"{meaning} {again}"


def _words(told: Recomputation) -> str:
    data = f"{told.dataset} version {told.version}, table {told.table}," if told.outcome is Outcome.VERIFIED else ""
    return OUTCOME_WORDS[told.outcome].format(data=data, day=times.day(told.at))


def differences(told: Recomputation | None) -> tuple[ShownDifference, ...]:
    return () if told is None else tuple(map(_difference, told.differences[:MOST_SHOWN]))


def _difference(one: Difference) -> ShownDifference:
    place = " / ".join(filter(None, (", ".join(one.row), ", ".join(one.column)))) or "the table"
    return ShownDifference(visible(place), FIELD_WORDS.get(one.field, one.field.replace("_", " ")), _text(one.said),
                           _text(one.found))


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value[:5]))
    return "none" if value is None else visible(str(value))[:100]
