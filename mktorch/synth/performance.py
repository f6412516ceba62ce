"""Performance snapshots drawn from the assets' true rates, asset by day, vectorized.

Arms of one experiment share each day's traffic, so that their split is the one declared. A day's
totals do not depend on how many snapshots it is told in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from mktorch.synth.model import DAYS, FIRST_DAY, Market

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_WEEK = np.array([1.06, 1.10, 1.09, 1.05, 1.00, 0.83, 0.87])  # Monday to Sunday
_GROWTH = 0.08  # over the whole calendar
_HOURS = np.array(
    [
        *(0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.9, 1.3, 1.6, 1.7, 1.7, 1.6),
        *(1.5, 1.5, 1.4, 1.3, 1.3, 1.3, 1.3, 1.4, 1.3, 1.0, 0.7, 0.5),
    ]
)


def delivered_days(market: Market) -> npt.NDArray[np.bool_]:
    """Which assets (rows) have records on which days (columns)."""
    active = np.zeros((len(market.assets), DAYS), dtype=bool)
    for row, asset in enumerate(market.assets):
        active[row, asset.active()] = True
    return active & (_factors(market, "rows") > 0)


def snapshots(market: Market, rng: np.random.Generator, *, per_day: int = 1) -> pl.DataFrame:
    """Draw a market's `performance_metrics`: one row per asset and snapshot, in key order.

    Parameters
    ----------
    per_day
        Snapshots a day, a divisor of 24. Money is exact: snapshots add up to the day's cents.
    """
    row, day = np.nonzero(delivered_days(market))
    impressions, clicks, conversions, cost, revenue = (
        totals[row, day] for totals in _day_totals(market, rng)
    )
    through = np.array([a.view_through for a in market.assets])[row][:, None]

    parts = rng.multinomial(impressions, _profile(per_day)) if per_day > 1 else impressions[:, None]
    clicked = _deal(rng, clicks, parts)
    converted = _deal(rng, conversions, np.where(through, parts, clicked))
    cents = _share(cost, parts)
    earned = _share(revenue, converted)

    step = 24 // per_day
    hours = day[:, None] * 24 + (np.arange(per_day) + 1) * step - 1
    supplied = np.array([a.supplies_rate for a in market.assets])[row]
    index = {a.asset_id: i for i, a in enumerate(market.assets)}
    wrong = np.zeros((len(index), DAYS), dtype=bool)
    for asset, when in market.wrong_rates:
        if asset in index:
            wrong[index[asset], (when - FIRST_DAY).days] = True

    def each(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.repeat(values, per_day)

    frame = pl.DataFrame(
        {
            "asset": each(row),
            "day": each(day),
            "hour": hours.ravel(),
            "impressions": parts.ravel(),
            "clicks": clicked.ravel(),
            "conversions": converted.ravel(),
            "cost": cents.ravel(),
            "revenue_proxy": earned.ravel(),
            "supplied": each(supplied),
            "wrong": each(wrong[row, day]),
        }
    )
    start = pl.lit(FIRST_DAY).cast(pl.Datetime("us"))
    rate = pl.col("conversions") / pl.when(pl.col("impressions") > 0).then(pl.col("impressions"))
    names = _names(market)
    return frame.join(names, on=["asset", "day"], how="left", maintain_order="left").select(
        "asset_id",
        "experiment_id",
        (start + pl.duration(hours="hour")).dt.strftime("%Y-%m-%dT%H:%M:%S").alias("timestamp"),
        "impressions",
        "clicks",
        "conversions",
        pl.when("supplied")
        .then((rate * pl.when("wrong").then(3.0).otherwise(1.0)).round(6))
        .alias("conversion_rate"),
        (pl.col("cost", "revenue_proxy") / 100).round(2),
    )


def _names(market: Market) -> pl.DataFrame:
    """Asset and experiment ids by (asset, day); no experiment outside its dates."""
    index = {a.asset_id: i for i, a in enumerate(market.assets)}
    ids = np.full((len(market.assets), DAYS), None, dtype=object)
    for experiment in market.experiments:
        first = max((experiment.start_date - FIRST_DAY).days, 0)
        last = (experiment.end_date - FIRST_DAY).days + 1 if experiment.end_date else DAYS
        for arm in experiment.arms:
            if arm in index:
                ids[index[arm], first : max(last, 0)] = experiment.experiment_id
    asset, day = np.indices(ids.shape)
    return pl.DataFrame(
        {
            "asset": asset.ravel(),
            "day": day.ravel(),
            "asset_id": np.repeat([a.asset_id for a in market.assets], DAYS).tolist(),
            "experiment_id": ids.ravel().tolist(),
        },
        schema_overrides={"asset_id": pl.String, "experiment_id": pl.String},
    )


def _day_totals(
    market: Market, rng: np.random.Generator
) -> tuple[Counts, Counts, Counts, Counts, Counts]:
    """Impressions, clicks, conversions, cost and revenue (in cents), assets by days."""
    shape = (len(market.assets), DAYS)

    def column(name: str) -> Floats:
        true = np.array([getattr(a, name) for a in market.assets], dtype=np.float64)[:, None]
        return true * _factors(market, name)

    calendar = _WEEK[np.arange(DAYS) % 7] * (1 + _GROWTH * np.arange(DAYS) / DAYS)
    weather = 1 + 0.06 * rng.standard_normal(shape)[_groups(market)]
    impressions = rng.poisson(column("impressions") * calendar * weather)
    ctr, cvr = column("ctr"), column("cvr")
    clicks = rng.binomial(impressions, ctr)
    through = np.array([a.view_through for a in market.assets])[:, None]
    true_ctr = np.array([a.ctr for a in market.assets])[:, None]
    conversions = rng.binomial(
        np.where(through, impressions, clicks), np.where(through, cvr, cvr / true_ctr)
    )

    unit = {c["channel_id"]: (c["cost_model"], c["avg_cost"]) for c in market.channels}
    billed: Mapping[str, Counts] = {
        "per_send": impressions,
        "per_impression": impressions,
        "per_click": clicks,
        "per_conversion": conversions,
        "flat": np.ones(shape, dtype=np.int64),
    }
    models = [unit[a.channel_id] for a in market.assets]
    units = np.stack([billed[model][i] for i, (model, _) in enumerate(models)])
    price = np.array([avg for _, avg in models])[:, None] * column("cost_factor")
    price = price * _factors(market, "cost") * (1 + 0.04 * rng.standard_normal(shape))
    # Each conversion is worth `value`, give or take a quarter.
    spread = 0.25 * np.sqrt(conversions) * rng.standard_normal(shape)
    revenue = np.maximum(conversions + spread, 0.1 * conversions) * column("value")
    return impressions, clicks, conversions, _cents(units * price), _cents(revenue)


def _cents(money: Floats) -> Counts:
    return np.rint(money * 100).astype(np.int64)


def _groups(market: Market) -> npt.NDArray[np.intp]:
    """For each asset, the row whose traffic weather it shares: its first arm's, or its own."""
    index = {a.asset_id: i for i, a in enumerate(market.assets)}
    groups = np.arange(len(market.assets))
    for experiment in market.experiments:
        arms = [index[a] for a in experiment.arms if a in index]
        groups[arms] = arms[0] if arms else 0
    return groups


