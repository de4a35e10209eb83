"""The release package: a zip that is a function of its contents, so that every byte of it can be checked.

Layout: `files/<name>` (what leaves), `ro-crate-metadata.json` (Five Safes RO-Crate), `manifest.json` (canonical
JSON naming every other file with its SHA-256 and approvals), `manifest.sig` (Ed25519 over the manifest, as JSON).
Members are stored, not compressed, in this order, with one fixed time stamp: writing the same contents again
gives the same bytes, and verification does exactly that.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MANIFEST, SIGNATURE, CRATE, FILES = "manifest.json", "manifest.sig", "ro-crate-metadata.json", "files/"
EPOCH = (1980, 1, 1, 0, 0, 0)
BLOCK_BYTES = 4096


@dataclass(frozen=True)
class Verification:
    """What checking a package found: `faults` empty means every byte is as it was signed."""

    faults: tuple[str, ...]
    manifest: dict[str, object]
    key_fingerprint: str

    @property
    def holds(self) -> bool:
        return not self.faults


def fingerprint(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the SHA-256 of the raw public key: what people compare."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def describe(content: bytes) -> dict[str, object]:
    """Size, SHA-256, and a short hash of each 4 KiB block so that damage can be placed."""
    starts = range(0, len(content), BLOCK_BYTES)
    blocks = [hashlib.sha256(content[at:at + BLOCK_BYTES]).hexdigest()[:8] for at in starts]
    return {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "blocks": blocks}


def build(files: Mapping[str, bytes], crate: bytes, statement: Mapping[str, object], key: Ed25519PrivateKey) -> bytes:
    """The package's bytes. `statement` is everything said of the release; the files' hashes are added here."""
    contents = {f"{FILES}{name}": content for name, content in sorted(files.items())} | {CRATE: crate}
    manifest = rfc8785.dumps({
        **statement, "contents": {name: describe(content) for name, content in contents.items()}})  # type: ignore[dict-item,misc]
    signature = rfc8785.dumps({"algorithm": "Ed25519", "key": fingerprint(key.public_key()),
                               "signature": key.sign(manifest).hex()})
    return _zip(contents | {MANIFEST: manifest, SIGNATURE: signature})


def verify(package: bytes, key: Ed25519PublicKey) -> Verification:
    """Check a package against the key of the installation that should have made it; names whatever differs."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            contents = {name: _read(archive, name) for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        return Verification((f"the file is not a readable package: {error}",), {}, fingerprint(key))
    manifest, faults = _verified_manifest(contents, key)
    described = manifest.get("contents")
    listed = described if isinstance(described, dict) else {}
    for name in sorted((set(contents) | set(listed)) - {MANIFEST, SIGNATURE}):
        faults += _faults_of(name, contents.get(name), listed.get(name))
    if not faults:
        faults = _faults_of_wrapping(package, _zip({name: contents[name] for name in [*listed, MANIFEST, SIGNATURE]}))
    return Verification(tuple(faults), manifest, fingerprint(key))


def _zip(contents: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return target.getvalue()


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """The member's bytes even if its checksum does not match: we say ourselves what differs."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed, which a release never is")
    with archive.open(info) as member:
        member._expected_crc = None  # type: ignore[attr-defined]
        return member.read()


def _verified_manifest(contents: Mapping[str, bytes], key: Ed25519PublicKey) -> tuple[dict[str, object], list[str]]:
    try:
        manifest = json.loads(contents[MANIFEST])
        envelope = json.loads(contents[SIGNATURE])
        signature, signer = bytes.fromhex(envelope["signature"]), envelope["key"]
    except (KeyError, ValueError, TypeError) as error:
        return {}, [f"the manifest or its signature is missing or unreadable: {error!r}"]
    try:
        key.verify(signature, contents[MANIFEST])
    except InvalidSignature:
        if signer != fingerprint(key):
            return manifest, [f"the manifest is signed by key {signer}, not by the expected {fingerprint(key)}"]
        return manifest, ["manifest.json or its signature was changed: they do not match"]
    return manifest, []


def _faults_of(name: str, content: bytes | None, described: object) -> list[str]:
    if not isinstance(described, dict):
        return [f"{name} is not in the manifest"]
    if content is None:
        return [f"{name} is missing"]
    actual = describe(content)
    if actual == described:
        return []
    faults = []
    if actual["size_bytes"] != described.get("size_bytes"):
        faults.append(f"{name} has {actual['size_bytes']} bytes instead of {described.get('size_bytes')}")
    pairs = zip(actual["blocks"], described.get("blocks", ()), strict=False)  # type: ignore[call-overload]
    for number, (found, expected) in enumerate(pairs):
        if found != expected:
            first = number * BLOCK_BYTES
            last = min(first + BLOCK_BYTES, len(content)) - 1
            faults.append(f"{name} differs within bytes {first} to {last}")
    return faults or [f"{name} is not the file that was released"]


def _faults_of_wrapping(package: bytes, expected: bytes) -> list[str]:
    if package == expected:
        return []
    shared = min(len(package), len(expected))
    first = next((at for at in range(shared) if package[at] != expected[at]), shared)
    return [f"the package differs from what was made at byte {first} (outside the files' contents)"]
