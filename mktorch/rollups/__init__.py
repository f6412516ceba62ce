"""The one heavy pass: performance summed by asset, experiment, campaign, segment, channel and day.

Money and conversions, of which a part may count, are summed in whole millionths (`mktorch.sums`).
A blank cell is left out of its sum alone; a sum of blanks is null.

Experiments also keep their days, from which variances follow, and their sums by weekday.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

import polars as pl

from mktorch.clock import Clock, Span
from mktorch.paired import WITHIN, RollupPaired
from mktorch.rollups.dates import by_dates
from mktorch.rollups.declared import (
    ADDED,
    ASSET,
    BEFORE,
    BEFORE_DAYS,
    BY_KEY,
    BY_WINDOW,
    ROLLUPS,
)
from mktorch.sources.bulk.days import (
    COLUMNS,
    IMPLIED,
    IN_MICROS,
    MEASURES,
    OF_RATED,
    added,
    days_of,
    exact,
    known,
)
from mktorch.sources.bulk.scan import Scan
from mktorch.sources.rates import RATED, rate_base
from mktorch.sums import MICRO, known_sum, micros, total, units
from mktorch.vocab import Measure, Source, Window
from mktorch.wiring import makes

__all__ = [
    "ADDED",
    "BEFORE",
    "BEFORE_DAYS",
    "BY_KEY",
    "BY_WINDOW",
    "MEASURES",
    "ROLLUPS",
    "rollups",
]

_DAYS = pl.len().cast(pl.Int64).alias("days")


@makes(*ROLLUPS)
def rollups(
    performance_metrics: pl.DataFrame,
    creative_assets: pl.DataFrame,
    clock: Clock,
    experiments: pl.DataFrame | None = None,
    notes: list[str] | None = None,
    bulk: Scan | None = None,
) -> dict[str, pl.DataFrame]:
    """Sum performance by every key of `BY_WINDOW` and `BY_KEY` in one scan.

    Parameters
    ----------
    performance_metrics
        asset_id, experiment_id, timestamp, the counts, cost, revenue_proxy.
    creative_assets
        asset_id with its campaign_id, segment_id and channel_id.
    clock
        The windows.
    experiments
        experiment_id, status, start_date, end_date and the assets: whose rows count, of which days.
    notes
        Is told what rows take back, which sums that brings below 0, which rows that name an
        experiment lie outside its dates, and whose assets' rows are taken since none names it.
    bulk
        Further rows, which were summed where they are.

    Returns
    -------
    Rollup name -> frame as `ROLLUPS` declares it, sorted by key. A key without rows is absent.
    `rollup_rate` holds, per asset, what its supplied conversion rates imply. Where nothing is blank
    `rollup_paired` has no row, and what rates divide are the sums themselves.

    Of experiments only the rows that name the experiment count or, where none does, those of its
    assets that name no experiment (`claimed`); of those only days from its start to its end, and of
    those only days on which every measure that the experiment records is known.
    `rollup_experiment` adds `days` (daily snapshots); `rollup_experiment_day` holds those days.
    `weekday` is 1 (Monday) to 7; the weekday rows add `days` and, with the suffix `_before`, the
    asset's sums on the same weekday of the `BEFORE_DAYS` days before the experiment's first row,
    under whatever experiment; null where there are none.
    """
    metrics, assets = performance_metrics.lazy(), creative_assets.lazy()
    # Collected here, so that the plans below share it: a filter pushed down would scan again.
    daily = _daily(metrics, assets, bulk)
    negative = _negatives(metrics, assets)
    base = daily.lazy()
    held, outside, claimed = by_dates(base, experiments)
    tested = held.filter(_ripe())
    spans = clock.windows
    by_asset = _sum(_windowed(base, spans), (*BY_WINDOW["rollup_asset"], "window")).collect()
    asset_days = _sum(base, BY_KEY["rollup_asset_day"]).collect()
    by_window = {
        name: by_asset.lazy() if name == "rollup_asset" else _added(by_asset, (*keys, "window"))
        for name, keys in BY_WINDOW.items()
    }
    plans = {
        "rollup_rate": _rates(daily),
        **by_window,
        "rollup_correction": _corrections(negative, by_window["rollup_campaign"], spans),
        "rollup_paired": _paired(daily, spans),
        "rollup_experiment": _sum(tested, BY_KEY["rollup_experiment"], (_DAYS,)),
        "rollup_experiment_day": tested.sort(BY_KEY["rollup_experiment_day"]),
        "rollup_experiment_weekday": _by_weekday(base, tested),
        "rollup_day": _added(asset_days, BY_KEY["rollup_day"]),
        "rollup_asset_day": asset_days.lazy(),
    }
    *frames, left_out, taken = pl.collect_all([*plans.values(), outside, claimed])
    made = {
        name: ROLLUPS[name].of(frame.with_columns(units(pl.col(pl.Int128))))
        for name, frame in zip(plans, frames, strict=True)
    }
    if notes is not None:
        notes.extend(_taken_back(made["rollup_correction"]))
        notes.extend(
            f"{experiment}: {rows:,} rows lie outside its dates and are left out of it"
            for experiment, rows in left_out.iter_rows()
        )
        notes.extend(
            f"{experiment}: no row names it; {rows:,} rows of its assets inside its dates are taken"
            for experiment, rows in taken.iter_rows()
        )
    return made


def _taken_back(corrections: pl.DataFrame) -> Iterator[str]:
    """How much credits and corrections take back, and the windows that they bring below 0."""
    whole = corrections.filter(window=str(Window.ALL)).group_by("measure").agg(
        pl.col("rows").sum(), total("corrected")
    ).sort("measure")  # fmt: skip
    for measure, rows, corrected in whole.iter_rows():
        yield (
            f"{Source.PERFORMANCE_METRICS}: {rows:,} rows take back {measure}, "
            f"{-corrected:,.6g} in all; they are kept and summed"
        )
    below = corrections.filter("below_zero").select("campaign_id", "window", "measure", "total")
    for campaign, window, measure, amount in below.iter_rows():
        yield (
            f"{campaign}: {measure} of the window {window!r} is below 0 ({amount:,.6g}); right if "
            "more was taken back than the window brought, otherwise correct the rows"
        )


def _daily(metrics: pl.LazyFrame, assets: pl.LazyFrame, bulk: Scan | None) -> pl.DataFrame:
    """One row per asset, experiment and day, with the asset's campaign, segment and channel."""
    read = days_of(metrics.collect())
    if bulk is not None:
        read = added([read, bulk.days]) if read.height else bulk.by_key
    owners = assets.select("asset_id", *ASSET)
    return known(exact(read.lazy())).join(owners, on="asset_id", how="left").collect()


