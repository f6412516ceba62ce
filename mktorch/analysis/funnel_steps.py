"""Between the stages of the journey: how many people are lost, and where it leaks or breaks."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from mktorch.analysis.funnel import stages_by
from mktorch.config.funnel_rules import FunnelRules, StepFinding
from mktorch.stats import wilson
from mktorch.sums import plain, ratio
from mktorch.tables import (
    Table,
    Upstream,
    count,
    declare,
    fraction,
    key,
    money,
    number,
    read,
    text,
    word,
)
from mktorch.vocab import STAGE_WORDS, Window

_ENDS = ("low", "high")
_CAMPAIGN, _SEGMENT = ("campaign_id",), ("campaign_id", "segment_id")
_PEOPLE = ("funnel_rules.people_from",)
_USUAL = (*_PEOPLE, "funnel_rules.minimum_people", "funnel_rules.minimum_peers")
_LEAK = (*_USUAL, "funnel_rules.leak_ratio", "funnel_rules.break_people")
_ALPHA = ("statistical_significance_threshold",)


# fmt: off
def _steps(stages: str, rollup: str, of: str, *keys: str) -> dict[str, dy.Column]:
    """The columns of steps between the stages that `stages` counts, by `keys` and window."""
    journey = (*keys, "window")
    table = f"funnel{'_segment' * (len(keys) > 1)}_steps"

    def end(side: str, *on: str, column: str = "count") -> Upstream:
        return read(stages, column, on={**{name: name for name in on}, f"{side}_stage": "stage"})

    def rank(by: str, of: str) -> dy.Int64:
        return count(f"Place by {of} among the leaks and breaks of the window, 1 the largest",
            read(table, by, "finding", on=("window",)), unit="place",
            null="neither a leak nor a break, or it cannot be told")

    ends = (end("from", *journey), end("to", *journey))
    weighed = (end("from", *journey, column="weighted_count"),
        end("to", *journey, column="weighted_count"))
    peers = (end("from", "window"), end("to", "window"))
    went_on = "People at the later stage / people at the earlier one"
    revenue = read(rollup, "revenue", on=journey)
    return {
        **{name: key(f"The {name.removesuffix('_id')}") for name in keys},
        "window": word(Window, "All dates, the current window or the one before", key=True),
        "step": count("Place of the step in the journey, from 1", unit="place"),
        "from_stage": text("The earlier stage", key=True),
        "to_stage": text("The next stage that the journey records", key=True),
        "from_count": number("count", "People at the earlier stage", ends[0]),
        "to_count": number("count", "People at the later stage", ends[1]),
        "conversion": fraction(went_on, *ends, over=("to_count", "from_count"), null="reason"),
        "conversion_low": fraction("Lower end of Wilson's interval for the conversion", *ends,
            config=_ALPHA, null="reason"),
        "conversion_high": fraction("Upper end of Wilson's interval for the conversion", *ends,
            config=_ALPHA, null="reason"),
        "weighted_conversion": fraction(f"{went_on}, each count times its confidence", *weighed,
            *ends, null="reason"),
        "drop_off": fraction("1 less the conversion", *ends, null="reason"),
        "drop_off_low": fraction("1 less the upper end of the conversion", *ends, config=_ALPHA,
            null="reason"),
        "drop_off_high": fraction("1 less the lower end of the conversion", *ends, config=_ALPHA,
            null="reason"),
        "lost": number("count", "People at the earlier stage less people at the later one",
            *ends, config=_PEOPLE, label="People lost",
            null="the step is between exposures, or counts grow"),
        "usual_conversion": fraction("Median conversion between the two stages over the journeys "
            "of the window with people enough to judge", *peers, config=_USUAL, label="Usual",
            null="too few journeys to say what is usual"),
        "peers": count("Number of those journeys", *peers, config=_USUAL, adds=False),
        "lost_beyond_usual": number("count", "People that the usual conversion would have brought "
            "less those who came, at least 0", *ends, *peers, config=_USUAL, null="money_reason"),
        "money_at_stake": money("People short of the usual conversion * revenue / people at the "
            "later stage: what they would bring if they paid as those do who pass today", *ends,
            *peers, revenue, config=_USUAL, null="money_reason"),
        "money_reason": text("Why the money at stake is missing", null="it is there"),
        "finding": word(StepFinding, "What the step shows", *ends, *peers,
            config=(*_LEAK, *_ALPHA), null="reason"),
        "people_rank": rank("lost", "people lost"),
        "money_rank": rank("money_at_stake", "money at stake"),
        "reason": text(f"Why the {of}'s conversion or finding is missing, or what makes counts "
            "grow", null="nothing is missing"),
    }


FunnelSteps = declare("funnel_steps",
    "One row per campaign, window and pair of adjacent stages that its journey records.",
    _steps("funnel_stages", "rollup_campaign", "campaign", *_CAMPAIGN))
FunnelSegmentSteps = declare("funnel_segment_steps",
    "One row per campaign, segment, window and pair of adjacent stages that its journey records.",
    _steps("funnel_detail", "rollup_segment", "segment", *_SEGMENT))
STEPS: Mapping[tuple[str, ...], type[Table]] = {
    _CAMPAIGN: FunnelSteps, _SEGMENT: FunnelSegmentSteps}
# fmt: on


def funnel_steps(
    funnel_stages: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    funnel_rules: FunnelRules,
    statistical_significance_threshold: float,
) -> pl.DataFrame:
    """`FunnelSteps`: `steps_by` campaign."""
    alpha = statistical_significance_threshold
    return steps_by(funnel_stages, rollup_campaign, _CAMPAIGN, funnel_rules, alpha)


def funnel_segment_steps(
    funnel_detail: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    funnel_rules: FunnelRules,
    statistical_significance_threshold: float,
) -> pl.DataFrame:
    """`FunnelSegmentSteps`: `steps_by` campaign and segment."""
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
    The declared table of `keys`, sorted by `keys`, window and step.

    `finding` is the first that applies: `data_question` (counts grow down the funnel), `break` (a
    recorded 0 after people), `leak` (even the interval's upper end is below `leak_ratio` times the
    usual conversion), else `as_usual`. Ranks break ties by key.
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
    return STEPS[keys].of(_ranked(judged, keys).sort(*keys, "window", "step"))


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
    return pl.col("from_stage").is_in(rules.stages[rules.stages.index(rules.people_from) :])


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
        "more {} ({}) than {} ({}): counts grow down the funnel",
        end,
        plain(onward),
        start,
        plain(people),
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
        .then(pl.format("{} recorded as 0 after {} {}", end, plain(people), start))
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
    named = pl.col(stage).str.replace_all("_", " ", literal=True)
    return pl.col(stage).replace_strict(STAGE_WORDS, default=named, return_dtype=pl.String)


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
