"""The researchers' SDK: `import readingroom.sdk as rr` inside a workspace.

Load granted data, make tables that record the people behind every cell, check them by the project's own rules
before anyone is asked, ask for their release, and ask for differentially private answers. Heavy libraries are
imported when first used.
"""

from __future__ import annotations

from readingroom.sdk import _private as private
from readingroom.sdk._data import Dataset, datasets, load
from readingroom.sdk._figures import Figure, figure, plot_bar
from readingroom.sdk._preflight import Preflight, preflight
from readingroom.sdk._requests import Request, request, request_release, requests
from readingroom.sdk._tables import Table, table
from readingroom.sdk._workspace import Workspace, workspace

__all__ = [
    "Dataset", "Figure", "Preflight", "Request", "Table", "Workspace", "datasets", "figure", "load", "plot_bar",
    "preflight", "private", "request", "request_release", "requests", "table", "workspace",
]
