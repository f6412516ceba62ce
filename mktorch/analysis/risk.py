"""The risk inbox: supplied signals and findings as one ranked list, and what breaks the rules."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mktorch.clock import Clock
from mktorch.config.risk_rules import Detection, Origin, RiskRules
from mktorch.sums import micros, units
from mktorch.vocab import RiskStatus, RiskType, Severity, Window

_VIOLATING = (RiskType.BRAND_SAFETY, RiskType.POLICY_VIOLATION)
_DELIVERED = (Detection.DELIVERY_WITHOUT_APPROVAL, Detection.DELIVERY_WITH_RISK_FLAGS)
_GRAVITY = {str(severity): place for place, severity in enumerate(Severity)}


def risk_inbox(
    campaign_risk_signals: pl.DataFrame,
    risk_detected: pl.DataFrame,
    rollup_asset: pl.DataFrame,
    orchestrator_decisions: pl.DataFrame,
    budget_actions: pl.DataFrame,
    clock: Clock,
    risk_rules: RiskRules,
) -> pl.DataFrame:
    """One row per risk, ranked by severity, then exposure, then id.

    A supplied signal and a finding are one risk where they are of one campaign, the finding's rule
    names the signal's type (`DetectionRule.same_as`), an asset is common to both (or either names
    none), and the signal is stamped within `match_days` of the finding's days. Each supplied
    signal is one row, with its own severity and status: `both` where findings match it, which
    `detection_ids` names. Each finding without a match is one row, `detected` and open.

    Parameters
    ----------
    campaign_risk_signals, orchestrator_decisions, budget_actions
        The input tables.
    risk_detected
        From `risk_detected`.
    rollup_asset
        From `rollups`; the `current` window is what is at stake.

    Returns
    -------
    `rank` (from 1), `id` (risk_id or detection_id), `origin`, `risk_type` (of a finding, its
    detection), `severity`, `status`, `campaign_id`, `asset_ids` (null: the whole campaign),
    `exposure`: what the named assets, else the campaign (`exposure_scope`), cost in the current
    window, 0 where they delivered nothing in it; `timestamp` (of a finding, the start of its
    first day), `age_hours` at as_of, `hours_to_action` to the campaign's first decision or budget
    action later than the signal, `action_reason` where that is null, `recommended_action`,
    `detail` (the supplied evidence as JSON text, or the finding in words), `detection_ids`.
    """
    matches = _matches(campaign_risk_signals, risk_detected, risk_rules)
    entries = pl.concat(
        (_supplied(campaign_risk_signals, matches), _unmatched(risk_detected, matches))
    )
    exposure = (
        _stakes(entries, rollup_asset).group_by("id").agg(units(pl.col("micros").sum()))
    ).rename({"micros": "exposure"})
    answered = pl.col("acted_at").is_not_null()
    return (
        entries.join(exposure, on="id", how="left")
        .join(_first_actions(entries, orchestrator_decisions, budget_actions), on="id", how="left")
        .with_columns(
            pl.col("exposure").fill_null(0.0),
            pl.when(_names_none("asset_ids"))
            .then(pl.lit("campaign"))
            .otherwise(pl.lit("assets"))
            .alias("exposure_scope"),
            _hours(pl.lit(clock.as_of) - pl.col("timestamp")).alias("age_hours"),
            _hours(pl.col("acted_at") - pl.col("timestamp")).alias("hours_to_action"),
            pl.when(pl.col("origin") == Origin.DETECTED)
            .then(pl.lit("found in the data: no signal was raised to answer"))
            .when(~answered)
            .then(pl.lit("no later decision or budget action of the campaign"))
            .alias("action_reason"),
        )
        .sort(_gravity(), "exposure", "id", descending=[True, True, False])
        .with_row_index("rank", offset=1)
        .select(
            pl.col("rank").cast(pl.Int64),
            "id",
            "origin",
            "risk_type",
            "severity",
            "status",
            "campaign_id",
            "asset_ids",
            "exposure",
            "exposure_scope",
            "timestamp",
            "age_hours",
            "hours_to_action",
            "action_reason",
            "recommended_action",
            "detail",
            "detection_ids",
        )
    )


def risk_summary(risk_inbox: pl.DataFrame, rollup_asset: pl.DataFrame) -> pl.DataFrame:
    """Counts by severity and status, gravest first; one row for every pair of the two.

    `risks` part into `supplied`, `detected` and `both`; `unanswered` are the signals without a
    later action. `exposure` counts each asset's current cost once, however many risks of the row
    name it or its campaign, so it may be less than the sum of theirs.
    """
    keys = ("severity", "status")
    origin = pl.col("origin")
    counts = risk_inbox.group_by(keys).agg(
        pl.len().cast(pl.Int64).alias("risks"),
        *((origin == word).sum().cast(pl.Int64).alias(str(word)) for word in Origin),
        (pl.col("hours_to_action").is_null() & (origin != Origin.DETECTED))
        .sum()
        .cast(pl.Int64)
        .alias("unanswered"),
    )
    exposure = (
        _stakes(risk_inbox, rollup_asset)
        .join(risk_inbox.select("id", *keys), on="id")
        .unique([*keys, "asset_id"])
        .group_by(keys)
        .agg(units(pl.col("micros").sum()).alias("exposure"))
    )
    severities = pl.DataFrame({"severity": list(_GRAVITY)}, schema={"severity": pl.String})
    statuses = pl.DataFrame({"status": [str(s) for s in RiskStatus]}).with_row_index("place")
    return (
        severities.join(statuses, how="cross")
        .join(counts, on=keys, how="left")
        .join(exposure, on=keys, how="left")
        .sort(_gravity(), "place", descending=[True, False])
        .drop("place")
        .with_columns(pl.exclude(*keys).fill_null(0))
    )


def policy_violations(
    campaign_risk_signals: pl.DataFrame,
    risk_detected: pl.DataFrame,
    budget_moves: pl.DataFrame,
    rollup_asset: pl.DataFrame,
) -> pl.DataFrame:
    """One row per violation, sorted by kind and id; their number is `policy_violation_count`.

    `risk_signal`: a brand safety or policy signal that nobody dismissed. `asset`: one delivered
    without approval or with risk flags, once even if both. `budget_move`: one executed without a
    required approval. Columns: `kind`, `id`, `campaign_id`, `money` (the move's amount, what the
    asset has cost, what the signal's assets or campaign cost in the current window), `detail`.
    """
    risk_type, status = pl.col("risk_type"), pl.col("status")
    kind, stands = (c.str.replace_all("_", " ", literal=True) for c in (risk_type, status))
    signals = campaign_risk_signals.filter(
        risk_type.is_in(_VIOLATING), status != RiskStatus.DISMISSED
    )
    touched = (
        _stakes(signals.rename({"risk_id": "id"}), rollup_asset)
        .group_by("id")
        .agg(units(pl.col("micros").sum()).alias("money"))
    )
    raised = signals.join(touched, left_on="risk_id", right_on="id", how="left").select(
        "campaign_id",
        pl.col("money").fill_null(0.0),
        kind=pl.lit("risk_signal"),
        id="risk_id",
        detail=pl.format("{} signal, {}, {}", kind, "severity", stands),
    )
    delivered = (
        risk_detected.filter(pl.col("detection").is_in(_DELIVERED))
        .group_by("subject", "campaign_id")
        .agg(
            pl.col("detail").sort_by("detection_id", descending=True).str.join("; "),
            money=pl.col("spend").max(),
        )
        .select("campaign_id", "money", "detail", kind=pl.lit("asset"), id="subject")
    )
    moved = budget_moves.filter(pl.col("violation")).select(
        "campaign_id",
        kind=pl.lit("budget_move"),
        money="amount",
        id="budget_action_id",
        detail=pl.format("{} {} executed without approval", "amount", "currency"),
    )
    order = ("kind", "id", "campaign_id", "money", "detail")
    return pl.concat(frame.select(order) for frame in (raised, delivered, moved)).sort("kind", "id")


def _matches(signals: pl.DataFrame, detected: pl.DataFrame, rules: RiskRules) -> pl.DataFrame:
    """Pairs (risk_id, detection_id) that are one risk."""
    same_as = pl.DataFrame(
        [
            (str(kind), str(risk_type))
            for kind, rule in rules.detections.items()
            for risk_type in rule.same_as
        ],
        schema={"detection": pl.String, "risk_type": pl.String},
        orient="row",
    )
    near = timedelta(days=rules.match_days)
    shared = pl.col("asset_ids").list.set_intersection("found_ids").list.len() > 0
    return (
        signals.select("risk_id", "campaign_id", "risk_type", "asset_ids", "timestamp")
        .join(
            detected.rename({"asset_ids": "found_ids"}).join(same_as, on="detection"),
            on=["campaign_id", "risk_type"],
        )
        .filter(
            _names_none("asset_ids") | _names_none("found_ids") | shared,
            pl.col("timestamp")
            .dt.date()
            .is_between(pl.col("first_day") - near, pl.col("last_day") + near),
        )
        .select("risk_id", "detection_id")
    )


def _supplied(signals: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    found = matches.group_by("risk_id").agg(pl.col("detection_id").sort().alias("detection_ids"))
    return signals.join(found, on="risk_id", how="left").select(
        pl.col("risk_id").alias("id"),
        pl.when(pl.col("detection_ids").is_null())
        .then(pl.lit(str(Origin.SUPPLIED)))
        .otherwise(pl.lit(str(Origin.BOTH)))
        .alias("origin"),
        "risk_type",
        "severity",
        "status",
        "campaign_id",
        "asset_ids",
        "timestamp",
        "recommended_action",
        pl.col("evidence").alias("detail"),
        pl.col("detection_ids").fill_null([]),
    )


def _unmatched(detected: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    return detected.join(matches, on="detection_id", how="anti").select(
        pl.col("detection_id").alias("id"),
        pl.lit(str(Origin.DETECTED)).alias("origin"),
        pl.col("detection").alias("risk_type"),
        "severity",
        pl.lit(str(RiskStatus.OPEN)).alias("status"),
        "campaign_id",
        "asset_ids",
        pl.col("first_day").cast(pl.Datetime("us")).alias("timestamp"),
        "recommended_action",
        "detail",
        pl.concat_list("detection_id").alias("detection_ids"),
    )


def _stakes(entries: pl.DataFrame, rollup_asset: pl.DataFrame) -> pl.DataFrame:
    """Each risk's assets with their cost in the current window, in whole millionths."""
    costs = rollup_asset.filter(pl.col("window") == Window.CURRENT).select(
        "asset_id", "campaign_id", micros(pl.col("cost")).alias("micros")
    )
    named = (
        entries.filter(~_names_none("asset_ids"))
        .select("id", pl.col("asset_ids").alias("asset_id"))
        .explode("asset_id")
        .unique()
        .join(costs, on="asset_id")
    )
    whole = entries.filter(_names_none("asset_ids")).join(costs, on="campaign_id")
    return pl.concat(frame.select("id", "asset_id", "micros") for frame in (named, whole))


def _first_actions(
    entries: pl.DataFrame, decisions: pl.DataFrame, budget_actions: pl.DataFrame
) -> pl.DataFrame:
    """When each supplied signal was first followed by a decision or a budget action."""
    actions = pl.concat(
        frame.select("campaign_id", pl.col("timestamp").alias("acted_at"))
        for frame in (decisions, budget_actions)
    )
    return (
        entries.filter(pl.col("origin") != Origin.DETECTED)
        .join(actions, on="campaign_id")
        .filter(pl.col("acted_at") > pl.col("timestamp"))
        .group_by("id")
        .agg(pl.col("acted_at").min())
    )


def _names_none(column: str) -> pl.Expr:
    return pl.col(column).list.len().fill_null(0) == 0


def _hours(span: pl.Expr) -> pl.Expr:
    return span.dt.total_microseconds() / 3_600_000_000


def _gravity() -> pl.Expr:
    return pl.col("severity").replace_strict(_GRAVITY, return_dtype=pl.Int8)
