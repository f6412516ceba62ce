"""Attribution: what each method credits to each channel, and whether the methods agree."""

from __future__ import annotations

import polars as pl

from mktorch.config.attribution_rules import AttributionFinding, AttributionRules
from mktorch.metrics import ratio
from mktorch.sums import micros, units
from mktorch.vocab import AttributionMethod, Window

METHODS = tuple(str(method) for method in AttributionMethod)
_FIRST, _ASSIST, _LAST = METHODS
# Agreement column -> the two methods it compares.
_PAIRS = {
    "agreement": (_FIRST, _LAST),
    "first_assist_agreement": (_FIRST, _ASSIST),
    "assist_last_agreement": (_ASSIST, _LAST),
}


def attribution_shares(
    attribution_hints: pl.DataFrame, rollup_channel: pl.DataFrame
) -> pl.DataFrame:
    """Conversions credited by campaign, method and channel, beside those the channel reported.

    Parameters
    ----------
    attribution_hints
        `attribution_hints`; all hints of a key add up.
    rollup_channel
        From `rollups`; its `all` window is used.

    Returns
    -------
    One row per campaign, method and channel that has a hint, sorted so: `attributed` (sum of
    attributed_conversions), `weighted` (sum of attributed_conversions times confidence), `hints`;
    `share` = weighted / the campaign's weighted by that method, null with `share_reason` where
    the method credits nothing; `reported` conversions of the channel, null where it has no
    performance; `reported_share` of the campaign's reported conversions, and `share_gap` = share -
    reported_share.
    """
    credited = pl.col("attributed_conversions")
    return (
        attribution_hints.group_by("campaign_id", "method", "channel_id")
        .agg(
            micros(credited).sum().alias("attributed"),
            micros(credited * pl.col("confidence")).sum().alias("weighted"),
            pl.len().cast(pl.Int64).alias("hints"),
        )
        .with_columns(
            ratio(
                pl.col("weighted").cast(pl.Float64),
                pl.col("weighted").sum().over("campaign_id", "method").cast(pl.Float64),
            ).alias("share"),
            units(pl.col("attributed")),
            units(pl.col("weighted")),
        )
        .join(
            rollup_channel.filter(pl.col("window") == Window.ALL).select(
                "campaign_id",
                "channel_id",
                reported="conversions",
                reported_share=ratio(
                    pl.col("conversions"), pl.col("conversions").sum().over("campaign_id")
                ),
            ),
            on=("campaign_id", "channel_id"),
            how="left",
        )
        .with_columns(
            (pl.col("share") - pl.col("reported_share")).alias("share_gap"),
            pl.when(pl.col("share").is_null())
            .then(pl.lit("the method credits no conversion in this campaign"))
            .alias("share_reason"),
        )
        .sort("campaign_id", "method", "channel_id")
    )


