"""The risk inbox: supplied signals and findings as one ranked list, and what breaks the rules."""

from __future__ import annotations

from datetime import timedelta

import dataframely as dy
import polars as pl

from mktorch.clock import Clock
from mktorch.config.risk_rules import Detection, Origin, RiskRules
from mktorch.sums import micros, units
from mktorch.tables import (
    CAMPAIGN,
    Definition,
    Table,
    Upstream,
    count,
    key,
    moment,
    money,
    number,
    read,
    text,
    texts,
    word,
)
from mktorch.vocab import RiskStatus, RiskType, Severity, Window

_VIOLATING = (RiskType.BRAND_SAFETY, RiskType.POLICY_VIOLATION)
_DELIVERED = (Detection.DELIVERY_WITHOUT_APPROVAL, Detection.DELIVERY_WITH_RISK_FLAGS)
_GRAVITY = {str(severity): place for place, severity in enumerate(Severity)}
_MOMENT = ("as_of",)


def _told(signal: str, finding: str) -> tuple[Upstream, ...]:
    """A column of the supplied signal, or of the finding where there was none."""
    return (
        read("campaign_risk_signals", signal, on={"id": "risk_id"}),
        read("risk_detected", finding, on={"id": "detection_id"}),
    )


_AT_STAKE = read("rollup_asset", "cost", window=Window.CURRENT,
    on={"campaign_id": "campaign_id", "asset_ids": "asset_id"})  # fmt: skip
_CELL = ("severity", "status")


# fmt: off
class RiskInbox(Table):
    """One row per risk, ranked by severity, then exposure, then id.

    A supplied signal and a finding are one risk where they are of one campaign, the finding's rule
    names the signal's type (`DetectionRule.same_as`), an asset is common to both (or either names
    none), and the signal is stamped within `match_days` of the finding's days. Each supplied
    signal is one row, with its own severity and status; each finding without a match is one row,
    detected and open.
    """

    about = Definition("The risk as signalled, or as found in the run's data",
        upstream=_told("severity", "severity"), config=("risk_rules",))
    rank = count("Place by severity, then exposure, then id",
        read("risk_inbox", "severity", "exposure"), config=("window_days",), unit="place")
    id = key("The signal's or the finding's id")
    origin = word(Origin, "Who knows of the risk: a supplied signal, the data, or both",
        *_told("timestamp", "first_day"), config=("risk_rules",))
    risk_type = text("What is at risk, as signalled; of a finding, its detection",
        *_told("risk_type", "detection"))
    severity = word(Severity, "Severity of the risk", *_told("severity", "severity"))
    status = word(RiskStatus, "Where the signal stands; a finding is open",
        read("campaign_risk_signals", "status", on={"id": "risk_id"}))
    campaign_id = text("The campaign", *_told("campaign_id", "campaign_id"))
    asset_ids = texts("The assets concerned", *_told("asset_ids", "asset_ids"),
        null="the whole campaign is concerned")
    exposure = money("Cost of the assets concerned in the current window, of all the campaign's "
        "assets where none is named", _AT_STAKE, *_told("asset_ids", "asset_ids"),
        config=("window_days",), formula="cost")
    exposure_scope = word(("assets", "campaign"), "Whose cost the exposure is",
        *_told("asset_ids", "asset_ids"))
    timestamp = moment("When the risk was signaled; of a finding, the start of its first day",
        *_told("timestamp", "first_day"))
    age_hours = number("hours", "From the signal, or the start of the finding's first day, to the "
        "as-of time", *_told("timestamp", "first_day"), config=_MOMENT)
    age_days = number("days", "Hours from the signal or finding to the as-of time / 24",
        *_told("timestamp", "first_day"), config=_MOMENT)
    hours_to_action = number("hours", "Hours from the signal to the first later decision or budget "
        "action of its campaign", read("campaign_risk_signals", "timestamp", on={"id": "risk_id"}),
        read("orchestrator_decisions", "timestamp", on=CAMPAIGN),
        read("budget_actions", "timestamp", on=CAMPAIGN), null="action_reason")
    action_reason = text("Why there is no time to an action", null="there is one")
    recommended_action = text("What to do about the risk",
        *_told("recommended_action", "recommended_action"))
    detail = text("The supplied evidence as JSON text, or the finding in words",
        *_told("evidence", "detail"))
    detection_ids = texts("The findings that are this risk", *_told("timestamp", "detection_id"))


def _origin(word_: str) -> dy.Int64:
    return count(f"Number of these risks that are {word_}",
        read("risk_inbox", "origin", on=_CELL, origin=word_), config=("risk_rules",))


