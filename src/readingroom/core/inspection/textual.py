"""Bytes to text, and what hides in text."""

from __future__ import annotations

import re

from readingroom.core.disclosure.verdict import Finding, Verdict

INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
BLOB = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{1000,}")  # the look-behind keeps the search linear
HASH = re.compile(r"\b(?:[0-9a-fA-F]{12,128}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b")
MANY_HASHES = 5


def decode(content: bytes) -> str | None:
    """The text in UTF-8 or (with a byte order mark) UTF-16; None if it is neither."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        return None


def visible(text: str) -> str:
    """The same with every control, direction and invisible character spelled out, as ⟨U+202E⟩."""

    def spell(match: re.Match[str]) -> str:
        return f"⟨U+{ord(match.group()):04X}⟩"

    return INVISIBLE.sub(spell, CONTROL.sub(spell, text))


def check_text(text: str) -> list[Finding]:
    """Characters that hide something, and long runs that are data rather than words."""
    findings = []
    hidden = sorted(
        {f"U+{ord(char):04X}" for pattern in (INVISIBLE, CONTROL) for char in pattern.findall(text)}
    )
    if hidden:
        findings.append(
            Finding(
                "text.hidden-characters",
                Verdict.FAIL,
                f"The text has {len(hidden)} kinds of invisible or direction-changing characters "
                f"({', '.join(hidden[:5])}), "
                "so what is seen is not what is there.",
                "Remove them and send the file again.",
                parameters={"characters": hidden[:20]},
            )
        )
    blob = max((len(match.group()) for match in BLOB.finditer(text)), default=0)
    if blob:
        findings.append(
            Finding(
                "text.encoded-data",
                Verdict.FAIL,
                f"The text has an unbroken run of {blob:,} letters and digits: data in an encoded form.",
                "Take the encoded part out.",
                parameters={"characters": blob},
            )
        )
    hashes = set()
    for match in HASH.finditer(text):
        if not match.group().isdigit():
            hashes.add(match.group())
        if len(hashes) >= MANY_HASHES:
            findings.append(
                Finding(
                    "people.pseudonyms",
                    Verdict.FAIL,
                    f"The text has at least {MANY_HASHES} different values that look like pseudonyms of "
                    "people "
                    "(long hexadecimal codes).",
                    "Leave identifiers out, pseudonymised ones too: give numbers of people instead.",
                )
            )
            break
    return findings
