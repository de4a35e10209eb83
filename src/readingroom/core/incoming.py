"""What may be brought into a project: files of a few kinds, told apart by their content, never run (promise P9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readingroom.core.disclosure.check import CheckResult
from readingroom.core.disclosure.verdict import Finding, Verdict, combine
from readingroom.core.egress import MINIMUM_CONTEXT, check_names
from readingroom.core.inspection.archives import inspect_package, is_package
from readingroom.core.inspection.code import inspect_code, is_code
from readingroom.core.inspection.csv_table import read_csv
from readingroom.core.inspection.json_values import read_json
from readingroom.core.inspection.model import Inspection
from readingroom.core.inspection.people import check_people
from readingroom.core.inspection.recognise import content_kind, recognise, suffix_of
from readingroom.core.inspection.size import check_size
from readingroom.core.inspection.textual import CONTROL, INVISIBLE, decode
from readingroom.core.policy import Policy
from readingroom.core.requests import FileKind
from readingroom.errors import InvalidInput

TABLES = frozenset({"csv", "json"})
MOST_TEXT = 2000
ABOUT_PEOPLE = frozenset({"people.identifier-column", "people.pseudonyms"})
LOOKS_LIKE = {
    FileKind.CODE: "a script or notebook in plain text",
    FileKind.TABLE: "a table as csv, tsv or json",
    FileKind.PACKAGE: "a Python wheel, or an R source package without compiled code",
}


@dataclass(frozen=True)
class Scan:
    """What a malware scanner said of one file; `found` names what it found, "" if nothing."""

    found: str = ""


@dataclass(frozen=True)
class Described:
    """One file to be brought in, as far as it can be judged before it is stored."""

    name: str
    content: bytes
    kind: FileKind
    purpose: str
    source: str
    licence: str


def check_incoming(files: Sequence[Described], policy: Policy) -> None:
    """Refuse what can't be brought in, before anything is stored. What passes is still checked and read by a person."""
    if not files:
        raise InvalidInput("The request holds no file.", rule="incoming.files", value=0,
                           next_step="Add at least one file.")
    most = policy.incoming_files or 0
    if len(files) > most:
        raise InvalidInput(f"The request holds {len(files)} files; policy allows {most}.", rule="incoming.max-files",
                           value=len(files), next_step="Bring in what you need first, and the rest in another request.")
    check_names(file.name for file in files)
    for file in files:
        _check_one(file, policy)
    total, limit = sum(len(file.content) for file in files), policy.incoming_bytes or 0
    if total > limit:
        raise InvalidInput(f"The files have {total:,} bytes together; policy allows {limit:,}.",
                           rule="incoming.max-bytes", value=total,
                           next_step="Bring in less, or ask the administrator to have it loaded as a dataset.")


def _check_one(file: Described, policy: Policy) -> None:
    allowed = policy.incoming_kinds or frozenset()
    if file.kind.value not in allowed:
        raise InvalidInput(f"Files of kind {file.kind.value} may not be brought into this project.",
                           rule="incoming.kind", value=file.kind.value,
                           next_step=f"Policy allows: {', '.join(sorted(allowed)) or 'nothing'}.")
    largest = policy.incoming_file_bytes or 0
    if len(file.content) > largest:
        raise InvalidInput(f"{file.name} has {len(file.content):,} bytes; policy allows {largest:,}.",
                           rule="incoming.max-file-bytes", value=len(file.content),
                           next_step="Bring in less, or ask the administrator to have it loaded as a dataset.")
    for what, text, least in (("purpose", file.purpose, MINIMUM_CONTEXT), ("source", file.source, 2),
                              ("licence", file.licence, 2)):
        if not least <= len(text) <= MOST_TEXT:
            raise InvalidInput(f"The {what} of {file.name} has {len(text)} characters.", rule=f"incoming.{what}",
                               value=text[:80], next_step=f"Write {least} to {MOST_TEXT}: {SAY[what]}")
    if not _looks_right(file):
        raise InvalidInput(
            f"{file.name} is not {LOOKS_LIKE[file.kind]}: its content is {content_kind(file.content)}.",
            rule="incoming.type", value=file.name,
            next_step="Choose the kind that it is. Archives, programs and documents with macros can't be brought in.")


SAY = {"purpose": "what it is and what you need it for.", "source": "who made it and where you have it from.",
       "licence": "under which terms you may use it here, or that it is your own work."}