def _factors(market: Market, name: str) -> Floats:
    """The product of the planted factors on one column, assets by days."""
    factors = np.ones((len(market.assets), DAYS))
    index = {a.asset_id: i for i, a in enumerate(market.assets)}
    for effect in market.effects:
        rows = [index[a] for a in effect.assets if a in index]
        if effect.column == name and rows:
            first, last = (effect.first - FIRST_DAY).days, (effect.last - FIRST_DAY).days
            factors[rows, first : last + 1] *= effect.factor
    return factors


def _profile(per_day: int) -> Floats:
    weights: Floats = _HOURS.reshape(per_day, -1).sum(axis=1)
    return weights / float(weights.sum())


def _deal(rng: np.random.Generator, marked: Counts, bins: Counts) -> Counts:
    """Deal `marked` of each row's items at random over its bins (multivariate hypergeometric)."""
    if bins.shape[1] == 1:
        return marked[:, None]
    dealt = np.zeros_like(bins)
    left, rest = marked.copy(), bins.sum(axis=1)
    for column in range(bins.shape[1]):
        dealt[:, column] = rng.hypergeometric(left, rest - left, bins[:, column])
        left = left - dealt[:, column]
        rest = rest - bins[:, column]
    return dealt


def _share(total: Counts, weights: Counts) -> Counts:
    """Split whole cents by weight so that the parts add up exactly; evenly without weight."""
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1)
    running = weights.cumsum(axis=1)
    upto: Counts = total[:, None] * running // running[:, -1:]
    return np.diff(upto, axis=1, prepend=0)
