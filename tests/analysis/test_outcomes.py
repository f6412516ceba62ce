"""What followed each decision, and whether confidence foretold it: by hand and on the sample."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

import mktorch
from mktorch.analysis.calibration import confidence_ranking, decision_calibration
from mktorch.analysis.outcomes import decision_outcomes
from mktorch.config.decision_rules import DecisionRules, Outcome
from mktorch.stats import koopman_lift
from tests.analysis.test_decisions import decisions
from tests.conftest import SAMPLE

RULES = DecisionRules()
NOON = datetime(2026, 4, 10, 12)
BEFORE, AFTER = range(-7, 0), range(1, 8)


def campaigns(kpi: str = "conversion_rate") -> pl.DataFrame:
    return pl.DataFrame({"campaign_id": ["C1"], "primary_kpi": [kpi]})


def days(values: dict[int, dict]) -> pl.DataFrame:
    """Days of C1 by their distance from 10 April, plain but for what is told."""
    plain = {"impressions": 1000, "clicks": 100, "conversions": 20, "cost": 50.0, "revenue": 100.0}
    rows = [
        {
            "campaign_id": "C1",
            "segment_id": "S1",
            "channel_id": "CH1",
            "date": NOON.date() + timedelta(days=distance),
            **plain,
            **told,
        }
        for distance, told in values.items()
    ]
    schema = {
        "campaign_id": pl.String,
        "segment_id": pl.String,
        "channel_id": pl.String,
        "date": pl.Date,
        "impressions": pl.Int64,
        "clicks": pl.Int64,
        "conversions": pl.Int64,
        "cost": pl.Float64,
        "revenue": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema)


def alike(distances: Iterable[int], **told: float) -> dict[int, dict]:
    """The same measures on each of those days."""
    return dict.fromkeys(distances, told)


def outcome(
    before: dict, after: dict, kpi: str = "conversion_rate", rules: DecisionRules = RULES
) -> dict:
    """The outcome where every day of a side is alike."""
    frame = days({**alike(BEFORE, **before), **alike(AFTER, **after), 0: {"clicks": 9}})
    one = decisions({"timestamp": NOON})
    return decision_outcomes(campaigns(kpi), one, frame, rules).row(0, named=True)


def test_a_proportion_by_hand() -> None:
    """140 of 7000 before, 210 of 7000 after: lift 0.5; p from an independent z test."""
    row = outcome({}, {"conversions": 30})
    assert (row["numerator_before"], row["denominator_before"]) == (140.0, 7000.0)
    assert (row["numerator_after"], row["days_before"], row["days_after"]) == (210.0, 7, 7)
    assert (row["value_before"], row["value_after"]) == (0.02, 0.03)
    assert row["lift"] == pytest.approx(0.5)
    assert row["difference"] == pytest.approx(0.01)
    _, p_value = proportions_ztest([140, 210], [7000, 7000])
    assert row["p_value"] == pytest.approx(p_value, rel=1e-9)
    interval = koopman_lift(140, 7000, 210, 7000)
    assert (row["lift_low"], row["lift_high"]) == pytest.approx(tuple(map(float, interval)))
    assert (row["verdict"], row["reason"], row["lift_reason"]) == ("improved", None, None)


@pytest.mark.parametrize(
    ("kpi", "after", "verdict"),
    [
        ("conversion_rate", {"conversions": 30}, "improved"),
        ("conversion_rate", {"conversions": 12}, "worsened"),
        ("conversion_rate", {"conversions": 21}, "no_detectable_change"),
        ("click_through_rate", {"clicks": 150}, "improved"),
        ("click_to_conversion_rate", {"clicks": 150}, "worsened"),
    ],
)
def test_the_verdict_follows_the_kpi(kpi, after, verdict) -> None:
    assert outcome({}, after, kpi)["verdict"] == verdict


def ratio_days(factor: float) -> pl.DataFrame:
    wave = [0.9, 1.1, 1.0, 0.95, 1.05, 1.02, 0.98]
    told = {d: {"cost": 50.0 * w} for d, w in zip(BEFORE, wave, strict=True)}
    told |= {d: {"cost": 50.0 * w * factor} for d, w in zip(AFTER, wave, strict=True)}
    return days(told)


@pytest.mark.parametrize(
    ("kpi", "factor", "verdict"),
    [
        ("cost_per_acquisition", 0.8, "improved"),  # lower is better
        ("cost_per_acquisition", 1.25, "worsened"),
        ("cost_per_acquisition", 1.01, "no_detectable_change"),
        ("return_on_ad_spend", 0.8, "improved"),
    ],
)
def test_a_ratio_is_compared_over_days(kpi, factor, verdict) -> None:
    one = decisions({"timestamp": NOON})
    row = decision_outcomes(campaigns(kpi), one, ratio_days(factor), RULES).row(0, named=True)
    assert row["verdict"] == verdict
    assert row["kind"] == "ratio"
    inside = row["lift_low"] <= 0 <= row["lift_high"]
    assert inside == (row["p_value"] >= RULES.alpha)  # p and interval agree
    assert row["lift_low"] < row["lift"] < row["lift_high"]


def test_equal_conversions_a_day_make_the_ratio_a_mean() -> None:
    """With 20 conversions every day the cost per acquisition is a mean: Welch's own t test."""
    frame = ratio_days(0.9)
    one = decisions({"timestamp": NOON})
    row = decision_outcomes(campaigns("cost_per_acquisition"), one, frame, RULES)
    day = NOON.date()
    sides = (frame.filter(pl.col("date") < day), frame.filter(pl.col("date") > day))
    reference = scipy_stats.ttest_ind(
        *((side["cost"] / side["conversions"]).to_numpy() for side in sides), equal_var=False
    )
    assert row["p_value"].item() == pytest.approx(reference.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("before", "after", "kpi", "reason"),
    [
        ({}, {}, "no_such_metric", "the primary KPI no_such_metric is not in the registry"),
        ({"impressions": 0}, {}, "conversion_rate", "0.0 impressions before, 100 needed"),
        ({}, {"impressions": 14, "conversions": 1}, "conversion_rate",
         "98.0 impressions after, 100 needed"),
        ({"conversions": 0}, {"conversions": 1}, "conversion_rate",
         "too few conversions: 3.5 expected on a side"),
        ({"cost": 50.0}, {"cost": 60.0}, "cost_per_acquisition",
         "the days do not vary: nothing to test against"),
    ],
)  # fmt: skip
def test_too_little_data_says_what_is_short(before, after, kpi, reason) -> None:
    row = outcome(before, after, kpi)
    assert (row["verdict"], row["reason"]) == ("too_little_data", reason)
    for name in ("lift", "lift_low", "lift_high", "difference", "p_value", "lift_reason"):
        assert row[name] is None


