"""How long the portal's pages take when twenty people use it at once."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.result import Result
from readingroom.settings import Settings
from readingroom.tour.visitor import PORTAL, Visitor

PEOPLE_AT_ONCE, PAGES_EACH = 20, 15
PAGES = (("ada", "/projects"), ("imran", "/queue"), ("mercer", "/grants"))


def under_load(settings: Settings, passwords: dict[str, str]) -> list[Result]:
    """95th percentile with twenty at once, against the median with one person alone."""
    results = []
    for username, path in PAGES:
        visitors = [Visitor(settings.public_url, username, passwords[username]) for _ in range(PEOPLE_AT_ONCE)]
        visitors[0].sign_in()
        for visitor in visitors[1:]:  # a code counts once: twenty sign-ins of one person would take ten minutes
            visitor.http.cookies.update(visitors[0].http.cookies)
        alone = sorted(_visit(visitors[0], path) for _ in range(PAGES_EACH))
        with ThreadPoolExecutor(PEOPLE_AT_ONCE) as pool:
            crowd = sorted(seconds for times in pool.map(
                lambda visitor, path=path: [_visit(visitor, path) for _ in range(PAGES_EACH)], visitors)
                for seconds in times)
        for visitor in visitors:
            visitor.close()
        results.append(Result(f"page {path}, p95 of {PEOPLE_AT_ONCE} at once", crowd[int(len(crowd) * 0.95)],
                              statistics.median(alone), "median of one person alone"))
    return results


def _visit(visitor: Visitor, path: str) -> float:
    begun = time.monotonic()
    page = visitor.get(path)
    if page.status_code != 200 or page.url.path != PORTAL + path:
        raise SystemExit(f"{path} answered {page.status_code} at {page.url}")
    return time.monotonic() - begun
