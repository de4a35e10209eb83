"""ACRO's side, in an environment of its own: crosstab of means, which applies its threshold, nk and p-ratio rules."""

import json
import logging
import sys

import pandas
from acro import ACRO
from timing import report

logging.disable(logging.CRITICAL)
file, said = sys.argv[1], json.loads(sys.argv[2])
frame = pandas.read_parquet(file)
acro = ACRO(suppress=False)
rows = [frame[name] for name in said["rows"]]
columns = [frame[name] for name in said["columns"]]
report(lambda: acro.crosstab(rows if len(rows) > 1 else rows[0], columns[0], values=frame["income"], aggfunc="mean"))
