"""Figures: as safe as the table that they draw."""

from readingroom.core.disclosure.output_types.model import OutputType

FIGURE = OutputType(
    name="figure",
    title="Bar charts, histograms, line charts, box plots, binned scatters",
    statbarn="Frequencies, linear aggregations or position, as the table drawn",
    risks=("as the table drawn", "edges at the extremes", "one mark per person"),
    evidence="The table drawn: every bar, point and box, of every group, the first and last bar too.",
    reading="Check the table, then whether the picture shows anything else: a mark per person, an axis that ends at "
            "somebody's value, whiskers or outliers. Only pixels may leave; a vector drawing holds its numbers.",
    source="SACRO statbarns (T. Green and others, 2024); German RDCs' rule in the ESSnet/CoE Handbook, ch. 6 (2024)",
    example={"kind": "figure", "underlying": {"kind": "table", "statistic": "count", "unit": "person_id", "cells": [
        {"row": ["20 to 29"], "column": ["people"], "people": 40, "records": 40}]}},
)
