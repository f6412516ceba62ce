"""Which record states a campaign's money, and the gap between the two."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch import paired
from mktorch.analysis.money import campaign_money, exact, relative_gap
from mktorch.sums import total

CAMPAIGNS = pl.DataFrame({"campaign_id": ["C3", "C1", "C2"]})
LEDGER = pl.DataFrame(
    {
        "campaign_id": ["C1", "C1"],
        "llm_cost": [0.1, 0.2],
        "human_review_cost": [5.0, 6.0],
        "media_spend": [100.0, 50.0],
        "estimated_value": [200.0, 10.0],
    }
)
UNPAIRED = paired.RollupPaired.create_empty()
ROLLUP = pl.DataFrame(
    {
        "campaign_id": ["C1", "C2", "C1"],
        "window": ["all", "all", "current"],
        "cost": [140.0, 70.0, 9.0],
        "revenue": [215.0, 90.0, 9.0],
    }
)


@pytest.mark.parametrize(
    ("authority", "c1"),
    [("ledger", ("ledger", 150.0, 210.0)), ("metrics", ("metrics", 140.0, 215.0))],
)
def test_the_authority_states_the_figures_and_the_other_fills_in(authority, c1) -> None:
    money = campaign_money(CAMPAIGNS, LEDGER, ROLLUP, UNPAIRED, authority)
    assert money.select(
        "campaign_id", "spend_source", "total_spend", "total_revenue_proxy"
    ).rows() == [("C1", *c1), ("C2", "metrics", 70.0, 90.0), ("C3", None, None, None)]


def test_both_figures_and_the_gap_are_kept() -> None:
    row = campaign_money(CAMPAIGNS, LEDGER, ROLLUP, UNPAIRED).row(0, named=True)
    assert (row["ledger_spend"], row["metrics_spend"], row["spend_gap"]) == (150.0, 140.0, 10.0)
    assert (row["ledger_revenue"], row["metrics_revenue"], row["revenue_gap"]) == (210, 215, -5)
    assert row["llm_cost"] == 0.3  # 0.1 + 0.2 without binary dust


def test_totals_are_exact_and_null_where_nothing_is_known() -> None:
    frame = pl.DataFrame({"x": [0.1, 0.2, None], "y": [None, None, None]}).cast(pl.Float64)
    assert frame.select(total("x"), total("y")).row(0) == (0.3, None)
    assert pl.select(exact(pl.lit(19150.0) - 102.55 - 495.0 - 10500.0)).item() == 8052.45


def test_relative_gap_has_no_value_against_zero() -> None:
    assert pl.select(relative_gap(pl.lit(118.0), pl.lit(100.0))).item() == pytest.approx(0.18)
    assert pl.select(relative_gap(pl.lit(1.0), pl.lit(0.0))).item() is None
