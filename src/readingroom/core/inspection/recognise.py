"""Which type a file is: an allow-list by content and by suffix, which must agree (promise P9)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.textual import decode

SUFFIXES = {
    "csv": "csv",
    "tsv": "csv",
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "json": "json",
    "txt": "txt",
    "log": "txt",
    "md": "md",
    "ipynb": "ipynb",
}
IMAGES = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff"}
OTHERS = (
    (b"PK", "a zip archive (xlsx, docx, npz ...)"),
    (b"PAR1", "Parquet data"),
    (b"ARROW1", "Arrow data"),
    (b"FEA1", "Feather data"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "gzip data (RDS, csv.gz ...)"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"GIF8", "a GIF"),
    (b"RIFF", "a RIFF file (webp ...)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "HDF5 data"),
    (b"<stata_dta>", "Stata data"),
    (b"$FL2", "SPSS data"),
    (b"RDX", "R data"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
MARKUP = re.compile(r"\s*(?:<\?xml|<!doctype|<!--|<(?:html|head|body|svg|script|table|div)\b)", re.IGNORECASE)
PICKLE = re.compile(rb"\x80[\x02-\x06]")
TEXT_TYPES = frozenset({"csv", "txt", "md", "json", "ipynb"})
LONGEST_NAME = 200
MAX_DEPTH = 100


def suffix_of(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def parse_json(text: str, parse_float: Callable[[str], object] = float) -> object:
    """The value, or ValueError: also for NaN, for endless numbers, beyond 100 levels, and for a name given twice in one
    object, of which readers see one."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    if deepest > MAX_DEPTH:
        raise ValueError(f"{deepest} levels deep")
    return json.loads(text, parse_constant=_no_constant, parse_float=parse_float, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def content_kind(content: bytes) -> str:
    """What the bytes are, whatever the name: a type of the list, "text", or a description of what else."""
    for image, magic in IMAGES.items():
        if content.startswith(magic):
            return image
    if not content:
        return "an empty file"
    for magic, description in OTHERS:
        if content.startswith(magic):
            return description
    if PICKLE.match(content):
        return "a pickled Python object"
    text = decode(content)
    if text is None:
        return "binary data or text in an unknown encoding"
    if "\x00" in text:
        return "binary data (it holds NUL characters)"
    return "HTML, SVG or other markup" if MARKUP.match(text) else "text"


def recognise(name: str, content: bytes) -> str | None:
    """The output type, if content and suffix agree on one that is on the list; else None."""
    wanted = SUFFIXES.get(suffix_of(name))
    kind = content_kind(content)
    if wanted is None or kind != ("text" if wanted in TEXT_TYPES else wanted):
        return None
    return wanted


def check_type(
    name: str, content: bytes, output_type: str | None, allowed: frozenset[str] | None
) -> list[Finding]:
    """Refuses bad names, contents that are unknown or not what the name says, and types not in the policy."""
    findings = []
    if (
        not name
        or len(name) > LONGEST_NAME
        or re.search(r"[/\\\x00-\x1f\x7f]|[\u202a-\u202e\u2066-\u2069]", name)
    ):
        findings.append(
            Finding(
                "file.name",
                Verdict.FAIL,
                "The file's name is empty, too long or has characters that no file name needs.",
                "Rename it: letters, digits, dots and hyphens.",
            )
        )
    if output_type is None:
        suffix = suffix_of(name)
        kind = content_kind(content)
        what = "plain text" if kind == "text" else kind
        findings.append(
            Finding(
                "file.type",
                Verdict.FAIL,
                f"The name ends in “.{suffix[:20]}” and the content is {what}: "
                + ("these do not belong together." if suffix in SUFFIXES else "not a type that can leave."),
                f"Save it as one of: {', '.join(sorted(allowed or SUFFIXES))}. Tables as csv, figures "
                "as png.",
                parameters={"suffix": suffix[:20], "content": kind},
            )
        )
    elif allowed is None:
        findings.append(
            Finding(
                "policy.incomplete",
                Verdict.FAIL,
                "The policy does not say which file types may leave.",
                "Ask an administrator to set output_types in the site policy.",
                parameters={"missing": ["output_types"]},
            )
        )
    elif not {output_type, suffix_of(name)} & allowed:
        findings.append(
            Finding(
                "file.type-not-allowed",
                Verdict.FAIL,
                f"Files of type {output_type} may not leave under this policy.",
                f"Save it as one of: {', '.join(sorted(allowed)) or 'none are allowed'}.",
                parameters={"output_type": output_type, "allowed": sorted(allowed)},
            )
        )
    return findings