@pytest.mark.parametrize(("count", "verdict"), [(5, "improved"), (4, "too_little_data")])
def test_days_needed_on_each_side(count, verdict) -> None:
    one = decisions({"timestamp": NOON})
    told = {**alike(BEFORE), **alike(range(1, count + 1), conversions=40)}
    row = decision_outcomes(campaigns(), one, days(told), RULES).row(0, named=True)
    assert (row["verdict"], row["days_after"]) == (verdict, count)
    mirrored = {
        **alike(range(-count, 0)),
        **alike(AFTER, conversions=40),
    }
    row = decision_outcomes(campaigns(), one, days(mirrored), RULES).row(0, named=True)
    assert (row["verdict"], row["days_before"]) == (verdict, count)


def test_from_nothing_there_is_a_verdict_and_no_lift() -> None:
    row = outcome({"conversions": 0}, {"conversions": 20})
    assert (row["verdict"], row["lift"], row["lift_high"]) == ("improved", None, None)
    assert row["difference"] == pytest.approx(0.02)
    assert "no conversions in the days before" in row["lift_reason"]


def test_only_the_days_around_count() -> None:
    plain = outcome({}, {"conversions": 30})
    wide = days(
        {
            **alike(BEFORE),
            **alike(AFTER, conversions=30),
            **alike((-8, 0, 8), conversions=900),
        }
    )
    one = decisions({"timestamp": NOON})
    assert decision_outcomes(campaigns(), one, wide, RULES).row(0, named=True) == plain


