"""Returns beyond the ledger: on every cost of the programme, and by channel and segment."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.display.register import section
from mktorch.display.sections.context import (
    HALF_CENT,
    charged,
    locale_of,
    money,
    of_campaign,
)
from mktorch.display.sections.wording import (
    channel_names,
)
from mktorch.display.tables import LOOKED_UP, Column, Table
from mktorch.formats import CURRENCY_EXACT, PERCENT, RATIO, format_value
from mktorch.runs import Run
from mktorch.words import count

_EACH = 8  # channels, and segments, shown


@section("roi_fully_loaded")
def fully_loaded(run: Run, campaign: str = "") -> Table:
    """Return on every cost, operating cost included, by campaign; the total last.

    The total includes the cost of the run's own model calls, which are no single campaign's.
    """
    table = charged(run, "roi_fully_loaded")
    rows = of_campaign(run, table, campaign)
    total = pl.col("campaign_id").is_null()
    ranked = rows.filter(~total).sort(
        pl.col("net").abs(), "campaign_id", descending=[True, False], nulls_last=True
    )
    frame = pl.concat((ranked, rows.filter(total)))
    return Table(
        id="fully-loaded",
        frame=frame,
        columns=(
            Column(name="name", label="Campaign", detail="campaign_id", weight=1.7),
            Column(
                name="estimated_value",
                label="Value",
                format=CURRENCY_EXACT,
                missing="no value on record",
            ),
            Column(
                name="media_spend",
                label="Media spend",
                format=CURRENCY_EXACT,
                missing="no spend on record",
            ),
            Column(name="running_cost", label="Operating cost", format=CURRENCY_EXACT),
            Column(name="net", label="Net", format=CURRENCY_EXACT, missing="no value on record"),
            Column(
                name="roi_fully_loaded",
                label="Fully loaded ROI",
                format=PERCENT,
                missing="no value on record",
            ),
            Column(
                name="break_even_roas",
                label="Break-even ROAS",
                format=RATIO,
                missing="no media spend to divide by",
            ),
        ),
        title=_loaded_finding(run, rows),
        notes=(
            (
                "Operating cost: model, human review, service calls and the campaign's share of "
                "infrastructure, modeled from settings where the ledger has no row. Net: value "
                "minus media spend and operating cost; fully loaded ROI is net / these costs. "
                "Break-even ROAS: value per unit of media spend that covers all costs. The "
                "total includes campaigns without value; figures are rounded separately."
            ),
            *_own_calls(run, rows),
        ),
        source=table,
        key=("campaign_id",),
        most=LOOKED_UP,
        last=1,
        empty="This run has no campaigns.",
        locale=locale_of(run),
    )


@section("value_by_channel", "value_by_segment", "channels")
def value_per_unit(run: Run) -> Table:
    """Value per unit of spend by channel and by segment, what nothing claims in rows of its own."""
    parts = {by: _ranked(run, by) for by in ("channel", "segment")}
    frame = pl.concat(each for by, part in parts.items() for each in (part, _unallocated(run, by)))
    return Table(
        id="value-per-unit",
        frame=frame,
        group="by",
        columns=(
            Column(name="name", label="Channel or segment", weight=2.0),
            Column(
                name="spend", label="Spend", format=CURRENCY_EXACT, origin="value_by_{scope}.spend"
            ),
            Column(
                name="spend_share",
                label="Share of spend",
                format=PERCENT,
                origin="value_by_{scope}.spend_share",
                missing="no spend",
            ),
            Column(
                name="revenue",
                label="Value",
                format=CURRENCY_EXACT,
                origin="value_by_{scope}.revenue",
            ),
            Column(
                name="value_per_unit",
                label="Return on ad spend",
                format=RATIO,
                origin="value_by_{scope}.value_per_unit",
                missing="no value or no spend",
            ),
        ),
        title=_value_finding(parts),
        notes=(
            (
                "Each asset's cost and revenue belong to its channel and segment; return on ad "
                "spend is value / spend. Not allocated: ledger amounts beyond the assets, so "
                "that each list adds up to the portfolio."
            ),
        ),
        source="value_by_channel, value_by_segment",
        key=("scope", "channel_id", "segment_id"),
        most=_EACH,
        last=1,
        empty="No spend or value by channel.",
        locale=locale_of(run),
    )


def _shares(run: Run, by: str) -> pl.DataFrame:
    """`value_by_...` with its group's heading."""
    table = run.tables[f"value_by_{by}"]
    if by == "channel":
        names = channel_names(run).rename({"channel": "words"})
        table = table.join(names, on="channel_id", how="left", maintain_order="left").with_columns(
            name=pl.coalesce("words", "name")
        )
    return table.select(
        pl.lit(f"By {by}").alias("by"),
        pl.lit(by).alias("scope"),
        pl.col(f"{by}_id").alias("key"),
        *(
            (pl.col(name) if name == f"{by}_id" else pl.lit(None, pl.String)).alias(name)
            for name in ("channel_id", "segment_id")
        ),
        pl.coalesce("name", f"{by}_id").alias("name"),
        "spend",
        "revenue",
        "spend_share",
        "value_per_unit",
    )


