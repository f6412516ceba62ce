"""One campaign in short: its verdict, what it brought, what it is for and how it is judged."""

from __future__ import annotations

from typing import Any

from mktorch.display.page import Lead, Unavailable
from mktorch.display.register import section
from mktorch.display.sections.context import locale_of, money, of_campaign
from mktorch.display.status import LIFECYCLE, PERFORMANCE
from mktorch.formats import DATE, RATIO, format_value
from mktorch.metrics import registry
from mktorch.runs import Run


@section("campaign_analysis", "campaigns")
def campaign_profile(run: Run, campaign: str = "") -> Lead | Unavailable:
    """The campaign's verdict and result, its flight, objective, hypothesis and primary KPI."""
    if not campaign:
        return Unavailable(reason="Name a campaign to see its profile.")
    facts = of_campaign(run, "campaign_analysis", campaign).row(0, named=True)
    hypothesis = of_campaign(run, "campaigns", campaign)["hypothesis"][0]
    return Lead(
        status=PERFORMANCE[facts["overall_performance"]],
        sentence=_result(run, facts),
        points=tuple(
            filter(
                None,
                (
                    _flight(run, facts),
                    f"Objective: {facts['objective']}" if facts["objective"] else "",
                    f"Hypothesis: {hypothesis}" if hypothesis else "",
                ),
            )
        ),
    )


def _result(run: Run, facts: dict[str, Any]) -> str:
    spend, value = facts["total_spend"], facts["total_revenue_proxy"]
    if spend is None or value is None:
        return f"{facts['name']} cannot be rated: {facts['performance_reason']}."
    rate = "" if facts["roas"] is None else f", a {format_value(facts['roas'], RATIO)} return"
    return (
        f"{facts['name']} generated {money(run, value)} of value on {money(run, spend)} of "
        f"spend{rate}."
    )


def _flight(run: Run, facts: dict[str, Any]) -> str:
    locale, known = locale_of(run), registry(run.config.metrics)
    first, last = (facts[f"{end}_date"] for end in ("start", "end"))
    began = format_value(first, DATE, locale)
    dates = f"{began} to {format_value(last, DATE, locale)}" if last else f"from {began} on"
    budget = "no" if facts["budget"] is None else money(run, facts["budget"])
    kpi = facts["primary_kpi"]
    label = known[kpi].label if kpi in known else str(kpi).replace("_", " ")
    return (
        f"{LIFECYCLE[facts['status']].word}, {dates}, {budget} budget; primary KPI: "
        f"{label.lower()}."
    )
