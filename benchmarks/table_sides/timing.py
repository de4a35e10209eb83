"""Median of five calls, and the peak memory of the process. Knows nothing but the standard library."""

import json
import resource
import statistics
import time


def report(call) -> None:
    call()
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": statistics.median(seconds), "peak": peak}))
