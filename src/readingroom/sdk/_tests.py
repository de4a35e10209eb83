"""Tests and correlations, with the people behind every group, cell and pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk._columns import check_number, note, used
from readingroom.sdk._estimates import Estimates, decimals_for, p_value, rounded

if TYPE_CHECKING:
    import pandas

METHODS = {"pearson": "correlation", "spearman": "rank-correlation", "kendall": "rank-correlation"}


def t_test(frame: pandas.DataFrame, value: str, by: str, *, unit: str | None = None) -> Estimates:
    """Welch's t-test of the mean of `value` between the two groups of `by`."""
    from scipy import stats

    held, unit = used(frame, [value, by], unit)
    check_number(held, value)
    groups = [(str(name), part) for name, part in held.groupby(by, observed=True)]
    if len(groups) != 2 or min(len(part) for _, part in groups) < 2:
        raise InvalidInput(
            f"A t-test compares two groups of at least two; {by} has {len(groups)}.",
            rule="test.groups",
            value=by,
            next_step="Keep two groups, each of many people.",
        )
    result = stats.ttest_ind(*(part[value] for _, part in groups), equal_var=False)
    described = [_group(name, part, value, unit) for name, part in groups]
    description = {
        "type": "t-test",
        "n": len(held),
        "units": int(held[unit].nunique()),
        "residual_df": float(result.df),
        "groups": described,
        "statistic": float(result.statistic),
        "p_value": float(result.pvalue),
    }
    rows = [((f"{by}: {one['name']}",), _summary(one)) for one in described]
    low, high = result.confidence_interval()
    error = (high - low) / 4
    digits = decimals_for(error)
    rows += [
        (("Difference",), {"estimate": rounded(described[0]["mean"] - described[1]["mean"], digits)}),
        (("Low 95%",), {"estimate": rounded(low, digits)}),
        (("High 95%",), {"estimate": rounded(high, digits)}),
        (("t",), {"estimate": rounded(result.statistic, 2)}),
        (("df",), {"estimate": rounded(result.df, 1)}),
        (("p",), {"estimate": p_value(float(result.pvalue))}),
    ]
    return Estimates(
        f"Welch's t-test of {value} by {by}",
        ("group",),
        ("people", "estimate", "sd"),
        tuple(rows),
        description,
        note(held, unit),
    )


def chi_square(frame: pandas.DataFrame, rows: str, columns: str, *, unit: str | None = None) -> Estimates:
    """A chi-square test of independence, over distinct people; each has to be in one cell."""
    import pandas
    from scipy import stats

    held, unit = used(frame, [rows, columns], unit)
    people = held[[unit, rows, columns]].drop_duplicates()
    repeated = int(people[unit].duplicated().sum())
    if repeated:
        raise InvalidInput(
            "Some people are in more than one cell; the test assumes that each is in one.",
            rule="test.repeated",
            value=repeated,
            next_step="Take one row per person first.",
        )
    counts = pandas.crosstab(people[rows], people[columns])
    if min(counts.shape) < 2:
        raise InvalidInput(
            "A test of independence needs at least two rows and two columns.",
            rule="test.table",
            value=str(counts.shape),
            next_step="Choose variables that differ between people.",
        )
    result = stats.chi2_contingency(counts.to_numpy())
    labels = [[str(label) for label in axis] for axis in (counts.index, counts.columns)]
    description = {
        "type": "chi-square",
        "n": len(people),
        "units": len(people),
        "residual_df": int(result.dof),
        "statistic": float(result.statistic),
        "p_value": float(result.pvalue),
        "table": {"rows": labels[0], "columns": labels[1], "counts": counts.to_numpy().tolist()},
    }
    shown = [
        (("Chi-square",), {"value": rounded(result.statistic, 2)}),
        (("df",), {"value": str(int(result.dof))}),
        (("p",), {"value": p_value(float(result.pvalue))}),
        (("People",), {"value": str(len(people))}),
    ]
    return Estimates(
        f"Chi-square test of {rows} by {columns}",
        ("statistic",),
        ("value",),
        tuple(shown),
        description,
        note(held, unit),
    )


def correlation(
    frame: pandas.DataFrame, variables: Sequence[str], *, method: str = "pearson", unit: str | None = None
) -> Estimates:
    """Coefficients of correlation of each pair of `variables`, over the rows in which all have values."""
    from scipy import stats

    if (
        method not in METHODS
        or isinstance(variables, str)
        or len(set(variables)) != len(variables)
        or len(variables) < 2
    ):
        raise InvalidInput(
            "Give at least two variables, and a method of pearson, spearman or kendall.",
            rule="test.correlation",
            value=method,
            next_step="rr.correlation(frame, ['age', 'fine']).",
        )
    held, unit = used(frame, list(variables), unit)
    for name in variables:
        check_number(held, name)
        if held[name].nunique() < 2:
            raise InvalidInput(
                f"{name} is the same for everyone.", rule="test.constant", value=name, next_step="Leave it out."
            )
    coefficient = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[method]
    people, n = int(held[unit].nunique()), len(held)
    pairs, rows = [], []
    for at, one in enumerate(variables):
        for other in variables[at + 1 :]:
            found, chance = (float(part) for part in coefficient(held[one], held[other]))
            pairs.append(
                {"variables": [one, other], "correlation": max(-1.0, min(1.0, found)), "n": n, "units": people}
            )
            rows.append(((one, other), {"correlation": rounded(found, 3), "p": p_value(chance), "people": str(people)}))
    description = {"type": METHODS[method], "n": n, "units": people, "residual_df": n - 2, "pairs": pairs}
    return Estimates(
        f"{method.capitalize()} correlation",
        ("variable", "with"),
        ("correlation", "p", "people"),
        tuple(rows),
        description,
        note(held, unit),
    )


def _group(name: str, part: pandas.DataFrame, value: str, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "units": int(part[unit].nunique()),
        "n": len(part),
        "mean": float(part[value].mean()),
        "sd": float(part[value].std()),
    }


def _summary(group: dict[str, Any]) -> dict[str, str]:
    digits = decimals_for(group["sd"] / max(1, group["n"]) ** 0.5)
    return {
        "people": str(group["units"]),
        "estimate": rounded(group["mean"], digits),
        "sd": rounded(group["sd"], digits),
    }
