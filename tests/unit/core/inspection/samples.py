"""Small real files, good and hostile, made in memory."""

import io
import json
import pickle
import struct
import zipfile
import zlib

from PIL import Image, PngImagePlugin

from readingroom.core.policy import Policy

POLICY = Policy(
    threshold=10,
    threshold_inclusive=False,
    zeros_disclosive=False,
    dominance=frozenset({(2, 90.0)}),
    p_percent=10.0,
    residual_degrees_of_freedom=10,
    output_types=frozenset({"csv", "png", "jpeg", "json", "txt", "md", "ipynb"}),
    max_file_bytes=2_000_000,
    max_table_rows=1_000,
)


def image(kind="PNG", size=(64, 48), **options):
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **options)
    return out.getvalue()


def png(**options):
    return image("PNG", **options)


def jpeg(**options):
    return image("JPEG", **options)


def png_with_text(key, value):
    notes = PngImagePlugin.PngInfo()
    notes.add_text(key, value)
    return png(pnginfo=notes)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def handmade_png(width, height, raw):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def notebook(*cells):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}).encode()


def code(source, *outputs):
    return {
        "cell_type": "code",
        "source": source,
        "outputs": list(outputs),
        "metadata": {},
        "execution_count": 1,
    }


TABLE = b"region,people\nNorth,40\nSouth,52\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

HOSTILE = {
    "html named csv": ("a.csv", b"<!DOCTYPE html><script>alert(1)</script>"),
    "svg": ("a.svg", SVG),
    "svg named png": ("a.png", SVG),
    "svg named txt": ("a.txt", SVG),
    "pickle": ("a.pkl", pickle.dumps([1, 2])),
    "pickle named csv": ("a.csv", pickle.dumps([1, 2])),
    "xlsx": ("a.xlsx", zipped()),
    "xlsx named csv": ("a.csv", zipped()),
    "parquet named csv": ("a.csv", b"PAR1" + bytes(100) + b"PAR1"),
    "stata": ("a.dta", b"<stata_dta><header>"),
    "pdf": ("a.pdf", b"%PDF-1.7"),
    "empty": ("a.csv", b""),
    "no suffix": ("table", TABLE),
    "path": ("../a.csv", TABLE),
    "direction trick in name": ("a\u202evsc.csv", TABLE),
    "nuls": ("a.csv", b"a,b\n1,\x00\n"),
    "only nuls": ("a.csv", bytes(1000)),
    "latin-1": ("a.csv", "région,n\nÎle,40\n".encode("latin-1")),
    "one huge line": ("a.csv", b"x" * 1_900_000),
    "one huge quoted field": ("a.csv", b'a,b\n"' + b"y " * 900_000 + b'",1\n'),
    "unclosed quote": ("a.csv", b'a,b\n"1,2\n'),
    "many columns": ("a.csv", b",".join([b"40"] * 100_000) + b"\n" + b",".join([b"40"] * 100_000)),
    "too large": ("a.csv", TABLE * 200_000),
    "direction trick in text": ("a.csv", "region,n\nNor\u202eth,40\n".encode()),
    "formula": ("a.csv", b'region,n\n"=HYPERLINK(1)",40\n'),
    "png bomb": ("a.png", handmade_png(60_000, 60_000, bytes(100_000))),
    "png with more data than pixels": ("a.png", handmade_png(10, 10, bytes(1_000_000))),
    "png cut short": ("a.png", png()[:-30]),
    "png with csv behind": ("a.png", png() + TABLE),
    "png with csv in text chunk": ("a.png", png_with_text("Comment", TABLE.decode() * 50)),
    "png with fake software note": (
        "a.png",
        png_with_text("Software", "Matplotlib version" + "1,2,3\n" * 99),
    ),
    "png of magic only": ("a.png", b"\x89PNG\r\n\x1a\n"),
    "png named jpg": ("a.jpg", png()),
    "jpeg with comment": ("a.jpg", jpeg(comment=TABLE)),
    "jpeg with exif": ("a.jpg", jpeg(exif=b"Exif\x00\x00" + TABLE)),
    "jpeg with csv behind": ("a.jpg", jpeg() + TABLE),
    "jpeg cut short": ("a.jpg", jpeg()[:-200]),
    "deep json": ("a.json", b"[" * 100_000 + b"]" * 100_000),
    "json with endless number": ("a.json", b"[" + b"9" * 100_000 + b"]"),
    "json with nan": ("a.json", b'{"a": NaN}'),
    "json rows": ("a.json", json.dumps([[1]] * 5000).encode()),
    "not a notebook": ("a.ipynb", b'{"cells": 7}'),
    "notebook with a shown table": (
        "a.ipynb",
        notebook(
            code(
                "df",
                {
                    "output_type": "execute_result",
                    "data": {"text/html": "<table>", "text/plain": "x"},
                    "metadata": {},
                },
            )
        ),
    ),
    "text holding base64": ("a.txt", b"see " + b"QUJD" * 500),
}
