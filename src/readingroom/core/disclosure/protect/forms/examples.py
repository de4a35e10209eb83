"""Inputs that work, one for each spelling; printed by `--example` and shown in docs/reference/check.md."""

from __future__ import annotations

PUBLISHED: dict[str, object] = {
    "grid": {
        "threshold": 10,
        "rows": {"region": ["North", "South", "West", "Total"]},
        "columns": {"sex": ["F", "M", "Total"]},
        "values": [["x", 20, 25], ["x", "x", 45], [40, "x", 55], [75, 50, 125]],
    },
    "list": {
        "variables": ["region", "sex"],
        "cells": [
            {"region": "North", "sex": "F", "value": None},
            {"region": "North", "sex": "M", "value": None},
            {"region": "North", "sex": "Total", "value": 24},
            {"region": "South", "sex": "F", "value": "[c]"},
            {"region": "South", "sex": "M", "value": "[c]"},
            {"region": "South", "sex": "Total", "value": 35},
            {"region": "Total", "sex": "F", "value": 34},
            {"region": "Total", "sex": "M", "value": 25},
            {"region": "Total", "sex": "Total", "value": 59},
        ],
    },
    "equations": {
        "cells": [
            {"id": "A", "status": "suppressed"},
            {"id": "B", "status": "suppressed", "lower": 0, "upper": 20},
            {"id": "C", "value": 30},
            {"id": "T", "value": 44},
        ],
        "equations": [{"total": "T", "parts": ["A", "B", "C"]}],
    },
    "linked": {
        "tables": [
            {"name": "by region", "rows": {"region": ["North", "East", "South", "West", "Total"]},
             "values": ["x", "x", 20, 30, 60]},
            {"name": "by coast", "rows": {"region": ["Coast", "Inland"]}, "values": [24, 36]},
        ],
        "hierarchies": {"region": {"Coast": ["North", "South"], "Inland": ["East", "West"]}},
    },
    "rounded": {
        "rows": ["North", "South", "West", "Total"],
        "values": [5, 10, 0, 20],
        "rounding": {"base": 5, "method": "nearest"},
    },
    "magnitude": {
        "kind": "magnitude",
        "rows": ["Mining", "Fishing", "Farming", "Total"],
        "values": [{"suppressed": True, "upper_level": 20}, {"suppressed": True, "contributors": 1}, 120.5, 500.5],
    },
}

PROTECT: dict[str, object] = {
    "grid": {
        "threshold": 10,
        "rows": {"region": ["North", "South", "West", "Total"]},
        "columns": {"sex": ["F", "M", "Total"]},
        "values": [[4, 20, 24], [30, 15, 45], [40, 15, 55], [74, 50, 124]],
        "keep": [["South", "F"]],
    },
    "list": {
        "variables": ["region"],
        "cells": [
            {"region": "North", "value": 3, "sensitive": True, "lower_level": 2, "upper_level": 5},
            {"region": "South", "value": 50},
            {"region": "West", "value": 60},
            {"region": "Total", "value": 113},
        ],
    },
    "equations": {
        "cells": [
            {"id": "A", "value": 3, "sensitive": True},
            {"id": "B", "value": 50, "cost": 1},
            {"id": "C", "value": 20, "cost": 5},
            {"id": "T", "value": 73, "keep": True},
        ],
        "equations": [{"total": "T", "parts": ["A", "B", "C"]}],
    },
    "linked": {
        "tables": [
            {"name": "by region", "rows": {"region": ["North", "East", "South", "West", "Total"]},
             "values": [4, 6, 20, 30, 60]},
            {"name": "by coast", "rows": {"region": ["Coast", "Inland"]}, "values": [24, 36]},
        ],
        "hierarchies": {"region": {"Coast": ["North", "South"], "Inland": ["East", "West"]}},
    },
    "cell-key": {
        "method": "cell-key",
        "noise": {"largest": 2, "variance": 1, "small": 1},
        "rows": {"region": ["North", "South", "Total"]},
        "columns": {"sex": ["F", "M", "Total"]},
        "values": [[4, 20, 24], [30, 15, 45], [34, 35, 69]],
        "keys": [[0.91, 0.35, None], [0.02, 0.6, None], [None, None, None]],
    },
    "contributions": {
        "kind": "magnitude",
        "rules": {"p_percent": 10, "dominance": [[1, 75]]},
        "rows": ["Mining", "Fishing", "Farming", "Total"],
        "values": [
            {"value": 100, "contributions": [95, 3, 2]},
            {"value": 200, "contributions": [50, 50, 50, 50]},
            {"value": 300, "contributions": [100, 100, 100]},
            600,
        ],
    },
}
