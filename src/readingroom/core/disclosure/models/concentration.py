"""Measures of concentration as described for the checks: Gini, Lorenz, Herfindahl-Hirschman."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from readingroom.core.disclosure.models.described import Count, Described, Number, Text, key


class Point(Described):
    """One published point of a Lorenz curve."""

    people_share: Number = Field(description="Share of the units up to here, 0 to 1, poorest first.",
                                 json_schema_extra={"synonyms": ["population_share", "x", "p"]})
    total_share: Number | None = key("Share of the total that they hold, 0 to 1.", "value_share", "y", "l")
    units: Count | None = key("Units up to here; otherwise the share of all units.", "people")


class Concentration(Described):
    """One number, or a curve, on how unequally a total is spread."""

    type: Text = Field(description="Which measure.")
    n: Count | None = key("Observations.", "observations", "nobs", "n_obs", "sample_size")
    units: Count | None = key("Distinct units (people, firms) that the total is spread over.", "people", "persons",
                              "firms", "n_units", "distinct_units")
    top: tuple[Number, ...] | None = key("The largest contributions, one per unit.", "largest", "top_contributions")
    total: Number | None = key("The total.")
    absolute_total: Number | None = key("The sum of absolute contributions; needed where one is negative.")
    top_shares: tuple[Number, ...] | None = key("Instead of `top` and `total`: the largest shares, 0 to 1.", "shares",
                                                "largest_shares")
    value: Number | None = key("The measure, where published.", "gini", "hhi", "index")
    points: Annotated[tuple[Point, ...], Field(max_length=5_000)] | None = key("Points of a Lorenz curve.", "lorenz")
