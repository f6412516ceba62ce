"""What followed a recommendation: the record that took it up, and its campaign's KPI after that.

A recommendation of an earlier run is set beside the records of a later one. It is taken up by the
first later decision of its campaign that fits its action (and names its target, where that is less
than the campaign), by a later budget action that moves money off its channel or settles its
proposal, or by its target's own record, where that has changed its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import polars as pl

from mktorch.analysis.decisions import decision_patterns
from mktorch.analysis.outcomes import DecisionOutcomes, decision_outcomes
from mktorch.metrics import registry
from mktorch.recommend.rank import Recommendations
from mktorch.runs import Run
from mktorch.sums import plain
from mktorch.tables import Definition, declare, flag, moment, same, text, word
from mktorch.vocab import Action, BudgetStatus, CampaignStatus, ExperimentStatus, RiskStatus

__all__ = ["Followed", "Taken", "followed"]


class Taken(StrEnum):
    """What took a recommendation up."""

    DECISION = "decision"
    BUDGET_ACTION = "budget_action"
    STATUS = "status"
    NOTHING = "nothing"


# Action -> the patterns of decisions that take it up (`decision_rules.patterns`); of one without
# any, a decision that names the target does.
_PATTERNS: Mapping[Action, tuple[str, ...]] = {
    Action.PAUSE: ("pause", "experiment_stop"),
    Action.SCALE: ("experiment_scaling", "budget_increase"),
    Action.INCREASE_BUDGET: ("budget_increase",),
    Action.DECREASE_BUDGET: ("budget_decrease",),
    Action.REALLOCATE: ("budget_reallocation",),
}
_MOVED = (BudgetStatus.APPROVED, BudgetStatus.EXECUTED)
# Table of records -> its id, and the statuses in which nothing is left to recommend.
_ENDED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "campaigns": ("campaign_id", (CampaignStatus.PAUSED, CampaignStatus.COMPLETED)),
    "experiments": ("experiment_id", (ExperimentStatus.STOPPED, ExperimentStatus.COMPLETED)),
    "risk_inbox": ("id", (RiskStatus.MITIGATED, RiskStatus.DISMISSED)),
}
_KPI = (
    "primary_kpi", "value_before", "value_after", "lift", "lift_low", "lift_high", "verdict",
    "reason",
)  # fmt: skip
_HELD = DecisionOutcomes.columns()
_EVENT: Mapping[str, type[pl.String] | pl.Datetime] = {
    "recommendation_id": pl.String,
    "taken_up": pl.String,
    "record": pl.String,
    "on": pl.Datetime("us"),
    "said": pl.String,
}

# fmt: off
Followed = declare("recommendations_followed",
    "One row per recommendation of earlier runs, as the first of them asked for it: what took it "
    "up, and its campaign's primary KPI in the days before and after. What followed need not be "
    "caused.", {
    **{name: same(Recommendations, name, ("recommendation_id",), key=name == "recommendation_id")
        for name in ("recommendation_id", "campaign_id", "action", "description")},
    "asked_by": text("The run that asked first"),
    "asked_on": moment("The moment that run looks from"),
    "taken_up": word(Taken, "What took it up"),
    "record": text("The decision, budget action or record that did", null="nothing has"),
    "on": moment("When", null="nothing has, or its record does not say"),
    "said": text("What that record says", null="nothing has"),
    "stands": flag("Whether the later run still asks for it"),
    **{name: same(DecisionOutcomes, name, (), null="nothing took it up at a known time")
        for name in _KPI},
}, Definition("", config=("decision_rules",)))
# fmt: on


def followed(before: Iterable[Run], after: Run) -> pl.DataFrame:
    """`Followed`: the recommendations of earlier runs beside the records of a later one.

    Sorted by what took them up, then by rank of the run that asked first. Empty where no earlier
    run holds recommendations, or the later one no records to follow them in.
    """
    ordered = sorted(before, key=lambda run: run.clock.as_of)
    asked, stood = _asked(ordered), _stood(ordered)
    needs = ("orchestrator_decisions", "budget_actions", "campaigns", "rollup_day")
    if asked.is_empty() or any(need not in after.tables for need in needs):
        return Followed.frame()
    events = pl.concat(
        (_budget_actions(asked, after), _decisions(asked, after), _statuses(asked, stood, after))
    )
    first = events.unique("recommendation_id", keep="first", maintain_order=True)
    held = asked.join(first, on="recommendation_id", how="left").join(
        _outcomes(first, asked, after), on="recommendation_id", how="left"
    )
    standing = after.tables.get("recommendations", pl.DataFrame({"recommendation_id": []}))
    still = pl.col("recommendation_id").is_in(standing["recommendation_id"].to_list())
    nothing = pl.lit(str(Taken.NOTHING))
    return Followed.of(
        held.with_columns(taken_up=pl.col("taken_up").fill_null(nothing), stands=still).sort(
            pl.col("taken_up") == nothing, "asked_on", "rank"
        )
    )


def _asked(ordered: Iterable[Run]) -> pl.DataFrame:
    """Every recommendation once, as the first run asked for it."""
    columns = ("recommendation_id", "campaign_id", "action", "description", "rank", "evidence")
    parts = [
        run.tables["recommendations"].select(
            *columns,
            "target_kind",
            "target_id",
            asked_by=pl.lit(run.run_id),
            asked_on=pl.lit(run.clock.as_of, pl.Datetime("us")),
        )
        for run in ordered
        if "recommendations" in run.tables
    ]
    every = pl.concat(parts) if parts else pl.DataFrame({"recommendation_id": []})
    return every.unique("recommendation_id", keep="first", maintain_order=True)


def _stood(ordered: Sequence[Run]) -> Mapping[str, pl.DataFrame]:
    """Record -> the status that it was first asked about in, by table."""
    return {
        table: pl.concat(
            run.tables[table].select(record=id_, was="status", asked_by=pl.lit(run.run_id))
            for run in ordered
            if table in run.tables
        )
        for table, id_ in ((table, _ENDED[table][0]) for table in _ENDED)
        if any(table in run.tables for run in ordered)
    }


def _budget_actions(asked: pl.DataFrame, after: Run) -> pl.DataFrame:
    """Moves of money off the channel that is asked about, and proposals that were settled."""
    actions = after.tables["budget_actions"].with_columns(
        settled=pl.col("timestamp") + pl.duration(minutes=pl.col("approval_latency_minutes"))
    )
    amount = plain(pl.col("amount"))
    said = pl.format("{} from {} to {}: {}", amount, "from_channel_id", "to_channel_id", "status")
    channel = pl.col("target_id").str.split("/").list.last()
    moved = (
        asked.filter(target_kind="channel")
        .with_columns(from_channel_id=channel)
        .join(
            actions.filter(pl.col("status").is_in(_MOVED)),
            on=("campaign_id", "from_channel_id"),
        )
        .filter(pl.col("timestamp") > pl.col("asked_on"))
        .select("recommendation_id", record="budget_action_id", on="timestamp", said=said)
    )
    settled = (
        asked.filter(target_kind="proposal")
        .join(actions, left_on="target_id", right_on="budget_action_id")
        .filter(pl.col("status") != BudgetStatus.PROPOSED, pl.col("settled") > pl.col("asked_on"))
        .select("recommendation_id", record="target_id", on="settled", said=said)
    )
    return _events(pl.concat((moved, settled)).sort("on"), Taken.BUDGET_ACTION)


def _decisions(asked: pl.DataFrame, after: Run) -> pl.DataFrame:
    """Decisions of the campaign that fit the action and, of a narrower target, name it."""
    decisions = after.tables["orchestrator_decisions"]
    shown = decision_patterns(decisions, after.config.decision_rules)
    fits = pl.DataFrame(
        [(str(action), pattern) for action, names in _PATTERNS.items() for pattern in names],
        {"action": pl.String, "pattern": pl.String},
        orient="row",
    )
    fitting = shown.join(fits, on="pattern").select("decision_id", "action", fits=True).unique()
    whole = pl.col("target_kind") == "campaign"
    part = pl.col("target_id").str.split("/").list.last().str.escape_regex()
    named = pl.col("action_taken").str.contains(pl.format(r"\b{}\b", part))
    loose = ~pl.col("action").is_in([str(action) for action in _PATTERNS])
    found = (
        asked.join(decisions, on="campaign_id")
        .filter(pl.col("timestamp") > pl.col("asked_on"))
        .join(fitting, on=("decision_id", "action"), how="left")
        .filter((pl.col("fits") & (whole | named)) | (loose & named))
        .sort("timestamp", "decision_id")
        .select("recommendation_id", record="decision_id", on="timestamp", said="action_taken")
    )
    return _events(found, Taken.DECISION)


def _statuses(asked: pl.DataFrame, stood: Mapping[str, pl.DataFrame], after: Run) -> pl.DataFrame:
    """Records of the target whose status ended what was asked about; when, they do not say."""
    facts = asked.select("recommendation_id", "asked_by", "target_kind", "target_id", "evidence")
    risks = (
        facts.explode("evidence")
        .unnest("evidence")
        .filter(table="risk_inbox")
        .select(
            "recommendation_id",
            "asked_by",
            record=pl.col("keys").str.json_path_match("$.id"),
        )
        .unique()
    )
    targets = {
        "campaigns": facts.filter(target_kind="campaign").rename({"target_id": "record"}),
        "experiments": facts.filter(target_kind="experiment").rename({"target_id": "record"}),
        "risk_inbox": risks,
    }
    parts = []
    for table, (id_, ended) in _ENDED.items():
        if table in after.tables and table in stood:
            now = after.tables[table].select(record=id_, now="status")
            changed = (
                targets[table]
                .join(stood[table], on=("record", "asked_by"))
                .join(now, on="record")
                .filter(pl.col("now").is_in(ended), pl.col("now") != pl.col("was"))
                .select(
                    "recommendation_id",
                    "record",
                    on=pl.lit(None, pl.Datetime("us")),
                    said=pl.format("status {} -> {}", "was", "now"),
                )
            )
            parts.append(changed.sort("recommendation_id", "record"))
    return _events(pl.concat(parts), Taken.STATUS) if parts else pl.DataFrame(schema=dict(_EVENT))


def _events(found: pl.DataFrame, taken: Taken) -> pl.DataFrame:
    made = found.with_columns(taken_up=pl.lit(str(taken))).select(*_EVENT)
    return made.cast(_EVENT)  # type: ignore[arg-type]


def _outcomes(events: pl.DataFrame, asked: pl.DataFrame, after: Run) -> pl.DataFrame:
    """The campaign's primary KPI in the days before and after each event at a known time."""
    dated = (
        events.drop_nulls("on")
        .join(asked.select("recommendation_id", "campaign_id"), on="recommendation_id")
        .drop_nulls("campaign_id")
        .select(
            "campaign_id",
            decision_id="recommendation_id",
            timestamp="on",
            trigger=pl.lit(""),
            action_taken="said",
            confidence_score=pl.lit(None, pl.Float64),
            human_override=pl.lit(None, pl.Boolean),
        )
    )
    tables, config = after.tables, after.config
    found = decision_outcomes(
        tables["campaigns"],
        dated,
        tables["rollup_day"],
        config.decision_rules,
        registry(config.metrics),
    )
    return found.select(pl.col("decision_id").alias("recommendation_id"), *_KPI)
