"""Every story of `data/truth.json` is really in the data: computed here from the files alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scipy import stats

DATA = Path(__file__).parent.parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text())
LAST_WEEK = [f"2026-04-{day}" for day in range(20, 27)]
PRIOR_WEEK = [f"2026-04-{day}" for day in range(13, 20)]
RATES = {
    "conversion_rate": ("conversions", "impressions"),
    "demo_request_rate": ("conversions", "impressions"),
    "click_through_rate": ("clicks", "impressions"),
    "cost_per_acquisition": ("cost", "conversions"),
    "return_on_ad_spend": ("revenue_proxy", "cost"),
}
Story = dict[str, Any]


def read(source: str) -> pl.DataFrame:
    return pl.DataFrame(json.loads((DATA / f"{source}.json").read_text()), infer_schema_length=None)


CAMPAIGNS = read("campaigns")
ASSETS = read("creative_assets")
EXPERIMENTS = read("experiments")
PERFORMANCE = (
    read("performance_metrics")
    .join(ASSETS, on="asset_id")
    .with_columns(day=pl.col("timestamp").str.slice(0, 10))
)
LEDGER = read("roi_ledger")
FUNNEL = read("funnel_events")
MOVES = read("budget_actions")
RISKS = read("campaign_risk_signals")
DECISIONS = read("orchestrator_decisions")
ROLLUPS = read("segment_rollups")
HINTS = read("attribution_hints")


def only(frame: pl.DataFrame, **keys: Any) -> dict[str, Any]:
    """The one row that has these values."""
    return frame.row(
        by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in keys.items()), named=True
    )


def sums(frame: pl.DataFrame) -> dict[str, Any]:
    columns = ["impressions", "clicks", "conversions", "cost", "revenue_proxy"]
    return frame.select(pl.col(columns).sum()).row(0, named=True)


def compare(good: int, of: int, good2: int, of2: int) -> tuple[float, float, float, float]:
    """Lift of the second over the first, its 95 % log interval, two-sided pooled p."""
    p, q = good / of, good2 / of2
    pooled = (good + good2) / (of + of2)
    z = (q - p) / math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / of2))
    half = 1.96 * math.sqrt(1 / good - 1 / of + 1 / good2 - 1 / of2)
    ratio = math.log(q / p)
    return q / p - 1, math.expm1(ratio - half), math.expm1(ratio + half), 2 * stats.norm.sf(abs(z))


def arm(experiment_id: str, asset_id: str) -> dict[str, Any]:
    return sums(PERFORMANCE.filter(experiment_id=experiment_id, asset_id=asset_id))


def judged(story: Story) -> tuple[float, float, float, float, dict[str, Any], dict[str, Any]]:
    """The story's variant against its control: lift, low, high, p, and both arms' sums."""
    experiment = only(EXPERIMENTS, experiment_id=story["keys"]["experiment_id"])
    top, bottom = RATES[experiment["metric"]]
    control = arm(experiment["experiment_id"], experiment["control_asset"])
    variant = arm(experiment["experiment_id"], story["keys"]["asset_id"])
    result = compare(control[top], control[bottom], variant[top], variant[bottom])
    return *result, control, variant


def planned_sample(rate: float, lift: float = 0.10) -> float:
    """Impressions an arm needs to see `lift` at 80 % power, alpha 0.05 (pooled and unpooled)."""
    other = rate * (1 + lift)
    mean = (rate + other) / 2
    null = 1.959964 * math.sqrt(2 * mean * (1 - mean))
    alternative = 0.841621 * math.sqrt(rate * (1 - rate) + other * (1 - other))
    return ((null + alternative) / (rate * lift)) ** 2


def near_truth(story: Story, lift: float, low: float, high: float) -> None:
    # Within twice the half width: three chances in a hundred thousand to miss.
    width = (high - low) / 2
    assert abs(lift - story["values"]["lift"]) < 2 * width


def clear_winner(story: Story) -> None:
    lift, low, high, p, *_ = judged(story)
    assert p < 0.01
    assert low > 0.10
    near_truth(story, lift, low, high)


def harmful_variant(story: Story) -> None:
    lift, low, high, p, *_ = judged(story)
    assert p < 0.01
    assert high < 0
    near_truth(story, lift, low, high)


def tie(story: Story) -> None:
    _, low, high, p, control, variant = judged(story)
    assert p > 0.05
    assert high < 0.10  # futile: the lift that would scale is ruled out
    needed = planned_sample(control["clicks"] / control["impressions"])
    assert min(control["impressions"], variant["impressions"]) > needed
    assert low < 0 < high


def small_sample(story: Story) -> None:
    lift, _, _, p, control, variant = judged(story)
    assert lift > 0.10
    assert p > 0.05
    needed = planned_sample(control["conversions"] / control["impressions"])
    assert 100 <= variant["impressions"] < needed / 10


def nearly_decided(story: Story) -> None:
    _, _, _, p, control, variant = judged(story)
    assert 0.05 < p < 0.15
    needed = planned_sample(control["clicks"] / control["impressions"])
    have = min(control["impressions"], variant["impressions"])
    started = date.fromisoformat(only(EXPERIMENTS, experiment_id="EXP_005")["start_date"])
    per_day = have / (date(2026, 4, 27) - started).days
    assert 0 < (needed - have) / per_day < 10


def allocation_fault(story: Story) -> None:
    checks = {}
    for row in EXPERIMENTS.filter(pl.col("allocation").is_not_null()).iter_rows(named=True):
        arms = [row["control_asset"], row["variant_asset"], *(row["variant_assets"] or [])]
        seen = [arm(row["experiment_id"], a)["impressions"] for a in arms]
        if sum(seen):
            expected = [share * sum(seen) for share in row["allocation"]]
            checks[row["experiment_id"]] = stats.chisquare(seen, expected).pvalue
    assert [key for key, p in checks.items() if p < 0.001] == [story["keys"]["experiment_id"]]
    # Without the fault it would scale: the lift is there.
    lift, _, _, p, *_ = judged({"keys": {**story["keys"], "asset_id": "ASSET_014"}})
    assert p < 0.05
    assert lift > 0.10


def arm_winner(story: Story) -> None:
    lift, low, high, p, *_ = judged(story)
    assert p < 0.001
    assert low > 0.10
    near_truth(story, lift, low, high)


def tie_completed(story: Story) -> None:
    assert judged(story)[3] > 0.05
    assert only(EXPERIMENTS, experiment_id="EXP_009")["status"] == "completed"


def cheaper_variant(story: Story) -> None:
    control, variant = (arm("EXP_012", a) for a in ("ASSET_035", story["keys"]["asset_id"]))
    change = variant["cost"] / variant["conversions"] * control["conversions"] / control["cost"] - 1
    assert change == pytest.approx(story["values"]["lift"], abs=0.06)


def richer_variant(story: Story) -> None:
    control, variant = (arm("EXP_013", a) for a in ("ASSET_015", story["keys"]["asset_id"]))
    change = variant["revenue_proxy"] / variant["cost"] * control["cost"]
    assert change / control["revenue_proxy"] - 1 == pytest.approx(0.325, abs=0.2)
    assert change / control["revenue_proxy"] - 1 > 0.10
    assert story["values"]["lift"] == 0.325  # 10.6 a conversion against 8.0


def overspending(story: Story) -> None:
    """At its daily spend so far it ends above budget; no other running campaign does."""
    over = []
    for row in CAMPAIGNS.filter(pl.col("status") == "active").iter_rows(named=True):
        first, last = (date.fromisoformat(row[c]) for c in ("start_date", "end_date"))
        elapsed = (date(2026, 4, 27) - first).days
        projected = money(row["campaign_id"])[0] / elapsed * ((last - first).days + 1)
        if projected > row["budget"]:
            over.append((row["campaign_id"], row["budget"]))
    assert over == [(story["keys"]["campaign_id"], story["values"]["budget"])]


def setup_fault(story: Story) -> None:
    """An arm of a foreign campaign: this experiment's, and no other's."""
    arms = EXPERIMENTS.select(
        "experiment_id",
        "campaign_id",
        asset_id=pl.concat_list(
            "control_asset",
            "variant_asset",
            pl.col("variant_assets").fill_null(pl.lit([], pl.List(pl.String))),
        ),
    ).explode("asset_id")
    owned = arms.join(ASSETS.select("asset_id", owner="campaign_id"), on="asset_id")
    foreign = owned.filter(pl.col("owner") != pl.col("campaign_id"))
    assert foreign.select("experiment_id", "asset_id").row(0) == tuple(story["keys"].values())
    assert foreign.height == 1
    assert arm("EXP_014", "ASSET_047")["impressions"] > 0


def reversal(_: Story) -> None:
    inside = PERFORMANCE.filter(pl.col("experiment_id").is_in(["EXP_015", "EXP_016"]))

    def gap(frame: pl.DataFrame) -> float:
        a, b = (sums(frame.filter(variant=v)) for v in "AB")
        return float(b["clicks"] / b["impressions"] - a["clicks"] / a["impressions"])

    assert gap(inside.filter(segment_id="SEG_006")) > 0
    assert gap(inside.filter(segment_id="SEG_002")) > 0
    assert gap(inside) < 0


def money(campaign_id: str) -> tuple[float, float]:
    """Spend and revenue: the ledger's, else the metrics'."""
    ledger = LEDGER.filter(campaign_id=campaign_id)
    if ledger.height:
        return ledger["media_spend"].sum(), ledger["estimated_value"].sum()
    total = sums(PERFORMANCE.filter(campaign_id=campaign_id))
    return total["cost"], total["revenue_proxy"]


def spend_without_return(story: Story) -> None:
    spend, revenue = money(story["keys"]["campaign_id"])
    assert spend > 10_000
    assert revenue / spend - 1 == pytest.approx(story["values"]["roi"], abs=0.03)


def no_data(story: Story) -> None:
    key = story["keys"]
    assert only(CAMPAIGNS, **key)["status"] == "planned"
    assert ASSETS.filter(**key).height
    assert not PERFORMANCE.filter(**key).height
    assert not LEDGER.filter(**key).height


def paused(story: Story) -> None:
    assert only(CAMPAIGNS, **story["keys"])["status"] == "paused"
    assert PERFORMANCE.filter(**story["keys"])["day"].max() == story["values"]["last_delivery"]


def completed(story: Story) -> None:
    campaign = only(CAMPAIGNS, **story["keys"])
    assert campaign["status"] == "completed"
    assert PERFORMANCE.filter(**story["keys"])["day"].max() == campaign["end_date"]


def view_through(story: Story) -> None:
    odd = PERFORMANCE.filter(pl.col("conversions") > pl.col("clicks"))
    assert odd["asset_id"].unique().to_list() == [story["keys"]["asset_id"]]
    rows = {(w["source"], w["rule"]): w["rows"] for w in TRUTH["warnings"]}
    assert odd.height == rows["performance_metrics", "conversions_exceed_clicks"] > 20


def ledger_disagrees(story: Story) -> None:
    """A gap of 18 % here; to the cent everywhere else."""
    gaps = {
        campaign: LEDGER.filter(campaign_id=campaign)["media_spend"].sum()
        / sums(PERFORMANCE.filter(campaign_id=campaign))["cost"]
        - 1
        for campaign in LEDGER["campaign_id"].unique().sort()
    }
    assert gaps.pop(story["keys"]["campaign_id"]) == pytest.approx(0.18, abs=1e-6)
    assert max(map(abs, gaps.values())) < 1e-9


def ledger_missing(story: Story) -> None:
    assert not LEDGER.filter(**story["keys"]).height
    assert PERFORMANCE.filter(**story["keys"]).height


def ledger_by_month(story: Story) -> None:
    assert LEDGER.filter(**story["keys"])["period"].to_list() == story["values"]["periods"]
    assert LEDGER.filter(pl.col("period").is_not_null()).height == 2


def net_roi_mismatch(story: Story) -> None:
    costs = pl.sum_horizontal("llm_cost", "human_review_cost", "media_spend")
    gap = (pl.col("net_roi") - (pl.col("estimated_value") - costs)).abs()
    assert LEDGER.filter(gap > 0.005)["campaign_id"].to_list() == [story["keys"]["campaign_id"]]


def rate_mismatch(story: Story) -> None:
    rate = pl.col("conversions") / pl.col("impressions")
    far = PERFORMANCE.filter((pl.col("conversion_rate") - rate).abs() > 0.05 * rate)
    assert far["asset_id"].to_list() == story["keys"]["asset_ids"]
    assert far["day"].to_list() == story["keys"]["dates"]
    assert far.select((pl.col("conversion_rate") / rate - 3).abs().max()).item() < 1e-3


def rollup_mismatch(story: Story) -> None:
    """Every supplied window equals its computed one, but for this one."""
    monday = pl.col("day").str.to_date().dt.truncate("1w").cast(pl.String)
    computed = PERFORMANCE.group_by("campaign_id", "segment_id", window_start=monday).agg(
        pl.col("impressions", "clicks", "conversions", "revenue_proxy").sum(),
        spend=pl.col("cost").sum(),
    )
    both = ROLLUPS.join(
        computed, on=["campaign_id", "segment_id", "window_start"], suffix="_computed"
    )
    assert both.height == ROLLUPS.height == computed.height
    for column in ("impressions", "clicks", "conversions", "spend", "revenue_proxy"):
        off = both.filter((pl.col(column) - pl.col(f"{column}_computed")).abs() > 0.005)
        if column in story["values"]["columns"]:
            key = off.select("campaign_id", "segment_id", "window_start").to_dicts()
            assert key == [story["keys"]]
            assert (off[column] / off[f"{column}_computed"]).item() == pytest.approx(1.4, abs=0.01)
        else:
            assert off.is_empty()


def unapproved_move(story: Story) -> None:
    executed = MOVES.filter(pl.col("status") == "executed", ~pl.col("approved_by_human"))
    large = executed.filter(pl.col("amount") >= 5000)
    assert large["budget_action_id"].to_list() == [story["keys"]["budget_action_id"]]
    assert large["amount"].item() == story["values"]["amount"]


def small_unapproved_move(story: Story) -> None:
    move = only(MOVES, **story["keys"])
    assert (move["status"], move["approved_by_human"]) == ("executed", False)
    assert move["amount"] == story["values"]["amount"] < 5000


def same_channel_move(story: Story) -> None:
    same = MOVES.filter(pl.col("from_channel_id") == pl.col("to_channel_id"))
    assert same["budget_action_id"].to_list() == [story["keys"]["budget_action_id"]]


def proposal(story: Story) -> None:
    move = only(MOVES, **story["keys"])
    assert move["status"] == "proposed"
    age = datetime(2026, 4, 26, 23, 45) - datetime.fromisoformat(move["timestamp"])
    assert age.days == story["values"]["age_days"]
    assert (age > timedelta(days=14)) == (story["kind"] == "stale_proposal")


def stage_counts(**keys: str) -> dict[str, int]:
    return dict(FUNNEL.filter(**keys).group_by("stage").agg(pl.col("count").sum()).iter_rows())


def leaking_stage(story: Story) -> None:
    share = {}
    for campaign in FUNNEL["campaign_id"].unique():
        counts = stage_counts(campaign_id=campaign)
        share[campaign] = counts["demo_request"] / counts["signup"]
    leak = share.pop(story["keys"]["campaign_id"])
    assert leak == pytest.approx(story["values"]["share"], abs=0.02)
    assert min(share.values()) > 0.3


def funnel_break(story: Story) -> None:
    counts = stage_counts(campaign_id=story["keys"]["campaign_id"])
    assert counts["purchase"] == 0
    assert counts["demo_request"] > 500
    others = FUNNEL.filter(pl.col("campaign_id") != story["keys"]["campaign_id"])
    totals = others.group_by("campaign_id", "stage").agg(pl.col("count").sum())
    assert totals["count"].min() > 0


def unrecorded_stage(story: Story) -> None:
    counts = stage_counts(campaign_id=story["keys"]["campaign_id"])
    assert story["keys"]["stage"] not in counts
    assert {"click", "signup"} <= counts.keys()


def growing_funnel(story: Story) -> None:
    order = ["impression", "click", "visit", "signup", "demo_request", "purchase", "feature_adopt"]
    grows = []
    for campaign, segment in FUNNEL.select("campaign_id", "segment_id").unique().iter_rows():
        counts = stage_counts(campaign_id=campaign, segment_id=segment)
        seen = [counts[stage] for stage in order if stage in counts]
        if seen != sorted(seen, reverse=True):
            grows.append({"campaign_id": campaign, "segment_id": segment})
    assert grows == [story["keys"]]


def faulty_delivery(_: Story) -> None:
    delivered = ASSETS.join(
        PERFORMANCE.filter(pl.col("impressions") > 0), on="asset_id", how="semi"
    )
    odd = delivered.filter(~pl.col("approved_by_human") | (pl.col("risk_flags").list.len() > 0))
    assert odd["asset_id"].to_list() == TRUTH["violations"]["assets"]


def unapproved_undelivered(story: Story) -> None:
    assert not only(ASSETS, **story["keys"])["approved_by_human"]
    assert not PERFORMANCE.filter(**story["keys"]).height


def zero_conversions(story: Story) -> None:
    totals = PERFORMANCE.group_by("asset_id").agg(pl.col("clicks", "conversions").sum())
    zero = totals.filter(pl.col("conversions") == 0).sort("asset_id")
    assert zero["asset_id"].to_list() == ["ASSET_023", "ASSET_024"]
    assert zero["clicks"].min() > 1000
    about = RISKS.filter(
        pl.col("risk_type") == "high_clicks_zero_conversions",
        pl.col("asset_ids").list.contains(story["keys"]["asset_id"]),
    )
    expected = [story["keys"]["risk_id"]] if "risk_id" in story["keys"] else []
    assert about["risk_id"].to_list() == expected


def spend_spike(story: Story) -> None:
    """More than three times the asset's median day: these two days, no others."""
    median = pl.col("cost").median().over("asset_id")
    spikes = PERFORMANCE.filter(pl.col("cost") > 3 * median).select("asset_id", "day").rows()
    assert (story["keys"]["asset_id"], story["keys"]["date"]) in spikes
    assert len(spikes) == 2
    about = RISKS.filter(
        pl.col("risk_type") == "spend_spike",
        pl.col("asset_ids").list.contains(story["keys"]["asset_id"]),
    )
    assert about.height == ("risk_id" in story["keys"])


