"""One currency for all money: rates by date, from the settings, applied to what rows state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Protocol

import polars as pl

from mktorch.sources.measures import MONEY
from mktorch.sources.rules import SourceError
from mktorch.sums import micros, units
from mktorch.vocab import Source

_CODE, _DAY, _RATE = "_code", "_day", "_rate"
_DAYS = {
    Source.PERFORMANCE_METRICS: pl.col("timestamp").dt.date(),
    Source.SEGMENT_ROLLUPS: pl.col("window_end"),
    Source.BUDGET_ACTIONS: pl.col("timestamp").dt.date(),
}
"""The day whose rate holds; money of no day, such as a budget, takes the newest rate."""

Rates = Mapping[str, float | Mapping[date, float]]


class MoneyConfig(Protocol):
    """The settings of currencies: the reporting one, and what a unit of another is worth in it."""

    @property
    def currency(self) -> str: ...
    @property
    def exchange_rates(self) -> Rates: ...


def in_currency(
    frames: Mapping[Source, pl.DataFrame], config: MoneyConfig, *, strict: bool = True
) -> dict[Source, pl.DataFrame]:
    """All money in `config.currency`.

    A row's money is in its own `currency`, else in its campaign's, else in the reporting one. A
    rate by date holds from its day on. A budget action in a currency without a rate keeps it, as
    does any row where `strict` is false.

    Raises
    ------
    SourceError
        Naming each currency without a rate, its rows and the setting that gives one.
    """
    campaigns = frames[Source.CAMPAIGNS]
    stated = [f for s, f in frames.items() if s in MONEY and "currency" in f.columns]
    if not any(bool((frame["currency"] != config.currency).any()) for frame in stated):
        return dict(frames)
    rates = _rates(config.exchange_rates)
    done = dict(frames)
    missing: list[str] = []
    for source, columns in MONEY.items():
        rated = _rated(source, frames, campaigns, rates, config.currency)
        unrated = rated.filter(pl.col(_RATE).is_null())
        if source != Source.BUDGET_ACTIONS:
            missing.extend(_missing(source, unrated, config.currency))
        done[source] = frames[source].with_columns(
            units(micros(pl.col(column) * rated[_RATE].fill_null(1.0))).alias(column)
            for column in columns
        )
        if source == Source.BUDGET_ACTIONS:
            known = rated[_RATE].is_not_null()
            done[source] = done[source].with_columns(
                currency=pl.when(known).then(pl.lit(config.currency)).otherwise("currency")
            )
    if missing and strict:
        raise SourceError("\n".join(missing))
    return done


def _rated(
    source: Source,
    frames: Mapping[Source, pl.DataFrame],
    campaigns: pl.DataFrame,
    rates: pl.DataFrame,
    currency: str,
) -> pl.DataFrame:
    """A source's rows, in order, with the code of their currency and its rate (null: none)."""
    frame = frames[source]
    own = pl.col("currency") if "currency" in frame.columns else pl.lit(None, pl.String)
    codes = frame.select(
        _campaign(source, frames, frame),
        own.alias(_CODE),
        _DAYS.get(source, pl.lit(date.max)).alias(_DAY),
        pl.int_range(pl.len()).alias("_place"),
    )
    if "currency" in campaigns.columns and source != Source.BUDGET_ACTIONS:
        stated = campaigns.select("campaign_id", "currency").unique("campaign_id", keep="first")
        codes = codes.join(stated, on="campaign_id", how="left").with_columns(
            pl.coalesce(_CODE, "currency").alias(_CODE)
        )
    return (
        codes.with_columns(pl.col(_CODE).fill_null(currency), pl.col(_DAY).fill_null(date.max))
        .sort(_DAY)
        .join_asof(rates, on=_DAY, by=_CODE, check_sortedness=False)
        .with_columns(pl.when(pl.col(_CODE) == currency).then(1.0).otherwise(_RATE).alias(_RATE))
        .sort("_place")
    )


def _campaign(
    source: Source, frames: Mapping[Source, pl.DataFrame], frame: pl.DataFrame
) -> pl.Series:
    if source != Source.PERFORMANCE_METRICS:
        return frame["campaign_id"]
    owners = frames[Source.CREATIVE_ASSETS].unique("asset_id", keep="first")
    return frame["asset_id"].replace_strict(
        owners["asset_id"], owners["campaign_id"], default=None, return_dtype=pl.String
    ).alias("campaign_id")  # fmt: skip


def _rates(given: Rates) -> pl.DataFrame:
    """Code, day from which a rate holds, and the rate, by day."""
    rows = [
        (code, day, rate)
        for code, rates in given.items()
        for day, rate in (rates if isinstance(rates, Mapping) else {date.min: rates}).items()
    ]
    schema = {_CODE: pl.String(), _DAY: pl.Date(), _RATE: pl.Float64()}
    return pl.DataFrame(rows, schema=schema, orient="row").sort(_DAY)


def _missing(source: Source, unrated: pl.DataFrame, currency: str) -> Iterator[str]:
    by_code = unrated.group_by(_CODE).agg(pl.len().alias("rows"), pl.col(_DAY).min()).sort(_CODE)
    for code, rows, first in by_code.iter_rows():
        dated = "" if first == date.max else f" on {first}"
        yield (
            f"{source}: {rows:,} rows are in {code}, and there is no rate to {currency}"
            f"{dated}; set exchange_rates.{code} to what one {code} is worth in {currency} "
            f"(or a table of such rates by date), or currency to {code}"
        )
