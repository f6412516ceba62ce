"""The segment portfolio by hand, at its edges, and against the sample's planted stories."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from mktorch.analysis.segment_rule import RULES, recommend
from mktorch.analysis.segment_trends import segment_trends, segment_windows
from mktorch.analysis.segments import segment_momentum, segment_portfolio, segment_summary
from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig, Metric
from mktorch.config.segment_rules import SegmentRules
from mktorch.metrics import registry
from mktorch.rollups import rollups
from mktorch.sources.load import load
from mktorch.sources.schemas import frame_schema
from mktorch.stats import koopman_lift
from mktorch.vocab import Source

AS_OF = date(2026, 3, 14)  # current: 8 to 14 March; prior: 1 to 7 March
NOW, THEN, BEFORE = "2026-03-10", "2026-03-03", "2026-02-20"
DATA = Path(__file__).parents[2] / "data"
TABLES = ("windows", "trends", "portfolio", "momentum", "summary")


def frame(source: Source, rows: list[dict]) -> pl.DataFrame:
    schema = frame_schema(source)
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in rows], schema=schema)


def company(kpis: dict[str, str], delivered: list[tuple], supplied: list[dict] | None = None):
    """Input tables; a delivery is campaign, segment, day, the three counts, cost and revenue."""
    names = ("impressions", "clicks", "conversions", "cost", "revenue_proxy")
    cells = sorted({row[:2] for row in delivered})
    segments = sorted({row[1] for row in delivered} | {"S9"})
    return {
        "campaigns": frame(
            Source.CAMPAIGNS,
            [{"campaign_id": c, "name": c.lower(), "primary_kpi": k} for c, k in kpis.items()],
        ),
        "audience_segments": frame(
            Source.AUDIENCE_SEGMENTS,
            [
                {"segment_id": s, "name": s.lower(), "priority": "low", "size_estimate": 9}
                for s in segments
            ],
        ),
        "creative_assets": frame(
            Source.CREATIVE_ASSETS,
            [
                {"asset_id": f"{c}{s}", "campaign_id": c, "segment_id": s, "channel_id": "CH"}
                for c, s in cells
            ],
        ),
        "performance_metrics": frame(
            Source.PERFORMANCE_METRICS,
            [
                {
                    "asset_id": f"{c}{s}",
                    "timestamp": datetime.fromisoformat(f"{day}T12:00:00"),
                    **dict(zip(names, measures, strict=True)),
                }
                for c, s, day, *measures in delivered
            ],
        ),
        "segment_rollups": frame(Source.SEGMENT_ROLLUPS, supplied or []),
    }


RULESET = SegmentRules()


def analysed(tables, *, rules=RULESET, as_of=AS_OF, metrics=None):
    clock = Clock.on(as_of)
    rolled = rollups(tables["performance_metrics"].lazy(), tables["creative_assets"].lazy(), clock)
    known = registry(metrics)
    windows = segment_windows(
        tables["campaigns"], rolled["rollup_segment"], known, rolled["rollup_paired"]
    )
    trends = segment_trends(tables["campaigns"], rolled["rollup_day"], clock, known, rules)
    portfolio = segment_portfolio(
        windows,
        trends,
        tables["segment_rollups"],
        tables["campaigns"],
        tables["audience_segments"],
        clock,
        rules,
    )
    summary = segment_summary(portfolio, tables["audience_segments"], rolled["rollup_paired"])
    made = (windows, trends, portfolio, segment_momentum(portfolio), summary)
    return dict(zip(TABLES, made, strict=True))


def by_segment(table: pl.DataFrame, *columns: str) -> list[tuple]:
    return table.select("campaign_id", "segment_id", *columns).rows()


STEADY = ("A", "S1", THEN, 10000, 400, 100, 50.0, 100.0)
DELIVERED = [
    # conversion rate 1.0 % before; by the pooled z over 10,000 and 10,000 impressions
    STEADY,
    ("A", "S1", NOW, 10000, 400, 120, 50.0, 120.0),  # z = 1.36
    ("A", "S2", THEN, 10000, 400, 100, 50.0, 100.0),
    ("A", "S2", NOW, 10000, 400, 150, 50.0, 150.0),  # z = 3.18
    ("A", "S3", THEN, 10000, 400, 100, 50.0, 100.0),
    ("A", "S3", NOW, 10000, 400, 60, 50.0, 60.0),  # z = -3.17
    ("A", "S4", BEFORE, 500, 20, 5, 0.1, 0.2),  # in neither window
]


def test_portfolio_by_hand() -> None:
    made = analysed(company({"A": "conversion_rate"}, DELIVERED))
    table = made["portfolio"]
    assert by_segment(table, "kpi_value", "prior_kpi_value", "trend") == [
        ("A", "S1", 0.012, 0.01, "stable"),
        ("A", "S2", 0.015, 0.01, "improving"),
        ("A", "S3", 0.006, 0.01, "declining"),
        ("A", "S4", None, None, "unknown"),
    ]
    assert table["trend_change"].to_list()[:3] == pytest.approx([0.2, 0.5, -0.4])
    # campaign now: (120 + 150 + 60) / 30000 = 0.011
    assert table["campaign_kpi_value"].to_list() == pytest.approx([0.011] * 4)
    assert table["kpi_against_campaign"].to_list()[:3] == pytest.approx([12 / 11, 15 / 11, 6 / 11])
    assert table["trend_reason"].to_list() == [None] * 3 + ["no delivery in the current window"]
    # S2 returns 150 / 50 = 3 a unit: scale. S3 declines but keeps 0.55 of the rate: revise.
    assert table.select("rule", "computed_recommendation", "recommendation").rows() == [
        ("steady", "hold", "hold"),
        ("improving", "scale", "scale"),
        ("declining", "revise", "revise"),
        ("too_little_data", "hold", "hold"),
    ]
    assert table["current_impressions"].to_list() == [10000, 10000, 10000, 0]
    assert table["current_conversions"].to_list() == [120, 150, 60, 0]
    # S2 against the rest now: 150 of 10000 against 120 + 60 of 20000, at the rules' 99 %
    low, high = koopman_lift(180, 20000, 150, 10000, alpha=0.01)
    assert table.select("rest_low", "rest_high").row(1) == pytest.approx((low, high))
    assert table["recommendation_source"].unique().to_list() == ["computed"]
    assert made["momentum"].rows() == [
        ("campaign", "A", 4, 1, 1, 1, 1),
        ("portfolio", None, 4, 1, 1, 1, 1),
    ]


def test_summary_by_hand() -> None:
    delivered = [
        *DELIVERED,
        ("B", "S1", NOW, 100, 10, 1, 0.1, 0.5),
        ("B", "S1", THEN, 100, 10, 1, 0.2, 0.5),
    ]
    tables = company({"A": "conversion_rate", "B": "conversion_rate"}, delivered)
    summary = analysed(tables)["summary"]
    # spend: S1 100 + 0.3, S2 100, S3 100, S4 0.1: 300.4 in all; revenue 221, 250, 160, 0.2
    assert summary.select("segment_id", "campaigns", "cost", "revenue").rows() == [
        ("S1", 2, 100.3, 221.0),
        ("S2", 1, 100.0, 250.0),
        ("S3", 1, 100.0, 160.0),
        ("S4", 1, 0.1, 0.2),
        ("S9", 0, None, None),
    ]
    assert summary["share_of_spend"].to_list()[:4] == pytest.approx(
        [100.3 / 300.4, 100 / 300.4, 100 / 300.4, 0.1 / 300.4]
    )
    assert summary["roas"].to_list()[:4] == pytest.approx([221 / 100.3, 2.5, 1.6, 2.0])
    assert summary["reason"].to_list() == [None] * 4 + ["no performance recorded for this segment"]


def test_a_cost_improves_by_falling() -> None:
    before = [("B", "S1", f"2026-03-0{d}", 900, 90, 9 + d % 2, 90.0, 0.0) for d in range(1, 8)]
    after = [("B", "S1", f"2026-03-{d:02}", 900, 90, 18 + d % 2, 90.0, 0.0) for d in range(8, 15)]
    made = analysed(company({"B": "cost_per_acquisition"}, before + after))["portfolio"]
    row = made.row(0, named=True)
    # 630 / (7 * 9 + 4) = 9.40 before, 630 / (7 * 18 + 3) = 4.88 now
    assert (row["prior_kpi_value"], row["kpi_value"]) == pytest.approx((630 / 67, 630 / 129))
    assert row["trend_change"] == pytest.approx(67 / 129 - 1)
    assert (row["trend"], row["trend_method"], row["kpi_attainment"]) == ("improving", "daily", 1.0)
    assert row["rest_reason"] == "no delivery in the rest of the campaign"


def test_attainment_of_a_cost_is_turned() -> None:
    delivered = [
        ("B", "S1", NOW, 5000, 90, 10, 50.0, 0.0),  # 5 each
        ("B", "S2", NOW, 5000, 90, 30, 50.0, 0.0),  # 1.67 each; campaign 100 / 40 = 2.5
    ]
    made = analysed(company({"B": "cost_per_acquisition"}, delivered))["portfolio"]
    assert made["kpi_against_campaign"].to_list() == pytest.approx([2.0, 2 / 3])
    assert made["kpi_attainment"].to_list() == pytest.approx([0.5, 1.5])


RULED = {
    "current_impressions": 5000,
    "current_clicks": 200,
    "current_conversions": 20,
    "current_roas": 2.0,
    "trend": "stable",
    "kpi_direction": "up",
    "kpi_numerator": "conversions",
    "kpi_denominator": "impressions",
    "kpi_attainment": 1.0,
    "rest_low": -0.1,
    "rest_high": 0.1,
}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, "steady"),
        ({"current_conversions": 0, "current_clicks": 100}, "no_conversions"),
        ({"current_conversions": 0, "current_clicks": 99}, "steady"),
        ({"current_conversions": 0, "current_impressions": 300}, "no_conversions"),
        # a campaign for clicks does not fail for want of conversions
        ({"current_conversions": 0, "kpi_numerator": "clicks"}, "steady"),
        ({"current_impressions": 1000, "trend": "declining"}, "declining"),
        ({"current_impressions": 999, "trend": "declining"}, "too_little_data"),
        ({"current_impressions": None}, "too_little_data"),
        ({"trend": "declining", "kpi_attainment": 0.5}, "declining"),
        ({"trend": "declining", "kpi_attainment": 0.49}, "low_and_declining"),
        ({"kpi_attainment": 0.49, "rest_high": -0.01}, "far_below_campaign"),
        ({"kpi_attainment": 0.49, "rest_high": 0.0}, "steady"),
        ({"kpi_attainment": 0.5, "rest_high": -0.01}, "steady"),
        ({"kpi_attainment": 0.4, "rest_high": -0.01, "trend": "improving"}, "steady"),
        ({"trend": "improving"}, "improving"),
        ({"trend": "improving", "kpi_attainment": 0.99}, "steady"),
        ({"trend": "improving", "current_roas": 0.99}, "steady"),
        ({"trend": "improving", "current_roas": None}, "improving"),
        ({"kpi_attainment": 1.2, "rest_low": 0.01}, "far_above_campaign"),
        ({"kpi_attainment": 1.2, "rest_low": 0.0}, "steady"),
        ({"kpi_attainment": 1.19, "rest_low": 0.01}, "steady"),
        ({"kpi_attainment": 1.5, "rest_low": 0.01, "current_roas": 0.5}, "steady"),
        # for a cost the good side of the rest of the campaign is below it
        (
            {"kpi_attainment": 1.5, "rest_high": -0.01, "kpi_direction": "down"},
            "far_above_campaign",
        ),
        ({"kpi_attainment": 0.4, "rest_low": 0.01, "kpi_direction": "down"}, "far_below_campaign"),
        ({"kpi_attainment": None, "rest_low": None, "rest_high": None}, "steady"),
    ],
)
def test_the_first_rule_that_applies(change, rule) -> None:
    row = pl.DataFrame(
        [RULED | change],
        schema_overrides={
            "current_roas": pl.Float64,
            "kpi_attainment": pl.Float64,
            "current_impressions": pl.Int64,
            "rest_low": pl.Float64,
            "rest_high": pl.Float64,
        },
    )
    ruled = recommend(row, SegmentRules()).row(0, named=True)
    assert ruled["rule"] == rule
    assert ruled["computed_recommendation"] == RULES[rule][0]
    assert "{" not in ruled["rule_sentence"]


def test_the_sentence_states_the_setting() -> None:
    rules = SegmentRules(stop_clicks=40)
    ruled = recommend(pl.DataFrame([RULED | {"current_conversions": 0}]), rules)
    assert ruled["rule_sentence"].item().startswith("at least 40 clicks")


SUPPLIED = {
    "rollup_id": "R1",
    "window_start": date(2026, 3, 8),
    "window_end": date(2026, 3, 14),
    "campaign_id": "A",
    "segment_id": "S1",
    "impressions": 10000,
    "conversions": 130,
    "spend": 50.0,
    "revenue_proxy": 130.0,
    "primary_kpi": "conversion_rate",
    "kpi_value": 0.013,
    "trend_vs_prior_window": 0.3,
    "recommendation": "scale",
}


def stood(supplied: list[dict], **rules) -> dict:
    tables = company({"A": "conversion_rate"}, DELIVERED, supplied)
    return analysed(tables, rules=SegmentRules(**rules))["portfolio"].row(0, named=True)


def test_a_supplied_rollup_stands_with_the_computed_beside_it() -> None:
    row = stood([SUPPLIED])
    assert (row["standing_kpi_value"], row["kpi_value"]) == (0.013, 0.012)
    assert (row["standing_trend"], row["supplied_reason"]) == (0.3, None)
    assert (row["kpi_gap"], row["trend_gap"]) == pytest.approx((0.001, 0.1))
    assert (row["recommendation"], row["computed_recommendation"]) == ("scale", "hold")
    assert (row["recommendation_source"], row["recommendations_agree"]) == ("supplied", False)
    assert row["trend"] == "stable"


def test_the_computed_stands_where_config_says_so() -> None:
    row = stood([SUPPLIED], authority="computed")
    assert (row["standing_kpi_value"], row["supplied_kpi_value"]) == (0.012, 0.013)
    assert row["standing_trend"] == pytest.approx(0.2)
    assert (row["recommendation"], row["recommendation_source"]) == ("hold", "computed")


@pytest.mark.parametrize(
    ("change", "reason", "standing"),
    [
        (
            {"window_start": date(2026, 3, 9), "window_end": date(2026, 3, 15)},
            (
                "the supplied window is 2026-03-09 to 2026-03-15, "
                "the current one 2026-03-08 to 2026-03-14"
            ),
            0.013,
        ),
        (
            {"primary_kpi": "click_through_rate"},
            "the supplied rollup states click_through_rate",
            0.012,
        ),
        (
            {"window_start": date(2026, 3, 1), "window_end": date(2026, 3, 7)},
            "no supplied rollup overlaps the current window",
            0.012,
        ),
        ({"primary_kpi": None}, None, 0.013),
        ({"kpi_value": None}, None, 0.012),
    ],
)
def test_what_a_supplied_rollup_cannot_speak_for(change, reason, standing) -> None:
    row = stood([SUPPLIED | change])
    assert (row["supplied_reason"], row["standing_kpi_value"]) == (reason, standing)
    if reason:
        assert (row["kpi_gap"], row["trend_gap"]) == (None, None)


@pytest.mark.parametrize(
    ("start", "end", "speaks"),
    [
        (date(2026, 3, 1), date(2026, 3, 8), True),  # ends on the window's first day
        (date(2026, 3, 14), date(2026, 3, 20), True),  # starts on its last
        (date(2026, 3, 15), date(2026, 3, 21), False),
    ],
)
def test_a_supplied_rollup_speaks_where_its_window_overlaps(start, end, speaks) -> None:
    row = stood([SUPPLIED | {"window_start": start, "window_end": end}])
    assert (row["recommendation_source"] == "supplied") is speaks


def test_the_newest_supplied_rollup_speaks() -> None:
    older = SUPPLIED | {"rollup_id": "R2", "window_end": date(2026, 3, 12), "kpi_value": 0.5}
    assert stood([SUPPLIED, older])["supplied_rollup_id"] == "R1"
    assert stood([older, SUPPLIED])["supplied_rollup_id"] == "R1"


def test_a_segment_known_from_a_supplied_rollup_alone() -> None:
    made = analysed(
        company({"A": "conversion_rate"}, DELIVERED, [SUPPLIED | {"segment_id": "S9"}]),
        rules=SegmentRules(authority="computed"),
    )
    row = made["portfolio"].row(-1, named=True)
    assert (row["segment_id"], row["impressions"], row["cost"], row["kpi_value"]) == (
        "S9",
        None,
        None,
        None,
    )
    assert (row["trend"], row["trend_reason"]) == ("unknown", "no performance recorded")
    assert (row["recommendation"], row["recommendation_source"]) == ("scale", "supplied")
    alone = made["summary"].row(-1, named=True)
    assert (alone["campaigns"], alone["cost"], alone["roas"]) == (1, None, None)
    assert alone["reason"] == "no performance recorded for this segment"


def test_an_unknown_kpi_is_null_with_its_reason_until_it_is_declared() -> None:
    tables = company({"A": "cost_per_thousand_smiles"}, DELIVERED)
    row = analysed(tables)["portfolio"].row(0, named=True)
    assert (row["kpi_value"], row["campaign_kpi_value"], row["kpi_attainment"]) == (None,) * 3
    assert (row["trend"], row["trend_reason"]) == ("unknown", "the metric is not in the registry")
    own = Metric(numerator="cost", denominator="clicks", kind="ratio", direction="down")
    declared = analysed(tables, metrics={"cost_per_thousand_smiles": own})["portfolio"]
    assert declared["kpi_value"].to_list()[:3] == [0.125, 0.125, 0.125]  # 50 / 400


def test_windows_state_the_kpi_of_each_window() -> None:
    tables = company({"A": "cost_per_acquisition"}, [("A", "S1", NOW, 100, 10, 0, 5.0, 0.0)])
    windows = analysed(tables)["windows"]
    assert windows.select("window", "cost", "roas", "kpi_value", "kpi_reason").rows() == [
        ("all", 5.0, 0.0, None, "no conversions in the window"),
        ("current", 5.0, 0.0, None, "no conversions in the window"),
    ]


def test_no_prior_window_and_one_day() -> None:
    made = analysed(company({"A": "conversion_rate"}, [("A", "S1", NOW, 9000, 90, 9, 5.0, 9.0)]))
    row = made["portfolio"].row(0, named=True)
    assert (row["kpi_value"], row["prior_kpi_value"], row["trend"]) == (0.001, None, "unknown")
    assert row["trend_reason"] == "no delivery in the prior window"


def test_no_data_at_all() -> None:
    made = analysed(company({"A": "conversion_rate"}, []))
    assert {name: made[name].height for name in TABLES} == {
        "windows": 0,
        "trends": 0,
        "portfolio": 0,
        "momentum": 1,
        "summary": 1,
    }
    assert made["momentum"].row(0) == ("portfolio", None, 0, 0, 0, 0, 0)


def shuffled(tables: dict[str, pl.DataFrame], seed: int) -> dict[str, pl.DataFrame]:
    return {name: t.sample(fraction=1.0, shuffle=True, seed=seed) for name, t in tables.items()}


@pytest.fixture(scope="module")
def sample() -> dict[str, pl.DataFrame]:
    config = MarketingOrchestratorConfig(data_dir=str(DATA))
    return {str(source): raw.frame for source, raw in load(config).items()}


SAMPLE_DAY = date(2026, 4, 26)


def test_row_order_changes_nothing(sample) -> None:
    made = analysed(sample, as_of=SAMPLE_DAY)
    again = analysed(shuffled(sample, 7), as_of=SAMPLE_DAY)
    for name in TABLES:
        assert made[name].equals(again[name]), name


def test_segments_add_up_to_the_portfolio(sample) -> None:
    made = analysed(sample, as_of=SAMPLE_DAY)
    raw = sample["performance_metrics"].select(
        *(pl.col(m).sum() for m in ("impressions", "clicks", "conversions")),
        *((pl.col(m) * 100).round().cast(pl.Int64).sum() for m in ("cost", "revenue_proxy")),
    )
    for table in ("portfolio", "summary"):
        added = made[table].select(
            *(pl.col(m).sum() for m in ("impressions", "clicks", "conversions")),
            *((pl.col(m) * 100).round().cast(pl.Int64).sum() for m in ("cost", "revenue")),
        )
        assert added.row(0) == raw.row(0), table
    assert made["summary"]["share_of_spend"].sum() == pytest.approx(1.0)
    counts = made["momentum"].filter(pl.col("scope") == "campaign").drop("scope", "campaign_id")
    assert counts.sum().row(0) == made["momentum"].row(-1)[2:]


def test_the_samples_stories_appear(sample) -> None:
    portfolio = analysed(sample, as_of=SAMPLE_DAY)["portfolio"]
    stories = {s["kind"]: s for s in json.loads((DATA / "truth.json").read_text())["stories"]}

    def of(kind: str) -> dict:
        keys = {k: stories[kind]["keys"][k] for k in ("campaign_id", "segment_id")}
        return portfolio.filter(**keys).row(0, named=True)

    # each true factor lies within the interval found for it
    for kind, word in (("improving",) * 2, ("declining",) * 2, ("stable",) * 2):
        row, factor = of(f"segment_{kind}"), stories[f"segment_{kind}"]["values"]["factor"]
        assert row["trend"] == word
        assert row["trend_low"] <= factor - 1 <= row["trend_high"]
    # the rollup that claims 1.4 times the conversions: its gap is 0.4 of the computed rate
    wrong = of("rollup_mismatch")
    assert wrong["kpi_gap"] == pytest.approx(0.4 * wrong["kpi_value"], rel=0.01)
    others = portfolio.filter(pl.col("supplied_rollup_id") != wrong["supplied_rollup_id"])
    assert others["kpi_gap"].abs().max() < 1e-6  # supplied rates are rounded to six places


def test_nothing_unplanted_is_called_a_trend(sample) -> None:
    portfolio = analysed(sample, as_of=SAMPLE_DAY)["portfolio"]
    moving = portfolio.filter(pl.col("trend").is_in(["improving", "declining"]))
    assert by_segment(moving, "trend") == [
        ("CAMP_001", "SEG_003", "improving"),
        ("CAMP_002", "SEG_002", "declining"),
    ]
    stopped = portfolio.filter(pl.col("computed_recommendation") == "stop")
    # the two segments of the campaign whose assets never convert
    assert by_segment(stopped, "rule") == [
        ("CAMP_003", "SEG_003", "no_conversions"),
        ("CAMP_003", "SEG_004", "no_conversions"),
    ]


def test_a_campaign_alone_says_what_the_whole_run_says_of_it(sample) -> None:
    whole = analysed(sample, as_of=SAMPLE_DAY)["portfolio"]
    for campaign_id in sample["campaigns"]["campaign_id"]:
        own = {
            name: t.filter(pl.col("campaign_id") == campaign_id)
            if "campaign_id" in t.columns
            else t
            for name, t in sample.items()
        }
        own["performance_metrics"] = own["performance_metrics"].join(
            own["creative_assets"], on="asset_id", how="semi"
        )
        alone = analysed(own, as_of=SAMPLE_DAY)["portfolio"]
        assert alone.equals(whole.filter(pl.col("campaign_id") == campaign_id)), campaign_id
