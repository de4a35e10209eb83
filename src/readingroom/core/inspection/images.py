"""Readers for PNG and JPEG: nothing may travel in the file that the picture does not show."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from readingroom.core.disclosure.verdict import Finding, Verdict

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 25_000_000
LONGEST_SIDE = 10_000
HARMLESS_CHUNKS = {b"PLTE": 768, b"tRNS": 256, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"bKGD": 6,
                   b"sBIT": 4, b"tIME": 7}
"""Beside the pixels: each once, of at most so many bytes. Source: PNG specification, third edition, 11.2 and 11.3."""
JPEG_SEGMENTS = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB})
MOST_JPEG_TABLES = 8_192
"""Bytes of quantisation and Huffman tables: a picture needs under 2,000, a progressive one some more."""
GARBAGE = bytes(range(17, 17 + 32 * 7, 7))
"""Written over the end of a scan to see whether pixels are there."""
INVISIBLE_ALPHA = 16
"""Pixels less opaque than this (of 255) are not seen on any background."""
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow is known to raise on damaged files; `DecompressionBombError` apart."""


class _Hidden(Exception):
    """Something in the file that the picture does not show, or that makes it unreadable."""


def check_image(content: bytes, output_type: str) -> list[Finding]:
    """Findings on one picture; none means that it decodes and holds the picture and nothing else."""
    try:
        shown, beside = read(content, output_type)
    except (struct.error, IndexError, zlib.error):
        return [_undecodable()]
    if beside:
        return [
            Finding(
                "image.hidden-content",
                Verdict.FAIL,
                f"The image {beside}.",
                "Save the figure again without metadata, for example with plt.savefig(name, metadata={}).",
            )
        ]
    return [] if shown is not None else [_undecodable()]


def read(content: bytes, output_type: str) -> tuple[Image.Image | None, str]:
    """The `picture`, and what the file holds that it does not show ("carries a comment of 9 bytes"), "" if nothing.

    Raises struct.error, IndexError or zlib.error for a file that is damaged.
    """
    beside = ""
    try:
        if output_type == "png":
            _walk_png(content)
        else:
            _check_scans(content, _walk_jpeg(content))
    except _Hidden as found:
        beside = str(found)
    shown = picture(content, output_type)
    if not beside and shown is not None and shown.mode == "RGBA":
        beside = _unseen(shown)
    return shown, beside


def _undecodable() -> Finding:
    return Finding(
        "image.unreadable",
        Verdict.FAIL,
        "The image is damaged, cut short or too large to be shown.",
        f"Save it again, with at most {MOST_PIXELS:,} pixels.",
        parameters={"most_pixels": MOST_PIXELS},
    )


def encoded(shown: Image.Image) -> bytes:
    """A picture's pixels, and nothing else that it came with, as plain PNG."""
    from PIL import Image  # lazy: the rules are imported where no images are read

    clean = Image.frombytes(shown.mode, shown.size, shown.tobytes())
    out = io.BytesIO()
    clean.save(out, format="PNG", compress_level=1)
    return out.getvalue()


