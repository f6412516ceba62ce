"""Attribution: what each method credits to each channel, and whether the methods agree."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from mktorch.config.attribution_rules import AttributionFinding, AttributionRules
from mktorch.sources.schemas import Campaigns
from mktorch.sums import micros, ratio, units
from mktorch.tables import (
    Table,
    by_campaign,
    count,
    fraction,
    key,
    number,
    read,
    reason,
    same,
    text,
    word,
)
from mktorch.vocab import AttributionMethod, Window

METHODS = tuple(str(method) for method in AttributionMethod)
_FIRST, _ASSIST, _LAST = METHODS
# Agreement column -> the two methods it compares.
_PAIRS = {
    "agreement": (_FIRST, _LAST),
    "first_assist_agreement": (_FIRST, _ASSIST),
    "assist_last_agreement": (_ASSIST, _LAST),
}
_CREDIT = ("attributed_conversions", "confidence")
_WEIGHTED = "each times the confidence of its hint"
_REPORTED = read("rollup_channel", "conversions", on=("campaign_id", "channel_id"), window="all")
_ALL_REPORTED = by_campaign("rollup_channel", "conversions", window="all")
_SHARES = by_campaign("attribution_hints", *_CREDIT)
_UNDELIVERED = "the channel has no performance record in the campaign"


# fmt: off
class AttributionShares(Table):
    """One row per campaign, method and channel with a hint: what the method credits to it."""

    campaign_id = key("The campaign")
    method = word(AttributionMethod, "How credit is given", read("attribution_hints", "method",
        on=("campaign_id", "method", "channel_id")), key=True)
    channel_id = key("The channel")
    attributed = number("count", "Conversions that the method's hints credit to the channel",
        read("attribution_hints", "attributed_conversions",
            on=("campaign_id", "method", "channel_id")))
    weighted = number("count", f"Conversions that the method's hints credit to the channel, "
        f"{_WEIGHTED}",
        read("attribution_hints", *_CREDIT, on=("campaign_id", "method", "channel_id")))
    hints = count("Number of hints", read("attribution_hints", "hint_id",
        on=("campaign_id", "method", "channel_id")))
    share = fraction("The channel's weighted conversions / those of all channels by the method",
        read("attribution_hints", *_CREDIT, on=("campaign_id", "method")), null="share_reason")
    reported = number("count", "Conversions of the channel's performance records in the campaign",
        _REPORTED, null=_UNDELIVERED)
    reported_share = fraction("Conversions reported for the channel / for the campaign",
        _ALL_REPORTED, null=_UNDELIVERED)
    share_gap = fraction("Share by the method less share of the conversions reported",
        read("attribution_hints", *_CREDIT, on=("campaign_id", "method")), _ALL_REPORTED,
        null="one of the two is missing")
    share_reason = reason("the share")


def _weighted(method: str) -> dy.Float64:
    return number("count", f"Conversions that hints of this method credit, {_WEIGHTED}",
        by_campaign("attribution_shares", "weighted", method=method),
        null="the method has no hint")


def _alike(*methods: str) -> dy.Float64:
    first, second = (method.replace("_", "-") for method in methods)
    return fraction(f"1 less half the sum over channels of how far {first} and {second} shares lie "
        "apart", *(by_campaign("attribution_shares", "share", method=each) for each in methods),
        null="agreement_reason")


class AttributionSummary(Table):
    """One row per campaign: credit by method, whether methods agree, and what is explained."""

    campaign_id = key("The campaign")
    name = same(Campaigns, "name", label="Campaign")
    channels = count("Number of channels with a hint",
        by_campaign("attribution_hints", "channel_id"))
    first_touch, assist, last_touch = map(_weighted, METHODS)
    agreement, first_assist_agreement, assist_last_agreement = (
        _alike(*pair) for pair in _PAIRS.values())
    finding = word(AttributionFinding, "Whether first and last touch agree",
        *(by_campaign("attribution_shares", "share", method=each) for each in (_FIRST, _LAST)),
        config=("attribution_rules.agreement_threshold",), label="First and last touch",
        null="agreement_reason")
    agreement_reason = reason("the agreement")
    reported_conversions = number("count", "Conversions of the campaign's performance records",
        by_campaign("rollup_campaign", "conversions", window="all"),
        null="the campaign has no performance record, or none states conversions")
    explained = fraction("Confidence-weighted last-touch conversions / conversions reported",
        by_campaign("attribution_shares", "weighted", method=_LAST),
        by_campaign("rollup_campaign", "conversions", window="all"),
        over=("last_touch", "reported_conversions"), null="explained_reason")
    explained_unweighted = fraction("Last-touch conversions / conversions reported",
        by_campaign("attribution_shares", "attributed", method=_LAST),
        by_campaign("rollup_campaign", "conversions", window="all"), null="explained_reason")
    explained_reason = text("Why the explained share is missing, or why it is above 1",
        null="it is there, and at most 1")
# fmt: on


def attribution_shares(
    attribution_hints: pl.DataFrame, rollup_channel: pl.DataFrame
) -> pl.DataFrame:
    """`AttributionShares`, sorted by its key; all hints of a key add up."""
    credited = pl.col("attributed_conversions")
    return AttributionShares.of(
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
    """`AttributionSummary`, sorted by id.

    An agreement is 1 where both methods share out alike and 0 where no channel gets credit from
    both (one less the total variation distance); a channel without a hint has share 0.
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
    return AttributionSummary.of(summed.sort("campaign_id"))


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
