"""Tests of hypotheses and correlations."""

from readingroom.core.disclosure.models.hypothesis_tests import Correlation, GroupComparison, IndependenceTest
from readingroom.core.disclosure.models.rules.correlation import check_correlation
from readingroom.core.disclosure.models.rules.groups import check_groups
from readingroom.core.disclosure.models.rules.independence import check_independence
from readingroom.core.disclosure.output_types.model import OutputType

SOURCE = "SACRO statbarns (T. Green and others, 2024); ESSnet/CoE Handbook on SDC, 2nd edition, ch. 6 (2024)"

GROUP_COMPARISON = OutputType(
    name="group-comparison",
    title="Comparisons of groups",
    statbarn="Statistical hypothesis tests",
    risks=("low counts in a group", "low degrees of freedom", "all values equal"),
    evidence="Distinct people of every group, the degrees of freedom, and the standard deviations where published.",
    reading="Mean, standard deviation and size of each group follow from what papers print with the test: judge each "
            "group as a cell of a table of means.",
    source=SOURCE,
    description=GroupComparison,
    types={
        "t-test": ("ttest", "t", "student-t", "welch", "welch-t-test", "two-sample-t-test", "one-sample-t-test",
                   "paired-t-test", "independent-t-test"),
        "anova": ("f-test", "analysis-of-variance", "one-way-anova"),
        "rank-test": ("mann-whitney", "mann-whitney-u", "wilcoxon", "kruskal", "kruskal-wallis", "rank-sum",
                      "signed-rank"),
    },
    rules=(check_groups,),
    example={"type": "t-test", "n": 240, "units": 240, "residual_df": 238, "groups": [
        {"name": "treated", "units": 120, "mean": 4.1, "sd": 1.9}, {"name": "others", "units": 120, "mean": 3.6,
                                                                   "sd": 2.2}]},
)

INDEPENDENCE_TEST = OutputType(
    name="independence-test",
    title="Tests of independence",
    statbarn="Statistical hypothesis tests",
    risks=("an implicit table", "low counts", "class disclosure"),
    evidence="The table that was tested, in distinct people.",
    reading="The statistic and the margins give back a small table: judge the table.",
    source=SOURCE,
    description=IndependenceTest,
    types={"chi-square": ("chi2", "chi-squared", "chisq", "pearson-chi-square", "chi-square-test", "g-test"),
           "fisher-exact": ("fisher", "fishers-exact", "exact-test"),
           "mcnemar": ("mcnemar-test",)},
    rules=(check_independence,),
    example={"type": "chi-square", "n": 150, "units": 150, "residual_df": 1, "statistic": 4.2, "p_value": 0.04,
             "table": {"rows": ["North", "South"], "columns": ["guilty", "not guilty"],
                       "counts": [[40, 35], [50, 25]]}},
)

CORRELATION = OutputType(
    name="correlation",
    title="Correlations",
    statbarn="Correlation coefficients",
    risks=("low degrees of freedom", "an exact relation"),
    evidence="The coefficient, and the distinct people with both values.",
    reading="Many people and no exact relation make it safe. A matrix with differing numbers of people tells of those "
            "who lack a value.",
    source=SOURCE,
    description=Correlation,
    types={"correlation": ("pearson", "pearson-correlation", "correlation-matrix", "corr"),
           "rank-correlation": ("spearman", "kendall", "spearman-correlation", "kendall-tau")},
    rules=(check_correlation,),
    example={"type": "correlation", "n": 240, "units": 240, "residual_df": 238, "correlation": 0.41},
)