def tracking_gap(story: Story) -> None:
    """Days between an asset's first and last record that have none."""
    days = PERFORMANCE.select("asset_id", day=pl.col("day").str.to_date()).unique()
    span = days.group_by("asset_id").agg(
        day=pl.date_ranges(pl.col("day").min(), pl.col("day").max()).explode()
    )
    lost = span.explode("day").join(days, on=["asset_id", "day"], how="anti").sort("day")
    assert lost["day"].cast(pl.String).to_list() == story["keys"]["dates"]
    assert lost["asset_id"].unique().to_list() == [story["keys"]["asset_id"]]


def tracking_silence(story: Story) -> None:
    silent = PERFORMANCE.filter(
        pl.col("impressions") > 0, pl.col("clicks") == 0, pl.col("conversions") == 0
    )
    assert silent["day"].to_list() == story["keys"]["dates"]
    assert silent["asset_id"].unique().to_list() == [story["keys"]["asset_id"]]


def segment_mismatch(story: Story) -> None:
    campaign = PERFORMANCE.filter(campaign_id=story["keys"]["campaign_id"])
    rest = sums(campaign.filter(pl.col("asset_id") != story["keys"]["asset_id"]))
    odd = sums(campaign.filter(asset_id=story["keys"]["asset_id"]))
    rates = [x["conversions"] / x["impressions"] for x in (odd, rest)]
    assert rates[0] < rates[1] / 10
    assert odd["impressions"] > 100_000
    assert only(RISKS, risk_id=story["keys"]["risk_id"])["asset_ids"] == [story["keys"]["asset_id"]]


