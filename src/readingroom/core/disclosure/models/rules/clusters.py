"""Clusters: each is a cell."""

from __future__ import annotations

from readingroom.core.disclosure.models.machine_learning import Clustering
from readingroom.core.disclosure.models.rules.contents import _plain
from readingroom.core.disclosure.models.rules.table import rules_for_tables
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "SACRO statbarns, clusters (2024); threshold as in the ESSnet/CoE Handbook, ch. 4.2 (2024)"
SUMMARIES = frozenset({"sizes", "counts", "centroids", "centres", "centers", "means", "inertia", "silhouette",
                       "silhouette score", "loadings", "variances"})
PER_PERSON = frozenset({"assignments", "labels", "memberships", "membership", "distances", "medoids", "exemplars",
                        "dendrogram", "core samples", "scatter", "scores", "probabilities"})


def check_clusters(found: Clustering, parameters: Policy) -> list[Finding]:
    """A clustering is judged by the sizes of its clusters and by whether single people can be seen in it.

    Formula: the threshold on the units of every cluster; assignments, memberships, medoids and dendrograms have a mark
    for each person and fail; centroids are means without known contributions, so a person judges them.

    Source: SACRO statbarns, clusters (2024); threshold as in the ESSnet/CoE Handbook, ch. 4.2 (2024).

    Example: t = 10: five clusters, one of 3 outliers: its centroid is the mean of three people: fails.
    """
    if not found.clusters:
        return [unsaid("how many people are in each cluster", "clusters", source=SOURCE)]
    cells: list[dict[str, object]] = [
        {"row": list(one.level), "column": ["people"], "people": one.units, "records": one.units}
        for one in found.clusters]
    if len({tuple(one.level) for one in found.clusters}) != len(cells):
        return [_finding("model.contradiction", Verdict.FAIL, "The description contradicts itself: a cluster is listed "
                         "twice.", "List each once.")]
    findings = rules_for_tables("count", cells, parameters)
    total = sum(one.units for one in found.clusters)
    if found.units is not None and total != found.units:
        findings.append(_finding(
            "model.contradiction", Verdict.FAIL if total > found.units else Verdict.REVIEW,
            f"The clusters hold {plural(total, 'unit')}, of {found.units:,}.", "Give every cluster, noise included."))
    parts = {part: _plain(part) for part in found.includes or ()}
    personal = [part for part, plain in parts.items() if plain in PER_PERSON]
    if personal:
        findings.append(_finding(
            "model.contents", Verdict.FAIL, f"It holds a mark for each person: {listing(personal)}.",
            "Publish sizes of clusters only."))
    if found.includes is None:
        findings.append(unsaid("what of the clustering is published", "includes", source=SOURCE))
    elif judged := [part for part, plain in parts.items() if plain not in PER_PERSON | {"sizes", "counts"}]:
        known = [part for part in judged if parts[part] in SUMMARIES]
        findings.append(_finding(
            "model.contents", Verdict.REVIEW, f"A person must judge {listing(judged)}"
            f"{': means over a cluster, whose largest contributions are not known' if known else ''}.",
            "Publish sizes only, or make the means with rr.table(), which records contributions."))
    return findings


def _finding(rule: str, verdict: Verdict, message: str, next_step: str) -> Finding:
    return Finding(rule, verdict, message, next_step, source=SOURCE)
