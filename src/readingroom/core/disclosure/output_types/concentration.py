"""Measures of concentration."""

from readingroom.core.disclosure.models.concentration import Concentration
from readingroom.core.disclosure.models.rules.concentration import check_concentration
from readingroom.core.disclosure.output_types.model import OutputType

CONCENTRATION = OutputType(
    name="concentration",
    title="Gini, Lorenz and Herfindahl-Hirschman",
    statbarn="Gini coefficients and Lorenz curves; non-linear concentration ratios",
    risks=("low counts", "dominance", "percentiles of few people"),
    evidence="Distinct units, the largest contributions and the total; of a Lorenz curve its points.",
    reading="A high value says that few hold most: look at the largest shares. Every point of a Lorenz curve is a "
            "percentile.",
    source="SACRO statbarns (T. Green and others, 2024); ESSnet/CoE Handbook on SDC, 2nd edition, ch. 4.2 (2024)",
    description=Concentration,
    types={"gini": ("gini-coefficient", "gini-index"), "lorenz": ("lorenz-curve",),
           "hhi": ("herfindahl", "herfindahl-hirschman", "herfindahl-index"), "concentration-ratio": ()},
    rules=(check_concentration,),
    example={"type": "gini", "units": 400, "top": [900, 800, 750], "total": 90000, "value": 0.42},
    example_differs={"hhi": {"value": 0.004}, "lorenz": {"points": [
        {"people_share": 0.25, "value_share": 0.06}, {"people_share": 0.5, "value_share": 0.2},
        {"people_share": 0.75, "value_share": 0.45}]}},
)