def unanswered_critical(story: Story) -> None:
    """The one signal without a later decision or move of its campaign."""
    acts = pl.concat([f.select("campaign_id", later="timestamp") for f in (DECISIONS, MOVES)])
    answered = RISKS.join(acts, on="campaign_id").filter(pl.col("later") > pl.col("timestamp"))
    left = RISKS.join(answered, on="risk_id", how="anti")
    assert left.select("risk_id", "severity", "status").rows() == [
        (story["keys"]["risk_id"], "critical", "open")
    ]


def dismissed_brand_safety(story: Story) -> None:
    kinds = RISKS.filter(pl.col("risk_type").is_in(["brand_safety", "policy_violation"]))
    assert only(kinds, **story["keys"])["status"] == "dismissed"
    counted = kinds.filter(pl.col("status") != "dismissed")["risk_id"].to_list()
    assert counted == TRUTH["violations"]["signals"]


def methods_disagree(story: Story) -> None:
    """Largest gap between two methods' shares of one channel."""
    share = pl.col("attributed_conversions") / pl.col("attributed_conversions").sum().over(
        "campaign_id", "method"
    )
    gaps = (
        HINTS.with_columns(share=share)
        .group_by("campaign_id", "channel_id")
        .agg(gap=pl.col("share").max() - pl.col("share").min())
        .group_by("campaign_id")
        .agg(pl.col("gap").max())
    )
    disputed = dict(gaps.iter_rows())
    assert disputed.pop(story["keys"]["campaign_id"]) > 0.5
    assert max(disputed.values()) < 0.08


