"""Survival curves."""

from readingroom.core.disclosure.models.curves import SurvivalCurve
from readingroom.core.disclosure.models.rules.steps import check_steps
from readingroom.core.disclosure.output_types.model import OutputType

SURVIVAL_CURVE = OutputType(
    name="survival-curve",
    title="Kaplan-Meier curves and life tables",
    statbarn="Hazard and survival analysis",
    risks=("an implicit table", "low counts in a step", "one person's time of event"),
    evidence="Of every arm and published step: people at risk, events, people censored.",
    reading="Each step down is so many people's event at that time, and each tick a person. Look at the last steps, "
            "where few are left, and at the smallest arm.",
    source="SACRO statbarns (T. Green and others, 2024); OpenSAFELY output checking guide, Kaplan-Meier (2026)",
    description=SurvivalCurve,
    types={"kaplan-meier": ("km", "survival-curve", "survival-table", "life-table", "nelson-aalen",
                            "cumulative-incidence")},
    rules=(check_steps,),
    example={"type": "kaplan-meier", "arms": [{"name": "treated", "units": 100, "steps": [
        {"time": 6, "at_risk": 100, "events": 20, "censored": 5, "survival": 0.8},
        {"time": 12, "at_risk": 75, "events": 15, "censored": 0, "survival": 0.64},
        {"time": 24, "at_risk": 60, "events": 12, "censored": 48, "survival": 0.51}]}]},
)