def attribution_summary(
    campaigns: pl.DataFrame,
    attribution_shares: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    attribution_rules: AttributionRules,
) -> pl.DataFrame:
    """One row per campaign, sorted by id: credit by method, agreement, and what is explained.

    Parameters
    ----------
    campaigns, rollup_campaign
        The input table, and the rollup whose `all` window gives `reported_conversions`.
    attribution_shares
        From `attribution_shares`.

    Returns
    -------
    `first_touch`, `assist` and `last_touch`: confidence-weighted conversions, null where the
    method has no hint; `channels` with a hint. `agreement` = 1 - half the sum over channels of
    |first-touch share - last-touch share|: 1 where both share out alike, 0 where no channel gets
    credit from both (one less the total variation distance); `first_assist_agreement` and
    `assist_last_agreement` likewise; a channel without a hint has share 0. `finding` is
    `methods_disagree` where `agreement` is below the threshold, else `methods_agree`.

    `explained` = weighted last-touch conversions / reported ones, `explained_unweighted` without
    the confidence. Above 1, hints claim more than was reported, and `explained_reason` says so.
    Null, with `agreement_reason` or `explained_reason`, where a side has no record.
    """
    reported = rollup_campaign.filter(pl.col("window") == Window.ALL).select(
        "campaign_id", reported_conversions="conversions"
    )
    summed = (
        campaigns.select("campaign_id", "name")
        .join(_by_method(attribution_shares), on="campaign_id", how="left")
        .join(_agreements(attribution_shares), on="campaign_id", how="left")
        .join(reported, on="campaign_id", how="left")
        .with_columns(
            pl.col("channels").fill_null(0),
            *(
                ratio(pl.col(credited), pl.col("reported_conversions")).alias(name)
                for name, credited in (
                    ("explained", _LAST),
                    ("explained_unweighted", f"{_LAST}_unweighted"),
                )
            ),
            pl.when(pl.col("agreement") < attribution_rules.agreement_threshold)
            .then(pl.lit(str(AttributionFinding.DISAGREE)))
            .when(pl.col("agreement").is_not_null())
            .then(pl.lit(str(AttributionFinding.AGREE)))
            .alias("finding"),
        )
        .with_columns(
            _agreement_reason().alias("agreement_reason"),
            _explained_reason().alias("explained_reason"),
        )
    )
    return summed.select(
        "campaign_id",
        "name",
        "channels",
        *METHODS,
        *_PAIRS,
        "finding",
        "agreement_reason",
        "reported_conversions",
        "explained",
        "explained_unweighted",
        "explained_reason",
    ).sort("campaign_id")


def _by_method(shares: pl.DataFrame) -> pl.DataFrame:
    """Credit per campaign, one column per method; null where the method has no hint."""
    return shares.group_by("campaign_id").agg(
        pl.col("channel_id").n_unique().cast(pl.Int64).alias("channels"),
        *(
            _credit(column, method).alias(f"{method}{suffix}")
            for method in METHODS
            for column, suffix in (("weighted", ""), ("attributed", "_unweighted"))
        ),
    )


def _credit(column: str, method: str) -> pl.Expr:
    own = pl.col("method") == method
    return pl.when(own.any()).then(units(micros(pl.col(column).filter(own)).sum()))


def _agreements(shares: pl.DataFrame) -> pl.DataFrame:
    """Agreement of every pair of methods; null where either credits nothing."""
    by_channel = shares.group_by("campaign_id", "channel_id").agg(
        pl.col("share").filter(pl.col("method") == method).sum().alias(method) for method in METHODS
    )
    return (
        by_channel.sort("campaign_id", "channel_id")
        .group_by("campaign_id", maintain_order=True)
        .agg(_agreement(*pair).alias(name) for name, pair in _PAIRS.items())
    )


def _agreement(left: str, right: str) -> pl.Expr:
    apart = (pl.col(left) - pl.col(right)).abs().sum()
    both = (pl.col(left).sum() > 0) & (pl.col(right).sum() > 0)
    return pl.when(both).then(1 - apart / 2)


def _agreement_reason() -> pl.Expr:
    missing = [
        (pl.col("channels") == 0, pl.lit("no attribution hints")),
        *((pl.col(method).is_null(), pl.lit(f"no {method} hint")) for method in (_FIRST, _LAST)),
        *(
            (pl.col(method) <= 0, pl.lit(f"{method} credits no conversion"))
            for method in (_FIRST, _LAST)
        ),
    ]
    return pl.coalesce(*(pl.when(condition).then(words) for condition, words in missing))


def _explained_reason() -> pl.Expr:
    return (
        pl.when(pl.col("reported_conversions").is_null())
        .then(pl.lit("no performance recorded"))
        .when(pl.col("reported_conversions") == 0)
        .then(pl.lit("no conversions reported"))
        .when(pl.col(_LAST).is_null())
        .then(pl.lit(f"no {_LAST} hint"))
        .when(pl.col("explained_unweighted") > 1)
        .then(pl.lit("more conversions credited than reported"))
    )
