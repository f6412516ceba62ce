"""The metric registry: names, sums over sums, undefined values as null."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig, Metric
from mktorch.metrics import METRICS, attribute_of, measure_of, registry, roas, roi, value_of
from mktorch.sums import ratio

SUMS = pl.DataFrame(
    {
        "impressions": [2000],
        "clicks": [50],
        "conversions": [10],
        "cost": [125.0],
        "revenue": [500.0],
    }
)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("click_through_rate", 50 / 2000),
        ("feature_click_through_rate", 50 / 2000),
        ("conversion_rate", 10 / 2000),
        ("demo_request_rate", 10 / 2000),
        ("click_to_conversion_rate", 10 / 50),
        ("cost_per_acquisition", 125 / 10),
        ("cost_per_click", 125 / 50),
        ("cost_per_impression", 125 / 2000),
        ("return_on_ad_spend", 500 / 125),
        ("revenue_per_impression", 500 / 2000),
        ("revenue_per_conversion", 500 / 10),
    ],
)
def test_every_metric_is_its_own_sum_over_sum(metric: str, value: float) -> None:
    assert SUMS.select(value_of(pl.lit(metric))).item() == pytest.approx(value, rel=1e-15)


def test_every_built_in_metric_is_tested_above() -> None:
    tested = {
        mark.args[1][i][0]
        for mark in test_every_metric_is_its_own_sum_over_sum.pytestmark
        for i in range(11)
    }
    assert tested == set(METRICS)


def test_rows_of_different_metrics_are_valued_at_once() -> None:
    frame = pl.concat([SUMS] * 3).with_columns(
        metric=pl.Series(["click_through_rate", "cost_per_click", "mood"])
    )
    assert frame.select(value_of(pl.col("metric"))).to_series().to_list() == [0.025, 2.5, None]
    assert frame.select(measure_of(pl.col("metric"), "numerator")).to_series().to_list() == [
        50.0,
        125.0,
        None,
    ]
    assert frame.select(
        attribute_of(pl.col("metric"), "direction", METRICS)
    ).to_series().to_list() == ["up", "down", None]


@pytest.mark.parametrize("denominator", [0, -1, None])
def test_a_ratio_without_a_positive_denominator_is_null(denominator) -> None:
    assert pl.select(ratio(pl.lit(5.0), pl.lit(denominator, dtype=pl.Float64))).item() is None


def test_return_expressions() -> None:
    revenue, cost = pl.lit(9350.0), pl.lit(4200.0)
    assert pl.select(roas(revenue, cost)).item() == pytest.approx(2.226190476190476)
    assert pl.select(roi(revenue, cost)).item() == pytest.approx(1.226190476190476)


def test_users_add_metrics_in_config() -> None:
    config = MarketingOrchestratorConfig(
        metrics={
            "cost_per_thousand": {
                "numerator": "cost",
                "denominator": "impressions",
                "kind": "ratio",
                "direction": "down",
            }
        }
    )
    metrics = registry(config.metrics)
    assert set(metrics) == {*METRICS, "cost_per_thousand"}
    assert SUMS.select(value_of(pl.lit("cost_per_thousand"), metrics)).item() == 0.0625
    with pytest.raises(ValueError, match="numerator"):
        Metric(numerator="mood", denominator="clicks", kind="ratio")
