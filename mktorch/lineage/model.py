"""The columns of the tables still defined here, whose values add up."""

from __future__ import annotations

from mktorch.tables import CAMPAIGN, Definition, Upstream, read

__all__ = ["ADDITIVE", "CAMPAIGN", "Definition", "Upstream", "read"]

ADDITIVE = frozenset(
    {
        "amount",
        "attributed_conversions",
        "clicks",
        "conversions",
        "cost",
        "count",
        "estimated_value",
        "human_review_cost",
        "ledger_revenue",
        "ledger_spend",
        "impressions",
        "llm_cost",
        "media_spend",
        "metrics_revenue",
        "metrics_spend",
        "net_roi",
        "revenue",
        "revenue_proxy",
        "total_revenue_proxy",
        "total_spend",
    }
)
"""Columns whose values add up over rows; of others a range says more than a sum."""
