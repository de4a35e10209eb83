"""Our side: a data frame in, verdict and findings out. Many rows are read as the command line reads them."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
from timing import report

from readingroom.cli.check._data import read_data
from readingroom.core.disclosure.tabulation.answer import check_recipe
from readingroom.core.disclosure.tabulation.recipe import parse_recipe
from readingroom.core.policy import Policy

POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}),
                p_percent=10, residual_degrees_of_freedom=10)
file, said = sys.argv[1], json.loads(sys.argv[2])
recipe = parse_recipe(said | {"statistic": "mean", "value": "income"})
columns = [*said["rows"], *said["columns"], "income", *([said["unit"]] if said["unit"] else [])]
small = pq.read_metadata(file).num_rows <= 1_000_000
data = pq.read_table(file, columns=columns).to_pandas() if small else read_data(Path(file), recipe)
report(lambda: check_recipe(data, recipe, POLICY))
