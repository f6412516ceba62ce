"""Sections of the report about all campaigns together: verdict, money, momentum, KPIs, budget."""

from __future__ import annotations

import polars as pl

from mktorch.formats import CURRENCY, CURRENCY_EXACT, INTEGER, PERCENT, RATIO
from mktorch.kpis import LABELS, figure
from mktorch.narrative.markdown import Column, bullets, heading
from mktorch.narrative.page import About, Page, Row, Tables, channels, stated, with_campaigns
from mktorch.narrative.prose import in_words, sentence
from mktorch.narrative.summary import story
from mktorch.recommend.words import spaced
from mktorch.vocab import Direction, Performance, Tier

PERFORMANCE = {
    Performance.EXCEEDING: "exceeds",
    Performance.MEETING: "meets",
    Performance.BELOW: "below",
    Performance.INSUFFICIENT: "no data",
}
_ALL = "All"


def verdict(tables: Tables, page: Page, _about: About) -> list[str]:
    """The story, its reasons, and every ground with its number and its money."""
    grounds = tables["verdict_grounds"].with_columns(
        in_words("ground").str.replace("kpis", "KPIs", literal=True)
    )
    uncounted = grounds.filter(pl.col("value").is_null())
    return [
        *story(tables, page),
        page.listed([f"{reason}." for reason in tables["verdict"]["reasons"].to_list()[0]]),
        page.table(
            grounds,
            Column("ground", "Ground"),
            Column("value", "Count", INTEGER),
            Column("money", "Money", CURRENCY),
            Column("share", "Of spend", PERCENT),
            Column("verdict", "Verdict"),
        ),
        page.bullets("{ground} not counted: {reason}.", uncounted.iter_rows(named=True)),
    ]


def portfolio(tables: Tables, page: Page, _about: About) -> list[str]:
    """Totals, then one line per campaign."""
    row = tables["performance_assessment"].row(0, named=True)
    sentences = (
        (
            "Campaigns {total_campaigns}, active {active_campaigns}: {exceeding} exceed "
            "expectations, {meeting} meet them, {below} fall short, {insufficient} cannot be "
            "judged."
        ),
        (
            "Experiments {total_experiments}: {running_experiments} running, "
            "{completed_experiments} completed."
        ),
        (
            "Spend {total_spend:cents}, value {total_revenue_proxy:cents}, return on investment "
            "{overall_roi:percent}."
        ),
    )
    return [
        bullets(page.line(sentence, row) for sentence in sentences),
        page.table(
            tables["campaign_analysis"].with_columns(
                pl.col("overall_performance").replace(PERFORMANCE)
            ),
            Column("campaign_id", "Id"),
            Column("name", "Campaign"),
            Column("total_spend", "Spend", CURRENCY),
            Column("total_revenue_proxy", "Value", CURRENCY),
            Column("roas", "Return", RATIO),
            Column("overall_performance", "Verdict"),
        ),
    ]


def returns(tables: Tables, page: Page, _about: About) -> list[str]:
    """Value, costs and net return to the cent, as the records state them and fully loaded."""
    totals = tables["roi_analysis"].select(
        pl.lit(_ALL).alias("campaign_id"),
        estimated_value="total_estimated_value",
        media_spend="total_media_spend",
        llm_cost="total_llm_cost",
        human_review_cost="total_human_review_cost",
        net_roi="total_net_roi",
    )
    by_campaign = tables["roi_by_campaign"].select(totals.columns)
    loaded = tables["roi_fully_loaded"].with_columns(pl.col("campaign_id").fill_null(_ALL))
    return [
        page.paragraph(
            "Return on investment {roi:percent}, {roi_status}: the net return of "
            "{total_net_roi:cents} over {total_media_spend:cents} of media spend.",
            tables["roi_analysis"]
            .with_columns(roi=pl.col("roi_percentage") * 0.01)
            .row(0, named=True),
        ),
        page.table(
            pl.concat((by_campaign, totals)),
            Column("campaign_id", "Id"),
            Column("estimated_value", "Value", CURRENCY_EXACT),
            Column("media_spend", "Media", CURRENCY_EXACT),
            Column("llm_cost", "Model", CURRENCY_EXACT),
            Column("human_review_cost", "Review", CURRENCY_EXACT),
            Column("net_roi", "Net", CURRENCY_EXACT),
        ),
        *_own_cost(tables, page),
        "Fully loaded, with modelled calls, review hours and infrastructure:",
        page.table(
            loaded,
            Column("campaign_id", "Id"),
            Column("total_cost", "All costs", CURRENCY_EXACT),
            Column("net", "Net", CURRENCY_EXACT),
            Column("roi_fully_loaded", "Return", PERCENT),
            Column("break_even_roas", "Breaks even at", RATIO),
        ),
    ]


