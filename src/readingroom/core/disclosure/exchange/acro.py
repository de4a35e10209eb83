"""A directory that ACRO wrote, as evidence and never as a verdict.

ACRO runs in the researcher's own process; its record, statuses and checksums can be written by hand. So what it flags
is believed, what it passes earns nothing, and every file is looked at as one without evidence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core.disclosure.check import check_output
from readingroom.core.disclosure.exchange.acro_models import regression_findings
from readingroom.core.disclosure.rules.wording import plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict, combine
from readingroom.core.inspection.csv_table import read_csv
from readingroom.core.inspection.recognise import parse_json
from readingroom.core.inspection.textual import decode, visible
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

SOURCE = "ACRO's own check, as recorded in its results"
RECORDS = ("results.json", "outputs.json")
KNOWN_VERSION = re.compile(r"(0\.4|1\.0)\.\d+\Z")
STATUSES = frozenset({"pass", "fail", "review"})
MOST_OUTPUTS = 1_000
OWN_FILES = frozenset({"config.json", "session_summary.json", "session_summary.csv"})

CHECKS: dict[str, tuple[str, Verdict, str]] = {
    "MinimumThresholdCheck": ("acro.threshold", Verdict.FAIL, "too few rows"),
    "threshold": ("acro.threshold", Verdict.FAIL, "too few rows"),
    "NKCheck": ("acro.dominance", Verdict.FAIL, "a few contributors hold most of the total"),
    "nk-rule": ("acro.dominance", Verdict.FAIL, "a few contributors hold most of the total"),
    "PPercentCheck": ("acro.p-percent", Verdict.FAIL, "the second largest contributor can estimate the largest"),
    "p-ratio": ("acro.p-percent", Verdict.FAIL, "the second largest contributor can estimate the largest"),
    "MinimumDoFCheck": ("acro.degrees-of-freedom", Verdict.FAIL, "too few degrees of freedom"),
    "RequiredZeroCheck": ("acro.zeros", Verdict.FAIL, "an empty cell"),
    "PresenceOfZeroCheck": ("acro.zeros", Verdict.FAIL, "an empty cell"),
    "AllSameValuesCheck": ("acro.constant", Verdict.FAIL, "all values are equal"),
    "all-values-are-same": ("acro.constant", Verdict.FAIL, "all values are equal"),
    "MissingCheck": ("acro.missing", Verdict.REVIEW, "missing values"),
    "missing": ("acro.missing", Verdict.REVIEW, "missing values"),
    "negative": ("acro.negative", Verdict.REVIEW, "negative values, for which its dominance rules were not applied"),
    "PresenceOfLinkedTableCheck": ("acro.linked", Verdict.REVIEW, "linked tables"),
    "StatbarnDataCheck": ("acro.statbarn", Verdict.REVIEW, "its data did not suit the statistic"),
    "suppressed": ("acro.suppressed", Verdict.PASS, "suppressed"),
}
"""ACRO's checks of 1.0 and before: our name, what a flagged cell means, in words."""


@dataclass(frozen=True)
class AcroOutput:
    """One result of the record. `claimed` is the status it gives itself."""

    name: str
    type: str
    claimed: str
    files: tuple[str, ...]
    verdict: Verdict
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class AcroSession:
    """All that a directory says. `findings` are of the directory as a whole."""

    version: str
    outputs: tuple[AcroOutput, ...]
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """REVIEW at best: nothing here was computed outside the researcher's session."""
        return combine(self.all_findings, checked=False)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *(finding for output in self.outputs for finding in output.findings))