def _ranked(run: Run, by: str) -> pl.DataFrame:
    return (
        _shares(run, by)
        .drop_nulls("key")
        .sort("value_per_unit", "key", descending=[True, False], nulls_last=True)
    )


def _unallocated(run: Run, by: str) -> pl.DataFrame:
    """The row of what no asset claims; none where everything is claimed."""
    return _shares(run, by).filter(
        pl.col("key").is_null(), (pl.col("spend") != 0) | (pl.col("revenue") != 0)
    )


def _loaded_finding(run: Run, rows: pl.DataFrame) -> str:
    campaigns = rows.drop_nulls("campaign_id")
    known = campaigns.drop_nulls("net")
    if known.is_empty():
        return "No campaign has value on record to compare with its costs."
    if campaigns.height == rows.height:
        one = known.row(0, named=True)
        return (
            f"Fully loaded ROI of {one['name']} is "
            f"{money(run, one['roi_fully_loaded'], PERCENT)} "
            f"({money(run, one['net'], CURRENCY_EXACT)} net)."
        )
    total = rows.filter(pl.col("campaign_id").is_null()).row(0, named=True)
    net, share = money(run, total["net"], CURRENCY_EXACT), total["roi_fully_loaded"]
    losing = known.filter(pl.col("net") < 0).height
    verb = "loses" if losing == 1 else "lose"
    return (
        f"Fully loaded ROI is {money(run, share, PERCENT)} ({net} net); {losing} of "
        f"{count(known.height, 'campaign')} {verb} money."
    )


def _own_calls(run: Run, rows: pl.DataFrame) -> tuple[str, ...]:
    """What the total bears and no campaign does; nothing without it."""
    cost = run.manifest.model_usage.cost
    if cost < HALF_CENT or not rows["campaign_id"].null_count():
        return ()
    calls = money(run, cost, CURRENCY_EXACT)
    return (f"The total includes {calls} for this run's language model calls.",)


def _value_finding(ranked: Mapping[str, pl.DataFrame]) -> str:
    """The best and the worst of each list."""
    known = {by: part.drop_nulls("value_per_unit") for by, part in ranked.items()}
    parts = [f"{_ends(part)} by {by}" for by, part in known.items() if part.height]
    if not parts:
        return "No channel or segment has spend on record."
    return f"Return on ad spend: {'; '.join(parts)}."


def _ends(ranked: pl.DataFrame) -> str:
    first, last = (
        f"{ranked['name'][i]} {format_value(ranked['value_per_unit'][i], RATIO)}" for i in (0, -1)
    )
    return first if ranked.height == 1 else f"{first} to {last}"
