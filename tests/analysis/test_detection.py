"""Findings from the data itself: each rule by hand at its limits, and the sample's planted ones."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import mktorch
from mktorch.analysis.detection import (
    risk_detected,
    segment_mismatches,
    ungoverned_deliveries,
    zero_conversions,
)
from mktorch.analysis.spikes import spend_spikes
from mktorch.analysis.tracking import tracking_gaps, tracking_silence
from mktorch.clock import Clock
from mktorch.config.risk_rules import Detection, DetectionRule, RiskRules
from mktorch.rollups import BY_WINDOW, rollups
from mktorch.sources.schemas import frame_schema
from mktorch.stats import wilson
from mktorch.vocab import RiskAction, Severity, Source
from tests.conftest import SAMPLE

RULES = RiskRules()
FIRST = date(2026, 4, 1)
TODAY = date(2026, 4, 30)
CLOCK = Clock.on(TODAY)
KEYS = ["asset_id", "campaign_id", "segment_id", "channel_id", "date"]


def days(*series: dict) -> pl.DataFrame:
    """Asset days: each series gives lists, or one value for each of its `on` days from 1 April."""
    measures = {"impressions": 1000, "clicks": 50, "conversions": 5, "cost": 10.0, "revenue": 20.0}
    place = {"asset_id": "A1", "campaign_id": "C1", "segment_id": "S1", "channel_id": "CH1"}
    frames = [
        pl.DataFrame(
            {
                **{name: one.get(name, value) for name, value in (place | measures).items()},
                "date": [FIRST + timedelta(days=day) for day in one.get("on", range(30))],
            },
            schema_overrides={"impressions": pl.Int64, "clicks": pl.Int64},
        )
        for one in series
    ]
    return pl.concat(frames).sort(KEYS)


def rolled(asset_days: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rollups of those days, through the real pass."""
    metrics = asset_days.select(
        "asset_id",
        pl.lit(None, pl.String).alias("experiment_id"),
        pl.col("date").cast(pl.Datetime("us")).alias("timestamp"),
        "impressions",
        "clicks",
        "conversions",
        "cost",
        pl.col("revenue").alias("revenue_proxy"),
        pl.lit(None, pl.Float64).alias("conversion_rate"),
    )
    assets = asset_days.select(KEYS[:4]).unique()
    tables = rollups(metrics.lazy(), assets.lazy(), CLOCK)
    return {name: tables[name] for name in BY_WINDOW}


def campaigns(**status: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "campaign_id": list(status),
            "status": list(status.values()),
            "end_date": [date(2026, 5, 31)] * len(status),
        }
    )


@pytest.mark.parametrize(
    ("clicks", "cost", "conversions", "kind", "value"),
    [
        (100, 1.0, 0, "high_clicks_zero_conversions", 100.0),  # at the limit of clicks
        (99, 100.0, 0, "zero_conversion_spend", 100.0),  # at the limit of spend
        (99, 99.99, 0, None, None),
        (100, 500.0, 1, None, None),
        (100, 500.0, 0, "high_clicks_zero_conversions", 100.0),  # never both
    ],
)
def test_dead_assets_at_the_limits(clicks, cost, conversions, kind, value) -> None:
    one = {"on": [0], "clicks": clicks, "cost": cost, "conversions": conversions}
    table = zero_conversions(rolled(days(one | {"revenue": 0.0}))["rollup_asset"], TODAY, RULES)
    rows = table.select("detection", "value", "spend", "asset_ids").rows()
    assert rows == ([(kind, value, cost, ["A1"])] if kind else [])


@pytest.mark.parametrize(
    "change", [{"revenue": 1.0}, {"on": [29]}], ids=["value came", "younger than a week"]
)
def test_an_asset_that_earns_or_is_young_is_not_dead(change) -> None:
    one = {"on": [0], "clicks": 500, "cost": 500.0, "conversions": 0, "revenue": 0.0, **change}
    assert zero_conversions(rolled(days(one))["rollup_asset"], TODAY, RULES).is_empty()


def spiky(day_10: float, usual: list[float] | None = None) -> list[float]:
    costs = usual or [9.0, 10.0, 11.0] * 10
    return [*costs[:9], day_10, *costs[10:]]


