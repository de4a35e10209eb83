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
HARMLESS_CHUNKS = frozenset(
    {b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"bKGD", b"sBIT", b"tIME"}
)
CHUNK_LIMIT = 1_024
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
        (_walk_png if output_type == "png" else _walk_jpeg)(content)
    except _Hidden as found:
        return [
            Finding(
                "image.hidden-content",
                Verdict.FAIL,
                f"The image {found}.",
                "Save the figure again without metadata, for example with plt.savefig(name, metadata={}).",
            )
        ]
    except (struct.error, IndexError, zlib.error):
        return [_undecodable()]
    return [] if _picture(content, output_type) is not None else [_undecodable()]


def _undecodable() -> Finding:
    return Finding(
        "image.unreadable",
        Verdict.FAIL,
        "The image is damaged, cut short or too large to be shown.",
        f"Save it again, with at most {MOST_PIXELS:,} pixels.",
        parameters={"most_pixels": MOST_PIXELS},
    )


def decoded(content: bytes, output_type: str) -> bytes | None:
    """The picture re-encoded as plain PNG, or None if it does not decode within the limits."""
    from PIL import Image  # lazy: the rules are imported where no images are read

    picture = _picture(content, output_type)
    if picture is None:
        return None
    clean = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    out = io.BytesIO()
    clean.save(out, format="PNG", compress_level=1)
    return out.getvalue()


def _picture(content: bytes, output_type: str) -> Image.Image | None:
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
    offset, data, header = 8, [], None
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
        elif not (kind in HARMLESS_CHUNKS and length <= CHUNK_LIMIT) and not _is_software_note(kind, body):
            raise _Hidden(f"carries {length:,} bytes beside the picture (chunk {kind.decode('latin-1')!r})")
    if offset < len(content):
        raise _Hidden(f"is followed by {len(content) - offset:,} bytes after its end")
    if header is None:
        raise IndexError("no header")
    _check_pixels(b"".join(data), header)


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


def _walk_jpeg(content: bytes) -> None:
    offset = 2
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
        offset += 2 + length
        if marker == 0xDA:
            offset = _end_of_scan(content, offset)
    if offset + 2 < len(content):
        raise _Hidden(f"is followed by {len(content) - offset - 2:,} bytes after its end")


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
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return offset
        offset += 2