def read_acro(files: Mapping[str, bytes], policy: Policy) -> AcroSession:
    """The session in `files` (by name relative to its directory, such as `checksums/output_0_0.csv.txt`).

    InvalidInput where there is no record that can be read; everything else is a finding.
    """
    record_name = next((name for name in RECORDS if name in files), None)
    if record_name is None:
        raise _no_session("it has no results.json")
    record = _record(files[record_name])
    version = record.get("version")
    findings = []
    if not isinstance(version, str) or not KNOWN_VERSION.match(version):
        findings.append(_finding(
            "acro.version", Verdict.REVIEW, f"The record is of version {visible(str(version))[:40]}, which is not "
            "known here; its checks may mean something else.", "Write it again with ACRO 1.0."))
    if f"checksums/{record_name}.txt" in files:
        findings += _checksum(record_name, files)
    findings += _looser(files.get("config.json"), policy)
    results = record["results"]
    listed = {item["name"] for result in results.values() if isinstance(result, Mapping)
              for item in _items(result) if isinstance(item.get("name"), str)}
    extra = sorted(name for name in files if not name.startswith("checksums/") and name not in listed
                   and name not in OWN_FILES and name != record_name)
    if extra:
        findings.append(_finding(
            "acro.unlisted", Verdict.REVIEW,
            f"{plural(len(extra), 'file is', 'files are')} in no output: {visible(', '.join(extra))[:200]}.",
            "Remove them, or make them outputs."))
    outputs = tuple(_output(str(name), result, files, policy) for name, result in results.items())
    return AcroSession(str(version), outputs, tuple(findings))


def _record(content: bytes) -> dict[str, Any]:
    try:
        record = parse_json(decode(content) or "")
    except (ValueError, RecursionError) as error:
        raise _no_session(f"results.json is no JSON ({str(error)[:80]})") from None
    if not isinstance(record, dict) or not isinstance(record.get("results"), dict):
        raise _no_session('results.json has no "results" object')
    if not 1 <= len(record["results"]) <= MOST_OUTPUTS:
        raise _no_session(f"results.json has {len(record['results'])} results; 1 to {MOST_OUTPUTS} are read")
    return record


def _output(name: str, result: object, files: Mapping[str, bytes], policy: Policy) -> AcroOutput:
    shown = visible(name)[:80]
    if not isinstance(result, Mapping):
        broken = _finding("acro.malformed", Verdict.FAIL, f"{shown} is no object.", "Write it again with ACRO.")
        return AcroOutput(shown, "unknown", "unknown", (), Verdict.FAIL, (broken,))
    claimed = str(result.get("status")).casefold()
    findings = list(_claim(result, claimed))
    items = list(_items(result))
    if not items:
        findings.append(_finding(
            "acro.no-files", Verdict.FAIL, "It lists no file, so there is nothing to check, and SACRO-Viewer would "
            "ignore the whole record.", "Leave this output out."))
    names = []
    for item in items:
        file = item.get("name")
        if not isinstance(file, str) or not is_plain_name(file):
            findings.append(_finding(
                "acro.path", Verdict.FAIL, f"{visible(str(file))[:80]} is no plain file name, so it is not read.",
                "Give files names of letters and digits, in the directory itself."))
            continue
        names.append(file)
        if file not in files:
            findings.append(_finding("acro.absent", Verdict.FAIL, f"{visible(file)} is not in the directory.",
                                     "Send the whole directory."))
            continue
        findings += [*_checksum(file, files), *_flagged(file, item, files[file])]
        if file in OWN_FILES:
            findings.append(_finding(
                "acro.own-file", Verdict.FAIL, f"{file} is ACRO's own account of the session, which may not leave.",
                "Leave it out."))
            continue
        findings += [replace(one, parameters={**one.parameters, "file": visible(file)})
                     for one in check_output(file, files[file], None, policy).findings]
    if result.get("type") == "regression":
        findings += regression_findings(result, [files[file] for file in names if file in files], policy)
    located = tuple(replace(one, message=f"{shown}: {one.message}", parameters={**one.parameters, "output": shown})
                    for one in _once(findings))
    return AcroOutput(shown, visible(str(result.get("type")))[:40], visible(claimed)[:40], tuple(map(visible, names)),
                      combine(located, checked=False), located)


def is_plain_name(name: str) -> bool:
    """Whether a file of this name can only be in the directory itself."""
    return (0 < len(name) <= 200 and name not in {".", ".."} and not any(mark in name for mark in "/\\:\0")
            and name == visible(name))


def _looser(profile: bytes | None, policy: Policy) -> list[Finding]:
    """REVIEW where ACRO was run with looser parameters than ours: its flags then miss cells."""
    try:
        said = parse_json(decode(profile or b"") or "")
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return []
    ours = {"safe_threshold": policy.threshold, "safe_dof_threshold": policy.residual_degrees_of_freedom}
    looser = [f"{name} {said.get(name)} (here {value})" for name, value in ours.items()
              if isinstance(said.get(name), int | float) and value is not None and said[name] < value]
    return [_finding("acro.profile", Verdict.REVIEW, f"ACRO was run with looser rules: {', '.join(looser)}.",
                     "Run it again with the project's rules.")] if looser else []


