"""The journey by hand, at its edges, and against the sample's planted stories."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from mktorch.analysis.funnel import STAGES, funnel_detail, stages_by
from mktorch.analysis.funnel_steps import steps_by
from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.funnel_rules import FunnelRules
from mktorch.rollups import rollups
from mktorch.sources.load import load
from mktorch.sources.schemas import frame_schema
from mktorch.vocab import Source

AS_OF = date(2026, 3, 14)  # current: 8 to 14 March; prior: 1 to 7 March
DATA = Path(__file__).parents[2] / "data"
CAMPAIGN = ("campaign_id",)
SEGMENT = ("campaign_id", "segment_id")
RULES = FunnelRules()


def events(rows: list[tuple], **fixed) -> pl.DataFrame:
    """One event a row: campaign, segment, channel, stage, count, and more by name in `fixed`."""
    schema = frame_schema(Source.FUNNEL_EVENTS)
    names = ("campaign_id", "segment_id", "channel_id", "stage", "count")
    usual = {
        "timestamp": datetime(2026, 3, 10, 12),
        "source": "crm",
        "confidence": 1.0,
        **fixed,
    }
    records = [
        {"event_id": f"E{i}", **usual, **dict(zip(names, row, strict=False))}
        for i, row in enumerate(rows)
    ]
    return pl.DataFrame([{c: r.get(c) for c in schema} for r in records], schema=schema)


def journey(campaign: str, segment: str = "S1", channel: str = "CH", **counts: int) -> list[tuple]:
    return [(campaign, segment, channel, stage, count) for stage, count in counts.items()]


NO_MONEY = pl.DataFrame(
    schema=dict.fromkeys((*SEGMENT, "window"), pl.String) | {"revenue": pl.Float64}
)


def earned(**by_campaign: float) -> pl.DataFrame:
    return pl.DataFrame(
        {"campaign_id": list(by_campaign), "window": "all", "revenue": list(by_campaign.values())},
        schema_overrides={"campaign_id": pl.String, "revenue": pl.Float64},
    ).with_columns(segment_id=pl.lit("S1"), window=pl.lit("all"))


def steps(rows, *, revenue=NO_MONEY, keys=CAMPAIGN, rules=RULES, window="all") -> pl.DataFrame:
    frame = rows if isinstance(rows, pl.DataFrame) else events(rows)
    stages = stages_by(funnel_detail(frame, Clock.on(AS_OF)), *keys)
    return steps_by(stages, revenue, keys, rules, 0.05).filter(window=window)


def one(rows, **options) -> dict:
    table = steps(rows, **options)
    assert table.height == 1
    return table.row(0, named=True)


# Three journeys that turn half of the visits to signups, for a usual conversion of 0.5.
PEERS = [
    *journey("P1", visit=100, signup=50),
    *journey("P2", visit=200, signup=100),
    *journey("P3", visit=300, signup=150),
]


def beside_peers(rows, campaign: str = "A", **options) -> pl.DataFrame:
    return steps([*PEERS, *rows], **options).filter(campaign_id=campaign)


def test_counts_by_window_stage_and_confidence() -> None:
    frame = pl.concat(
        [
            # 100 * 0.9 + 50 * 0.8 = 130; the second report's date is in the prior window
            events([("A", "S1", "C1", "click", 100)], confidence=0.9),
            events([("A", "S1", "C1", "click", 50)], confidence=0.8, date=date(2026, 3, 7)),
            events([("A", "S1", "C1", "visit", 0)], source="web_analytics"),
            events([("A", "S1", "C2", "click", 7)], timestamp=datetime(2026, 2, 1)),
        ]
    )
    detail = funnel_detail(frame, Clock.on(AS_OF))
    assert detail.drop("campaign_id", "segment_id", "stage_order").rows() == [
        ("C1", "all", "click", 150, 130.0, 2, 1),
        ("C1", "all", "visit", 0, 0.0, 1, 1),
        ("C1", "current", "click", 100, 90.0, 1, 1),
        ("C1", "current", "visit", 0, 0.0, 1, 1),
        ("C1", "prior", "click", 50, 40.0, 1, 1),
        ("C2", "all", "click", 7, 7.0, 1, 1),
    ]
    stages = stages_by(detail, "campaign_id").filter(window="all")
    assert stages.select("stage", "count", "weighted_count", "events", "cells").rows() == [
        ("click", 157, 137.0, 3, 2),
        ("visit", 0, 0.0, 1, 1),
    ]


def test_two_systems_that_report_one_stage_are_seen() -> None:
    frame = pl.concat(
        [
            events([("A", "S1", "C1", "click", 10)], source="crm"),
            events([("A", "S1", "C1", "click", 12)], source="web_analytics"),
        ]
    )
    detail = funnel_detail(frame, Clock.on(AS_OF))
    assert detail.filter(window="all").select("count", "sources").row(0) == (22, 2)


def test_a_step_by_hand() -> None:
    row = one(events(journey("A", visit=200, signup=50), confidence=0.5))
    assert (row["step"], row["from_stage"], row["to_stage"]) == (1, "visit", "signup")
    assert (row["conversion"], row["drop_off"], row["lost"]) == (0.25, 0.75, 150)
    # Wilson, by statsmodels
    low, high = proportion_confint(50, 200, method="wilson")
    assert (row["conversion_low"], row["conversion_high"]) == pytest.approx((low, high))
    assert (row["drop_off_low"], row["drop_off_high"]) == pytest.approx((1 - high, 1 - low))
    assert row["weighted_conversion"] == 0.25


def test_confidence_weighs_each_stage() -> None:
    frame = pl.concat(
        [
            events(journey("A", visit=200), confidence=0.8),  # 160
            events(journey("A", signup=50), confidence=0.4),  # 20
        ]
    )
    assert one(frame)["weighted_conversion"] == pytest.approx(20 / 160)


def test_a_stage_nobody_records_is_stepped_over() -> None:
    table = steps(journey("A", click=100, signup=40, purchase=10))
    assert table.select("step", "from_stage", "to_stage", "lost").rows() == [
        (1, "click", "signup", 60),
        (2, "signup", "purchase", 30),
    ]
    assert not table["finding"].is_in(["break"]).any()


def test_a_recorded_zero_is_a_break_once() -> None:
    table = steps(journey("A", click=100, visit=0, signup=0, purchase=0))
    assert table["finding"].to_list() == ["break", None, None]
    assert table["reason"].to_list() == [
        "visits recorded as 0 after 100 clicks",
        "no visits",
        "no sign-ups",
    ]
    assert table["conversion"].to_list() == [0.0, None, None]
    assert table["people_rank"].to_list() == [1, None, None]


def test_one_person_is_enough_for_a_break_unless_config_asks_for_more() -> None:
    rows = journey("A", visit=1, signup=0)
    assert one(rows)["finding"] == "break"
    assert one(rows, rules=FunnelRules(break_people=2))["finding"] is None


def test_counts_that_grow_are_a_question_about_the_data() -> None:
    row = one(journey("A", click=100, visit=120))
    assert (row["finding"], row["conversion"], row["conversion_low"]) == (
        "data_question",
        None,
        None,
    )
    assert (row["drop_off"], row["lost"], row["weighted_conversion"]) == (None, None, None)
    assert row["reason"] == "more visits (120) than clicks (100): counts grow down the funnel"
    assert row["money_reason"] == "no count of people lost"
    assert one(journey("A", click=100, visit=100))["finding"] is None  # no growth, no peers
    assert one(journey("A", click=0, visit=5))["finding"] == "data_question"


def test_growth_says_where_the_earlier_stage_is_not_recorded() -> None:
    rows = [
        *journey("A", "S1", visit=100, signup=50),
        *journey("A", "S2", signup=70),
    ]
    assert one(rows)["reason"].endswith(
        "; visits are recorded for 1 of the 2 parts that record sign-ups"
    )


@pytest.mark.parametrize(
    ("visits", "signups", "finding"),
    [
        # the floor is half of the usual 0.5; Wilson's upper end for 20 % of 1000 is 0.226
        (1000, 200, "leak"),
        (1000, 250, "as_usual"),  # 0.25 with an upper end of 0.278
        (30, 6, "as_usual"),  # 20 % again, but of 30: the upper end is 0.373
        (29, 0, "break"),
        (29, 1, None),
        (30, 1, "leak"),
    ],
)
def test_a_leak_is_beyond_doubt(visits, signups, finding) -> None:
    row = beside_peers(journey("A", visit=visits, signup=signups)).row(0, named=True)
    assert row["finding"] == finding
    if visits >= RULES.minimum_people:
        assert (row["usual_conversion"], row["peers"]) == (0.5, 4)
    else:
        assert (row["usual_conversion"], row["peers"]) == (0.5, 3)


def test_too_few_journeys_say_nothing_of_the_usual() -> None:
    row = one(journey("A", visit=1000, signup=10))
    assert (row["finding"], row["usual_conversion"], row["peers"]) == (None, None, 1)
    assert row["reason"] == "1 of 3 journeys needed to say what is usual"
    assert (row["lost"], row["lost_beyond_usual"]) == (990, None)
    assert row["money_reason"] == "no usual conversion to compare with"


def test_peers_need_not_step_alike() -> None:
    """A journey without visits is compared from click to signup with those that record all."""
    peers = [row for p in "PQR" for row in journey(p, click=100, visit=80, signup=40)]
    row = steps([*peers, *journey("A", click=1000, signup=50)]).filter(campaign_id="A")
    assert row.select("from_stage", "usual_conversion", "finding").row(0) == ("click", 0.4, "leak")


def test_exposures_are_not_people() -> None:
    row = one(journey("A", impression=100_000, click=500))
    assert (row["conversion"], row["lost"], row["finding"]) == (0.005, None, None)
    assert row["reason"] == "impressions are exposures, not people"
    counted = one(
        journey("A", impression=100_000, click=500), rules=FunnelRules(people_from="impression")
    )
    assert counted["lost"] == 99_500


def test_money_at_stake_by_hand() -> None:
    row = beside_peers(journey("A", visit=1000, signup=200), revenue=earned(A=5000.0)).row(
        0, named=True
    )
    # usual: 0.5 * 1000 = 500 signups, 300 more than came; a signup earns 5000 / 200 = 25
    assert (row["lost"], row["lost_beyond_usual"], row["money_at_stake"]) == (800, 300.0, 7500.0)
    assert row["money_reason"] is None


@pytest.mark.parametrize(
    ("signups", "revenue", "money", "reason"),
    [
        (0, 5000.0, None, "no sign-ups: what a person is worth there is unknown"),
        (600, 5000.0, 0.0, None),  # above the usual: nothing is at stake
        (200, None, None, "no revenue recorded for this journey in the window"),
    ],
)
def test_money_at_stake_that_is_none(signups, revenue, money, reason) -> None:
    row = beside_peers(
        journey("A", visit=1000, signup=signups),
        revenue=NO_MONEY if revenue is None else earned(A=revenue),
    ).row(0, named=True)
    assert (row["money_at_stake"], row["money_reason"]) == (money, reason)


def test_leaks_and_breaks_are_ranked() -> None:
    rows = [
        *PEERS,
        *journey("P4", visit=300, signup=150),
        *journey("A", visit=1000, signup=100),  # loses 900, of a journey that earns little
        *journey("B", visit=500, signup=50),  # loses 450, of one that earns much
        *journey("C", visit=450, signup=0),  # loses 450 too: after B by key
    ]
    table = steps(rows, revenue=earned(A=10.0, B=9000.0)).drop_nulls("people_rank")
    assert table.select("campaign_id", "finding", "people_rank", "money_rank").rows() == [
        ("A", "leak", 1, 2),
        ("B", "leak", 2, 1),
        ("C", "break", 3, None),
    ]


def test_windows_have_their_own_steps() -> None:
    frame = pl.concat(
        [
            events(journey("A", visit=100, signup=50), timestamp=datetime(2026, 3, 2)),
            events(journey("A", visit=100, signup=10)),
        ]
    )
    found = {w: one(frame, window=w)["conversion"] for w in ("all", "current", "prior")}
    assert found == {"all": 0.3, "current": 0.1, "prior": 0.5}


def test_segments_have_their_own_steps() -> None:
    rows = [*journey("A", "S1", visit=10, signup=5), *journey("A", "S2", visit=20, signup=5)]
    table = steps(rows, keys=SEGMENT)
    assert table.select("segment_id", "conversion").rows() == [("S1", 0.5), ("S2", 0.25)]
    assert one(rows)["conversion"] == pytest.approx(1 / 3)


def test_no_events() -> None:
    assert steps([]).height == 0
    assert steps([], keys=SEGMENT).height == 0
    assert steps(journey("A", visit=9)).height == 0


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(STAGES), st.integers(0, 10**9), min_size=1))
def test_people_are_conserved_along_any_journey(counts) -> None:
    """Adjacent observed stages chain up, and who is lost plus who goes on is who came."""
    table = steps(journey("A", **counts))
    observed = [stage for stage in STAGES if stage in counts]
    assert table["from_stage"].to_list() == observed[:-1]
    assert table["to_stage"].to_list() == observed[1:]
    kept = table.drop_nulls("lost")
    assert (kept["lost"] + kept["to_count"]).equals(kept["from_count"])
    sure = table.drop_nulls("conversion")
    # Wilson's ends at 0 and at n are 0 and 1 within rounding
    assert (sure["conversion_low"] <= sure["conversion"] + 1e-12).all()
    assert (sure["conversion"] <= sure["conversion_high"] + 1e-12).all()
    undecided = table.filter(pl.col("conversion").is_null() | pl.col("finding").is_null())
    assert undecided["reason"].null_count() == 0
    assert table.filter(pl.col("money_at_stake").is_null())["money_reason"].null_count() == 0


@pytest.fixture(scope="module")
def sample() -> dict[str, pl.DataFrame]:
    config = MarketingOrchestratorConfig(data_dir=str(DATA))
    return {str(source): raw.frame for source, raw in load(config).items()}


def of_sample(sample, frame: pl.DataFrame, keys=CAMPAIGN, window="all") -> pl.DataFrame:
    day = date(2026, 4, 26)
    rolled = rollups(
        sample["performance_metrics"].lazy(), sample["creative_assets"].lazy(), Clock.on(day)
    )
    revenue = rolled["rollup_campaign" if keys == CAMPAIGN else "rollup_segment"]
    stages = stages_by(funnel_detail(frame, Clock.on(day)), *keys)
    return steps_by(stages, revenue, keys, RULES, 0.05).filter(window=window)


def test_row_order_changes_nothing(sample) -> None:
    frame = sample["funnel_events"]
    mixed = frame.sample(fraction=1.0, shuffle=True, seed=11)
    for keys in (CAMPAIGN, SEGMENT):
        assert of_sample(sample, frame, keys).equals(of_sample(sample, mixed, keys))


def test_splits_add_up(sample) -> None:
    detail = funnel_detail(sample["funnel_events"], Clock.on(date(2026, 4, 26)))
    for keys in (CAMPAIGN, SEGMENT, ("channel_id",)):
        stages = stages_by(detail, *keys).filter(window="all")
        assert stages["count"].sum() == sample["funnel_events"]["count"].sum()
        assert stages["events"].sum() == sample["funnel_events"].height


def test_the_samples_stories_appear(sample) -> None:
    stories = {s["kind"]: s for s in json.loads((DATA / "truth.json").read_text())["stories"]}
    table = of_sample(sample, sample["funnel_events"])
    segments = of_sample(sample, sample["funnel_events"], SEGMENT)

    leak = stories["leaking_stage"]
    worst = table.filter(money_rank=1).row(0, named=True)
    assert {k: worst[k] for k in leak["keys"]} == leak["keys"]
    assert worst["finding"] == "leak"
    assert worst["conversion_low"] <= leak["values"]["share"] <= worst["conversion_high"]
    assert worst["usual_conversion"] == pytest.approx(leak["values"]["usual"], abs=0.02)

    broken = stories["funnel_break"]["keys"]
    breaks = table.filter(finding="break")
    assert breaks.select("campaign_id", "to_stage").rows() == [
        (broken["campaign_id"], broken["stage"])
    ]

    silent = stories["unrecorded_stage"]["keys"]
    own = table.filter(campaign_id=silent["campaign_id"])
    assert silent["stage"] not in {*own["from_stage"], *own["to_stage"]}
    assert own["finding"].drop_nulls().unique().to_list() == ["as_usual"]

    grows = segments.filter(finding="data_question")
    keys = stories["growing_funnel"]["keys"]
    assert grows.select("campaign_id", "segment_id").rows() == [tuple(keys.values())]
    assert grows["to_stage"].item() == "signup"


def test_nothing_unplanted_is_called_a_leak_or_a_break(sample) -> None:
    table = of_sample(sample, sample["funnel_events"])
    found = table.filter(pl.col("finding").is_in(["leak", "break", "data_question"]))
    assert found.select("campaign_id", "to_stage", "finding").rows() == [
        ("CAMP_003", "signup", "leak"),  # the campaign that spends without return
        ("CAMP_005", "demo_request", "leak"),
        ("CAMP_006", "purchase", "break"),
    ]
