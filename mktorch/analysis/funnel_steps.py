"""Between the stages of the journey: how many people are lost, and where it leaks or breaks."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.funnel import STAGES, stages_by
from mktorch.config.funnel_rules import FunnelRules, StepFinding
from mktorch.metrics import ratio
from mktorch.stats import wilson
from mktorch.vocab import STAGE_WORDS

_ENDS = ("low", "high")
_CAMPAIGN, _SEGMENT = ("campaign_id",), ("campaign_id", "segment_id")


def funnel_steps(
    funnel_stages: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    funnel_rules: FunnelRules,
    statistical_significance_threshold: float,
) -> pl.DataFrame:
    """`steps_by` campaign."""
    alpha = statistical_significance_threshold
    return steps_by(funnel_stages, rollup_campaign, _CAMPAIGN, funnel_rules, alpha)


def funnel_segment_steps(
    funnel_detail: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    funnel_rules: FunnelRules,
    statistical_significance_threshold: float,
) -> pl.DataFrame:
    """`steps_by` campaign and segment."""
    stages, alpha = stages_by(funnel_detail, *_SEGMENT), statistical_significance_threshold
    return steps_by(stages, rollup_segment, _SEGMENT, funnel_rules, alpha)


def steps_by(
    stages: pl.DataFrame,
    revenue: pl.DataFrame,
    keys: tuple[str, ...],
    rules: FunnelRules,
    alpha: float,
) -> pl.DataFrame:
    """Drop-off between adjacent observed stages of each journey, with leaks and breaks ranked.

    Parameters
    ----------
    stages
        From `stages_by` by the same `keys`: (campaign_id,), or with segment_id.
    revenue
        `keys`, `window` and `revenue`: what each journey earned, such as `rollup_campaign`.
    rules, alpha
        The limits; one minus the confidence of the intervals.

    Returns
    -------
    One row per key, window and pair of adjacent stages that the journey records, sorted.

    `conversion` = `to_count` / `from_count` with Wilson's interval, `drop_off` = 1 - conversion
    with its own; null with `reason` where nobody reached the earlier stage, or where counts grow.
    `weighted_conversion` is the same ratio of confidence-weighted counts.

    `lost` = people who did not go on. `usual_conversion` = the median conversion between the two
    stages over the `peers`, the journeys of this window that record both and lead enough people;
    `lost_beyond_usual` = what the usual conversion would have brought, less `to_count`, at least
    0. `money_at_stake` = those people times the journey's revenue per person at the later stage:
    what they would bring if they went on, and paid, as those do who pass today, so a ceiling.
    Null with `money_reason`.

    `finding`, the first that applies: `data_question` (counts grow down the funnel), `break` (a
    recorded 0 after people), `leak` (even the interval's upper end is below `leak_ratio` times the
    usual conversion), else `as_usual`; null with `reason` where it cannot be judged.
    `people_rank` (by `lost`) and `money_rank` (by `money_at_stake`) order the leaks and breaks of
    a window, 1 the largest, ties by key.
    """
    observed = _with_bounds(_adjacent(stages, keys), alpha)
    usual = _usual(stages, keys, rules)
    judged = (
        observed.join(usual, on=("window", "from_stage", "to_stage"), how="left")
        .join(revenue.select(*keys, "window", "revenue"), on=(*keys, "window"), how="left")
        .with_columns(pl.col("peers").fill_null(0), _people(rules).alias("lost"))
        .with_columns(
            pl.when(pl.col("lost").is_not_null())
            .then(pl.col("usual_conversion") * pl.col("from_count") - pl.col("to_count"))
            .clip(lower_bound=0.0)
            .alias("lost_beyond_usual")
        )
        .with_columns(
            (pl.col("lost_beyond_usual") * ratio(pl.col("revenue"), pl.col("to_count"))).alias(
                "money_at_stake"
            ),
            _finding(rules).alias("finding"),
            _reason(rules).alias("reason"),
        )
        .with_columns(_money_reason().alias("money_reason"))
    )
    return _ranked(judged, keys).select(*keys, *_COLUMNS).sort(*keys, "window", "step")


_COLUMNS = (
    "window",
    "step",
    "from_stage",
    "to_stage",
    "from_count",
    "to_count",
    "conversion",
    "conversion_low",
    "conversion_high",
    "weighted_conversion",
    "drop_off",
    "drop_off_low",
    "drop_off_high",
    "lost",
    "usual_conversion",
    "peers",
    "lost_beyond_usual",
    "money_at_stake",
    "money_reason",
    "finding",
    "people_rank",
    "money_rank",
    "reason",
)


def _adjacent(stages: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Each recorded stage beside the next recorded one of the same journey."""
    journey = (*keys, "window")
    following = {
        name: pl.col(name).shift(-1).over(journey, order_by="stage_order")
        for name in ("stage", "count", "weighted_count", "cells")
    }
    return (
        stages.sort(*journey, "stage_order")
        .with_columns(
            following["stage"].alias("to_stage"),
            following["count"].alias("to_count"),
            following["weighted_count"].alias("to_weighted"),
            following["cells"].alias("to_cells"),
            step=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(
                journey, order_by="stage_order"
            ),
        )
        .filter(pl.col("to_stage").is_not_null())
        .rename({"stage": "from_stage", "count": "from_count", "cells": "from_cells"})
    )