def test_other_decisions_nearby_are_counted() -> None:
    stamps = [NOON, NOON + timedelta(days=7), NOON + timedelta(days=15), NOON]
    records = decisions(*({"timestamp": stamp} for stamp in stamps), {"campaign_id": "C2"})
    table = decision_outcomes(campaigns(), records, days({}), RULES)
    assert table["overlapping_decisions"].to_list() == [2, 2, 0, 2, 0]
    assert table["reason"].to_list()[:4] == ["0 of 5 days needed before"] * 4
    # C2 is no known campaign, so it has no KPI
    assert table["verdict"].unique().to_list() == ["too_little_data"]


def test_no_decision_no_outcome() -> None:
    empty = decision_outcomes(campaigns(), decisions(), days({}), RULES)
    assert empty.is_empty()
    assert empty.schema == decision_outcomes(campaigns(), decisions({}), days({}), RULES).schema
    calibration = decision_calibration(empty, RULES)
    assert calibration["decisions"].to_list() == [0, 0, 0]
    assert calibration["reason"].to_list() == ["no decision in this band"] * 3
    row = confidence_ranking(empty, RULES).row(0, named=True)
    assert (row["gamma"], row["auc"], row["answer"]) == (None, None, "too_little_data")
    assert row["reason"] == "0 of 5 judged decisions needed"


