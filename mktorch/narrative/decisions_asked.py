"""What people have to decide this cycle, who decides it, and by when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale
from mktorch.narrative.page import channels
from mktorch.narrative.prose import Prose, listed, locale_of, sentence
from mktorch.recommend.freeze import freezing
from mktorch.tables import Table, count, day, key, money, read, text, word
from mktorch.vocab import Action, BudgetStatus, Category, Priority, Standing

Tables = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]

# Who decides where no recommendation on the same target names an owner.
FREEZE_DECIDER = "Marketing lead"
PROPOSAL_DECIDER = "Budget approver"
KINDS = ("freeze", "proposal", "experiment", "recommendation")
_STAKE = read("recommendations", "stake", on=("target_id",))
_MOVE = {"target_id": "budget_action_id"}


# fmt: off
class DecisionsAsked(Table):
    """One row per decision that waits for a person, what concerns most first.

    Asked are: whether a freeze that critical KPIs put on budget increases stays, with what it
    blocks; every pending budget proposal, the longest waiting first; then, by rank, every
    high-priority recommendation and every proven variant to scale. A target is asked about once.
    """

    order = count("Place by concern, from 1", unit="place")
    question = text("What is to be decided")
    kind = word(KINDS, "What asks for it")
    target_id = key("What it is about")
    campaign_id = text("The campaign", null="it is about several, or none")
    amount = money("Money at stake in the recommendation, or the amount of the move proposed",
        _STAKE, read("budget_moves", "amount", on=_MOVE), null="no amount can be stated")
    decided_by = text("Who decides")
    due = day("The earliest of: the end of the decision cycle; the campaign's last day, where that "
        "lies ahead; the day from which a proposal is stale",
        read("budget_pacing", "end_date", on=("campaign_id",)),
        read("budget_moves", "timestamp", on=_MOVE),
        config=("narrative_rules.decision_cycle_days", "budget_rules.proposal_stale_days"))
    age_days = count("Days that a proposal has waited", read("budget_moves", "age_days", on=_MOVE),
        unit="days", null="it is no proposal")
    why = text("Why it is asked")
# fmt: on

_NAMED = 4  # KPIs or targets a freeze names; the rest is counted
_TEXT = pl.String()
_NO_RECOMMENDATIONS = pl.DataFrame(
    schema=dict.fromkeys(("target_id", "owner", "category", "action", "priority", "rank"), _TEXT)
)
_NO_PACING = pl.DataFrame(schema={"campaign_id": _TEXT, "end_date": pl.Date()})


def decisions_asked(
    tables: Tables, config: MarketingOrchestratorConfig, clock: Clock
) -> pl.DataFrame:
    """`DecisionsAsked`; a table that is not there asks nothing."""
    today = clock.day
    cycle_ends = today + timedelta(days=config.narrative_rules.decision_cycle_days)
    rows = [*_freeze(tables, config), *_proposals(tables, config), *_recommended(tables)]
    asked = DecisionsAsked.frame(rows).unique("target_id", keep="first", maintain_order=True)
    return DecisionsAsked.of(
        asked.join(
            _last_days(tables, today), on="campaign_id", how="left", maintain_order="left"
        ).with_columns(
            order=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            due=pl.min_horizontal("due", "last_day", pl.lit(cycle_ends)),
        )
    )


def _freeze(tables: Tables, config: MarketingOrchestratorConfig) -> Iterator[Row]:
    frozen = freezing(tables.get("kpis"), config)
    if not frozen:
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
    what = f"It blocks {listed(blocked, _NAMED)}" if blocked else "No pending increase is affected"
    yield {
        "question": "Keep or lift the freeze on budget increases.",
        "kind": "freeze",
        "target_id": "budget_freeze",
        "decided_by": FREEZE_DECIDER,
        "why": f"{sentence(listed(frozen, _NAMED))}. {what}.",
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
                "Approve or reject {budget_action_id}: {amount:currency} from {giver} to {taker}.",
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
            "why": sentence(
                stated.format("{proposed_by} proposes it for {reason_code:words}", **row)
                + (" and it has waited too long." if row["stale"] else ".")
            ),
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
