"""Every field of evidence, once: what it means, how it is read, and so its JSON Schema and its page."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.disclosure.evidence import readers
from readingroom.core.disclosure.evidence.readers import Kind


@dataclass(frozen=True)
class Field:
    """One field of a cell or a table. A field that is not required may be left out or null: "not said"."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False


CELL: tuple[Field, ...] = (
    Field("row", readers.LABELS, "Labels of the cell's row, outermost first.", required=True),
    Field("column", readers.LABELS, "Labels of the cell's column, outermost first.", required=True),
    Field("people", readers.COUNT, "Distinct privacy units with a non-missing value in the cell.", required=True),
    Field("records", readers.COUNT, "Non-missing values in the cell.", required=True),
    Field("missing", readers.COUNT, "Distinct privacy units of the cell that drop out because all their values are "
          "missing."),
    Field("suppressed", readers.FLAG, "The cell is not shown."),
    Field("undefined", readers.FLAG, "The cell is not shown because its people are too few to have the statistic, such "
          "as the mean of nobody; nobody chose to hide it."),
    Field("structural", readers.FLAG, "An empty cell that cannot be otherwise."),
    Field("margin", readers.FLAG, "The cell is a total of others."),
    Field("value", readers.NUMBER, "The statistic, where it does not follow from the rest."),
    Field("top", readers.NUMBERS, "The largest contributions by absolute size, one per privacy unit (or holding), "
          "added up first, unweighted."),
    Field("total", readers.NUMBER, "The sum of all contributions, unweighted."),
    Field("absolute_total", readers.NUMBER, "The sum of the absolute contributions; needed where one is negative."),
    Field("negatives", readers.COUNT, "Distinct privacy units whose contribution is below zero."),
    Field("top_weights", readers.WEIGHTS, "The sampling weight of each contribution in `top`, in the same order."),
    Field("weighted_total", readers.NUMBER, "The sum of all contributions times their weights."),
    Field("weighted_absolute_total", readers.NUMBER, "The same of absolute contributions; needed where one is "
          "negative."),
    Field("constant", readers.FLAG, "All values in the cell are equal; false of a rate that counts rows, which have "
          "none."),
    Field("below", readers.COUNT, "Distinct privacy units with a value strictly below the published one."),
    Field("above", readers.COUNT, "Distinct privacy units with a value strictly above the published one."),
    Field("at_value", readers.COUNT, "Distinct privacy units with exactly the published value."),
    Field("modal_people", readers.COUNT, "Distinct privacy units that have the most frequent value."),
    Field("extreme_people", readers.COUNT, "Distinct privacy units that share the published minimum or maximum (the "
          "smaller number for a range)."),
    Field("overlap_people", readers.COUNT, "Distinct privacy units that are both among the smallest and among the "
          "largest."),
    Field("numerator_people", readers.COUNT, "Distinct privacy units in the numerator of a share or rate."),
    Field("denominator_people", readers.COUNT, "Distinct privacy units in the denominator."),
    Field("denominator_top", readers.NUMBERS,
          "Of a rate or ratio of sums, what `top` is, of the denominator; a person judges one without it."),
    Field("denominator_total", readers.NUMBER, "The sum of the absolute contributions to the denominator."),
    Field("two_by_two", readers.TWO_BY_TWO, "The counts behind an odds or risk ratio: [[with, without] the outcome "
          "among the exposed, the same among the others]."),
    Field("mean", readers.NUMBER, "The mean as published beside a standard deviation or variance."),
    Field("sd", readers.NUMBER, "The standard deviation (n - 1) as published."),
    Field("nonzero_people", readers.COUNT, "Distinct privacy units whose contribution is not zero."),
    Field("lower_people", readers.COUNT, "Where all values in the table are one of two, such as 0 and 1: distinct "
          "privacy units that have the smaller one; 0 for both where there are more than two."),
    Field("upper_people", readers.COUNT, "The same for the larger one."),
    Field("shown", readers.COUNT, "The count as it is shown, where it does not follow from the number of people: "
          "rounded so that totals add up, with noise, or a total that was added up from rounded counts."),
    Field("label", readers.TEXT, "What is shown, where it is no number: the most frequent label."),
)

TABLE: tuple[Field, ...] = (
    Field("statistic", readers.TEXT, "What the cells show: count, sum, mean, median, sd, share, ...", required=True),
    Field("unit", readers.TEXT, "The column that says whose row it is.", required=True),
    Field("source", readers.SOURCE, "Dataset, version and table that it was made from."),
    Field("where", readers.CONDITIONS, "The conditions that all rows counted meet, as SQL, each by itself; none for an "
          "empty list."),
    Field("groups", readers.GROUPS, "Of a table with hidden cells, for each of its variables the columns of the data "
          "that put its labels together: `{\"region\": {\"province\": {\"North\": [\"NE\", \"NW\"]}}}`."),
    Field("rounding", readers.ROUNDING, "The base to which counts were rounded; 1 for none."),
    Field("rounding_method", readers.ROUNDING_METHOD, "`nearest` multiple of the base; `controlled`, up or down so "
          "that totals add up; or `midpoint` of the interval that ends at the multiple above."),
    Field("residual_degrees_of_freedom", readers.WHOLE, "Observations less parameters, of a model."),
    Field("probability", readers.PROBABILITY, "Which quantile: 0.9 is the 90th percentile."),
    Field("row_names", readers.LABELS, "The variables that the rows are by, as many as row labels."),
    Field("column_names", readers.LABELS, "The variables that the columns are by; none where the columns only name "
          "what is shown."),
    Field("decimals", readers.DECIMALS, "How many decimals are shown."),
    Field("noise", readers.NOISE, "For perturbed counts, how far the noise goes (`largest`), its `variance`, up to "
          "which number no result is shown (`small`), and a fingerprint of the secret behind the record keys (`key`)."),
    Field("scale", readers.SCALE, "For a discrete variable, the values that it can take; `seen` where these are the "
          "whole numbers of the data, few, and nobody said so."),
    Field("recipe", readers.RECIPE, "What gives this table, but for its protection, from the granted rows of `source`: "
          "keys as in a recipe of `readingroom check table`. Of several statistics each table has the same. Left out "
          "where the data were prepared in the notebook."),
    Field("labelled", readers.FLAG, "The recipe is of labels, in the catalogue's order, in place of codes."),
)
