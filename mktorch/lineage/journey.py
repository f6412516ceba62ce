"""The journey and attribution: people from stage to stage, and who is credited."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, Upstream, read

_PEOPLE = ("funnel_rules.people_from",)
_USUAL = ("funnel_rules.minimum_people", "funnel_rules.minimum_peers")


def _ends(table: str, *keys: str) -> tuple[Upstream, ...]:
    """The two stages of a step, as `table` counts them."""
    same = {key: key for key in (*keys, "window")}
    return tuple(
        read(table, "count", on={**same, f"{side}_stage": "stage"}) for side in ("from", "to")
    )


def _steps(table: str, stages: str, rollup: str, *keys: str) -> dict[str, Definition]:
    ends = _ends(stages, *keys)
    revenue = read(rollup, "revenue", on=(*keys, "window"))
    return {
        f"{table}.lost": Definition(
            "People at the earlier stage less people at the later one",
            "count",
            ends,
            _PEOPLE,
            reason="reason",
        ),
        f"{table}.conversion": Definition(
            "People at the later stage / people at the earlier one",
            "fraction",
            ends,
            _PEOPLE,
            ("to_count", "from_count"),
            "reason",
        ),
        f"{table}.usual_conversion": Definition(
            "Median conversion of the same step over the journeys with people enough to judge",
            "fraction",
            (read(table, "conversion", on=("window", "from_stage", "to_stage")),),
            (*_PEOPLE, *_USUAL),
            reason="reason",
        ),
        f"{table}.money_at_stake": Definition(
            "People short of the usual conversion * revenue / people at the later stage",
            "currency",
            (*ends, revenue),
            (*_PEOPLE, *_USUAL, "funnel_rules.leak_ratio"),
            reason="money_reason",
        ),
    }


JOURNEY = {
    "funnel_stages.count": Definition(
        "People (events before the first stage of people) at the stage, summed over the funnel "
        "events of the window",
        "count",
        (read("funnel_detail", "count", on=("campaign_id", "window", "stage")),),
        ("funnel_rules.people_from",),
    ),
    **_steps("funnel_steps", "funnel_stages", "rollup_campaign", "campaign_id"),
    **_steps(
        "funnel_segment_steps", "funnel_detail", "rollup_segment", "campaign_id", "segment_id"
    ),
    "attribution_shares.*": Definition(
        "Conversions that the hints of the method credit to the channel, each times its confidence",
        "conversions",
        (
            read(
                "attribution_hints",
                "attributed_conversions",
                "confidence",
                on=("campaign_id", "method", "channel_id"),
            ),
        ),
    ),
    "attribution_summary.explained": Definition(
        "Confidence-weighted last-touch conversions / conversions reported",
        "fraction",
        (
            read("attribution_shares", "weighted", on=CAMPAIGN, method="last_touch"),
            read("rollup_campaign", "conversions", on=CAMPAIGN, window="all"),
        ),
        over=("last_touch", "reported_conversions"),
        reason="explained_reason",
    ),
}
