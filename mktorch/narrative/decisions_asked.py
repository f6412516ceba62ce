"""What people have to decide this cycle, who decides it, and by when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import polars as pl

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.narrative.names import channels
from mktorch.narrative.templates import locale_of
from mktorch.recommend.freeze import freezing
from mktorch.recommend.words import compose
from mktorch.tables import Table, day, money, read, text, word
from mktorch.tables import count as number_of
from mktorch.vocab import Action, BudgetStatus, Category, Priority, Standing
from mktorch.words import capitalized, capitals, count, leading_names, spaces

Tables = Mapping[str, pl.DataFrame]

# Who decides where no recommendation on the same target names an owner.
FREEZE_DECIDER = "Marketing lead"
PROPOSAL_DECIDER = "Budget approver"
KINDS = ("freeze", "proposal", "experiment", "recommendation")
_STAKE = read("recommendations", "stake", on=("target_id",))
_ACTION = {"target_id": "budget_action_id"}


# fmt: off
class DecisionsAsked(Table):
    """One row per decision that waits for a person, what concerns most first.

    Asked are: whether a freeze that critical KPIs put on budget increases stays, with what it
    blocks; every pending budget proposal, the longest waiting first; then, by rank, every
    high-priority recommendation and every proven variant to scale. A target is asked about once.
    """

    order = number_of("Place by concern, from 1", unit="place", key=True)
    question = text("What is to be decided")
    kind = word(KINDS, "What asks for it")
    topic = text("What decisions of one kind have in common, in words", null="the freeze has none")
    target = text("What it is called", null="it has no name")
    target_id = text("What it is about")
    campaign_id = text("The campaign", null="it is about several, or none")
    amount = money("Money at stake in the recommendation, or the amount of the move proposed",
        _STAKE, read("budget_moves", "amount", on=_ACTION), null="no amount can be stated")
    decided_by = text("Who decides")
    due = day("The earliest of: the end of the decision cycle; the campaign's last day, where that "
        "lies ahead; the day from which a proposal is stale",
        read("budget_pacing", "end_date", on=("campaign_id",)),
        read("budget_moves", "timestamp", on=_ACTION),
        config=("narrative_rules.decision_cycle_days", "budget_rules.proposal_stale_days"))
    age_days = number_of("Days that a proposal has waited",
        read("budget_moves", "age_days", on=_ACTION), unit="days", null="it is no proposal")
    why = text("Why it is asked")
# fmt: on

_NAMED = 4  # KPIs or targets a freeze names; the rest is counted
_TEXT = pl.String()
_MOVE = (
    "Approve or reject moving {amount:in currency} from {giver} to {taker} ({budget_action_id})."
)
_PROPOSED = "Proposed by {proposed_by} for {reason_code:words}"
_NO_RECOMMENDATIONS = pl.DataFrame(
    schema=dict.fromkeys(
        (
            *("target_id", "target_name", "recommendation_id", "campaign_id", "owner"),
            *("category", "action", "priority", "rank", "description", "rationale", "stake"),
        ),
        _TEXT,
    )
    | {"stake": pl.Float64()}
)
_NO_PACING = pl.DataFrame(schema={"campaign_id": _TEXT, "end_date": pl.Date()})


def decisions_asked(
    tables: Tables, config: MarketingOrchestratorConfig, clock: Clock
) -> pl.DataFrame:
    """`DecisionsAsked`; a table that is not there asks nothing."""
    today = clock.day
    cycle_ends = today + timedelta(days=config.narrative_rules.decision_cycle_days)
    kinds = (_freeze(tables, config), *_proposals(tables, config), _recommended(tables))
    asked = pl.concat((DecisionsAsked.frame(), *kinds), how="diagonal_relaxed").unique(
        "target_id", keep="first", maintain_order=True
    )
    return DecisionsAsked.of(
        asked.join(
            _last_days(tables, today), on="campaign_id", how="left", maintain_order="left"
        ).with_columns(
            order=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            due=pl.min_horizontal("due", "last_day", pl.lit(cycle_ends)),
        )
    )


def _freeze(tables: Tables, config: MarketingOrchestratorConfig) -> pl.DataFrame:
    frozen = freezing(tables.get("kpis"), config)
    if not frozen:
        return pl.DataFrame()
    held = tables.get("recommendation_candidates")
    blocked = (
        []
        if held is None
        else held.filter(standing=str(Standing.BLOCKED))
        .sort("recommendation_id")
        .select(pl.coalesce("target_name", "target_id").alias("name"))["name"]
        .to_list()
    )
    why = capitalized(leading_names(frozen, _NAMED))
    what = leading_names(blocked, _NAMED) if blocked else "no pending increase"
    row = {
        "question": "Keep or lift the freeze on budget increases.",
        "kind": "freeze",
        "target_id": "budget_freeze",
        "decided_by": FREEZE_DECIDER,
        "why": f"{why}. The freeze blocks {what}.",
    }
    return pl.DataFrame([row])


def _proposals(tables: Tables, config: MarketingOrchestratorConfig) -> Iterator[pl.DataFrame]:
    """Pending moves, the longest waiting first; each amount in the currency it is stated in."""
    locale, names = locale_of(config), channels(tables)
    patience = config.budget_rules.proposal_stale_days
    if (moves := tables.get("budget_moves")) is None:
        return
    owners = _standing(tables).select("target_id", "owner").unique("target_id", keep="first")
    pending = (
        moves.filter(status=str(BudgetStatus.PROPOSED))
        .sort("age_days", "budget_action_id", descending=[True, False])
        .join(
            owners,
            left_on="budget_action_id",
            right_on="target_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            giver=pl.col("from_channel_id").replace(names),
            taker=pl.col("to_channel_id").replace(names),
        )
    )
    late = f"; open for more than {count(patience, 'day')}."
    yield pending.select(
        "campaign_id",
        "age_days",
        question=compose(_MOVE, pending, locale),
        kind=pl.lit("proposal"),
        topic=pl.lit("Approve or reject budget moves"),
        target="budget_action_id",
        target_id="budget_action_id",
        amount=pl.when(currency=pl.lit(locale.currency)).then("amount"),
        decided_by=pl.col("owner").fill_null(PROPOSAL_DECIDER),
        due=pl.col("timestamp").dt.date() + pl.duration(days=patience),
        why=compose(_PROPOSED, pending, locale)
        + pending.select(pl.when("stale").then(pl.lit(late)).otherwise(pl.lit("."))).to_series(),
    )


def _recommended(tables: Tables) -> pl.DataFrame:
    """What is of high priority, and variants to scale whatever theirs, by rank."""
    rule = pl.col("recommendation_id").str.split(":").list.first()
    return (
        _standing(tables)
        .with_columns(
            kind=pl.when(category=Category.EXPERIMENT, action=Action.SCALE)
            .then(pl.lit("experiment"))
            .when(priority=Priority.HIGH)
            .then(pl.lit("recommendation"))
        )
        .drop_nulls("kind")
        .sort("rank")
        .select(
            *("kind", "target_id", "campaign_id"),
            question="description",
            topic=capitals(spaces(rule)),
            target=pl.coalesce("target_name", "target_id"),
            amount="stake",
            decided_by="owner",
            why="rationale",
        )
    )


def _standing(tables: Tables) -> pl.DataFrame:
    return tables.get("recommendations", _NO_RECOMMENDATIONS)


def _last_days(tables: Tables, day: date) -> pl.DataFrame:
    """The last day of each campaign that ends after `day`."""
    pacing = tables.get("budget_pacing", _NO_PACING)
    return pacing.filter(pl.col("end_date") > day).select("campaign_id", last_day="end_date")
