"""One chart specification, drawn by Altair: the same SVG inline in HTML and inside the PDF.

A page holds two drawings of it, one for a phone, and shows the one that fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Self

import polars as pl

from mktorch.display import trace
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.nodes import Node, framed, node, noted, shown
from mktorch.display.resources import font_dir, script_font_dir
from mktorch.display.trace import Entry, Figure
from mktorch.formats import clean

THOUSANDS = "datum.value == 0 ? '0' : format(datum.value, '~s')"  # labels of a money axis
WIDTH = 640  # of every chart, in pixels, labels apart
NARROW = 350  # of its drawing for a phone, labels included
_TOLD = "\u2063"  # before what a mark tells: Vega describes every mark in words of its own
_TELLING = re.compile(rf'<(\w+)([^<>]*?) aria-label="{_TOLD}([^"]*)"([^<>]*?)(?:/>|></\1>)')
HEAD = -18  # pixels from the middle of a narrow drawing's row to the words above its mark
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What no SVG may hold; a name that a pointer reads may."""


@dataclass(frozen=True, kw_only=True)
class Chart(Block):
    """A chart as data: what it says (title), what it draws, and the same in words (`alt`).

    `draw` makes the Altair chart for a width, `WIDTH` or `NARROW`; `source` names the run's table
    behind it and `draws` the columns of it (`table.column`) that are drawn. The chart's own id is
    the id of its figures.
    """

    id: str
    draw: Callable[[int], Any]
    title: str
    alt: str
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    draws: tuple[str, ...] = ()
    links: bool = False
    campaign: str = ""

    def linked(self, campaign: str = "") -> Self:
        return replace(self, links=True, campaign=campaign)

    def figures(self) -> tuple[Figure, ...]:
        found = (trace.find(self.id, origin, "") for origin in self.draws)
        figure = Figure(
            id=trace.address(self.id, campaign=self.campaign),
            block=self.id,
            column="",
            label="What the chart draws",
            text=self.alt,
            defined=tuple(each for defined in found for each in defined),
        )
        return (figure,) if self.draws else ()

    @property
    def entry(self) -> Entry | None:
        """The entry of the appendix that the chart leads to; none where nothing links."""
        return next(iter(trace.entries(self.figures())), None) if self.links else None

    @property
    def drawing(self) -> Any:
        """The Altair chart itself."""
        return self.draw(WIDTH)

    def svg(self) -> str:
        """The drawing as SVG text: no script, no outside resource, ids that carry the chart's."""
        return self._drawn

    @cached_property
    def _drawn(self) -> str:
        """Drawn once, though a page's HTML and PDF both show it."""
        return _svg(self.draw, WIDTH, self.id, {})

    def svg_narrow(self) -> str:
        """The drawing for a phone."""
        return _svg(self.draw, NARROW, f"{self.id}-narrow", {"legend": {"columns": 2}})

    def tree(self) -> Node:
        entry, source = self.entry, f"Source: {self.source}"
        link = node("chart-source", shown("words", source, entry)) if entry else None
        said = (Node("paper-note" if entry else "note", f"{source}."),) if self.source else ()
        return framed(
            "chart",
            f"{self.id}-block",
            self.title,
            self.subtitle,
            (Drawing(self), *((link,) if link else ())),
            (*self.notes, *said),
            mark=noted(entry),
        )


@dataclass(frozen=True)
class Drawing:
    """A chart's picture, without its title and notes."""

    chart: Chart


def drawn_from(rows: pl.DataFrame) -> Any:
    """A drawing of these rows and of nothing else, to be marked and encoded.

    Layers share the rows: of a tuple Altair makes no copy at each step.
    """
    import altair as alt

    return alt.Chart(alt.InlineData(values=tuple(rows.to_dicts())))


def x_pixel(at: float) -> Any:
    """A place across the plot in pixels. A plain `alt.value` takes Altair 7 ms to classify."""
    import altair as alt

    return alt.XValue(at)  # type: ignore[no-untyped-call]


def y_pixel(at: float) -> Any:
    """A place down the plot in pixels."""
    import altair as alt

    return alt.YValue(at)  # type: ignore[no-untyped-call]


def tells(words: str) -> Any:
    """What a mark tells under the pointer or a key: a Vega expression over its row, as text."""
    import altair as alt

    return alt.expr(f"'{_TOLD}' + {words}")


def row_heads(base: Any, rows: Any, width: int, name: str, value: str, limit: int) -> list[Any]:
    """A narrow drawing's names and values, on a line of their own above each row's mark.

    `width` is the plot's, `limit` the most pixels that a name may take of it.
    """
    import altair as alt

    names = base.mark_text(align="left", dy=HEAD, limit=limit)
    values = base.mark_text(align="right", dy=HEAD, fontWeight=600)
    return [
        names.encode(x=x_pixel(0), y=rows, text=alt.Text(f"{name}:N")),
        values.encode(x=x_pixel(width), y=rows, text=alt.Text(f"{value}:N")),
    ]


def _svg(
    draw: Callable[[int], Any], width: int, prefix: str, config: dict[str, dict[str, Any]]
) -> str:
    """A drawing as SVG text, in the house's theme and what `config` adds to it."""
    import altair as alt
    import vl_convert
    from altair.utils.schemapi import debug_mode

    _register_fonts()
    house = theme(load_brand())
    themed = house | {part: house[part] | more for part, more in config.items()}
    # Altair's checks of a chart take as long as its drawing: the tests make them.
    with debug_mode(False):
        spec = _cleaned(draw(width).to_dict(validate=False)) | {"config": themed}
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    drawn: str = _NO_XML.sub("\ufffd", vl_convert.vegalite_to_svg(spec, vl_version=version))
    # The picture has one name; of its marks some tell their values, as titles.
    told = _TELLING.sub(r"<\1\2\4><title>\3</title></\1>", drawn)
    plain = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", told)
    return re.sub(r"\s*\n\s*", " ", _renamed(plain, prefix)).replace("`", "&#96;").strip()


def _cleaned(part: Any) -> Any:
    """A drawing's parts with every text printable: what no SVG holds ends the whole process."""
    if isinstance(part, dict):
        return {name: _cleaned(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_cleaned(inner) for inner in part]
    return clean(part) if isinstance(part, str) else part


def _renamed(svg: str, prefix: str) -> str:
    """Ids as the chart's own, counted within it: Vega counts over the life of the process."""
    names = dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))
    fresh = {name: f"{prefix}-{i}" for i, name in enumerate(names, start=1)}
    return re.sub(r'(\bid="|url\(#|href="#)([^")]+)', lambda m: m[1] + fresh.get(m[2], m[2]), svg)


def theme(brand: Brand) -> dict[str, Any]:
    """The Vega-Lite config of every chart: brand font and inks, quiet axes, no frame."""
    ink, muted, line = (
        brand.color("foreground"),
        brand.color("secondary"),
        brand.tint("secondary", 0.28),
    )
    return {
        "background": None,
        "font": f"{brand.font}, system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink,
            "titleColor": muted,
            "labelFontSize": 13,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": line,
            "domainColor": muted,
            "ticks": False,
            "labelPadding": 6,
        },
        "text": {"color": ink, "fontSize": 13},
        "legend": {"labelColor": ink, "labelFontSize": 13, "title": None, "orient": "top"},
        "rule": {"color": muted},
    }


@cache
def _register_fonts() -> None:
    import vl_convert

    for folder in (font_dir(), script_font_dir()):
        vl_convert.register_font_directory(str(folder))
