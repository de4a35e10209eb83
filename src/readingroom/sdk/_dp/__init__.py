"""Differentially private answers: `rr.dp`. Priced first, paid once, free when asked again.

    where = rr.dp.on("magistrates-courts", "defendants")
    where.count(where=where.sex == "Female", rho=0.001)
"""

from __future__ import annotations

from readingroom.sdk._dp.answers import Answer, Processed
from readingroom.sdk._dp.asking import answer, ask
from readingroom.sdk._dp.budgets import Budget, budget
from readingroom.sdk._dp.prices import Curve, Plan, Price, curve, plan, price
from readingroom.sdk._dp.questions import Question, question
from readingroom.sdk._dp.statistics import (
    contingency,
    correlation,
    count,
    histogram,
    mean,
    median,
    people,
    proportion,
    quantile,
    records,
    regression,
    sd,
    sum,
    synthetic,
    top_k,
    variance,
)
from readingroom.sdk._dp.tables import Condition, PrivateTable, Variable, on

__all__ = [
    "Answer", "Budget", "Condition", "Curve", "Plan", "Price", "PrivateTable", "Processed", "Question", "Variable",
    "answer", "ask", "budget", "contingency", "correlation", "count", "curve", "histogram", "mean", "median", "on",
    "people", "plan", "price", "proportion", "quantile", "question", "records", "regression", "sd", "sum", "synthetic",
    "top_k", "variance",
]