def week_against_week(
    frame: pl.DataFrame, before: list[str], after: list[str]
) -> tuple[float, ...]:
    then, now = (sums(frame.filter(pl.col("day").is_in(days))) for days in (before, after))
    return compare(then["conversions"], then["impressions"], now["conversions"], now["impressions"])


def decision_outcome(story: Story) -> None:
    decision = only(DECISIONS, **story["keys"])
    made = date.fromisoformat(decision["timestamp"][:10])
    before = [str(made - timedelta(days=n)) for n in range(7)]
    after = [str(made + timedelta(days=n)) for n in range(1, 8)]
    campaign = PERFORMANCE.filter(campaign_id=decision["campaign_id"])
    lift, _, _, p = week_against_week(campaign, before, after)
    assert p < 0.001
    assert (lift > 0) == (story["kind"] == "improved_decision")
    assert decision["confidence_score"] == story["values"]["confidence_score"]


def segment_trend(story: Story) -> None:
    lift, low, high, p = week_against_week(
        PERFORMANCE.filter(**story["keys"]), PRIOR_WEEK, LAST_WEEK
    )
    if story["kind"] == "segment_stable":
        assert p > 0.05
        assert low < 0 < high
    else:
        assert p < 0.001
        assert (lift > 0) == (story["kind"] == "segment_improving")


