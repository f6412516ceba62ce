"""Two sides of a comparison: sums now and then, or of variants and controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from mktorch.kpis.model import Value
from mktorch.vocab import Window

NOW_AND_THEN = "current - prior"


class Side(NamedTuple):
    """The sums of one side, and the words for it."""

    name: str
    sums: Mapping[str, float]

    def rate(self, top: str, bottom: str) -> float | None:
        """One sum over another; null where the other is not positive."""
        over = self.sums[bottom]
        return self.sums[top] / over if over > 0 else None


class Sides(NamedTuple):
    now: Side
    then: Side
    window: str = NOW_AND_THEN


def now_and_then(frame: pl.DataFrame, *sums: pl.Expr, name: str = "{} window") -> Sides:
    """The sums of a rollup in the current and in the prior window."""
    now, then = (
        Side(name.format(w), frame.filter(window=str(w)).select(sums).row(0, named=True))
        for w in (Window.CURRENT, Window.PRIOR)
    )
    return Sides(now, then)


def change(sides: Sides, top: str, bottom: str) -> Value:
    """The rate of one side less that of the other, both beside it; null where one has none."""
    now, then = (side.rate(top, bottom) for side in sides[:2])
    if now is None or then is None:
        side = sides.now if now is None else sides.then
        return Value(None, window=sides.window, reason=f"no {bottom} in {side.name}")
    return Value(now - then, now, then, sides.window)


def reduction(sides: Sides, top: str, bottom: str) -> Value:
    """1 less the rate of one side over that of the other; null where that was 0."""
    found = change(sides, top, bottom)
    if found.numerator is None or found.denominator is None:
        return found
    if found.denominator == 0:
        reason = f"{top} was 0 before: nothing to reduce"
        return Value(None, window=sides.window, reason=reason)
    return found._replace(value=1 - found.numerator / found.denominator)