def test_a_spike_by_hand() -> None:
    """Costs 9, 10, 11 in turn, 100 on the tenth day: median 10, deviations mostly 1.

    Limit of that day: the largest of 10 + 6 * 1.4826 * 1 = 18.9, 10 + 50 = 60 and 10 * 1.5 = 15.
    """
    table = spend_spikes(days({"cost": spiky(100.0)}), RULES)
    row = table.row(0, named=True)
    assert table.height == 1
    assert (row["subject"], row["asset_ids"]) == ("A1", ["A1"])
    assert row["first_day"] == row["last_day"] == date(2026, 4, 10)
    assert (row["spend"], row["value"], row["threshold"]) == (100.0, 100.0, 60.0)


@pytest.mark.parametrize(("cost", "found"), [(60.0, True), (59.99, False)])
def test_a_spike_needs_the_amount(cost, found) -> None:
    assert spend_spikes(days({"cost": spiky(cost)}), RULES).is_empty() is not found


def test_a_spike_needs_the_deviations_and_the_ratio() -> None:
    varied = [800.0, 1000.0, 1200.0] * 10  # median 1000, deviation 200: 4 robust ones are 1186
    assert spend_spikes(days({"cost": spiky(2180.0, varied)}), RULES).is_empty()
    assert not spend_spikes(days({"cost": spiky(2190.0, varied)}), RULES).is_empty()
    wild = [100.0, 1000.0, 1900.0] * 10  # deviates by 1334 of 1000: no level is usual
    assert spend_spikes(days({"cost": spiky(9900.0, wild)}), RULES).is_empty()
    flat = [1000.0] * 30
    assert spend_spikes(days({"cost": spiky(1199.0, flat)}), RULES).is_empty()
    assert not spend_spikes(days({"cost": spiky(1200.0, flat)}), RULES).is_empty()


