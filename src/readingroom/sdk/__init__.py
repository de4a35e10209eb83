"""The researchers' SDK: `import readingroom.sdk as rr` inside a workspace.

Load granted data, make tables that record the people behind every cell, check them by the project's own rules
before anyone is asked, ask for their release, and ask for differentially private answers. Heavy libraries are
imported when first used.
"""

from __future__ import annotations

from readingroom.sdk import _dp as dp
from readingroom.sdk import _packages as packages
from readingroom.sdk._asking import Group
from readingroom.sdk._data import Dataset, datasets, load
from readingroom.sdk._estimates import Estimates
from readingroom.sdk._figures import Figure, figure
from readingroom.sdk._incoming import Incoming, incoming
from readingroom.sdk._models import logit, ols, poisson, probit
from readingroom.sdk._plots import bar, box, hist, line, scatter, survival_plot
from readingroom.sdk._preflight import Preflight, preflight
from readingroom.sdk._requests import Request, request, request_release, requests
from readingroom.sdk._sacro import export_sacro
from readingroom.sdk._shapes import crosstab, groupby, pivot_table
from readingroom.sdk._survival import survival
from readingroom.sdk._tables import Table, table
from readingroom.sdk._tests import chi_square, correlation, t_test
from readingroom.sdk._workspace import Workspace, workspace

plot_bar = bar
private = dp  # its name in notebooks written before

__all__ = [
    "Dataset", "Estimates", "Figure", "Group", "Incoming", "Preflight", "Request", "Table", "Workspace", "bar",
    "box", "chi_square", "correlation", "crosstab", "datasets", "dp", "export_sacro", "figure", "groupby", "hist",
    "incoming", "line", "load", "logit", "ols", "packages", "pivot_table", "plot_bar", "poisson", "preflight",
    "private", "probit", "request", "request_release", "requests", "scatter", "survival", "survival_plot", "t_test",
    "table", "workspace",
]