def momentum(tables: Tables, page: Page, about: About) -> list[str]:
    """The current window against the prior one; segments by trend."""
    windows = about.clock.windows
    spans = {f"{name}_{i}": day for name, span in windows.items() for i, day in enumerate(span)}
    moves = tables["momentum"]
    return [
        page.paragraph(
            "Current window {current_0:date} to {current_1:date}, prior window {prior_0:date} to "
            "{prior_1:date}; money as the performance records state it.",
            spans,
        ),
        bullets(
            page.line(
                "{measure}: {current:ratio} against {prior:ratio} ({relative:signed_percent})"
                if row["measure"] == "return"
                else "{measure}: {current:cents} against {prior:cents} ({relative:signed_percent})",
                row,
            )
            + (page.line("; {reason}", row) if row["reason"] else "")
            for row in moves.iter_rows(named=True)
        ),
        *_trends(tables, page),
    ]


def kpis(tables: Tables, page: Page, _about: About) -> list[str]:
    """Every KPI against its target, by group; one that is measured on each run says so."""
    repeatable = tables["kpis"]
    scored = tables.get("measured_kpis", repeatable).join(
        repeatable.select("kpi", repeats=pl.lit(value=True)),
        on="kpi",
        how="left",
        maintain_order="left",
    )
    return [
        block
        for (group,), rows in scored.group_by("group", maintain_order=True)
        for block in (
            heading(3, sentence(spaced(group))),
            bullets(_kpi(row, page) for row in rows.iter_rows(named=True)),
        )
    ]


def _kpi(row: Row, page: Page) -> str:
    shown, target = (figure(row[name], row["kpi"], page.locale) for name in ("value", "target"))
    side = "at least" if row["better"] == Direction.UP else "at most"
    goal = "no target" if row["tier"] == Tier.NOT_SCORED else f"target {side} {target}"
    line = sentence(
        page.line(
            "{label}: {figure}, {goal}; {standing:words}",
            {**row, "label": LABELS[row["kpi"]], "figure": shown, "goal": goal},
        )
    )
    if row["attainment"] is not None:
        line += page.line(" (attainment {attainment:percent})", row)
    for name, template in (
        ("escalation", "; {escalation:words}"),
        ("reason", "; {reason}"),
    ):
        line += page.line(template, row) if row[name] else ""
    return line + ("." if row["repeats"] else "; measured on this run.")


def budget(tables: Tables, page: Page, _about: About) -> list[str]:
    """Moves of budget by status, approval and what waits; then every move."""
    row = tables["budget_governance"].row(0, named=True)
    sentences = [
        (
            "Actions {actions}: {proposed} proposed, {approved} approved, {rejected} rejected, "
            "{executed} executed, {rolled_back} rolled back; {moved_amount:cents} moved."
        ),
        (
            "Approval rate {approval_rate:percent}, median time to approve "
            "{latency_median_minutes:figure} minutes."
        ),
        (
            "Pending {pending}, of them {stale_proposals} stale; executed without approval "
            "{executed_without_approval}, violations {violations}."
        ),
    ]
    reasons = ("approval_rate_reason", "latency_reason", "other_currency_reason")
    sentences += [f"{{{name}}}." for name in reasons if row[name]]
    return [
        bullets(page.line(sentence, row) for sentence in sentences),
        *_moves(tables, page),
    ]


def _own_cost(tables: Tables, page: Page) -> list[str]:
    """What this run's own calls to a model leave of the net return, where it made any."""
    ruled, charged = tables["roi_analysis"], tables.get("measured_roi_analysis")
    if charged is None or charged.equals(ruled):
        return []
    return [
        page.paragraph(
            "Less what this run's own calls to the language model cost, the net return is "
            "{total_net_roi:cents}.",
            charged.row(0, named=True),
        )
    ]


def _moves(tables: Tables, page: Page) -> list[str]:
    moves = tables.get("budget_moves")
    if moves is None or moves.is_empty():
        return []
    marked = with_campaigns(moves, tables).with_columns(
        mark=pl.when("violation")
        .then(pl.lit("violation: executed without the approval it needs"))
        .when("stale")
        .then(pl.lit("stale"))
        .otherwise(pl.lit("in order"))
    )
    names = channels(tables)
    return [
        page.bullets(
            "{budget_action_id}, {timestamp:date}, {campaign}, {status:words}: {money} from "
            "{giver} to {taker}, proposed by {proposed_by} for {reason_code:words}; {mark}.",
            (
                {
                    **row,
                    "money": stated(row, page.locale, "cents"),
                    "giver": names.get(row["from_channel_id"], row["from_channel_id"]),
                    "taker": names.get(row["to_channel_id"], row["to_channel_id"]),
                }
                for row in marked.iter_rows(named=True)
            ),
        )
    ]


def _trends(tables: Tables, page: Page) -> list[str]:
    trends = tables.get("segment_momentum")
    if trends is None or trends.is_empty():
        return []
    return [
        page.table(
            trends.with_columns(pl.col("campaign_id").fill_null(_ALL)),
            Column("campaign_id", "Id"),
            *(
                Column(name, name.capitalize(), INTEGER)
                for name in ("segments", "improving", "stable", "declining", "unknown")
            ),
        )
    ]