def many(costs: np.ndarray, keep: np.ndarray | None = None, step: int = 1) -> pl.DataFrame:
    """One campaign per row of `costs`, its days `step` apart, beside an asset that runs steadily;
    `keep` says which days have a row."""
    series, length = costs.shape
    number, day = np.meshgrid(np.arange(series), np.arange(length), indexing="ij")
    kept = np.ones_like(costs, dtype=bool) if keep is None else keep
    frame = pl.DataFrame({"n": number[kept], "d": day[kept] * step, "cost": costs[kept]})
    beside = pl.DataFrame({"n": number.ravel(), "d": day.ravel() * step, "cost": 20.0})
    named = pl.concat([frame.with_columns(kind=pl.lit("A")), beside.with_columns(kind=pl.lit("B"))])
    shown = pl.when(pl.col("cost") > 0).then(1000).otherwise(0).cast(pl.Int64)
    return named.select(
        pl.format("{}{}", "kind", "n").alias("asset_id"),
        pl.format("C{}", "n").alias("campaign_id"),
        pl.lit("S1").alias("segment_id"),
        pl.format("CH{}", "kind").alias("channel_id"),
        (pl.lit(FIRST) + pl.duration(days="d")).alias("date"),
        shown.alias("impressions"),
        (shown // 20).alias("clicks"),
        (shown / 200).alias("conversions"),
        "cost",
        (pl.col("cost") * 2).alias("revenue"),
    ).sort(KEYS)


def noise(series: int, length: int, seed: int, spread: float = 0.1) -> np.ndarray:
    return 1000 * (1 + spread * np.random.default_rng(seed).standard_normal((series, length)))


def flights(length: int = 84) -> np.ndarray:
    """Ten days on and twenty off, each series begun on another day."""
    day = np.arange(length) + np.arange(60)[:, None]
    return np.where(day % 30 < 10, noise(60, length, 1), 0.0)


RNG = np.random.default_rng(7)
MEDIA = {
    "flights with rows of 0": many(flights()),
    "flights whose rows of 0 are omitted": many(flights(), flights() > 0),
    "bursts on most days": many(100 * RNG.lognormal(0, 1.2, (60, 84))),
    "weekly rows": many(noise(60, 30, 2, 0.4), step=7),
    "weekly rows, some weeks omitted": many(noise(60, 30, 3), RNG.random((60, 30)) > 0.2, step=7),
    "monthly rows": many(noise(60, 24, 4, 0.4), step=30),
    "days of 0 omitted": many(noise(60, 84, 5), RNG.random((60, 84)) > 0.25),
}


@pytest.mark.parametrize("media", MEDIA.values(), ids=MEDIA)
def test_media_without_a_usual_level_have_no_spike_and_no_gap(media) -> None:
    assert spend_spikes(media, RULES).is_empty()
    # The steady assets beside them end with the data: only the campaigns' own days are looked at.
    names = media["campaign_id"].unique().sort()
    assert tracking_gaps(
        media, campaigns(**dict.fromkeys(names, "active")), FIRST, RULES
    ).is_empty()


def test_a_spike_of_five_deviations_is_found_in_a_steady_series_and_few_others() -> None:
    """Of 1,000 series of 42 days: power above 80 %, and a false spike in fewer than 3 of 100."""
    steady = noise(1000, 42, 11)
    assert spend_spikes(many(steady), RULES)["campaign_id"].n_unique() < 30
    steady[:, 30] = 1000 * (1 + 0.1 * 5)
    hit = spend_spikes(many(steady), RULES).filter(first_day=FIRST + timedelta(days=30))
    assert hit["campaign_id"].n_unique() > 800


def test_no_baseline_no_spike() -> None:
    short = {"on": range(13), "cost": spiky(100.0)[:13]}
    assert spend_spikes(days(short), RULES).is_empty()
    assert not spend_spikes(days({"on": range(14), "cost": spiky(100.0)[:14]}), RULES).is_empty()


def test_a_run_of_days_is_one_spike() -> None:
    costs = [10.0] * 30
    costs[4:7] = [90.0, 120.0, 80.0]
    costs[20] = 100.0
    table = spend_spikes(days({"cost": costs}), RULES).sort("first_day")
    assert table["first_day"].to_list() == [date(2026, 4, 5), date(2026, 4, 21)]
    assert table["last_day"].to_list() == [date(2026, 4, 7), date(2026, 4, 21)]
    assert table["spend"].to_list() == [290.0, 100.0]
    assert table["value"].to_list() == [120.0, 100.0]  # the costliest day of each


def test_a_spike_of_many_assets_is_the_channels_or_the_campaigns() -> None:
    """Each asset 40 above its usual 20: too little alone (limit 50), together 80 or more."""
    costs = [20.0] * 30
    costs[9] = 60.0
    channel = [{"asset_id": f"A{i}", "cost": costs} for i in (1, 2)]
    table = spend_spikes(days(*channel), RULES)
    assert table["subject"].to_list() == ["C1/CH1"]
    assert table["asset_ids"].to_list() == [["A1", "A2"]]
    spread = [{"asset_id": f"A{i}", "channel_id": f"CH{i}", "cost": costs} for i in (1, 2)]
    assert spend_spikes(days(*spread), RULES)["subject"].to_list() == ["C1"]


def test_an_asset_that_starts_is_no_spike() -> None:
    late = {"asset_id": "A2", "on": range(20, 30), "cost": 500.0}
    assert spend_spikes(days({"cost": 10.0}, late), RULES).is_empty()


def test_a_spike_found_finer_is_not_found_again() -> None:
    table = spend_spikes(days({"cost": spiky(900.0)}, {"asset_id": "A2"}), RULES)
    assert table["subject"].to_list() == ["A1"]


def test_a_mismatched_segment_by_hand() -> None:
    """S2: 20 of 1000 clicks convert; S1: 100 of 1000, so the limit is 0.5 * 0.1 = 0.05."""
    two = days(
        {"on": [0], "clicks": 1000, "conversions": 100, "cost": 50.0},
        {"on": [0], "asset_id": "A2", "segment_id": "S2", "clicks": 1000, "conversions": 20,
         "cost": 50.0},
    )  # fmt: skip
    tables = rolled(two)
    table = segment_mismatches(tables["rollup_asset"], tables["rollup_segment"], RULES)
    row = table.row(0, named=True)
    assert (table.height, row["subject"], row["asset_ids"]) == (1, "C1/S2", ["A2"])
    assert row["value"] == pytest.approx(float(wilson(20, 1000).high))  # 0.0307
    assert row["threshold"] == pytest.approx(0.05)
    assert row["detail"] == "2.0% of clicks convert, 10.0% in the campaign's other segments"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"conversions": 40}, "its upper end, 0.054, is above the limit"),
        ({"conversions": 0}, "dead, not mismatched: told elsewhere"),
        ({"clicks": 10, "conversions": 20}, "more conversions than clicks"),
        ({"cost": 2.6}, "under a twentieth of the campaign's spend"),
    ],
)
def test_no_mismatch(change, why) -> None:
    second = {
        "on": [0], "asset_id": "A2", "segment_id": "S2", "clicks": 1000, "conversions": 20,
        "cost": 50.0, **change,
    }  # fmt: skip
    tables = rolled(days({"on": [0], "clicks": 1000, "conversions": 100, "cost": 50.0}, second))
    table = segment_mismatches(tables["rollup_asset"], tables["rollup_segment"], RULES)
    assert table.is_empty(), why


