"""A font inside the page: WOFF holds the same tables as its source, byte for byte."""

from __future__ import annotations

import struct
import zlib

from mktorch.display.fonts import font_faces, woff
from mktorch.display.resources import font_dir

FILE = font_dir() / "SourceSansPro-Regular.ttf"


def _tables(font: bytes) -> dict[bytes, bytes]:
    count = struct.unpack_from(">H", font, 4)[0]
    entries = [struct.unpack_from(">4sIII", font, 12 + 16 * i) for i in range(count)]
    return {tag: font[start : start + length] for tag, _, start, length in entries}


def test_every_table_is_there_unchanged() -> None:
    packed, source = woff(FILE), FILE.read_bytes()
    signature, flavor, length, count, _, size = struct.unpack_from(">4sIIHHI", packed)
    assert (signature, flavor, length) == (b"wOFF", struct.unpack(">I", source[:4])[0], len(packed))
    assert size == len(source)
    held = {}
    for i in range(count):
        tag, start, stored, full, _ = struct.unpack_from(">4sIIII", packed, 44 + 20 * i)
        raw = packed[start : start + stored]
        held[tag] = raw if stored == full else zlib.decompress(raw)
        assert start % 4 == 0
    assert held == _tables(source)
    assert list(held) == sorted(held)


def test_weight_and_style_come_from_the_file_name() -> None:
    names = ("Semibold", "BoldIt")
    css = font_faces("Source Sans Pro", [font_dir() / f"SourceSansPro-{n}.ttf" for n in names])
    assert "font-weight:600;font-style:normal" in css
    assert "font-weight:700;font-style:italic" in css
    assert "http" not in css
