"""One chart specification, drawn by Altair: the same SVG inline in HTML and inside the PDF."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Self

from mktorch.display import escape, trace
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.house import font_dir, script_font_dir
from mktorch.display.shell import html_shell, typst_shell
from mktorch.display.sources import link, note
from mktorch.display.trace import Entry, Figure

THOUSANDS = "datum.value == 0 ? '0' : format(datum.value, '~s')"  # labels of a money axis
WIDTH = 640  # of every chart, in pixels, labels apart


@dataclass(frozen=True, kw_only=True)
class Chart(Block):
    """A chart as data: what it says (title), what it draws, and the same in words (`alt`).

    `drawing` is the Altair chart itself; `source` names the run's table behind it and `draws` the
    columns of it (`table.column`) that are drawn. The chart's own id is the id of its figures.
    """

    id: str
    drawing: Any
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
    def all_notes(self) -> tuple[str, ...]:
        return (*self.notes, *((f"Source: {self.source}.",) if self.source else ()))

    def svg(self) -> str:
        """The drawing as SVG text: no script, no outside resource, ids that carry the chart's."""
        return self._drawn

    @cached_property
    def _drawn(self) -> str:
        """Drawn once, though a page's HTML and PDF both show it."""
        import altair as alt
        import vl_convert

        _register_fonts()
        spec = self.drawing.to_dict() | {"config": theme(load_brand())}
        version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
        drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=version)
        # The picture has one name; its marks have none of their own.
        plain = re.sub(r' (?:role|aria-roledescription)="[^"]*"', "", drawn)
        named = _renamed(plain, self.id)
        return re.sub(r"\s*\n\s*", " ", named).replace("`", "&#96;").strip()

    def html(self) -> str:
        picture = self.svg().replace(
            "<svg ", f'<svg role="img" aria-label="{escape.html(self.alt)}" ', 1
        )
        body = (
            f'<div class="mk-scroll mk-picture" role="group" tabindex="0" '
            f'aria-label="{escape.html(self.title)}">{picture}</div>'
        )
        if entry := self.entry:
            says = link(entry, entry.figures[0].anchor, f"Source: {escape.html(self.source)}")
            body += f'<p class="mk-chart-source">{says}</p>'
        notes = self.notes if entry else self.all_notes
        return html_shell("chart", f"{self.id}-block", self.title, self.subtitle, body, notes)

    def typst(self) -> str:
        svg = self.svg().replace("\\", "\\\\").replace('"', '\\"')
        body = (
            f'#image(bytes("{svg}"), format: "svg", width: 100%, '
            f"alt: {escape.typst_string(self.alt)})"
        )
        mark = note(self.entry) if self.entry else ""
        return typst_shell(
            load_brand(), self.title, self.subtitle, body, self.all_notes, False, mark
        )


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
        "aria": False,
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