def gaps(*series: dict, **status: str) -> list[tuple]:
    table = tracking_gaps(days(*series), campaigns(**(status or {"C1": "active"})), TODAY, RULES)
    return table.select("subject", "first_day", "last_day", "value").rows()


def missing(*absent: int) -> list[int]:
    return [day for day in range(30) if day not in absent]


def test_a_gap_is_days_missed_while_others_report() -> None:
    other = {"asset_id": "A2"}
    assert gaps({"on": missing(7, 8, 9)}, other) == [("A1", date(2026, 4, 8), date(2026, 4, 10), 3)]
    assert gaps({"on": missing(7)}, other) == []  # one day is under gap_days
    assert gaps({"on": missing(7, 8)}, {**other, "on": missing(7, 8)}) == []  # nobody reported
    # two missed of four without rows: on the other two nobody reported
    assert gaps({"on": missing(5, 6, 7, 8)}, {**other, "on": missing(6, 7)}) == [
        ("A1", date(2026, 4, 6), date(2026, 4, 9), 2)
    ]


def test_an_asset_may_start_late_and_end_early() -> None:
    assert gaps({"on": range(10, 20)}, {"asset_id": "A2"}) == []


def test_a_series_that_is_not_daily_has_no_gaps() -> None:
    assert gaps({"on": range(0, 30, 7)}, {"asset_id": "A2"}) == []


@pytest.mark.parametrize(
    ("status", "found"),
    [("active", [("C1", date(2026, 4, 27), date(2026, 4, 30), 4)]), ("paused", [])],
)
def test_an_active_campaign_must_report_to_the_end(status, found) -> None:
    silent = {"on": range(26)}
    other = {"campaign_id": "C2", "asset_id": "A2"}
    assert gaps(silent, other, C1=status, C2="active") == found


def test_silence_is_impressions_nobody_answered() -> None:
    clicks, conversions = [50] * 30, [5] * 30
    clicks[5:8] = [0, 0, 0]
    conversions[5:7] = [0, 0]
    # the 8th has a conversion, so only the 6th and 7th are silent; 48 clicks were usual for them
    table = tracking_silence(days({"clicks": clicks, "conversions": conversions}), RULES)
    assert table.select("subject", "first_day", "last_day", "value").rows() == [
        ("A1", date(2026, 4, 6), date(2026, 4, 7), 2.0)
    ]
    # rate (27 * 50) / 30000 = 0.045; 2000 impressions bring 90
    assert table["detail"].item().startswith("2000 impressions")
    assert table["detail"].item().endswith("about 90 clicks are usual")


def test_few_impressions_prove_no_silence() -> None:
    clicks, conversions, shown = [50] * 30, [5] * 30, [1000] * 30
    clicks[5:7], conversions[5:7], shown[5:7] = [0, 0], [0, 0], [100, 100]
    series = {"clicks": clicks, "conversions": conversions, "impressions": shown}
    assert tracking_silence(days(series), RULES).is_empty()  # about 9.9 were usual: under 10


def test_an_asset_never_clicked_is_held_against_its_campaign() -> None:
    never = {"asset_id": "A2", "on": range(3), "clicks": 0, "conversions": 0}
    assert tracking_silence(days({}, never), RULES)["subject"].to_list() == ["A2"]
    assert tracking_silence(days(never), RULES).is_empty()


