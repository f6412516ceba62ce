"""The report's section of one campaign: money, pace, experiments, segments, journey, risks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mktorch.config.budget_rules import Pacing
from mktorch.config.funnel_rules import StepFinding
from mktorch.config.risk_rules import Origin
from mktorch.formats import RATIO
from mktorch.narrative.markdown import Column, bullets, heading
from mktorch.narrative.page import About, Page, Row, Tables, creatives
from mktorch.narrative.prose import sentence
from mktorch.narrative.recommended import recommendations_of
from mktorch.vocab import Performance, RiskStatus, Window

_LEAST_P = 0.0001  # smaller ones are written as below it
_FINDINGS = (StepFinding.LEAK, StepFinding.BREAK)


@dataclass(frozen=True)
class Part:
    """A part of the section: the table it reads, and what it writes of a campaign's rows."""

    title: str
    table: str
    write: Callable[[pl.DataFrame, Page, Tables], list[str]]
    nothing: str


def campaigns(tables: Tables, page: Page, about: About) -> list[str]:
    """One section per campaign, in the order of their ids."""
    found = tables["campaign_analysis"].sort("campaign_id").iter_rows(named=True)
    return [block for row in found for block in campaign(row, tables, page, about)]


def campaign(row: Row, tables: Tables, page: Page, about: About) -> list[str]:
    """A campaign's lead, then each part of `PARTS`."""
    blocks = [
        heading(3, page.line("{campaign_id} {name}", row)),
        bullets(_lead(row, tables, page, about)),
        *_insight(row, tables, page),
    ]
    for part in PARTS:
        held = tables.get(part.table)
        blocks.append(heading(4, part.title))
        if held is None:
            blocks.append(page.paragraph("{table} was not made.", {"table": part.table}))
            continue
        rows = held.filter(pl.col("campaign_id") == row["campaign_id"])
        blocks += part.write(rows, page, tables) if rows.height else [part.nothing]
    return blocks


def _lead(row: Row, tables: Tables, page: Page, about: About) -> list[str]:
    lines = [
        page.line("Objective: {objective}; judged by {primary_kpi:words}.", row),
        sentence(page.line("{status:words}, {start_date:date} to {end_date:date}.", row)),
        page.line(
            "Spend {total_spend:cents} ({spend_source:words}), value {total_revenue_proxy:cents}, "
            "return {roas:ratio}.",
            row,
        ),
        page.line("Verdict: {overall_performance:words}, {why}.", {**row, "why": _why(row, about)}),
    ]
    roi = _row_of(tables, "roi_by_campaign", row)
    if roi:
        lines.append(
            page.line(
                "Net return {net_roi:cents} after media {media_spend:cents}, model "
                "{llm_cost:cents} and review {human_review_cost:cents}.",
                roi,
            )
        )
    pace = _row_of(tables, "budget_pacing", row)
    if pace:
        lines.append(_pace(pace, page))
    return lines


def _insight(row: Row, tables: Tables, page: Page) -> list[str]:
    """What was worded about the campaign, and by whom; the text is Markdown that is harmless."""
    worded = _row_of(tables, "measured_insights", row)
    return [worded["text"].strip(), page.paragraph("{note}", worded)] if worded else []


def _why(row: Row, about: About) -> str:
    """The comparison behind the verdict, or why there is none."""
    if row["performance_reason"] or row["roas"] is None:
        return str(row["performance_reason"] or "no return is known")
    limits, target = about.config.performance_thresholds, about.config.target_roas
    side, limit = {
        Performance.EXCEEDING: ("at least", limits["exceeding_expectations"]),
        Performance.MEETING: ("at least", limits["meeting_expectations"]),
        Performance.BELOW: ("under", limits["meeting_expectations"]),
    }[Performance(row["overall_performance"])]
    return Page.of(about.config).plain.format(
        "{roas:ratio} is {side} {limit:figure} times the target of {target:ratio}",
        roas=row["roas"],
        side=side,
        limit=limit,
        target=target,
    )


def _pace(pace: Row, page: Page) -> str:
    line = page.line("Pace: {pacing:words}", pace)
    if pace["spend_share"] is not None and pace["elapsed_share"] is not None:
        line += page.line(
            "; {spend_share:percent} of the budget of {budget:currency} in "
            "{elapsed_share:percent} of the flight",
            pace,
        )
    if pace["projected_end_spend"] is not None and pace["pacing"] != Pacing.ENDED:
        line += page.line(", {projected_end_spend:currency} projected at its end", pace)
    return line + (page.line("; {reason}.", pace) if pace["reason"] else ".")


def _experiments(rows: pl.DataFrame, page: Page, tables: Tables) -> list[str]:
    names = creatives(tables)
    arms = ("variant_asset", "control_asset")
    return [
        bullets(
            _experiment({**row, **{arm: names.get(row[arm], row[arm]) for arm in arms}}, page)
            for row in rows.iter_rows(named=True)
        )
    ]


