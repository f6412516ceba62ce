"""The texts a run shows: a model's where one stands, else the rules', each with who and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, NamedTuple

import polars as pl

from mktorch.analysis.campaigns import CampaignAnalysis
from mktorch.config import MarketingOrchestratorConfig
from mktorch.narrative.figures import campaign_figures, portfolio_figures
from mktorch.narrative.llm_calls import Wording, calls_frame, note, rendered, why_not, word
from mktorch.narrative.llm_validation import LINE
from mktorch.narrative.templates import locale_of
from mktorch.tables import by_campaign, count, declare, key, money, same, text, texts
from mktorch.tables import word as word_

Tables = Mapping[str, pl.DataFrame]

# fmt: off
_STANDING = {
    "text": text("The text, as Markdown"),
    "note": text("Which text stands, and why"),
    "origin": word_(("model", "rules"), "Who worded it"),
    "reason": text("Why the model's text does not stand", null="it stands"),
    "model": text("The model that was asked", null="none was asked"),
    "attempts": count("Number of calls to the model"),
    "refused": texts("Why each attempt that failed did"),
}
MeasuredSummary = declare("measured_summary", "One row: the summary that stands.", _STANDING)
MeasuredInsights = declare("measured_insights",
    "One row per campaign with most at stake: the note on it that stands.", {
    "campaign_id": key("The campaign"),
    "name": same(CampaignAnalysis, "name"),
    "stake": money("Largest amount at stake in one of its recommendations",
        by_campaign("recommendations", "stake"), adds=False, null="no recommendation names one"),
    **_STANDING,
})
# fmt: on
# The tables the texts cannot do without, and those they read where they were made.
NEEDS = ("verdict", "decisions_asked")
READS = (
    "next_steps",
    "recommendations",
    "roi_analysis",
    "performance_assessment",
    "campaign_analysis",
)
_FOR_INSIGHTS = {"campaign_analysis", "recommendations"}


class Worded(NamedTuple):
    """The summary and the insights that stand, and the calls that were made for them."""

    measured_summary: pl.DataFrame
    measured_insights: pl.DataFrame
    measured_model_usage: pl.DataFrame


def worded(
    tables: Tables, rule_based_summary: str, config: MarketingOrchestratorConfig, notes: list[str]
) -> Worded:
    """The run's texts, by a model where one may write them, else by rules, and a note of which."""
    read = {name: tables[name] for name in (*NEEDS, *READS) if name in tables}
    end = monotonic() + config.model_rules.timeout_seconds
    told, wording = summary(read, rule_based_summary, config, end)
    noted, wordings = insights(read, config, end)
    notes.append(f"summary: {told['note'].item()}")
    return Worded(told, noted, calls_frame((wording, *wordings)))


def summary(
    tables: Tables, ruled: str, config: MarketingOrchestratorConfig, end: float
) -> tuple[pl.DataFrame, Wording]:
    """The summary that stands, and how it came about.

    Parameters
    ----------
    tables
        verdict and decisions_asked; next_steps, roi_analysis, performance_assessment and
        campaign_analysis where they were made.
    ruled
        The rule-based summary.
    end
        The moment, by `time.monotonic`, by which the model must be done.

    Returns
    -------
    `MeasuredSummary`; and the calls made for it.
    """
    reason = why_not(config, "enable_llm_summary")
    if reason:
        wording = Wording(None, reason)
    else:
        most = config.model_rules.max_campaigns
        asked = config.narrative_rules.max_decisions
        figures = portfolio_figures(tables, locale_of(config), most, asked)
        wording = word("summary", figures, config, end)
    return MeasuredSummary.frame([_standing(wording, ruled, config)]), wording


def insights(
    tables: Tables, config: MarketingOrchestratorConfig, end: float
) -> tuple[pl.DataFrame, list[Wording]]:
    """A note on each of the campaigns with most at stake; none where insights are switched off.

    Reads campaign_analysis and recommendations; empty where one was not made. `MeasuredInsights`,
    most at stake first.
    """
    if not config.enable_llm_insights or not tables.keys() >= _FOR_INSIGHTS:
        return MeasuredInsights.frame(), []
    reason = why_not(config, "enable_llm_insights")
    rows, wordings = [], []
    for campaign in at_stake(tables, config.llm_insights_max_campaigns).iter_rows(named=True):
        figures = campaign_figures(
            campaign,
            tables["recommendations"],
            locale_of(config),
            config.model_rules.max_recommendations,
        )
        key = campaign["campaign_id"]
        wording = Wording(None, reason) if reason else word("insight", figures, config, end, key)
        about = {name: campaign[name] for name in ("campaign_id", "name", "stake")}
        rows.append({**about, **_standing(wording, rule_based_insight(figures), config)})
        wordings.append(wording)
    return MeasuredInsights.frame(rows), wordings


def at_stake(tables: Tables, most: int) -> pl.DataFrame:
    """The rows of campaign_analysis with most at stake, with `stake`; ties by id.

    A campaign's stake is the largest among its recommendations, as several may weigh the same
    money. Campaigns without a recommendation are left out.
    """
    stakes = tables["recommendations"].group_by("campaign_id").agg(pl.col("stake").max())
    return (
        tables["campaign_analysis"]
        .join(stakes, on="campaign_id")
        .sort("stake", "campaign_id", descending=[True, False], nulls_last=True)
        .head(most)
    )


def rule_based_insight(figures: pl.DataFrame) -> str:
    """How the campaign is judged, its figures, what is recommended: Markdown from its lines."""
    return rendered("\n".join(_outline(figures)), figures)


def _outline(figures: pl.DataFrame) -> Iterator[str]:
    lines = figures.filter(kind=LINE)["name"].to_list()
    yield f"{{{{{lines[0]}}}}}"
    yield "{{campaign}}"
    yield from (f"- {{{{{name}}}}}" for name in lines[1:])


def _standing(
    wording: Wording, ruled: str, config: MarketingOrchestratorConfig
) -> Mapping[str, Any]:
    asked = bool(wording.calls)
    return {
        "text": ruled if wording.text is None else wording.text,
        "note": note(wording, config.llm_model),
        "origin": "rules" if wording.text is None else "model",
        "reason": None if wording.reason is None else str(wording.reason),
        "model": config.llm_model if asked else None,
        "attempts": len(wording.calls),
        "refused": [str(reason) for reason in wording.refused],
    }
