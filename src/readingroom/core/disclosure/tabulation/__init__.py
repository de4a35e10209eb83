"""Statistics from data, with the evidence of every cell, in one pass.

    computed = tabulate(frame, parse_recipe({"rows": ["region"], "statistic": "count", "unit": "person_id"}))

`recipe` says what to compute, `frames` and `labels` read the data, `sql` and `engine` compute, `cells` makes evidence.
"""