class RiskSummary(Table):
    """One row per severity and status, most serious first."""

    severity = word(Severity, "Severity of the risks", key=True)
    status = word(RiskStatus, "Where they stand", key=True)
    risks = count("Number of risks of the severity and status",
        read("risk_inbox", "severity", "status", on=_CELL), config=("risk_rules",))
    supplied, detected, both = map(_origin, Origin)
    unanswered = count("Number of signals without a later decision or budget action",
        read("risk_inbox", "hours_to_action", on=_CELL))
    exposure = money("Cost in the current window of the assets that the risks name, else of their "
        "campaigns' assets, each asset once", read("rollup_asset", "cost", window=Window.CURRENT),
        read("risk_inbox", "asset_ids", on=_CELL), config=("window_days",))


class PolicyViolations(Table):
    """One row per signal, asset or move that breaks a rule of conduct.

    A brand safety or policy signal that was not dismissed; an asset delivered without approval or
    with risk flags, once even if both; a budget move executed without a required approval.
    """

    about = Definition("As the signal, asset or move states it", upstream=(
        read("campaign_risk_signals", "risk_type", "severity", "status", on={"id": "risk_id"}),
        read("risk_detected", "detection", "detail", on={"id": "subject"}),
        read("budget_moves", "violation", "amount", on={"id": "budget_action_id"})),
        config=("budget_rules.approval_required_amount",))
    kind = word(("risk_signal", "asset", "budget_move"), "What breaks the rule", key=True)
    id = key("Its id")
    campaign_id = text("Its campaign")
    money = money("What it touches: the move's amount, what the asset has cost, what the signal's "
        "assets or campaign cost in the current window",
        read("risk_detected", "spend", on={"id": "subject"}),
        read("budget_moves", "violation", "amount", on={"id": "budget_action_id"}),
        read("rollup_asset", "cost", on=CAMPAIGN, window=Window.CURRENT))
    detail = text("The violation in words")
# fmt: on


def risk_inbox(
    campaign_risk_signals: pl.DataFrame,
    risk_detected: pl.DataFrame,
    rollup_asset: pl.DataFrame,
    orchestrator_decisions: pl.DataFrame,
    budget_actions: pl.DataFrame,
    clock: Clock,
    risk_rules: RiskRules,
) -> pl.DataFrame:
    """`RiskInbox`."""
    matches = _matches(campaign_risk_signals, risk_detected, risk_rules)
    entries = pl.concat(
        (_supplied(campaign_risk_signals, matches), _unmatched(risk_detected, matches))
    )
    exposure = (
        _stakes(entries, rollup_asset).group_by("id").agg(units(pl.col("micros").sum()))
    ).rename({"micros": "exposure"})
    answered = pl.col("acted_at").is_not_null()
    return RiskInbox.of(
        entries.join(exposure, on="id", how="left")
        .join(_first_actions(entries, orchestrator_decisions, budget_actions), on="id", how="left")
        .with_columns(
            pl.col("exposure").fill_null(0.0),
            pl.when(_names_none("asset_ids"))
            .then(pl.lit("campaign"))
            .otherwise(pl.lit("assets"))
            .alias("exposure_scope"),
            clock.hours(pl.col("timestamp"), pl.lit(clock.as_of)).alias("age_hours"),
            (clock.hours(pl.col("timestamp"), pl.lit(clock.as_of)) / 24).alias("age_days"),
            clock.hours(pl.col("timestamp"), pl.col("acted_at")).alias("hours_to_action"),
            pl.when(pl.col("origin") == Origin.DETECTED)
            .then(pl.lit("found in the data: no signal was raised to answer"))
            .when(~answered)
            .then(pl.lit("no later decision or budget action of the campaign"))
            .alias("action_reason"),
        )
        .sort(_gravity(), "exposure", "id", descending=[True, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    )


def risk_summary(risk_inbox: pl.DataFrame, rollup_asset: pl.DataFrame) -> pl.DataFrame:
    """`RiskSummary`; an exposure may be less than the sum of its risks', which share assets."""
    keys = _CELL
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
    return RiskSummary.of(
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
    """`PolicyViolations`, sorted by kind and id; their number is `policy_violation_count`."""
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
    return pl.concat(map(PolicyViolations.of, (raised, delivered, moved))).sort("kind", "id")


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


def _gravity() -> pl.Expr:
    return pl.col("severity").replace_strict(_GRAVITY, return_dtype=pl.Int8)