def held(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "asset_id": pl.String,
            "approved_by_human": pl.Boolean,
            "risk_flags": pl.List(pl.String),
        },
        orient="row",
    )


def test_ungoverned_delivery() -> None:
    shown = days(
        *({"on": [0], "asset_id": asset} for asset in ("A1", "A2", "A3")),
        {"on": [0], "asset_id": "A4", "impressions": 0, "clicks": 0, "conversions": 0},
    )
    assets = held(
        ("A1", True, []),
        ("A2", False, ["b", "a"]),  # both
        ("A3", True, ["c"]),
        ("A4", False, ["d"]),  # nothing was delivered
        ("A5", False, []),  # nor here
    )
    table = ungoverned_deliveries(rolled(shown)["rollup_asset"], assets)
    assert table.select("detection", "subject", "value", "detail").rows() == [
        ("delivery_without_approval", "A2", 1000.0, "1000 impressions without approval"),
        ("delivery_with_risk_flags", "A2", 2.0, "delivered with risk flags: a, b"),
        ("delivery_with_risk_flags", "A3", 1.0, "delivered with risk flags: c"),
    ]


def detected(
    asset_days: pl.DataFrame,
    rules: RiskRules = RULES,
    counts: str = "conversions",
    goal: str = "missed",
) -> pl.DataFrame:
    tables = rolled(asset_days)
    assets = held(*((asset, asset != "A2", []) for asset in ("A1", "A2", "A3")))
    return risk_detected(
        asset_days,
        tables["rollup_asset"],
        tables["rollup_segment"],
        assets,
        campaigns(C1="active"),
        pl.DataFrame({"campaign_id": ["C1"], "counts": [counts], "goal": [goal]}),
        CLOCK,
        rules,
    )


def test_a_finding_of_delivery_becomes_history_and_one_of_approval_does_not() -> None:
    spike = days({"cost": [*[10.0] * 5, 100.0, *[10.0] * 24]}, {"asset_id": "A2"})
    assert set(detected(spike)["detection"]) == {"delivery_without_approval", "spend_spike"}
    short = RiskRules(lifetime_days=24)  # the spike is of 6 April, 24 days before
    assert set(detected(spike, short)["detection"]) == {"delivery_without_approval"}


def test_what_is_small_beside_the_campaign_is_not_worth_a_finding() -> None:
    spike = days({"cost": [*[10.0] * 25, 100.0, *[10.0] * 4]})  # 390 in all, 100 on the day
    assert detected(spike, RiskRules(materiality=0.25)).height == 1
    assert detected(spike, RiskRules(materiality=0.26)).is_empty()


@pytest.mark.parametrize(
    ("goal", "action"),
    [("met", "human_review"), ("missed", "reduce_budget"), ("open", "reduce_budget")],
)
def test_a_campaign_that_meets_its_goal_is_reviewed_and_not_cut(goal, action) -> None:
    found = detected(days({"cost": spiky(100.0)}), RULES, "conversions", goal)
    assert found["recommended_action"].to_list() == [action]


@pytest.mark.parametrize(("counts", "found"), [("conversions", 1), ("value", 1), ("attention", 0)])
def test_want_of_conversions_is_a_finding_where_they_are_sought(counts, found) -> None:
    dead = days({"clicks": 500, "conversions": 0, "revenue": 0.0})
    assert detected(dead, RULES, counts).height == found


def test_findings_have_stable_ids_and_the_rules_severity() -> None:
    rule = DetectionRule(
        severity=Severity.CRITICAL, recommended_action=RiskAction.PAUSE, same_as=()
    )
    rules = RiskRules(detections={Detection.DELIVERY_WITHOUT_APPROVAL: rule})
    table = detected(days({}, {"asset_id": "A2"}), rules)
    assert table.select("detection_id", "severity", "recommended_action").rows() == [
        ("delivery_without_approval:A2:2026-04-01", "critical", "pause")
    ]
    assert set(rules.detections) == set(Detection)


