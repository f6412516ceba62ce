"""Risks the data itself shows, without anybody's signal: one table of findings."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from mktorch.analysis.findings import found
from mktorch.analysis.goals import Counts, Goal
from mktorch.analysis.spikes import spend_spikes
from mktorch.analysis.tracking import tracking_gaps, tracking_silence
from mktorch.clock import Clock
from mktorch.config.risk_rules import Detection, RiskRules
from mktorch.stats import wilson
from mktorch.sums import micros, ratio, units
from mktorch.tables import (
    Definition,
    Table,
    by_campaign,
    day,
    key,
    money,
    number,
    text,
    texts,
    word,
)
from mktorch.vocab import RiskAction, Severity, Window

_MEASURED = ("impressions", "clicks", "conversions", "cost")
_WHOLE = "the finding is of several or of a whole campaign"
_UNIT = "that of the detection"
_CUTS = (str(RiskAction.REDUCE_BUDGET), str(RiskAction.SCALE_DOWN))


# fmt: off
class RiskDetected(Table):
    """One row per finding; docs/governance.md says what each detection finds and in which unit."""

    about = Definition(
        "What the rule of detection found in the performance records",
        upstream=(
            by_campaign("rollup_asset_day", *_MEASURED),
            by_campaign("rollup_asset", *_MEASURED, "revenue", window=Window.ALL),
            by_campaign("rollup_segment", "clicks", "conversions", "cost", window=Window.ALL),
            by_campaign("creative_assets", "approved_by_human", "risk_flags"),
            by_campaign("campaign_goals", "counts"),
        ),
        config=("risk_rules",),
    )
    detection_id = key("Detection, subject and first day: the same from run to run")
    detection = word(Detection, "What was found")
    subject = text("The asset, segment, channel or campaign found")
    campaign_id = text("The campaign")
    segment_id = text("The segment", null=_WHOLE)
    channel_id = text("The channel", null=_WHOLE)
    asset_ids = texts("The assets found", null="the finding is of the whole campaign")
    severity = word(Severity, "Severity of the finding")
    recommended_action = text("What to do about it")
    first_day = day("First day of what was found")
    last_day = day("Last day of what was found")
    spend = money("Cost of the days found", null="none is recorded")
    value = number(_UNIT, "What was found, in the detection's own unit")
    threshold = number(_UNIT, "The limit that it passed, in the detection's own unit")
    detail = text("The finding in words")
# fmt: on


def risk_detected(
    rollup_asset_day: pl.DataFrame,
    rollup_asset: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    creative_assets: pl.DataFrame,
    campaigns: pl.DataFrame,
    campaign_goals: pl.DataFrame,
    clock: Clock,
    risk_rules: RiskRules,
) -> pl.DataFrame:
    """`RiskDetected`, sorted by id.

    What is found of delivery stands for `lifetime_days` after its last day, and what is found of
    money from `materiality` of its campaign's spend in those days on. What lacks approval or has
    risk flags stands whatever its age and size.

    The want of conversions is a finding only in campaigns that look for them. Where a campaign
    meets its own KPI, what would cost it money is reviewed instead.
    """
    recent = clock.day - timedelta(days=risk_rules.lifetime_days)
    lately = rollup_asset_day.filter(pl.col("date") > recent)
    floors = lately.group_by("campaign_id").agg(
        floor=risk_rules.materiality * units(micros(pl.col("cost")).sum())
    )
    seek = campaign_goals.filter(pl.col("counts") != Counts.ATTENTION).select("campaign_id")
    seeking, segments = (f.join(seek, on="campaign_id") for f in (rollup_asset, rollup_segment))
    costly = pl.concat(
        (
            zero_conversions(seeking, clock.day, risk_rules),
            spend_spikes(rollup_asset_day, risk_rules),
            segment_mismatches(seeking, segments, risk_rules),
        )
    )
    tracked = pl.concat(
        (
            tracking_gaps(rollup_asset_day, campaigns, clock.day, risk_rules),
            tracking_silence(rollup_asset_day, risk_rules),
        )
    )
    material = costly.join(floors, on="campaign_id", how="left").filter(
        pl.col("spend") >= pl.col("floor").fill_null(0.0)
    )
    delivery = pl.concat((material.drop("floor"), tracked))
    everything = pl.concat(
        (
            delivery.filter(pl.col("last_day") > recent),
            ungoverned_deliveries(rollup_asset, creative_assets),
        )
    )
    kinds = pl.DataFrame(
        [
            (str(kind), str(rule.severity), str(rule.recommended_action))
            for kind, rule in risk_rules.detections.items()
        ],
        schema={"detection": pl.String, "severity": pl.String, "recommended_action": pl.String},
        orient="row",
    )
    named = pl.concat_str("detection", "subject", "first_day", separator=":")
    return RiskDetected.of(
        everything.join(kinds, on="detection")
        .join(campaign_goals.select("campaign_id", "goal"), on="campaign_id", how="left")
        .with_columns(_asks().alias("recommended_action"))
        .with_columns(named.alias("detection_id"))
        .sort("detection_id")
    )


def zero_conversions(rollup_asset: pl.DataFrame, today: date, rules: RiskRules) -> pl.DataFrame:
    """Assets that never converted and brought no value: after many clicks, or after real spend.

    One that was first delivered less than `maturity_days` ago may still convert. In a campaign that
    records value and no conversion at all, the want of them says nothing.

    From `zero_conversion_clicks` clicks on, `high_clicks_zero_conversions` (`value` in clicks);
    with fewer, but `zero_conversion_spend` or more spent, `zero_conversion_spend` (`value` in
    money). No asset is both. Returns the columns of a finding.
    """
    clicks, cost = pl.col("clicks"), pl.col("cost")
    value, came = (pl.col(name).sum().over("campaign_id") for name in ("revenue", "conversions"))
    dead = _assets(rollup_asset).filter(
        (came > 0) | (value <= 0),
        pl.col("conversions") == 0,
        pl.col("revenue").fill_null(0.0) <= 0,
        pl.col("first_day") <= today - timedelta(days=rules.maturity_days),
    )
    clicked = clicks >= rules.zero_conversion_clicks
    groups = {
        Detection.HIGH_CLICKS_ZERO_CONVERSIONS: dead.filter(clicked).with_columns(
            clicks.alias("value"),
            pl.lit(rules.zero_conversion_clicks).alias("threshold"),
            pl.format("{} clicks and no conversion", clicks).alias("detail"),
        ),
        Detection.ZERO_CONVERSION_SPEND: dead.filter(
            ~clicked, cost >= rules.zero_conversion_spend
        ).with_columns(
            cost.alias("value"),
            pl.lit(rules.zero_conversion_spend).alias("threshold"),
            pl.format("{} spent, {} clicks and no conversion", cost, clicks).alias("detail"),
        ),
    }
    return pl.concat(found(frame, detection) for detection, frame in groups.items())


def segment_mismatches(
    rollup_asset: pl.DataFrame, rollup_segment: pl.DataFrame, rules: RiskRules
) -> pl.DataFrame:
    """Segments that surely convert far below the rest of their campaign, and take real spend.

    The rate is conversions per click: per impression it would compare channels, not audiences.
    Found where the upper end of the segment's Wilson interval (`value`) is below `mismatch_rate`
    times the rate of the campaign's other segments together (`threshold`), and its share of the
    campaign's cost is at least `mismatch_spend_share`. A segment without any conversion is left
    to `zero_conversions`; one with more conversions than clicks has no such rate, and is neither
    judged nor among the others. Names the segment's assets. Returns the columns of a finding.
    """
    clicks, conversions, cost = pl.col("clicks"), pl.col("conversions"), pl.col("cost")
    spent = units(micros(cost).sum().over("campaign_id"))
    rates = (
        _all_days(rollup_segment)
        .with_columns(ratio(cost, spent).alias("share"))
        .filter(conversions <= clicks)
        .with_columns(
            ratio(
                conversions.sum().over("campaign_id") - conversions,
                clicks.sum().over("campaign_id") - clicks,
            ).alias("others"),
        )
        .sort("campaign_id", "segment_id")
    )
    high = wilson(
        rates["conversions"].to_numpy(), rates["clicks"].to_numpy(), alpha=rules.alpha
    ).high
    held = (
        _assets(rollup_asset)
        .group_by("campaign_id", "segment_id")
        .agg(pl.col("asset_ids").list.explode().sort())
    )
    mismatched = (
        rates.with_columns(
            pl.Series("value", high, pl.Float64).fill_nan(None),
            (rules.mismatch_rate * pl.col("others")).alias("threshold"),
        )
        .filter(
            conversions > 0,
            pl.col("value") < pl.col("threshold"),
            pl.col("share") >= rules.mismatch_spend_share,
        )
        .join(held, on=["campaign_id", "segment_id"], how="left")
        .with_columns(
            pl.concat_str("campaign_id", "segment_id", separator="/").alias("subject"),
            cost.alias("spend"),
            pl.format(
                "{}% of clicks convert, {}% in the campaign's other segments",
                (100 * ratio(conversions, clicks)).round(2),
                (100 * pl.col("others")).round(2),
            ).alias("detail"),
        )
    )
    return found(mismatched, Detection.SEGMENT_MISMATCH)


def ungoverned_deliveries(rollup_asset: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """Assets that had impressions though nobody approved them, or with risk flags standing.

    `value` is impressions for the first, the number of flags for the second; either is found above
    a `threshold` of 0. An asset may be both. Returns the columns of a finding.
    """
    shown, flags = pl.col("impressions"), pl.col("risk_flags").list
    delivered = (
        _assets(rollup_asset)
        .filter(shown > 0)
        .join(assets.select("asset_id", "approved_by_human", "risk_flags"), on="asset_id")
        .with_columns(pl.lit(0.0).alias("threshold"))
    )
    groups = {
        Detection.DELIVERY_WITHOUT_APPROVAL: delivered.filter(
            ~pl.col("approved_by_human")
        ).with_columns(
            shown.alias("value"),
            pl.format("{} impressions without approval", shown).alias("detail"),
        ),
        Detection.DELIVERY_WITH_RISK_FLAGS: delivered.filter(flags.len() > 0).with_columns(
            flags.len().alias("value"),
            pl.format("delivered with risk flags: {}", flags.sort().list.join(", ")).alias(
                "detail"
            ),
        ),
    }
    return pl.concat(found(frame, detection) for detection, frame in groups.items())


def _asks() -> pl.Expr:
    """What a finding asks for; of a campaign that meets its own KPI no cut, but a review."""
    action, met = pl.col("recommended_action"), pl.col("goal") == Goal.MET
    review = pl.lit(str(RiskAction.HUMAN_REVIEW))
    return pl.when(met & action.is_in(_CUTS)).then(review).otherwise(action)


def _all_days(rollup: pl.DataFrame) -> pl.DataFrame:
    return rollup.filter(pl.col("window") == Window.ALL)


def _assets(rollup_asset: pl.DataFrame) -> pl.DataFrame:
    """Each asset over all days, as the subject of a finding."""
    return _all_days(rollup_asset).with_columns(
        pl.col("asset_id").alias("subject"),
        pl.concat_list("asset_id").alias("asset_ids"),
        pl.col("cost").alias("spend"),
    )