def _experiment(row: Row, page: Page) -> str:
    line = page.line(
        "{experiment_id}, {variant_asset} against {control_asset}, {metric:words}, {status}: "
        "{recommendation:words}. {rule}",
        row,
    )
    if row["lift"] is not None:
        line += page.line(
            " Lift {lift:signed_percent} ({lift_low:signed_percent} to {lift_high:signed_percent})",
            row,
        )
        line += f", {_p_value(row, page)}." if row["p_value"] is not None else "."
    elif row["undefined_reason"]:
        line += page.line(" No lift: {undefined_reason}.", row)
    return line + (
        page.line(" Deciding gate: {deciding_gate:words}.", row) if row["deciding_gate"] else ""
    )


def _p_value(row: Row, page: Page) -> str:
    if row["p_value"] < _LEAST_P:
        return page.line("p below {least:figure}", {"least": _LEAST_P})
    return page.line("p {p_value:figure}", row)


def _segments(rows: pl.DataFrame, page: Page, _tables: Tables) -> list[str]:
    return [
        page.table(
            rows,
            Column("segment_name", "Segment"),
            Column("trend", "Trend"),
            Column("current_roas", "Return", RATIO),
            Column("recommendation", "Do"),
            Column("computed_recommendation", "Computed"),
        ),
        page.bullets(
            "{segment_name}: {recommendation}, {recommendation_source}; the rules compute "
            "{computed_recommendation}: {rule_sentence}.",
            rows.iter_rows(named=True),
        ),
    ]


def _journey(rows: pl.DataFrame, page: Page, _tables: Tables) -> list[str]:
    found = rows.filter(pl.col("window") == Window.ALL, pl.col("finding").is_in(_FINDINGS))
    if found.is_empty():
        return ["No leak and no break."]
    return [
        bullets(
            sentence(
                page.line(
                    "{finding} from {from_stage:stage} to {to_stage:stage}: {from_count:count} "
                    "became {to_count:count}, {conversion:percent} where "
                    "{usual_conversion:percent} is usual",
                    row,
                )
            )
            + (
                page.line("; {money_at_stake:currency} at stake.", row)
                if row["money_at_stake"] is not None
                else page.line("; money at stake n/a, {money_reason}.", row)
            )
            for row in found.iter_rows(named=True)
        )
    ]


def _recommendations(rows: pl.DataFrame, page: Page, _tables: Tables) -> list[str]:
    return recommendations_of(rows, page)


def _risks(rows: pl.DataFrame, page: Page, tables: Tables) -> list[str]:
    names = creatives(tables)
    unresolved = rows.filter(pl.col("status").is_in([RiskStatus.OPEN, RiskStatus.IN_REVIEW]))
    closed = rows.height - unresolved.height
    return [
        page.bullets(
            "{called}, {severity}, {status:words}: {risk_type:words}{about}, {exposure:currency} "
            "exposed. To do: {recommended_action:words}.",
            (
                {**row, "called": _called(row), "about": _about_assets(row, names)}
                for row in unresolved.sort("rank").iter_rows(named=True)
            ),
        ),
        page.paragraph("Mitigated or dismissed: {closed}.", {"closed": closed}) if closed else "",
    ]


def _decisions(rows: pl.DataFrame, page: Page, _tables: Tables) -> list[str]:
    return [
        bullets(
            page.line(
                "{timestamp:date}, {decision_id}, {by}, confidence {confidence_score:percent}. "
                "{trigger}: {action_taken}. Outcome: {verdict:words}",
                {**row, "by": "a person" if row["human_override"] else "automated"},
            )
            + _outcome(row, page)
            for row in rows.sort("timestamp", "decision_id").iter_rows(named=True)
        )
    ]


def _called(row: Row) -> str:
    """A supplied signal by its id; a risk that was only found has none of its own."""
    return {
        Origin.DETECTED: "Found in the records",
        Origin.BOTH: f"{row['id']}, found in the records too",
        Origin.SUPPLIED: f"{row['id']}",
    }[Origin(row["origin"])]


def _about_assets(row: Row, names: Mapping[str, str]) -> str:
    assets = ", ".join(names.get(asset, asset) for asset in row["asset_ids"] or ())
    return f" of {assets}" if assets else ""


def _outcome(row: Row, page: Page) -> str:
    if row["reason"]:
        return page.line(", {reason}.", row)
    if row["lift"] is None:
        return "."
    return page.line(
        ", {primary_kpi:words} {lift:signed_percent} ({lift_low:signed_percent} to "
        "{lift_high:signed_percent}).",
        row,
    )


def _row_of(tables: Tables, name: str, row: Row) -> Mapping[str, Any] | None:
    held = tables.get(name)
    found = None if held is None else held.filter(pl.col("campaign_id") == row["campaign_id"])
    return None if found is None or found.is_empty() else found.row(0, named=True)


PARTS: tuple[Part, ...] = (
    Part("Experiments", "experiment_evaluations", _experiments, "No experiment."),
    Part("Segments", "segment_portfolio", _segments, "No segment has delivered."),
    Part("Journey", "funnel_steps", _journey, "No journey is recorded."),
    Part("Risks", "risk_inbox", _risks, "No risk is known."),
    Part("Decisions and outcomes", "decision_outcomes", _decisions, "No decision is recorded."),
    Part("Recommendations", "recommendations", _recommendations, "Nothing is recommended."),
)
