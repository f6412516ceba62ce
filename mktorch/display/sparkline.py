"""A line the size of a word: the shape of a daily series, the same SVG in HTML and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mktorch.display.brand import Brand

_WIDTH, _HEIGHT, _EDGE = 132, 32, 3.5  # pixels; the edge leaves room for the dot at the end

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Sparkline:
    """A daily series without axes; its last `recent` days are drawn stronger.

    A day without a value is a gap in the line. `alt` says in words what the line shows.
    """

    values: tuple[float | None, ...]
    recent: int
    alt: str

    def __bool__(self) -> bool:
        return any(value is not None for value in self.values)

    def svg(self, brand: Brand) -> str:
        """The line as SVG text: the days before, the recent days, a dot on the last value."""
        points = _points(self.values)
        start = len(points) - self.recent
        x, y = next(point for point in reversed(points) if point)
        ink = brand.color("primary")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke-linecap="round" '
            f'stroke-linejoin="round">'
            f"{_path(points[: start + 1], brand.color('secondary'), 1.2)}"
            f"{_path(points[max(start, 0) :], ink, 2.2)}"
            f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{ink}"/></svg>'
        )


def _points(values: Sequence[float | None]) -> list[Point | None]:
    """Each value's place, lowest at the bottom; a series that never moves lies in the middle."""
    known = [value for value in values if value is not None]
    low, span = min(known), max(known) - min(known)
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    rise = _HEIGHT - 2 * _EDGE
    return [
        None
        if value is None
        else (
            round(_EDGE + i * step, 2),
            round(_HEIGHT - _EDGE - rise * ((value - low) / span if span else 0.5), 2),
        )
        for i, value in enumerate(values)
    ]


def _path(points: Sequence[Point | None], color: str, width: float) -> str:
    """One path over the points, lifted at every gap; a lone point becomes a dot."""
    before = [None, *points]
    steps = [
        f"{'L' if earlier else 'M'}{point[0]:g} {point[1]:g}" + ("" if earlier else "l0.01 0")
        for earlier, point in zip(before, points, strict=False)
        if point
    ]
    return (
        f'<path d="{"".join(steps)}" stroke="{color}" stroke-width="{width:g}"/>' if steps else ""
    )