def _items(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    listed = result.get("files")
    for item in listed if isinstance(listed, list) else []:
        yield item if isinstance(item, Mapping) else {"name": item}


def _claim(result: Mapping[str, Any], claimed: str) -> Iterator[Finding]:
    yield _finding(
        "acro.claim", Verdict.REVIEW, f"ACRO's record says “{visible(claimed)[:20]}”. It was written in the "
        "researcher's own session, so it earns nothing; the files were looked at here as ones without evidence.",
        "Make the output with the SDK, or have it recomputed from a recipe.")
    if claimed not in STATUSES:
        yield _finding("acro.status", Verdict.REVIEW, "That is no status of ACRO's.", "Write it again with ACRO.")
    if claimed == "fail":
        summary = visible(" ".join(str(result.get("summary", "")).split()))[:300]
        yield _finding("acro.failed", Verdict.FAIL, f"ACRO itself fails it: {summary or 'without a summary'}.",
                       "Mend it first: suppress, merge or round.")
    if result.get("exception"):
        yield _finding("acro.exception", Verdict.REVIEW, "The researcher asks for an exception: "
                       f"{visible(str(result['exception']))[:300]}", "Say in the context why it is safe.")


def _checksum(name: str, files: Mapping[str, bytes]) -> list[Finding]:
    """Findings where it does not fit. One that fits proves nothing: whoever edits a file can write its checksum too."""
    said = files.get(f"checksums/{name}.txt")
    if said is None:
        return [_finding("acro.checksum", Verdict.REVIEW, f"{visible(name)} has no checksum.",
                         "Send the whole directory.")]
    if (decode(said) or "").strip().casefold() == hashlib.sha256(files[name]).hexdigest():
        return []
    return [_finding("acro.checksum", Verdict.FAIL, f"{visible(name)} was changed after ACRO wrote it.",
                     "Run the analysis again, and leave its files as they are.")]


def _flagged(file: str, item: Mapping[str, Any], content: bytes) -> Iterator[Finding]:
    """The cells that ACRO flagged, with their labels in the file; checks that are not known here are for a person."""
    sdc = item.get("sdc")
    cells = sdc.get("cells") if isinstance(sdc, Mapping) else None
    if not isinstance(cells, Mapping):
        return
    table = read_csv(decode(content) or "")[0]
    if table is not None and not (table.header[0].strip() and all(table.header[1:])):
        table = None  # a header of several lines: which label is whose is not known
    for check, places in cells.items():
        known = CHECKS.get(str(check))
        if not isinstance(places, list) or not places:
            continue
        unknown = ("acro.unknown-check", Verdict.REVIEW, f"a check called {visible(str(check))[:40]}")
        rule, verdict, words = known or unknown
        if verdict is Verdict.PASS:
            continue
        located = []
        for place in places[:500]:
            if isinstance(place, list) and len(place) == 2 and all(type(number) is int and 0 <= number < 10**6
                                                                  for number in place):
                row, column = place
                label = table.rows[row][:1] if table and row < len(table.rows) else ()
                heading = table.header[column + 1:column + 2] if table else ()
                located.append(Cell(tuple(map(visible, label)), tuple(map(visible, heading)), (row, column + 1)))
        yield _finding(rule, verdict, f"ACRO flags {len(places):,} cells of {visible(file)}: {words}.",
                       "Suppress or merge them, then check the result with the SDK.", tuple(located))


def _once(findings: list[Finding]) -> list[Finding]:
    unique: list[Finding] = []
    for finding in findings:
        if finding not in unique:
            unique.append(finding)
    return unique


def _finding(rule: str, verdict: Verdict, message: str, next_step: str, cells: tuple[Cell, ...] = ()) -> Finding:
    return Finding(rule, verdict, message, next_step, cells, source=SOURCE)


def _no_session(why: str) -> InvalidInput:
    return InvalidInput(f"This is no directory of ACRO's: {why}.", rule="acro.record", value=why,
                        next_step="Give the directory that acro.finalise() wrote.")