def test_nothing_delivered_nothing_found() -> None:
    table = detected(days({}).clear())
    assert table.is_empty()
    assert table.schema == detected(days({}, {"asset_id": "A2"})).schema


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A1", "A2", "A3"]),
            st.integers(0, 29),
            st.integers(0, 3000),
            st.integers(0, 30),
            st.integers(0, 3),
            st.integers(0, 10**6),
        ),
        max_size=60,
        unique_by=lambda row: row[:2],
    ),
    st.integers(0, 99),
)
def test_row_order_changes_nothing(rows, seed) -> None:
    made = (
        {
            "asset_id": asset,
            "segment_id": f"S{asset}",
            "on": [day],
            "impressions": shown,
            "clicks": clicks,
            "conversions": conversions,
            "cost": cents / 100,
        }
        for asset, day, shown, clicks, conversions, cents in rows
    )
    table = pl.concat((days({}).clear(), *(days(one) for one in made)))
    shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
    rules = RiskRules(spike_minimum_days=3, spike_amount=1, silence_expected_clicks=0)
    assert_frame_equal(detected(shuffled, rules), detected(table, rules))


def sample_days(run: mktorch.Run) -> pl.DataFrame:
    """The sample's asset days, made here anew from its rows."""
    tables = run.tables
    return (
        tables.performance_metrics.with_columns(pl.col("timestamp").dt.date().alias("date"))
        .group_by("asset_id", "date")
        .agg(
            pl.col("impressions", "clicks", "conversions", "cost").sum(),
            pl.col("revenue_proxy").sum().alias("revenue"),
        )
        .join(tables.creative_assets.select(KEYS[:4]), on="asset_id")
        .sort(KEYS)
    )


def test_the_samples_planted_findings_and_no_others(sample_run: mktorch.Run) -> None:
    tables = sample_run.tables
    table = risk_detected(
        sample_days(sample_run),
        tables.rollup_asset,
        tables.rollup_segment,
        tables.creative_assets,
        tables.campaigns,
        tables.campaign_goals,
        sample_run.clock,
        RULES,
    )
    stories = json.loads((SAMPLE / "truth.json").read_text())["stories"]
    kinds = {
        "zero_conversions_unsignalled": "high_clicks_zero_conversions",
        "zero_conversions_signalled": "high_clicks_zero_conversions",
        "spend_spike_signalled": "spend_spike",
        "spend_spike_unsignalled": "spend_spike",
        "tracking_gap": "tracking_gap",
        "tracking_silence": "tracking_silence",
        "segment_mismatch": "segment_mismatch",
        "unapproved_delivery": "delivery_without_approval",
        "flagged_delivery": "delivery_with_risk_flags",
    }
    planted = {(kinds[s["kind"]], s["keys"]["asset_id"]) for s in stories if s["kind"] in kinds}
    found = set(table.select("detection", pl.col("asset_ids").list.first()).iter_rows())
    assert found == planted
    by_id = {row["detection"]: row for row in table.sort("first_day").to_dicts()}
    assert by_id["tracking_gap"]["first_day"] == date(2026, 4, 8)
    assert (by_id["tracking_gap"]["value"], by_id["tracking_silence"]["value"]) == (3.0, 2.0)
    assert by_id["spend_spike"]["first_day"] == date(2026, 4, 15)


def test_every_finding_states_a_known_campaign(sample_run: mktorch.Run) -> None:
    """Inputs of one campaign alone give that campaign's findings of the whole."""
    tables = sample_run.tables
    whole = sample_days(sample_run)

    def found(campaign: str | None) -> list[str]:
        def own(frame: pl.DataFrame) -> pl.DataFrame:
            return frame if campaign is None else frame.filter(campaign_id=campaign)

        return risk_detected(
            own(whole),
            own(tables.rollup_asset),
            own(tables.rollup_segment),
            own(tables.creative_assets),
            own(tables.campaigns),
            own(tables.campaign_goals),
            sample_run.clock,
            RULES,
        )["detection_id"].to_list()

    parts = [name for campaign in tables.campaigns["campaign_id"] for name in found(campaign)]
    assert sorted(parts) == found(None)


def test_schemas_of_the_inputs_are_those_of_the_sources() -> None:
    assets = frame_schema(Source.CREATIVE_ASSETS)
    assert assets["risk_flags"] == held()["risk_flags"].dtype
    assert assets["approved_by_human"] == held()["approved_by_human"].dtype