def _looks_right(file: Described) -> bool:
    match file.kind:
        case FileKind.CODE:
            return is_code(file.name, file.content)
        case FileKind.TABLE:
            return recognise(file.name, file.content) in TABLES
        case FileKind.PACKAGE:
            return is_package(file.name, file.content)
        case FileKind.OUTPUT | FileKind.SUPPORTING:
            return False


def inspect_incoming(name: str, content: bytes, kind: FileKind, policy: Policy, scan: Scan | None) -> CheckResult:
    """Everything known of one file that is to come in, worst first. `scan` is None where no scanner looked.

    REVIEW at best: a person reads what runs or is counted beside people's data. A FAIL can't be approved.
    """
    limits = policy.model_copy(update={"max_file_bytes": policy.incoming_file_bytes})
    look = {FileKind.CODE: inspect_code, FileKind.TABLE: _inspect_table, FileKind.PACKAGE: inspect_package}.get(kind)
    found = Inspection("unknown", ()) if look is None else look(name, content, limits)
    findings = [*found.findings, *_kind_findings(kind, policy), *_scan_findings(scan, policy)]
    ordered = tuple(sorted(findings, key=lambda finding: -finding.verdict))
    return CheckResult(found.output_type, max(combine(ordered, checked=False), Verdict.REVIEW), ordered)


def _kind_findings(kind: FileKind, policy: Policy) -> list[Finding]:
    if kind.value in (policy.incoming_kinds or frozenset()):
        return []
    return [Finding("incoming.kind", Verdict.FAIL, f"Policy does not let files of kind {kind.value} in.",
                    "Withdraw the request, or ask an administrator about incoming_kinds.")]


def _scan_findings(scan: Scan | None, policy: Policy) -> list[Finding]:
    if scan is None:
        return [Finding("scan.none", Verdict.FAIL if policy.incoming_scanned else Verdict.REVIEW,
                        "No malware scanner has looked at it."
                        + (" Policy demands one." if policy.incoming_scanned else ""),
                        "An administrator can connect one (clamav_socket).")]
    if scan.found:
        return [Finding("scan.found", Verdict.FAIL, f"The malware scanner found {scan.found[:100]}.",
                        "Do not use this file anywhere. Get a clean copy from its source.")]
    return []


def _inspect_table(name: str, content: bytes, policy: Policy) -> Inspection:
    """A reference table: text that a program reads as a table, without what hides or runs."""
    findings = check_size(content, policy)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        return Inspection("unknown", tuple(findings))
    kind = recognise(name, content)
    if kind not in TABLES:
        return Inspection("unknown", (Finding(
            "incoming.type", Verdict.FAIL, f"The name ends in “.{suffix_of(name)[:20]}” and the content is "
            f"{content_kind(content)}: this is not a table in plain text.", "Save it as csv."),))
    text = decode(content) or ""
    hidden = {char for pattern in (INVISIBLE, CONTROL) for char in pattern.findall(text)}
    if hidden:
        findings.append(Finding(
            "text.hidden-characters", Verdict.FAIL, f"The table has {len(hidden)} kinds of invisible or "
            "direction-changing characters, so what is seen is not what is there.", "Remove them and send it again.",
            parameters={"characters": sorted(f"U+{ord(char):04X}" for char in hidden)[:20]}))
    table = read_csv(text)[0] if kind == "csv" else read_json(text, None)[0]
    if table is None:
        findings.append(Finding("table.unread", Verdict.REVIEW, "It can't be read as one table.",
                                "A person has to judge what it is."))
        return Inspection(kind, tuple(findings))
    about_people = [found for found in check_people(table, policy) if found.rule in ABOUT_PEOPLE]
    if about_people:
        findings.append(Finding(
            "incoming.people", Verdict.REVIEW, "It looks like rows about people: "
            + " ".join(found.message for found in about_people[:3]),
            "Data about people come in as a dataset, with its custodian's agreement. Approve it only if it is no such "
            "thing.", source="UK LLC guidebook, 2026: researchers bring in no data about people"))
    cells = [cell for row in (table.header, *table.rows) for cell in row]
    formulas = sum(cell[:1] in "=@" and len(cell) > 1 for cell in cells if cell)
    if formulas:
        findings.append(Finding("table.formulas", Verdict.REVIEW, f"{formulas} cells begin as formulas do; a "
                                "spreadsheet would compute them.", "Save values, not formulas.",
                                source="OWASP ASVS 5.0, 1.2.10"))
    findings.append(Finding("table.read", Verdict.REVIEW, f"{table.row_count:,} rows; a person judges where they are "
                            "from and whether they may be linked to people's data."))
    return Inspection(kind, tuple(findings), table)
