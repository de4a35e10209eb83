"""Survival curves as described for the checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from readingroom.core.disclosure.models.described import Count, Described, Label, Number, Text, key


class Step(Described):
    """One published step of a curve."""

    time: Number = Field(description="When the step ends.", json_schema_extra={"synonyms": ["t", "duration"]})
    at_risk: Count = Field(description="Units at risk just before the first exit of the step.",
                           json_schema_extra={"synonyms": ["n_risk", "n_at_risk", "risk_set"]})
    events: Count = Field(description="Units with the event in the step.",
                          json_schema_extra={"synonyms": ["deaths", "n_events", "observed"]})
    censored: Count = Field(default=0, description="Units that leave the risk set without the event.",
                            json_schema_extra={"synonyms": ["n_censored", "lost", "withdrawn"]})
    survival: Number | None = key("The estimate after the step.", "survival_probability", "estimate", "s")

    @property
    def exits(self) -> int:
        return self.events + self.censored


class Arm(Described):
    """One curve."""

    name: Label = Field(default="all", description="What the curve is of.",
                        json_schema_extra={"synonyms": ["arm", "group", "label", "level"]})
    units: Count | None = key("Units at risk at the start.", "people", "persons", "n", "n_units", "distinct_units")
    steps: tuple[Step, ...] = Field(min_length=1, max_length=20_000, description="The published steps, in order.",
                                    json_schema_extra={"synonyms": ["times", "table"]})


class SurvivalCurve(Described):
    """A Kaplan-Meier curve or life table: every step is a cell of the people who leave in it."""

    type: Text = Field(description="Which estimator.")
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=500)] | None = key("Every curve.", "groups",
                                                                                       "curves", "strata")
    rounding: Literal["none", "midpoint-6"] | None = key(
        "How at-risk and event counts were rounded before anything was computed from them.")
