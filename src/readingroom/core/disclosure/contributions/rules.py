"""Rule parameters as a file of contributions gives them, in any of the usual forms, as a policy."""

from __future__ import annotations

from typing import Any

from readingroom.core.disclosure.contributions.names import P_RULE, PAIR, PRIOR, RULES, THRESHOLD, fault, keyed
from readingroom.core.disclosure.contributions.numbers import flag, number, percent, whole
from readingroom.core.policy import Policy


def parse_rules(given: object, place: str = "rules") -> Policy:
    """The policy that the parameters make.

    Comparators that are not said are the usual ones: fewer than the threshold, strictly more than k percent; an empty
    cell is low. Example: {"nk": [2, 85], "p_percent": 10, "threshold": 10, "pq": [10, 50]}.
    """
    said = keyed(given, RULES, place)
    fields: dict[str, Any] = {}
    if "threshold" in said:
        fields |= _threshold(said["threshold"], f"{place}.threshold")
    for name in ("threshold_inclusive", "zeros_disclosive", "dominance_inclusive", "group_disclosure"):
        if name in said:
            if fields.get(name) is not None:
                raise fault(f"{place}.{name}", said[name], "said once")
            fields[name] = flag(said[name], f"{place}.{name}")
    if fields.get("threshold") is not None:
        fields = {"threshold_inclusive": False, "zeros_disclosive": True} | fields
    if "dominance" in said:
        fields["dominance"] = frozenset(
            _pair(pair, place) for pair, place in _pairs(said["dominance"], f"{place}.dominance"))
    fields |= _p_rule(said, place)
    if "p_q" in said:
        fields["p_q"] = frozenset(_prior(pair, place) for pair, place in _pairs(said["p_q"], f"{place}.p_q"))
    if "weights" in said:
        fields["weights"] = _weights(said["weights"], f"{place}.weights")
    return Policy(**fields)


def _threshold(given: object, place: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {"threshold": whole(given, place)}
    said = keyed(given, THRESHOLD, place)
    if "minimum" not in said:
        raise fault(place, given, 'a number, or {"minimum": 10, "inclusive": false, "zeros": true}')
    fields: dict[str, Any] = {"threshold": whole(said["minimum"], f"{place}.minimum")}
    for key, name in (("inclusive", "threshold_inclusive"), ("zeros", "zeros_disclosive")):
        if key in said:
            fields[name] = flag(said[key], f"{place}.{key}")
    return fields


def _pairs(given: object, place: str) -> list[tuple[object, str]]:
    """One pair, [2, 85] or {"n": 2, "k": 85}, or a list of them."""
    if isinstance(given, list) and all(isinstance(one, list | dict) for one in given):
        return [(one, f"{place}[{at}]") for at, one in enumerate(given)]
    return [(given, place)]


def _pair(given: object, place: str) -> tuple[int, float]:
    """k is a percentage. One of 1 or less may be meant as a share, so the name must say which."""
    if isinstance(given, list) and len(given) == 2:
        said: dict[str, object] = dict(zip(("n", "k"), given, strict=True))
    elif isinstance(given, dict):
        said = keyed(given, PAIR, place)
    else:
        raise fault(place, given, "(n, k), such as [2, 85]")
    if "n" not in said or len(said) != 2:
        raise fault(place, given, "(n, k), such as [2, 85]")
    n = whole(said["n"], f"{place}.n")
    if "k_percent" in said:
        return n, percent(said["k_percent"], f"{place}.k_percent", above=True)
    k = number(said["k"], f"{place}.k")
    if 0 < k <= 1:
        raise fault(f"{place}.k", said["k"], f"clear, since it could be {float(100 * k):g}% or {float(k):g}% of the "
                    f'total: write [{n}, {float(100 * k):g}] or {{"n": {n}, "k_percent": {float(k):g}}}')
    return n, percent(k, f"{place}.k", above=True)


def _prior(given: object, place: str) -> tuple[float, float]:
    said = dict(zip(("p", "q"), given, strict=True)) if isinstance(given, list) and len(given) == 2 else (
        keyed(given, PRIOR, place) if isinstance(given, dict) else {})
    if set(said) != {"p", "q"}:
        raise fault(place, given, "(p, q), such as [10, 50]")
    after, before = percent(said["p"], f"{place}.p", above=True), percent(said["q"], f"{place}.q", above=True)
    if after >= before:
        raise fault(place, [after, before], "p below q, what was known before")
    return after, before


def _p_rule(said: dict[str, object], place: str) -> dict[str, Any]:
    """p by the one name that it has here, and the coalition that may be given beside it."""
    names = [name for name in ("p_percent", "p", "p_ratio") if name in said]
    if len(names) > 1:
        raise fault(f"{place}.{names[1]}", said[names[1]], f"left out, since {names[0]} is given too")
    coalition = {} if "p_percent_coalition" not in said else {"coalition": said["p_percent_coalition"]}
    if not names:
        if coalition:
            raise fault(f"{place}.p_percent", None, "given, where there is a coalition")
        return {}
    value = said[names[0]]
    if isinstance(value, dict) and names[0] != "p_ratio":
        inner = keyed(value, P_RULE, f"{place}.{names[0]}")
        if coalition and "coalition" in inner:
            raise fault(f"{place}.{names[0]}.coalition", inner["coalition"], "said once")
        coalition = coalition or {key: inner[key] for key in ("coalition",) if key in inner}
        if ("p" in inner) == ("p_percent" in inner):
            raise fault(f"{place}.{names[0]}", value, 'a percentage, or {"p": 10, "coalition": 2}')
        found = _p(inner, f"{place}.{names[0]}")
    else:
        found = _p({names[0]: value}, place)
    together = {"p_percent_coalition": whole(coalition["coalition"], f"{place}.coalition")} if coalition else {}
    return {"p_percent": found} | together


def _p(said: dict[str, object], place: str) -> float:
    """A `p` below 1 might be a share or a percentage, so the name must say which."""
    if "p_percent" in said:
        return percent(said["p_percent"], f"{place}.p_percent")
    if "p_ratio" in said:
        return percent(100 * number(said["p_ratio"], f"{place}.p_ratio"), f"{place}.p_ratio, in percent,")
    if 0 < number(said["p"], f"{place}.p") < 1:
        raise fault(f"{place}.p", said["p"], "p_percent (10 for a tenth) or p_ratio (0.1 for a tenth)")
    return percent(said["p"], f"{place}.p")


def _weights(given: object, place: str) -> frozenset[str]:
    ways = given if isinstance(given, list) else [given]
    for way in ways:
        if way not in ("expand", "total"):
            raise fault(place, way, "expand, total, or both in a list")
    return frozenset(map(str, ways))