def verdicts(*pairs: tuple[float, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [(f"D{n:03d}", *pair) for n, pair in enumerate(pairs)],
        schema={"decision_id": pl.String, "confidence_score": pl.Float64, "verdict": pl.String},
        orient="row",
    )


def test_bands_by_hand() -> None:
    table = decision_calibration(
        verdicts(
            (0.59, "improved"),
            (0.6, "worsened"),  # a band is closed below
            (0.7, "improved"),
            (0.79, "too_little_data"),
            (0.8, "too_little_data"),
            (1.0, "too_little_data"),
        ),
        RULES,
    )
    assert table.select("from_confidence", "to_confidence").rows() == [
        (0.0, 0.6),
        (0.6, 0.8),
        (0.8, 1.0),
    ]
    assert table["decisions"].to_list() == [1, 3, 2]
    assert table["judged"].to_list() == [1, 2, 0]
    assert table["share_improved"].to_list() == [1.0, 0.5, None]
    assert table["mean_confidence"].to_list() == pytest.approx([0.59, 2.09 / 3, 0.9])
    low, high = proportion_confint(1, 2, method="wilson")
    assert table.select("share_low", "share_high").row(1) == pytest.approx((low, high))
    assert table["reason"].to_list() == [None, None, "no decision of this band could be judged"]


def test_gamma_and_auc_by_hand() -> None:
    """Improved 0.9, 0.6; no change 0.7; worsened 0.5, 0.6.

    Pairs: improved over no change: 0.9 > 0.7 concordant, 0.6 < 0.7 discordant. Improved over
    worsened: 0.9 beats both, 0.6 beats 0.5 and ties 0.6: three concordant, one tied. No change
    over worsened: two concordant. Gamma = (6 - 1) / 7. AUC: improved against the other three:
    0.9 wins 3; 0.6 wins 1, ties 1, loses 1: (3 + 1.5) / 6 = 0.75.
    """
    table = verdicts(
        (0.9, "improved"),
        (0.6, "improved"),
        (0.7, "no_detectable_change"),
        (0.5, "worsened"),
        (0.6, "worsened"),
        (0.1, "too_little_data"),
    )
    row = confidence_ranking(table, RULES).row(0, named=True)
    assert (row["judged"], row["concordant"], row["discordant"], row["tied"]) == (5, 6, 1, 1)
    assert row["gamma"] == pytest.approx(5 / 7)
    assert row["auc"] == pytest.approx(0.75)
    reference = scipy_stats.kendalltau([0.9, 0.6, 0.7, 0.5, 0.6], [2, 2, 1, 0, 0])
    assert row["p_value"] == pytest.approx(reference.pvalue)
    assert (row["answer"], row["reason"]) == ("no_detectable_relation", None)


@pytest.mark.parametrize(
    ("pairs", "answer", "gamma"),
    [
        ([(n / 20, "worsened") for n in range(8)] + [(0.9, "improved")] * 6, "better", 1.0),
        ([(n / 20, "improved") for n in range(8)] + [(0.9, "worsened")] * 6, "worse", -1.0),
        ([(0.5, "improved"), (0.5, "worsened")] * 5, "too_little_data", None),
        ([(n / 10, "improved") for n in range(9)], "too_little_data", None),
        ([(0.9, "improved"), (0.1, "worsened")] * 2, "too_little_data", 1.0),  # 4 of 5 needed
    ],
)
def test_do_confident_decisions_turn_out_better(pairs, answer, gamma) -> None:
    row = confidence_ranking(verdicts(*pairs), RULES).row(0, named=True)
    assert (row["answer"], row["gamma"]) == (answer, gamma)
    assert (row["reason"] is None) == (answer != "too_little_data")


PAIRS = st.lists(
    st.tuples(
        st.integers(0, 10).map(lambda n: n / 10), st.sampled_from([str(word) for word in Outcome])
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.integers(0, 99))
def test_rank_statistics_against_plain_counting(pairs, seed) -> None:
    table = verdicts(*pairs)
    row = confidence_ranking(table, RULES).row(0, named=True)
    order = {"worsened": 0, "no_detectable_change": 1, "improved": 2}
    judged = [(score, order[word]) for score, word in pairs if word in order]
    signs = [
        np.sign(a[0] - b[0]) * np.sign(a[1] - b[1])
        for n, a in enumerate(judged)
        for b in judged[:n]
        if a[1] != b[1]
    ]
    assert (row["concordant"], row["discordant"], row["tied"]) == tuple(
        signs.count(sign) for sign in (1, -1, 0)
    )
    calibration = decision_calibration(table, RULES)
    assert calibration["decisions"].sum() == len(pairs)
    assert calibration["judged"].sum() == len(judged) == row["judged"]
    shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(decision_calibration(shuffled, RULES), calibration)
    assert confidence_ranking(shuffled, RULES).equals(confidence_ranking(table, RULES))


def test_the_samples_stories(sample_run: mktorch.Run) -> None:
    tables = sample_run.tables
    table = decision_outcomes(
        tables.campaigns, tables.orchestrator_decisions, tables.rollup_day, RULES
    )
    stories = json.loads((SAMPLE / "truth.json").read_text())["stories"]
    for kind, verdict in (("improved_decision", "improved"), ("worsened_decision", "worsened")):
        (one,) = (s for s in stories if s["kind"] == kind)
        row = table.filter(decision_id=one["keys"]["decision_id"]).row(0, named=True)
        assert row["verdict"] == verdict
        true_lift = one["values"]["factor"] - 1
        assert row["lift_low"] <= true_lift <= row["lift_high"]
        assert row["confidence_score"] == one["values"]["confidence_score"]
    explained = table.filter(pl.col("verdict") == "too_little_data")
    assert explained["reason"].null_count() == 0
    judged = table.filter(pl.col("verdict") != "too_little_data")
    assert judged.select("p_value", "value_before", "value_after").null_count().row(0) == (0, 0, 0)
    ranking = confidence_ranking(table, RULES).row(0, named=True)
    assert ranking["judged"] == judged.height
    assert ranking["gamma"] < 0  # the surest decision went worst, the least sure went best
    shuffled = tables.rollup_day.sample(fraction=1, shuffle=True, seed=1)
    again = decision_outcomes(
        tables.campaigns, tables.orchestrator_decisions.reverse(), shuffled, RULES
    )
    assert_frame_equal(again, table)


def test_a_day_is_that_of_the_timestamp() -> None:
    late = decisions({"timestamp": datetime(2026, 4, 10, 23, 59, 59)})
    early = decisions({"timestamp": datetime(2026, 4, 10)})
    frame = days({**alike(BEFORE), **alike(AFTER, conversions=30)})
    counts = [
        decision_outcomes(campaigns(), one, frame, RULES)
        .select("numerator_before", "numerator_after")
        .row(0)
        for one in (late, early)
    ]
    assert counts == [(140.0, 210.0)] * 2
    assert frame["date"].min() == date(2026, 4, 3)