def picture(content: bytes, output_type: str) -> Image.Image | None:
    """Its pixels as they are shown, or None if it does not decode within the limits."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=[output_type.upper()]) as image:
            width, height = image.size
            if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
                return None
            return image.convert("RGBA" if output_type == "png" else "RGB")
    except (*BROKEN, Image.DecompressionBombError):
        return None


def _walk_png(content: bytes) -> None:
    offset, data, header, met = 8, [], None, set()
    while True:
        length, kind = struct.unpack_from(">I4s", content, offset)
        body = content[offset + 8 : offset + 8 + length]
        if len(body) != length:
            raise IndexError("cut short")
        offset += 12 + length
        if kind == b"IHDR" and header is None:
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            data.append(body)
        elif kind == b"IEND":
            if body:
                raise _Hidden("has data in its end marker")
            break
        elif kind in met or not (length <= HARMLESS_CHUNKS.get(kind, -1) or _is_software_note(kind, body)):
            raise _Hidden(f"carries {length:,} bytes beside the picture (chunk {kind.decode('latin-1')!r})")
        else:
            met.add(kind)
    if offset < len(content):
        raise _Hidden(f"is followed by {len(content) - offset:,} bytes after its end")
    if header is None:
        raise IndexError("no header")
    _check_pixels(b"".join(data), header)


def _unseen(picture: Image.Image) -> str:
    """What it hides where it cannot be seen: pixels there have one colour, else they may hold another picture."""
    alpha = picture.getchannel("A")
    if not any(alpha.histogram()[:INVISIBLE_ALPHA]):
        return ""
    unseen = alpha.point(lambda alpha: 255 if alpha < INVISIBLE_ALPHA else 0)
    colours = picture.convert("RGB").histogram(unseen)
    if any(sum(count > 0 for count in colours[start : start + 256]) > 1 for start in (0, 256, 512)):
        return "has pixels of several colours that are transparent, so that nobody sees them"
    return ""


def _is_software_note(kind: bytes, body: bytes) -> bool:
    """The line that matplotlib writes into every figure, and nothing longer."""
    return kind == b"tEXt" and len(body) <= 100 and body.startswith(b"Software\x00Matplotlib version")


def _check_pixels(compressed: bytes, header: tuple[int, ...]) -> None:
    width, height, depth, colour, _, _, interlaced = header
    if not 0 < width * height <= MOST_PIXELS or max(width, height) > LONGEST_SIDE or colour not in CHANNELS:
        raise IndexError("too large")
    if interlaced:
        raise _Hidden("is interlaced, which is not checked")
    expected = height * (1 + (width * depth * CHANNELS[colour] + 7) // 8)
    stream = zlib.decompressobj()
    raw = stream.decompress(compressed, expected + 1)
    if len(raw) < expected:
        raise IndexError("cut short")
    if len(raw) > expected or stream.unused_data:
        raise _Hidden("holds more data than its pixels need")


def _walk_jpeg(content: bytes) -> list[tuple[int, int]]:
    """Where each scan's pixel data begin and end."""
    offset, tables, scans = 2, 0, []
    while True:
        if content[offset] != 0xFF:
            raise IndexError("no marker")
        marker = content[offset + 1]
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", content, offset + 2)
        body = content[offset + 4 : offset + 2 + length]
        if 0xE0 <= marker <= 0xEF and not _is_plain_segment(marker, body):
            raise _Hidden(f"carries {length:,} bytes beside the picture (EXIF, profile or application data)")
        if marker == 0xFE:
            raise _Hidden(f"carries a comment of {length:,} bytes")
        if marker not in JPEG_SEGMENTS and not 0xE0 <= marker <= 0xEF:
            raise _Hidden(f"carries {length:,} bytes beside the picture (segment {marker:02X})")
        tables += length
        if tables > MOST_JPEG_TABLES:
            raise _Hidden(f"carries {tables:,} bytes of tables beside the picture")
        offset += 2 + length
        if marker == 0xDA:
            start, offset = offset, _end_of_scan(content, offset)
            scans.append((start, offset))
    if offset + 2 < len(content):
        raise _Hidden(f"is followed by {len(content) - offset - 2:,} bytes after its end")
    return scans


def _check_scans(content: bytes, scans: list[tuple[int, int]]) -> None:
    """The last bytes of each scan are pixels: the picture changes with them, else they are something else."""
    seen = _pixels(content)
    for start, end in scans:
        length = min(len(GARBAGE), end - start)
        changed = content[: end - length] + GARBAGE[:length] + content[end:]
        if seen is not None and length and changed != content and _pixels(changed) == seen:
            raise _Hidden("holds more data than its pixels need")


def _pixels(content: bytes) -> bytes | None:
    from PIL import Image  # lazy: the rules are imported where no images are read

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            return image.tobytes() if image.width * image.height <= MOST_PIXELS else None
    except (*BROKEN, Image.DecompressionBombError):
        return None


def _is_plain_segment(marker: int, body: bytes) -> bool:
    return (marker == 0xE0 and body.startswith(b"JFIF\x00") and len(body) == 14) or (
        marker == 0xEE and body.startswith(b"Adobe") and len(body) == 12
    )


def _end_of_scan(content: bytes, offset: int) -> int:
    """Where the next marker is that ends the pixel data."""
    while True:
        offset = content.find(b"\xff", offset)
        if offset < 0:
            raise IndexError("cut short")
        following = content[offset + 1]
        if 0xD0 <= following <= 0xD7:
            raise _Hidden("has restart markers, between which there is room for more than pixels")
        if following != 0:
            return offset
        offset += 2
