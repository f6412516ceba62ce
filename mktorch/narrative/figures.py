"""The named texts a model may place: figures with their labels, and lines the rules have written.

A figure is never handed over bare. Its text carries what it is and whose it is ("portfolio net
return of $8,052.45"), so that a sentence around it cannot turn it into another figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import polars as pl

from mktorch.formats import Locale, clean
from mktorch.narrative.llm_validation import INLINE, LINE
from mktorch.narrative.templates import Prose
from mktorch.words import spaced

Tables = Mapping[str, pl.DataFrame]

FIGURES = pl.Schema(
    {
        "name": pl.String,
        "kind": pl.String,
        "required": pl.Boolean,
        "label": pl.String,
        "value": pl.Float64,
        "text": pl.String,
    }
)
_LONGEST_NAME = 80


class Total(NamedTuple):
    """A figure of the portfolio: its column and table, what it is, how it is said."""

    column: str
    table: str
    label: str
    text: str


TOTALS: tuple[Total, ...] = tuple(
    Total(*total)
    for total in (
        ("total_net_roi", "roi_analysis", "portfolio net return", "of {:cents}"),
        ("roi_percentage", "roi_analysis", "portfolio net return on media spend", "of {:percent}"),
        ("total_media_spend", "roi_analysis", "portfolio media spend", "of {:cents}"),
        ("total_estimated_value", "roi_analysis", "portfolio value", "of {:cents}"),
        ("total_llm_cost", "roi_analysis", "recorded model cost", "of {:cents}"),
        ("total_human_review_cost", "roi_analysis", "human review cost", "of {:cents}"),
        (
            "overall_roi",
            "performance_assessment",
            "portfolio return on investment",
            "of {:percent}",
        ),
        ("total_campaigns", "performance_assessment", "campaigns", "({:integer} in all)"),
        ("active_campaigns", "performance_assessment", "active campaigns", "({:integer})"),
        ("exceeding", "performance_assessment", "campaigns above expectations", "({:integer})"),
        ("meeting", "performance_assessment", "campaigns meeting expectations", "({:integer})"),
        ("below", "performance_assessment", "campaigns below expectations", "({:integer})"),
        ("running_experiments", "performance_assessment", "running experiments", "({:integer})"),
    )
)
_CAMPAIGN_FACTS = (
    ("total_spend", "{:currency} spent"),
    ("roas", "{:ratio} return on ad spend"),
)


def portfolio_figures(
    tables: Tables, locale: Locale, campaigns: int, decisions: int
) -> pl.DataFrame:
    """What the summary may say of the whole: the rules' lines, totals, the largest campaigns.

    Parameters
    ----------
    tables
        verdict and decisions_asked; next_steps, roi_analysis, performance_assessment and
        campaign_analysis where they were made.
    locale
        How figures are written.
    campaigns
        Campaigns with most spend to name.
    decisions
        Decisions to name, gravest first.

    Returns
    -------
    One row per name: `name`, `kind` (line or inline), `required`, `label`, `value` (of a total, in
    its own unit), `text`. What is null in its table has no row.
    """
    judged = tables["verdict"].row(0, named=True)
    lines = (
        _line("verdict", "the verdict", judged["headline"], required=True),
        _line(
            "financial_summary",
            "what it means in money",
            judged["financial_summary"],
            required=True,
        ),
        _line("momentum", "where things are moving", judged["momentum"]),
        *_lines("reason", "why", judged["reasons"]),
        *_lines(
            "rec", "recommended", tables["next_steps"]["step"] if "next_steps" in tables else ()
        ),
        *_lines("decision", "to be decided", tables["decisions_asked"]["question"].head(decisions)),
    )
    named = (
        row
        for number, campaign in enumerate(_largest(tables, campaigns), start=1)
        for row in _campaign(f"campaign_{number}", campaign, Prose(locale))
    )
    return _frame((*lines, *_totals(tables, Prose(locale)), *named))


def campaign_figures(
    campaign: Mapping[str, Any], recommendations: pl.DataFrame, locale: Locale, most: int
) -> pl.DataFrame:
    """What an insight may say of one campaign; same columns as `portfolio_figures`.

    `campaign` is a row of `campaign_analysis`; `recommendations` the standing ones, of which the
    first `most` of this campaign, by rank, may be placed.
    """
    asked = (
        recommendations.filter(pl.col("campaign_id") == campaign["campaign_id"])
        .sort("rank")
        .head(most)
    )
    judged = f"{quoted(campaign['name'])}: {spaced(campaign['overall_performance'])}"
    return _frame(
        (
            _line("standing", "how the campaign is judged", judged, required=True),
            *_campaign("campaign", campaign, Prose(locale)),
            *_lines("rec", "recommended", asked["description"], required=True),
        )
    )


def quoted(name: object) -> str:
    """A name from the data as a quotation: one line, of printable characters, of bounded length.

    >>> quoted("Spring\\nPromo")
    '“Spring Promo”'
    """
    text = " ".join(clean(str(name)).split())
    cut = text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
    return f"“{cut}”"


def _largest(tables: Tables, most: int) -> list[dict[str, Any]]:
    if "campaign_analysis" not in tables:
        return []
    spent = tables["campaign_analysis"].drop_nulls("total_spend")
    ranked = spent.sort("total_spend", "campaign_id", descending=[True, False])
    return ranked.head(most).rows(named=True)


def _totals(tables: Tables, prose: Prose) -> Iterable[tuple[Any, ...]]:
    for total in TOTALS:
        value = tables[total.table][total.column].item() if total.table in tables else None
        if value is not None:
            shown = value / 100 if total.column == "roi_percentage" else value
            text = f"{total.label} {prose.format(total.text, shown)}"
            yield (total.column, INLINE, False, total.label, float(value), text)


def _campaign(name: str, campaign: Mapping[str, Any], prose: Prose) -> Iterable[tuple[Any, ...]]:
    called = quoted(campaign["name"])
    facts = [prose.format(t, campaign[c]) for c, t in _CAMPAIGN_FACTS if campaign[c] is not None]
    judged = spaced(campaign["overall_performance"])
    text = f"{called} ({', '.join((*facts, judged))})"
    yield (name, INLINE, False, "a campaign with its figures", None, text)
    yield (f"{name}_name", INLINE, False, "the same campaign's name alone", None, called)


def _line(
    name: str, label: str, text: str | None, *, required: bool = False
) -> tuple[Any, ...] | None:
    return None if not text else (name, LINE, required, label, None, " ".join(clean(text).split()))


def _lines(
    stem: str, label: str, texts: Iterable[str], *, required: bool = False
) -> Iterable[tuple[Any, ...] | None]:
    """Numbered lines; `required` is the first of them alone."""
    return (
        _line(f"{stem}_{number}", label, text, required=required and number == 1)
        for number, text in enumerate(texts, start=1)
    )


def _frame(rows: Iterable[tuple[Any, ...] | None]) -> pl.DataFrame:
    return pl.DataFrame([row for row in rows if row is not None], schema=FIGURES, orient="row")
