"""Noise on the counts of a table, by keys that belong to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from readingroom.errors import InvalidInput
from readingroom.sdk import _data

if TYPE_CHECKING:
    from readingroom.core.disclosure.evidence import TableEvidence
    from readingroom.sdk._tables import Table


def perturb(made: Table, noise: int, variance: float, small: int, key: str | bytes | None) -> tuple[TableEvidence, ...]:
    """The tables of `made` with noise; InvalidInput where there is no key to take it from."""
    from readingroom.core.disclosure.evidence.model import Noise
    from readingroom.core.disclosure.protect import make_ptable
    from readingroom.core.disclosure.remedies import keys_of, perturbed
    from readingroom.core.disclosure.tabulation import engine
    from readingroom.core.disclosure.tabulation.keys import fingerprint

    if made.recipe.unit is None:
        raise InvalidInput("Rows are taken for people here, and rows have no identity that lasts.", rule="table.noise",
                           value="unit", next_step="Name the column of the people with unit=.")
    if any(measure.canonical != "count" for measure in made.recipe.measures) or made.recipe.weight:
        raise InvalidInput(f"Noise is for unweighted counts of people; this is a {made.statistic}.", rule="table.noise",
                           value=made.statistic, next_step="Make a table of the counts alone.")
    secret = _secret(made, key)
    make_ptable(noise, variance, small)  # says what parameters can't be, before anything is counted
    said = Noise(noise, float(variance), small, fingerprint(secret))
    computed = engine.compute(made.data, made.recipe, secret=secret)
    return tuple(perturbed(one, keys_of(computed, place), said) for place, one in enumerate(made.tables))


def _secret(made: Table, key: str | bytes | None) -> bytes:
    if key is not None:
        return key.encode() if isinstance(key, str) else key
    dataset = dict(made.tables[0].source).get("dataset", "")
    found = _data.record_key(dataset)
    if found is None:
        raise InvalidInput(
            "Nothing holds the secret that people's keys are made with" + (f": {dataset!r} is not mounted with one."
                                                                           if dataset else "."),
            rule="table.noise", value=dataset or "dataset",
            next_step="Load the data with rr.load(), in a workspace opened since; or give key=, at least 16 bytes, and "
            "the same one for every table of these people.")
    return found
