"""The keys of a file of contributions, by every name with one meaning; two names of one thing are refused."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from readingroom.errors import InvalidInput

Names = Mapping[str, tuple[str, ...]]
"""Other names of each key."""

FILE: Names = {
    "contributions": ("values", "contributors", "contribution_values", "cell"),
    "rules": ("parameters", "rule_parameters", "policy"),
    "rule_pack": ("pack", "rulepack"),
    "total": ("cell_total", "sum"),
    "n": ("count", "people", "number_of_contributors", "n_contributors"),
    "comment": ("description", "name", "label", "title", "note"),
}
CONTRIBUTION: Names = {
    "value": ("contribution", "amount", "x"),
    "unit": ("id", "unit_id", "entity", "person", "person_id", "holding", "respondent", "contributor", "company"),
    "weight": ("w", "sampling_weight"),
}
RULES: Names = {
    "threshold": ("min_units", "min_contributors", "min_people", "minimum_frequency", "min_frequency", "min_count",
                  "minimum", "frequency"),
    "threshold_inclusive": ("at_or_below",),
    "zeros_disclosive": ("zeros_are_disclosive", "zeros"),
    "dominance": ("nk", "n_k", "nk_rule", "nk_dominance", "(n,k)"),
    "dominance_inclusive": ("nk_inclusive", "inclusive"),
    "p_percent": ("p%", "p_percent_rule"),
    "p": ("p_rule",),
    "p_ratio": ("pratio", "p-ratio", "safe_pratio_p"),
    "p_percent_coalition": ("coalition", "coalition_size", "p_coalition"),
    "p_q": ("pq", "pq_rule", "prior_posterior", "(p,q)"),
    "weights": ("weight_mode", "weights_mode", "weighting"),
    "group_disclosure": ("all_equal", "all_values_equal", "all_equal_values"),
}
PAIR: Names = {"n": ("n_largest",), "k": (), "k_percent": ("percent",)}
PRIOR: Names = {"p": ("p_percent", "posterior"), "q": ("q_percent", "prior")}
P_RULE: Names = {"p": (), "p_percent": ("percent",),
                 "coalition": ("p_percent_coalition", "coalition_size", "colluders")}
THRESHOLD: Names = {"minimum": ("threshold", "min", "n", "value", "at_least"),
                    "inclusive": ("threshold_inclusive",), "zeros": ("zeros_disclosive", "zeros_are_disclosive")}


def fault(place: str, value: object, wanted: str) -> InvalidInput:
    return InvalidInput(
        f"{place} is {str(value)[:80]!r}; it should be {wanted}.", rule="contributions.malformed", value=place,
        next_step="`readingroom check contributions --example` prints a file that works.")


def own_name(written: object, names: Names) -> str | None:
    """The own name of a key, whichever of its names is written."""
    lookup = {other: name for name, others in names.items() for other in (name, *others)}
    return lookup.get(str(written)) or lookup.get(str(written).strip().casefold().replace(" ", "_").replace("-", "_"))


def keyed(given: object, names: Names, place: str) -> dict[str, object]:
    """The object with its keys by their own names; null is left out. Refuses the unknown, and the twice said."""
    if not isinstance(given, Mapping):
        raise fault(place, given, "an object")
    said: dict[str, object] = {}
    for written, value in given.items():
        name = own_name(written, names)
        if name is None:
            every = [other for name, others in names.items() for other in (name, *others)]
            close = get_close_matches(str(written).strip().casefold(), every, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}."
            raise InvalidInput(f"{place}.{str(written)[:80]} is not known; {hint}", rule="contributions.unknown",
                               value=str(written)[:80], next_step="See docs/reference/check.md for the keys.")
        if name in said:
            raise fault(f"{place}.{written}", value, f"left out, since {name} is said by another name too")
        if value is not None:
            said[name] = value
    return said
