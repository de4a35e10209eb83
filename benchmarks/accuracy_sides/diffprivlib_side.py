"""Private means of diffprivlib: `python diffprivlib_side.py VALUES.npy EPSILON UPPER REPEATS` prints their list."""

import json
import sys
import warnings

import diffprivlib
import numpy as np

warnings.simplefilter("ignore")
values = np.load(sys.argv[1])
epsilon, upper, repeats = float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
print(json.dumps([float(diffprivlib.tools.mean(values, epsilon=epsilon, bounds=(0, upper))) for _ in range(repeats)]))