CHECKS: dict[str, Callable[[Story], None]] = {
    "clear_winner": clear_winner,
    "harmful_variant": harmful_variant,
    "tie": tie,
    "small_sample": small_sample,
    "nearly_decided": nearly_decided,
    "allocation_fault": allocation_fault,
    "arm_winner": arm_winner,
    "tie_completed": tie_completed,
    "cheaper_variant": cheaper_variant,
    "richer_variant": richer_variant,
    "overspending": overspending,
    "setup_fault": setup_fault,
    "reversal": reversal,
    "spend_without_return": spend_without_return,
    "no_data": no_data,
    "paused": paused,
    "completed": completed,
    "view_through": view_through,
    "ledger_disagrees": ledger_disagrees,
    "ledger_missing": ledger_missing,
    "ledger_by_month": ledger_by_month,
    "net_roi_mismatch": net_roi_mismatch,
    "rate_mismatch": rate_mismatch,
    "rollup_mismatch": rollup_mismatch,
    "unapproved_move": unapproved_move,
    "small_unapproved_move": small_unapproved_move,
    "same_channel_move": same_channel_move,
    "stale_proposal": proposal,
    "fresh_proposal": proposal,
    "leaking_stage": leaking_stage,
    "funnel_break": funnel_break,
    "unrecorded_stage": unrecorded_stage,
    "growing_funnel": growing_funnel,
    "unapproved_delivery": faulty_delivery,
    "flagged_delivery": faulty_delivery,
    "unapproved_undelivered": unapproved_undelivered,
    "zero_conversions_unsignalled": zero_conversions,
    "zero_conversions_signalled": zero_conversions,
    "spend_spike_signalled": spend_spike,
    "spend_spike_unsignalled": spend_spike,
    "tracking_gap": tracking_gap,
    "tracking_silence": tracking_silence,
    "segment_mismatch": segment_mismatch,
    "unanswered_critical": unanswered_critical,
    "dismissed_brand_safety": dismissed_brand_safety,
    "methods_disagree": methods_disagree,
    "improved_decision": decision_outcome,
    "worsened_decision": decision_outcome,
    "segment_improving": segment_trend,
    "segment_declining": segment_trend,
    "segment_stable": segment_trend,
}