def _with_bounds(steps: pl.DataFrame, alpha: float) -> pl.DataFrame:
    shrinks = (pl.col("from_count") > 0) & (pl.col("to_count") <= pl.col("from_count"))
    bounds = wilson(steps["to_count"].to_numpy(), steps["from_count"].to_numpy(), alpha=alpha)
    return steps.with_columns(
        pl.when(shrinks).then(ratio(pl.col("to_count"), pl.col("from_count"))).alias("conversion"),
        pl.when(shrinks)
        .then(ratio(pl.col("to_weighted"), pl.col("weighted_count")))
        .alias("weighted_conversion"),
        *(
            pl.Series(f"conversion_{end}", bound, dtype=pl.Float64).fill_nan(None)
            for end, bound in zip(_ENDS, bounds, strict=True)
        ),
    ).with_columns(
        (1 - pl.col("conversion")).alias("drop_off"),
        (1 - pl.col("conversion_high")).alias("drop_off_low"),
        (1 - pl.col("conversion_low")).alias("drop_off_high"),
    )


def _usual(stages: pl.DataFrame, keys: tuple[str, ...], rules: FunnelRules) -> pl.DataFrame:
    """The median conversion between any two stages, over journeys that record both."""
    later = stages.select(
        *keys, "window", to_stage="stage", to_count="count", to_order="stage_order"
    )
    return (
        stages.join(later, on=(*keys, "window"))
        .filter(
            pl.col("to_order") > pl.col("stage_order"),
            pl.col("count") >= rules.minimum_people,
            pl.col("to_count") <= pl.col("count"),
        )
        .group_by("window", "to_stage", from_stage="stage")
        .agg(
            pl.len().cast(pl.Int64).alias("peers"),
            (pl.col("to_count") / pl.col("count")).median().alias("usual_conversion"),
        )
        .with_columns(
            pl.when(pl.col("peers") >= rules.minimum_peers).then(pl.col("usual_conversion"))
        )
    )


def _people(rules: FunnelRules) -> pl.Expr:
    """People lost; null between exposures, and where counts grow."""
    gone = pl.col("from_count") - pl.col("to_count")
    return pl.when(_counts_people(rules) & (gone >= 0)).then(gone)


def _counts_people(rules: FunnelRules) -> pl.Expr:
    return pl.col("from_stage").is_in(STAGES[STAGES.index(rules.people_from) :])


def _finding(rules: FunnelRules) -> pl.Expr:
    people, onward = pl.col("from_count"), pl.col("to_count")
    floor = rules.leak_ratio * pl.col("usual_conversion")
    judged = _counts_people(rules) & (people >= rules.minimum_people)
    return (
        pl.when(onward > people)
        .then(pl.lit(str(StepFinding.DATA_QUESTION)))
        .when((onward == 0) & (people >= rules.break_people))
        .then(pl.lit(str(StepFinding.BREAK)))
        .when(judged & (pl.col("conversion_high") < floor))
        .then(pl.lit(str(StepFinding.LEAK)))
        .when(judged & floor.is_not_null())
        .then(pl.lit(str(StepFinding.AS_USUAL)))
    )


def _reason(rules: FunnelRules) -> pl.Expr:
    """Why a conversion or a finding is null; what makes counts grow, as far as it is known."""
    people, onward = pl.col("from_count"), pl.col("to_count")
    start, end = _in_words("from_stage"), _in_words("to_stage")
    grows = pl.format(
        "more {} ({}) than {} ({}): counts grow down the funnel", end, onward, start, people
    )
    fewer = pl.when(pl.col("from_cells") < pl.col("to_cells")).then(
        pl.format(
            "; {} are recorded for {} of the {} parts that record {}",
            start,
            "from_cells",
            "to_cells",
            end,
        )
    )
    return (
        pl.when(onward > people)
        .then(grows + fewer.otherwise(pl.lit("")))
        .when(people == 0)
        .then(pl.format("no {}", start))
        .when(onward == 0)
        .then(pl.format("{} recorded as 0 after {} {}", end, people, start))
        .when(~_counts_people(rules))
        .then(pl.format("{} are exposures, not people", start))
        .when(people < rules.minimum_people)
        .then(pl.lit(f"fewer than {rules.minimum_people} people to judge by"))
        .when(pl.col("usual_conversion").is_null())
        .then(
            pl.format(
                f"{{}} of {rules.minimum_peers} journeys needed to say what is usual", "peers"
            )
        )
    )


def _in_words(stage: str) -> pl.Expr:
    return pl.col(stage).replace_strict(STAGE_WORDS, return_dtype=pl.String)


def _money_reason() -> pl.Expr:
    return (
        pl.when(pl.col("money_at_stake").is_not_null())
        .then(None)
        .when(pl.col("lost").is_null())
        .then(pl.lit("no count of people lost"))
        .when(pl.col("lost_beyond_usual").is_null())
        .then(pl.lit("no usual conversion to compare with"))
        .when(pl.col("to_count") == 0)
        .then(pl.format("no {}: what a person is worth there is unknown", _in_words("to_stage")))
        .otherwise(pl.lit("no revenue recorded for this journey in the window"))
    )


def _ranked(steps: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Ranks among the leaks and breaks of each window, from the largest, ties by key."""
    found = pl.col("finding").is_in([str(StepFinding.LEAK), str(StepFinding.BREAK)])
    ordered = steps.sort("window", *keys, "step")
    return ordered.with_columns(
        pl.when(found)
        .then(pl.col(amount))
        .rank("ordinal", descending=True)
        .over("window")
        .cast(pl.Int64)
        .alias(name)
        for name, amount in (("people_rank", "lost"), ("money_rank", "money_at_stake"))
    )
