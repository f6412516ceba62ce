"""Scale, hold, revise or stop a segment: the rules in order, as a table with their words."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.config.segment_rules import SegmentRule, SegmentRules, Trend
from mktorch.vocab import Direction, Measure, SegmentRecommendation

# Rule -> what it recommends, and its sentence with the settings it reads.
RULES: Mapping[SegmentRule, tuple[SegmentRecommendation, str]] = {
    SegmentRule.NO_CONVERSIONS: (
        SegmentRecommendation.STOP,
        "at least {stop_clicks} clicks in the current window and not one conversion",
    ),
    SegmentRule.TOO_LITTLE_DATA: (
        SegmentRecommendation.HOLD,
        "fewer than {minimum_impressions} impressions in the current window",
    ),
    SegmentRule.LOW_AND_DECLINING: (
        SegmentRecommendation.STOP,
        "declining, and under {stop_ratio} of the campaign's own rate",
    ),
    SegmentRule.DECLINING: (
        SegmentRecommendation.REVISE,
        "declining against the prior window, beyond noise",
    ),
    SegmentRule.FAR_BELOW_CAMPAIGN: (
        SegmentRecommendation.REVISE,
        "under {revise_ratio} of the campaign's own rate, beyond noise, and not improving",
    ),
    SegmentRule.IMPROVING: (
        SegmentRecommendation.SCALE,
        (
            "improving beyond noise, at or above the campaign's own rate, and returning at least "
            "{scale_roas} per unit of cost"
        ),
    ),
    SegmentRule.FAR_ABOVE_CAMPAIGN: (
        SegmentRecommendation.SCALE,
        (
            "at least {scale_ratio} of the campaign's own rate, beyond noise, not declining, and "
            "returning at least {scale_roas} per unit of cost"
        ),
    ),
    SegmentRule.STEADY: (
        SegmentRecommendation.HOLD,
        "no rule to scale, revise or stop applies",
    ),
}


def recommend(segments: pl.DataFrame, rules: SegmentRules) -> pl.DataFrame:
    """Add `rule` (the first of `RULES` that applies), `rule_sentence`, `computed_recommendation`.

    Reads `current_impressions`, `current_clicks`, `current_conversions`, `current_roas`, `trend`,
    `kpi_direction`, `kpi_numerator`, `kpi_denominator`, `kpi_attainment`, `rest_low` and
    `rest_high`. A null figure satisfies no rule; null impressions are too little data.

    "Beyond noise" is the interval: a trend's word already stands for it, and against the campaign
    the interval for the difference from its other segments must lie wholly on one side of 0.
    """
    conditions = _conditions(rules)
    settings = rules.model_dump()
    recommends = {str(rule): str(word) for rule, (word, _) in RULES.items()}
    sentences = {str(rule): words.format(**settings) for rule, (_, words) in RULES.items()}
    first = pl.coalesce(pl.when(conditions[rule]).then(pl.lit(str(rule))) for rule in RULES)
    return segments.with_columns(first.alias("rule")).with_columns(
        pl.col("rule").replace_strict(sentences).alias("rule_sentence"),
        pl.col("rule").replace_strict(recommends).alias("computed_recommendation"),
    )


def _conditions(rules: SegmentRules) -> dict[SegmentRule, pl.Expr]:
    trend, attainment = pl.col("trend"), pl.col("kpi_attainment")
    declining, improving = trend == Trend.DECLINING, trend == Trend.IMPROVING
    rests_on_conversions = pl.any_horizontal(
        pl.col(f"kpi_{part}").is_in([str(Measure.CONVERSIONS), str(Measure.REVENUE)])
        for part in ("numerator", "denominator")
    )
    # The interval is for the KPI itself: for a cost, above the rest of the campaign is worse.
    down = pl.col("kpi_direction") == Direction.DOWN
    above, below = pl.col("rest_low") > 0, pl.col("rest_high") < 0
    better = pl.when(down).then(below).otherwise(above)
    worse = pl.when(down).then(above).otherwise(below)
    pays = (pl.col("current_roas") >= rules.scale_roas).fill_null(value=True)
    return {
        SegmentRule.NO_CONVERSIONS: rests_on_conversions
        & (pl.col("current_conversions") == 0)
        & (pl.col("current_clicks") >= rules.stop_clicks),
        SegmentRule.TOO_LITTLE_DATA: pl.col("current_impressions").fill_null(0)
        < rules.minimum_impressions,
        SegmentRule.LOW_AND_DECLINING: declining & (attainment < rules.stop_ratio),
        SegmentRule.DECLINING: declining,
        SegmentRule.FAR_BELOW_CAMPAIGN: ~improving & worse & (attainment < rules.revise_ratio),
        SegmentRule.IMPROVING: improving & (attainment >= 1) & pays,
        SegmentRule.FAR_ABOVE_CAMPAIGN: better & (attainment >= rules.scale_ratio) & pays,
        SegmentRule.STEADY: pl.lit(value=True),
    }
