"""An experiment's answer: a record to read, to draw and to go on with as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import Any

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.charts import WIDTH, theme
from mktorch.formats import FIGURE, INTEGER, PERCENT, PERCENT_SIGNED, format_value
from mktorch.stats import SRM_ALPHA
from mktorch.userlevel.compare import Kind
from mktorch.userlevel.metrics import Role

WHOLE = "all"
"""What a result of no segment says in `segment`."""
NUMBERS = (
    "control_value",
    "variant_value",
    "difference",
    "difference_low",
    "difference_high",
    "lift",
    "lift_low",
    "lift_high",
    "odds_ratio",
    "odds_ratio_low",
    "odds_ratio_high",
    "variance_cut",
    "p_value",
)
ANSWERS = (
    "role",
    "metric",
    "by",
    "segment",
    "variant",
    "kind",
    "method",
    "control_units",
    "variant_units",
    *NUMBERS,
)
SHOWN = 40
"""Rows that a printed answer shows at most."""
_DASH = "–"


class Verdict(StrEnum):
    """What a row says: the adjusted p-value against alpha, and the side of the difference."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"
    UNDEFINED = "undefined"


@dataclass(frozen=True, kw_only=True, repr=False)
class Experiment:
    """Every metric and variant against the control.

    `results` has one row per metric, variant and segment (`segment` is "all" for the whole), in
    the order they were named. Values, difference and its ends are in the metric's unit, lift and
    `variance_cut` (the share of the variance that the covariate took) are fractions. An end that is
    open, and what is undefined, is null. Intervals are of each comparison alone and agree with
    `p_value`; `adjusted_p_value`, which the verdict goes by, is corrected for several tests.
    """

    results: pl.DataFrame
    arms: pl.DataFrame
    control: str
    alpha: float
    correction: str
    allocation_p: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def to_polars(self) -> pl.DataFrame:
        """The results as a frame, as the class says."""
        return self.results

    def forest(self, *, segments: bool = False) -> Any:
        """An Altair chart: every lift with its interval against zero, of the whole or segments."""
        import altair as alt

        drawn = self._lines(self._part(segments=segments)).filter(pl.col("lift").is_not_null())
        brand = load_brand()
        words = [str(word) for word in Verdict if word is not Verdict.UNDEFINED]
        inks = [brand.color(name) for name in ("success", "danger", "secondary")]
        color = alt.Color("verdict:N", scale=alt.Scale(domain=words, range=inks))
        rows = alt.Y("line:N", sort=None, title=None, axis=alt.Axis(labelLimit=320))
        lift = alt.Axis(format="+.1%", title=f"Lift over {self.control}, {self._level} interval")
        base = alt.Chart(alt.InlineData(values=drawn.to_dicts())).encode(y=rows)
        ends = base.transform_filter("isValid(datum.lift_low) && isValid(datum.lift_high)")
        zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(strokeDash=[4, 3])
        layers = (
            zero.encode(x=alt.X("at:Q", axis=lift)),
            ends.mark_rule(strokeWidth=4, opacity=0.55).encode(
                x=alt.X("lift_low:Q", axis=lift), x2="lift_high:Q", color=color
            ),
            base.mark_point(filled=True, size=95, opacity=1).encode(
                x=alt.X("lift:Q", axis=lift), color=color
            ),
        )
        chart = alt.layer(*layers).properties(width=WIDTH - 240, height=alt.Step(24))
        house = {part: said for part, said in theme(brand).items() if said is not None}
        return chart.configure(**house)

    def __repr__(self) -> str:
        heads, cells = self._table()
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        lines = (
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in (heads, *cells)
        )
        return "\n".join((self._title, *(f"  {line}" for line in lines), *self._notes))

    def _repr_html_(self) -> str:
        heads, cells = self._table()
        style = ' style="text-align:right"'
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{'' if i == 0 else style}>{escape(cell)}</td>" for i, cell in enumerate(row)
            )
            + "</tr>"
            for row in cells
        )
        top = "".join(f"<th>{escape(head)}</th>" for head in heads)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes)
        return (
            f"<div><strong>{escape(self._title)}</strong><table><thead><tr>{top}</tr></thead>"
            f"<tbody>{body}</tbody></table>{notes}</div>"
        )

    @property
    def _level(self) -> str:
        return f"{100 * (1 - self.alpha):g}%"

    @property
    def _title(self) -> str:
        others = [name for name in self.arms["variant"] if name != self.control]
        units = format_value(int(self.arms["units"].sum()), INTEGER)
        return f"Experiment: {', '.join(others)} against {self.control} (control), {units} units"

    @property
    def _notes(self) -> tuple[str, ...]:
        hidden = self.results.height - SHOWN
        lines = [f"Left out: {n:,} units {reason}." for reason, n in self.left_out.items()]
        if self.allocation_p is not None:
            broken = self.allocation_p < SRM_ALPHA
            lines.append(
                f"Split against the declared shares: p {_p(self.allocation_p)}"
                + ("; the arms are not comparable." if broken else ".")
            )
        if hidden > 0:
            lines.append(f"{hidden:,} more rows: to_polars().")
        return tuple(lines)

    def _part(self, *, segments: bool) -> pl.DataFrame:
        return self.results.filter(pl.col("by").is_not_null() == segments)

    def _lines(self, results: pl.DataFrame) -> pl.DataFrame:
        parts = [pl.col("metric")]
        if self.arms.height > 2:
            parts.append(pl.col("variant"))
        if results["by"].count():
            parts.append(pl.format("{} {}", "by", pl.col("segment").fill_null("none")))
        return results.with_columns(line=pl.concat_str(parts, separator=", "))

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """Column heads, and a line of texts per result."""
        segmented = self.results["by"].count() > 0
        adjusted = self.correction != "none"
        heads = [
            "metric",
            *(("segment",) if segmented else ()),
            "variant",
            "control",
            "value",
            "lift",
            f"{self._level} interval",
            f"p ({self.correction})" if adjusted else "p",
            "",
        ]
        return heads, [
            self._cells(row, segmented=segmented)
            for row in self.results.head(SHOWN).iter_rows(named=True)
        ]

    def _cells(self, row: Mapping[str, Any], *, segmented: bool) -> list[str]:
        shape = PERCENT if row["kind"] == Kind.CONVERSION else FIGURE
        within = f"{row['by']} {row['segment']}" if row["by"] else WHOLE
        guard = ", guardrail" if row["role"] == Role.GUARDRAIL else ""
        low, high = row["lift_low"], row["lift_high"]
        return [
            f"{row['metric']}{guard}",
            *((within,) if segmented else ()),
            row["variant"],
            _text(row["control_value"], shape),
            _text(row["variant_value"], shape),
            _text(row["lift"], PERCENT_SIGNED),
            _DASH
            if low is None and high is None
            else f"{_text(low, PERCENT_SIGNED)} to {_text(high, PERCENT_SIGNED)}",
            _p(row["adjusted_p_value"]),
            row["verdict"],
        ]


def _text(value: float | None, shape: Any) -> str:
    return _DASH if value is None else format_value(value, shape)


def _p(value: float | None) -> str:
    if value is None:
        return _DASH
    return f"{value:.3f}" if value >= 0.0005 else "<0.001"
