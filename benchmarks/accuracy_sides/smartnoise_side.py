"""Private means of SmartNoise SQL: `python smartnoise_side.py VALUES.npy EPSILON UPPER REPEATS` prints their list.

It takes its epsilon per column, of which a mean has two, so it is given the one at which the cost that it states
itself is EPSILON.
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
from snsql import Privacy, from_df

warnings.simplefilter("ignore")
MEAN = "SELECT AVG(cost) AS m FROM s.t"
values = np.load(sys.argv[1])
epsilon, upper, repeats = float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
frame = pd.DataFrame({"pid": np.arange(len(values)), "cost": values})
table = {"row_privacy": True, "rows": len(values), "censor_dims": False, "clamp_counts": False,
         "cost": {"type": "float", "lower": 0, "upper": upper, "nullable": False}}


def reader(each: float) -> object:
    return from_df(frame, privacy=Privacy(epsilon=each, delta=1e-9), metadata={"": {"s": {"t": table}}})


stated = reader(1.0).get_privacy_cost(MEAN)[0]
private = reader(epsilon / stated)
assert abs(private.get_privacy_cost(MEAN)[0] - epsilon) < 1e-9
print(json.dumps([float(private.execute(MEAN)[1][0]) for _ in range(repeats)]))
