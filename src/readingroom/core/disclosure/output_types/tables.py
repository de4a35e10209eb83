"""Tables of counts and of magnitudes."""

from readingroom.core.disclosure.output_types.model import OutputType

SOURCE = "SACRO statbarns (T. Green and others, 2024); ESSnet/CoE Handbook on SDC, 2nd edition, ch. 4 and 5 (2024)"

FREQUENCY_TABLE = OutputType(
    name="frequency-table",
    title="Frequency tables",
    statbarn="Frequencies",
    risks=("low counts", "class disclosure", "differencing"),
    evidence="Distinct people and records of every cell, totals included.",
    reading="Each number is how many people are in that cell. Look for rows in which everybody is in one cell, and for "
            "earlier tables of nearly the same people.",
    source=SOURCE,
    example={"kind": "table", "statistic": "count", "unit": "person_id", "cells": [
        {"row": ["North"], "column": ["2023"], "people": 35, "records": 41},
        {"row": ["North"], "column": ["2024"], "people": 40, "records": 52}]},
)

MAGNITUDE_TABLE = OutputType(
    name="magnitude-table",
    title="Magnitude tables",
    statbarn="Linear aggregations",
    risks=("low counts", "dominance", "differencing"),
    evidence="As of a frequency table, and of every cell the largest contributions, one per person, and the total.",
    reading="Each number is a sum or mean over the people in that cell. Look for one large contributor.",
    source=SOURCE,
    example={"kind": "table", "statistic": "sum", "unit": "person_id", "cells": [
        {"row": ["North"], "column": ["fines"], "people": 40, "records": 52, "top": [900, 700], "total": 12000}]},
)

POSITION_TABLE = OutputType(
    name="position-table",
    title="Medians, percentiles, extremes and other statistics by cell",
    statbarn="Position, endpoints, mode, shape, calculated ratios",
    risks=("low counts", "class disclosure", "one person's value"),
    evidence="As of a frequency table, and of every cell what its statistic needs: people below and above a "
             "percentile, those who share a maximum, numerator and denominator of a rate.",
    reading="A percentile or extreme is somebody's value. Look whether enough people lie on each side, or share it.",
    source=SOURCE,
    example={"kind": "table", "statistic": "median", "unit": "person_id", "cells": [
        {"row": ["North"], "column": ["age"], "people": 40, "records": 40, "value": 34, "below": 19, "above": 20}]},
)
