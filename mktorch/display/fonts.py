"""Fonts inside the page, so that it looks the same everywhere and asks for nothing."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from pathlib import Path

# Words in a font file's name -> CSS weight; the first that fits counts.
_WEIGHTS = {"extralight": 200, "light": 300, "semibold": 600, "black": 900, "bold": 700}
_ENTRY, _HEADER = struct.Struct(">4sIII"), struct.Struct(">4sIIHHIHHIIIII")
_WOFF_ENTRY = struct.Struct(">4sIIII")


def font_faces(family: str, files: Iterable[Path]) -> str:
    """The CSS that brings font files into a page as data."""
    return "".join(_font_face(family, file) for file in files)


@cache
def woff(file: Path) -> bytes:
    """A TrueType or OpenType file as WOFF 1.0: the same tables, each deflated, nothing lost.

    Layout: https://www.w3.org/TR/WOFF/ (header, directory sorted by tag, tables padded to 4 bytes).
    """
    source = file.read_bytes()
    flavor, count = source[:4], struct.unpack_from(">H", source, 4)[0]
    entries = sorted(_ENTRY.unpack_from(source, 12 + _ENTRY.size * i) for i in range(count))
    offset = _HEADER.size + _WOFF_ENTRY.size * count
    directory, tables = b"", b""
    for tag, checksum, start, length in entries:
        raw = source[start : start + length]
        packed = min(zlib.compress(raw, 9), raw, key=len)
        directory += _WOFF_ENTRY.pack(tag, offset + len(tables), len(packed), length, checksum)
        tables += packed + b"\0" * (-len(packed) % 4)
    unpacked = 12 + _ENTRY.size * count + sum(-(-length // 4) * 4 for *_, length in entries)
    total = offset + len(tables)
    head = _HEADER.pack(
        b"wOFF", *struct.unpack(">I", flavor), total, count, 0, unpacked, 1, 0, 0, 0, 0, 0, 0
    )
    return head + directory + tables


@cache
def _font_face(family: str, file: Path) -> str:
    name = file.stem.lower()
    weight = next((number for word, number in _WEIGHTS.items() if word in name), 400)
    style = "italic" if name.endswith(("it", "italic", "oblique")) else "normal"
    content = b64encode(woff(file)).decode()
    return (
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};'
        f"font-display:block;src:url(data:font/woff;base64,{content}) format('woff')}}"
    )
