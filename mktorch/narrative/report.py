"""The campaign report: everything a run found, as Markdown that a terminal or a mail can show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mktorch.narrative import campaign_sections, portfolio_sections, recommended, report_end
from mktorch.narrative.markdown import document, heading
from mktorch.narrative.page import About, Page, Tables
from mktorch.narrative.summary import (
    RULES_STAND,
    decisions_list,
    masthead,
    next_steps_list,
    set_aside_notice,
)
from mktorch.vocab import Source


@dataclass(frozen=True)
class Section:
    """A section of the report, the tables it cannot do without, and what writes it."""

    title: str
    tables: tuple[str, ...]
    write: Callable[[Tables, Page, About], list[str]]


SECTIONS: tuple[Section, ...] = (
    Section("Verdict", ("verdict", "verdict_grounds"), portfolio_sections.verdict),
    Section("Next steps", (), lambda t, p, _: [next_steps_list(t.get("next_steps"), p)]),
    Section(
        "Decisions asked",
        ("decisions_asked",),
        lambda t, p, a: [decisions_list(t["decisions_asked"], p, a.clock.day, reasons=True)],
    ),
    Section(
        "Portfolio", ("performance_assessment", "campaign_analysis"), portfolio_sections.portfolio
    ),
    Section(
        "Return on investment",
        ("roi_analysis", "roi_by_campaign", "roi_fully_loaded"),
        portfolio_sections.returns,
    ),
    Section("Momentum", ("momentum",), portfolio_sections.momentum),
    Section("KPIs", ("kpis",), portfolio_sections.kpis),
    Section("Recommendations", ("recommendations",), recommended.overview),
    Section("Campaigns", ("campaign_analysis",), campaign_sections.campaigns),
    Section("Budget governance", ("budget_governance",), portfolio_sections.budget),
    Section("Data quality", ("failures",), report_end.quality),
    Section("Provenance", (), report_end.provenance),
    Section("Definitions", (), report_end.definitions),
)

# Every table a report reads: what its sections need, and what they show where it is there.
READS = {table for section in SECTIONS for table in section.tables} | {
    *(part.table for part in campaign_sections.PARTS),
    "next_steps",
    "set_aside",
    "set_aside_total",
    "measured_insights",
    "measured_roi_analysis",
    "budget_pacing",
    "segment_momentum",
    "measured_kpis",
    "recommendation_candidates",
    "budget_moves",
    "reconciliations",
    Source.CHANNELS,
    Source.CREATIVE_ASSETS,
}


def campaign_report(tables: Tables, about: About, summary_note: str = RULES_STAND) -> str:
    """The whole report; a section whose tables were not made says so and the rest stands.

    `summary_note` says which summary stands and why.
    """
    page = Page.of(about.config)
    blocks = [
        heading(1, "Campaign report"),
        masthead(page, about),
        page.paragraph("Executive summary: {note}", {"note": summary_note}),
        set_aside_notice(tables, page, about),
    ]
    for section in SECTIONS:
        missing = [name for name in section.tables if name not in tables]
        blocks.append(heading(2, section.title))
        blocks += (
            [page.paragraph("Not made in this run: {names}.", {"names": ", ".join(missing)})]
            if missing
            else section.write(tables, page, about)
        )
    return document(blocks)
