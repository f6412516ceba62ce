"""What people have to decide this cycle, who decides it, and by when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale
from mktorch.kpis import PHRASES
from mktorch.narrative.names import channels
from mktorch.narrative.prose import Prose, locale_of
from mktorch.vocab import Action, BudgetStatus, Category, Escalation, Priority, Standing, Tier
from mktorch.words import count, leading_names

Tables = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]

# Who decides where no recommendation on the same target names an owner.
FREEZE_DECIDER = "Marketing lead"
PROPOSAL_DECIDER = "Budget approver"
KINDS = ("freeze", "proposal", "experiment", "recommendation")
_SCHEMA: dict[str, pl.DataType] = {
    "order": pl.Int64(),
    "question": pl.String(),
    "kind": pl.String(),
    "target_id": pl.String(),
    "campaign_id": pl.String(),
    "amount": pl.Float64(),
    "decided_by": pl.String(),
    "due": pl.Date(),
    "age_days": pl.Int64(),
    "why": pl.String(),
}

_NAMED = 4  # KPIs or targets a freeze names; the rest is counted
_TEXT = pl.String()
_NO_KPIS = pl.DataFrame(schema=dict.fromkeys(("kpi", "tier", "escalation"), _TEXT))
_NO_RECOMMENDATIONS = pl.DataFrame(
    schema=dict.fromkeys(("target_id", "owner", "category", "action", "priority", "rank"), _TEXT)
)
_NO_PACING = pl.DataFrame(schema={"campaign_id": _TEXT, "end_date": pl.Date()})


def decisions_asked(
    tables: Tables, config: MarketingOrchestratorConfig, clock: Clock
) -> pl.DataFrame:
    """One row per decision that waits for a person, what concerns most first.

    Asked are: whether a freeze that critical KPIs put on budget increases stays, with what it
    blocks; every pending budget proposal, the longest waiting first; then, by rank, every
    high-priority recommendation and every proven variant to scale. A target is asked about once.

    Columns: `order`, `question`, `kind` (of `KINDS`), `target_id`, `campaign_id`, `amount` in
    money (proposed, blocked or at stake), `decided_by`, `due`, `age_days` a proposal has waited,
    `why`. `due` is the earliest of: `decision_cycle_days` after the clock's day; the
    campaign's last day, where that lies after it; the day a proposal has waited
    `proposal_stale_days`, which has passed where it is overdue. Reads `kpis`, `budget_moves`,
    `channels`, `recommendations`, `recommendation_candidates` and `budget_pacing`; what is not
    there asks nothing.
    """
    day = clock.day
    cycle_ends = day + timedelta(days=config.narrative_rules.decision_cycle_days)
    asked = pl.DataFrame(
        [*_freeze(tables), *_proposals(tables, config), *_recommended(tables)], schema=_SCHEMA
    ).unique("target_id", keep="first", maintain_order=True)
    return (
        asked.join(_last_days(tables, day), on="campaign_id", how="left", maintain_order="left")
        .with_columns(
            order=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            due=pl.min_horizontal("due", "last_day", pl.lit(cycle_ends)),
        )
        .select(*_SCHEMA)
    )


def _freeze(tables: Tables) -> Iterator[Row]:
    kpis = tables.get("kpis", _NO_KPIS)
    forced = pl.col("escalation").str.contains(Escalation.BUDGET_FREEZE, literal=True)
    frozen = kpis.filter(pl.col("tier") == Tier.CRITICAL, forced)["kpi"].replace(PHRASES)
    if frozen.is_empty():
        return
    held = tables.get("recommendation_candidates")
    blocked = (
        []
        if held is None
        else held.filter(standing=str(Standing.BLOCKED))
        .sort("recommendation_id")
        .select(pl.coalesce("target_name", "target_id").alias("name"))["name"]
        .to_list()
    )
    why = leading_names(frozen.to_list(), _NAMED)
    what = leading_names(blocked, _NAMED) if blocked else "no current request"
    yield {
        "question": "Keep or lift the freeze on budget increases.",
        "kind": "freeze",
        "target_id": "budget_freeze",
        "decided_by": FREEZE_DECIDER,
        "why": f"Critical KPIs: {why}. The freeze blocks {what}.",
    }


def _proposals(tables: Tables, config: MarketingOrchestratorConfig) -> Iterator[Row]:
    """Pending moves, the longest waiting first; each amount in the currency it is stated in."""
    locale, names = locale_of(config), channels(tables)
    patience = timedelta(days=config.budget_rules.proposal_stale_days)
    moves = tables.get("budget_moves")
    if moves is None:
        return
    owners = dict(_standing(tables).select("target_id", "owner").rows())
    pending = moves.filter(status=str(BudgetStatus.PROPOSED)).sort(
        "age_days", "budget_action_id", descending=[True, False]
    )
    for row in pending.iter_rows(named=True):
        stated = Prose(Locale(row["currency"], locale.name))
        yield {
            "question": stated.format(
                "Approve or reject moving {amount:currency} from {giver} to {taker} "
                "({budget_action_id}).",
                giver=names.get(row["from_channel_id"], row["from_channel_id"]),
                taker=names.get(row["to_channel_id"], row["to_channel_id"]),
                **row,
            ),
            "kind": "proposal",
            "target_id": row["budget_action_id"],
            "campaign_id": row["campaign_id"],
            "amount": row["amount"] if row["currency"] == locale.currency else None,
            "decided_by": owners.get(row["budget_action_id"], PROPOSAL_DECIDER),
            "due": (row["timestamp"] + patience).date(),
            "age_days": row["age_days"],
            "why": stated.format("Proposed by {proposed_by} for {reason_code:words}", **row)
            + (f"; open for more than {count(patience.days, 'day')}." if row["stale"] else "."),
        }


def _recommended(tables: Tables) -> Iterator[Row]:
    """What is of high priority, and variants to scale whatever theirs, by rank."""
    asked = _standing(tables).with_columns(
        kind=pl.when(category=Category.EXPERIMENT, action=Action.SCALE)
        .then(pl.lit("experiment"))
        .when(priority=Priority.HIGH)
        .then(pl.lit("recommendation"))
    )
    for row in asked.drop_nulls("kind").sort("rank").iter_rows(named=True):
        yield {
            "question": row["description"],
            "kind": row["kind"],
            "target_id": row["target_id"],
            "campaign_id": row["campaign_id"],
            "amount": row["stake"],
            "decided_by": row["owner"],
            "why": row["rationale"],
        }


def _standing(tables: Tables) -> pl.DataFrame:
    return tables.get("recommendations", _NO_RECOMMENDATIONS)


def _last_days(tables: Tables, day: date) -> pl.DataFrame:
    """The last day of each campaign that ends after `day`."""
    pacing = tables.get("budget_pacing", _NO_PACING)
    return pacing.filter(pl.col("end_date") > day).select("campaign_id", last_day="end_date")