def _ripe() -> pl.Expr:
    """Days of an experiment on which all is known that the experiment records at all."""
    return pl.all_horizontal(
        pl.col(f"{m}_blanks").eq(0) | (pl.col(m).count().over("experiment_id") == 0)
        for m in MEASURES
    )


def _sum(base: pl.LazyFrame, keys: tuple[str, ...], more: Iterable[pl.Expr] = ()) -> pl.LazyFrame:
    """Daily rows by keys."""
    date = pl.col("date")
    return _by(base, keys, date.min().alias("first_day"), date.max().alias("last_day"), *more)


def _added(sums: pl.DataFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    """What `_sum` gave, by fewer keys."""
    return _by(sums.lazy(), keys, pl.col("first_day").min(), pl.col("last_day").max())


def _by(rows: pl.LazyFrame, keys: tuple[str, ...], *more: pl.Expr) -> pl.LazyFrame:
    sums = map(known_sum, MEASURES)
    return rows.group_by(keys).agg(*sums, pl.col("snapshots").sum(), *more).sort(keys)


def _by_weekday(base: pl.LazyFrame, tested: pl.LazyFrame) -> pl.LazyFrame:
    """Experiments and assets by weekday, beside the same weekday's sums before the experiment."""
    keys = BY_KEY["rollup_experiment_weekday"]
    weekday = pl.col("date").dt.weekday().cast(pl.Int64).alias("weekday")
    start = tested.group_by("experiment_id").agg(pl.col("date").min().alias("start"))
    arms = tested.select("experiment_id", "asset_id").unique().join(start, on="experiment_id")
    age = (pl.col("start") - pl.col("date")).dt.total_days()
    before = (
        arms.join(base.select("asset_id", "date", *MEASURES), on="asset_id")
        .filter(age.is_between(1, BEFORE_DAYS))
        .with_columns(weekday)
        .group_by(keys)
        .agg(known_sum(measure).alias(f"{measure}{BEFORE}") for measure in MEASURES)
    )
    during = tested.with_columns(weekday).group_by(keys).agg(*map(known_sum, MEASURES), _DAYS)
    return during.join(before, on=keys, how="left").sort(keys)


def _rates(daily: pl.DataFrame) -> pl.LazyFrame:
    """Per asset, over the rows that state a rate: counts, and the conversions that the rates imply
    by the denominator that fits them better on the whole, in millionths."""
    base = rate_base(daily)
    taken = {
        "impressions": f"{OF_RATED}impressions",
        "conversions": f"{OF_RATED}conversions",
        "implied_conversions": f"{IMPLIED}{base}",
        "rate_base": f"{OF_RATED}{base}",
    }
    return (
        daily.lazy()
        .filter(pl.col(RATED) > 0)
        .group_by("asset_id")
        .agg(pl.col(column).sum().alias(name) for name, column in taken.items())
        .with_columns(pl.lit(base).alias("rate_denominator"))
        .sort("asset_id")
    )


def _negatives(metrics: pl.LazyFrame, assets: pl.LazyFrame) -> pl.LazyFrame:
    """The rows that take something back, one row per measure that is negative: `value`."""
    below = [
        metrics.filter(pl.col(column) < 0).select(
            "asset_id",
            pl.col("timestamp").dt.date().alias("date"),
            pl.lit(str(measure)).alias("measure"),
            micros(pl.col(column)).alias("value"),
        )
        for measure, column in COLUMNS.items()
    ]
    owners = assets.select("asset_id", "campaign_id")
    return pl.concat(below).join(owners, on="asset_id", how="left").drop("asset_id")


def _corrections(
    negative: pl.LazyFrame, whole: pl.LazyFrame, spans: dict[Window, Span]
) -> pl.LazyFrame:
    """What is taken back beside the whole sum, by campaign, window and measure."""
    keys = ("campaign_id", "window", "measure")
    totals = whole.select(
        "campaign_id",
        "window",
        *(
            (pl.col(m) if m in IN_MICROS else pl.col(m).cast(pl.Int128) * MICRO).alias(m)
            for m in MEASURES
        ),
    ).unpivot(MEASURES, index=keys[:2], variable_name="measure", value_name="total")
    taken = _windowed(negative, spans).group_by(keys).agg(
        pl.len().cast(pl.Int64).alias("rows"), pl.col("value").sum().alias("corrected")
    )  # fmt: skip
    return (
        taken.join(totals, on=keys, how="left")
        .with_columns((pl.col("total") < 0).alias("below_zero"))
        .sort(keys)
    )


def _paired(daily: pl.DataFrame, spans: dict[Window, Span]) -> pl.LazyFrame:
    """Sums of two measures over the days that know both, for keys where either has a blank."""
    blank = [m for m in MEASURES if daily[f"{m}_blanks"].sum()]
    if not blank:
        return pl.LazyFrame(schema=RollupPaired.dtypes())
    pairs = {p for p in permutations(MEASURES, 2) if not set(p).isdisjoint(blank)}
    base = _windowed(daily.lazy(), spans)
    levels: dict[tuple[str, ...], set[tuple[str, str]]] = {
        ("campaign_id",): pairs,
        ("campaign_id", "segment_id"): pairs,
        ("campaign_id", "channel_id"): pairs,
        ("campaign_id", "asset_id"): pairs & _RETURN,
    }
    return pl.concat(
        (
            _of_pairs(base, keys, some).with_columns(
                pl.lit(None, pl.String).alias(c) for c in WITHIN if c not in keys
            )
            for keys, some in levels.items()
            if some
        ),
        how="diagonal",
    ).sort("campaign_id", *WITHIN, "window", *_NAMES)


_RETURN = {(str(Measure.REVENUE), str(Measure.COST))}


_NAMES = ("numerator_name", "denominator_name")


def _of_pairs(
    base: pl.LazyFrame, keys: tuple[str, ...], pairs: Iterable[tuple[str, str]]
) -> pl.LazyFrame:
    sums = (_of_pair(a, b).alias(f"{a}/{b}") for a, b in pairs)
    index = [*keys, "window"]
    return (
        base.group_by(index)
        .agg(sums)
        .unpivot(index=index, variable_name="_pair")
        .unnest("value")
        .filter("_blank")
        .with_columns(pl.col("_pair").str.split("/").list.to_struct(fields=_NAMES))
        .unnest("_pair")
        .drop("_blank")
    )


def _of_pair(a: str, b: str) -> pl.Expr:
    """Whether a day lacks one of two measures, and their sums over the days that lack neither."""
    blank = pl.col(f"{a}_blanks") + pl.col(f"{b}_blanks") > 0

    def known(measure: str) -> pl.Expr:
        value = pl.col(measure).filter(~blank)
        summed = pl.when(value.count() > 0).then(value.sum().cast(pl.Int128))
        return units(summed) if measure in IN_MICROS else summed.cast(pl.Float64)

    return pl.struct(
        blank.any().alias("_blank"), known(a).alias("numerator"), known(b).alias("denominator")
    )


def _windowed(base: pl.LazyFrame, spans: dict[Window, Span]) -> pl.LazyFrame:
    parts = {
        Window.ALL: base,
        **{w: base.filter(pl.col("date").is_between(*span)) for w, span in spans.items()},
    }
    return pl.concat(
        part.with_columns(pl.lit(str(window)).alias("window")) for window, part in parts.items()
    )