@pytest.mark.parametrize("story", TRUTH["stories"], ids=lambda s: f"{s['id']}-{s['kind']}")
def test_story_is_in_the_data(story: Story) -> None:
    CHECKS[story["kind"]](story)


@pytest.mark.parametrize("row", TRUTH["campaigns"], ids=lambda r: r["campaign_id"])
def test_money_supports_the_verdict(row: dict[str, str]) -> None:
    spend, revenue = money(row["campaign_id"])
    ratio = revenue / spend if spend else None
    # Revenue over spend against the default thresholds, 1.2 and 0.8.
    verdict = (
        "insufficient_data"
        if ratio is None
        else "exceeding_expectations"
        if ratio >= 1.2
        else "meeting_expectations"
        if ratio >= 0.8
        else "below_expectations"
    )
    assert verdict == row["overall_performance"]


def test_every_other_decision_left_no_trace() -> None:
    """Step changes were planted after two decisions; chance accounts for the rest."""
    planted = {s["keys"].get("decision_id") for s in TRUTH["stories"]}
    p_values = []
    for row in DECISIONS.filter(~pl.col("decision_id").is_in(list(planted - {None}))).iter_rows(
        named=True
    ):
        made = date.fromisoformat(row["timestamp"][:10])
        before = [str(made - timedelta(days=n)) for n in range(7)]
        after = [str(made + timedelta(days=n)) for n in range(1, 8)]
        frame = PERFORMANCE.filter(campaign_id=row["campaign_id"])
        ready = frame.filter(pl.col("day").is_in([before[-1], after[-1]]))["day"].n_unique() == 2
        if ready and sums(frame.filter(pl.col("day").is_in(before)))["conversions"] > 100:
            p_values.append((row["decision_id"], week_against_week(frame, before, after)[3]))
    assert len(p_values) > 5
    assert [key for key, p in p_values if p < 0.001] == []


@pytest.mark.parametrize("story", TRUTH["stories"], ids=lambda s: s["id"])
def test_guide_names_the_story(story: Story) -> None:
    """`docs/sample.md` has a line with every id a story is found by."""
    ids = [v for v in story["keys"].values() if isinstance(v, str) and v[-3:].isdigit()]
    ids = [v for v in ids if not v[0].isdigit()]
    lines = (DATA.parent / "docs" / "sample.md").read_text().splitlines()
    assert any(all(key in line for key in ids) for line in lines)
