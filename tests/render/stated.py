"""Which figure of a page shows which number of `state.json`, and how it reads there: as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple

from mktorch.display.trace import address
from mktorch.formats import (
    CURRENCY,
    CURRENCY_COMPACT,
    CURRENCY_EXACT,
    INTEGER,
    PERCENT,
    PERCENT_SIGNED,
    RATIO,
    Format,
    Kind,
    format_value,
)
from mktorch.metrics import METRICS
from mktorch.vocab import Direction, Unit

Record = Mapping[str, Any]
Reads = Callable[[Any, Record], str]


class Stated(NamedTuple):
    """A number of the state's record and the figure that shows it.

    `path` leads to the number, `figure` is the figure's id over the record's fields; `reads` writes
    the one as the other has it. `when` says which records a page shows.
    """

    path: str
    figure: str
    reads: Reads
    when: Callable[[Record], bool] = lambda _: True


def value_at(record: Any, path: str) -> Any:
    """What a dotted path leads to; null where the way ends before."""
    return reduce(lambda held, name: None if held is None else held[name], path.split("."), record)


def figure_id(template: str, record: Record) -> str:
    """The id of the figure: each part of the template filled in by itself."""
    page, _, rest = template.rpartition("/")
    parts = (part.format_map(record) for part in rest.split("."))
    return address(*parts, campaign=page.format_map(record) if page else "")


def as_(fmt: Format, scale: float = 1.0, suffix: str = "") -> Reads:
    """A value times `scale` in a format, then `suffix`."""

    def reads(value: Any, _: Record) -> str:
        return format_value(None if value is None else value * scale, fmt) + (
            "" if value is None else suffix
        )

    return reads


def _metric(value: float | None, record: Record) -> str:
    """An experiment's metric in its unit; small ones in four decimals."""
    unit = METRICS[record["metric"]].unit
    if value is None:
        return format_value(None)
    kind, most, least = {
        Unit.FRACTION: (Kind.PERCENT, 2, 0.001),
        Unit.CURRENCY: (Kind.CURRENCY, 2, 0.1),
        Unit.RATIO: (Kind.RATIO, 2, 0.0),
    }[unit]
    return format_value(value, Format(kind, decimals=4 if 0 < abs(value) < least else most))


def _improvement(value: float | None, record: Record) -> str:
    """A lift in percent with the sign turned where less is better."""
    down = METRICS[record["metric"]].direction == Direction.DOWN
    lift = None if value is None else (-value if down else value) / 100
    return format_value(lift, PERCENT_SIGNED)


def _probability(value: float | None, _: Record) -> str:
    if value is None:
        return format_value(None)
    if not 0.001 <= value <= 0.999:
        return "< 0.001" if value < 0.001 else "> 0.999"
    return f"{value:.3f}" if value >= 0.1 else f"{value:.4f}"


def _gate(value: float | None, gate: Record) -> str:
    """A gate's value in its own unit."""
    if value is None:
        return format_value(None)
    return {
        "setup_valid": lambda: f"{value:.0f} fault{'' if value == 1 else 's'}",
        "allocation_as_declared": lambda: f"p {_probability(value, gate)}",
        "sample": lambda: f"{value:,.0f} {gate['note'].partition(' ')[0]}",
        "significance": lambda: f"p {_probability(value, gate)}",
        "lift": lambda: format_value(value, PERCENT_SIGNED),
    }[gate["gate"]]()


_TWO = Format(Kind.DECIMAL, decimals=2)
_WHOLE = Format(Kind.PERCENT, decimals=0)
_KPIS: Mapping[str, Reads] = {
    "campaign_execution_success_rate": as_(PERCENT),
    "average_latency_seconds": as_(_TWO, suffix=" s"),
    "human_review_frequency": as_(PERCENT),
    "policy_violation_count": as_(INTEGER),
    "experiment_setup_errors": as_(INTEGER),
    "data_freshness_hours": as_(_TWO, suffix=" h"),
    "experiment_velocity": as_(_TWO),
    "average_lift_percentage": as_(PERCENT, 0.01),
    "messaging_consistency_score": as_(PERCENT),
    "insight_to_action_time_hours": as_(_TWO, suffix=" h"),
    "targeting_precision_improvement": as_(
        Format(Kind.DECIMAL, decimals=1, signed=True), 100, " points"
    ),
    "conversion_rate_delta": as_(Format(Kind.DECIMAL, decimals=3, signed=True), 100, " points"),
    "cpa_reduction_percentage": as_(PERCENT),
    "marketing_attributed_revenue": as_(CURRENCY),
    "wasted_spend_reduction": as_(PERCENT),
    "roi_estimate": as_(PERCENT),
}


def _begun(record: Record) -> bool:
    return bool(record["status"] != "planned")


_RUNNING = "experiment-timing.{}.{{experiment_id}}.{{variant}}"
_ARM = "experiment-readouts.{}.{{experiment_id}}.{{variant}}"
_ARM_OF_ONE = "{{campaign_id}}/experiments.{}.{{experiment_id}}.{{variant}}"
_CAMPAIGN = "{}.{}.{{campaign_id}}"

STATED: Mapping[str, tuple[Stated, ...]] = {
    "roi_analysis": (
        *(
            Stated(name, f"roi-totals.amount.{name}", as_(CURRENCY_EXACT))
            for name in (
                "total_llm_cost",
                "total_human_review_cost",
                "total_media_spend",
                "total_estimated_value",
                "total_net_roi",
            )
        ),
        Stated("roi_percentage", "roi-totals.amount.roi_percentage", as_(PERCENT, 0.01)),
        Stated("total_media_spend", "cards.media-spend", as_(CURRENCY_COMPACT)),
        Stated("total_estimated_value", "cards.estimated-value", as_(CURRENCY_COMPACT)),
        Stated("total_net_roi", "cards.net-return", as_(CURRENCY_COMPACT)),
        Stated("total_media_spend", "fully-loaded.media_spend.all", as_(CURRENCY_EXACT)),
        Stated("total_estimated_value", "fully-loaded.estimated_value.all", as_(CURRENCY_EXACT)),
    ),
    "performance_assessment": (
        Stated("overall_roi", "roi-totals.amount.overall_roi", as_(PERCENT)),
        Stated("total_spend", "roi-totals.amount.total_media_spend", as_(CURRENCY_EXACT)),
        Stated(
            "total_revenue_proxy", "roi-totals.amount.total_estimated_value", as_(CURRENCY_EXACT)
        ),
        *(
            Stated(name, f"portfolio.campaigns.{verdict}", as_(INTEGER))
            for name, verdict in (
                ("exceeding", "exceeding_expectations"),
                ("meeting", "meeting_expectations"),
                ("below", "below_expectations"),
                ("insufficient", "insufficient_data"),
            )
        ),
    ),
    "campaign_analysis": tuple(
        Stated(path, _CAMPAIGN.format(*figure), as_(fmt))
        for path, fmt, *figure in (
            ("total_spend", CURRENCY, "campaigns", "total_spend"),
            ("total_spend", CURRENCY_EXACT, "roi-by-campaign", "media_spend"),
            ("total_spend", CURRENCY_EXACT, "fully-loaded", "media_spend"),
            ("total_revenue_proxy", CURRENCY, "campaigns", "total_revenue_proxy"),
            ("total_revenue_proxy", CURRENCY_EXACT, "roi-by-campaign", "estimated_value"),
            ("total_revenue_proxy", CURRENCY_EXACT, "fully-loaded", "estimated_value"),
            ("roas", RATIO, "campaigns", "roas"),
            ("roi", PERCENT, "campaigns", "roi"),
            ("roi", PERCENT, "roi-by-campaign", "roi"),
            ("budget_used", PERCENT, "campaigns", "budget_used"),
            ("budget_used", PERCENT, "budget-pacing", "spend_share"),
            ("budget", CURRENCY, "budget-pacing", "budget"),
        )
    ),
    "experiment_evaluations": (
        Stated("control_performance.value", _ARM.format("control_value"), _metric, _begun),
        Stated("variant_performance.value", _ARM.format("variant_value"), _metric, _begun),
        Stated("lift_percentage", _ARM.format("improvement"), _improvement, _begun),
        Stated("lift_percentage", _ARM_OF_ONE.format("improvement"), _improvement),
        Stated(
            "statistical_significance.adjusted_p_value",
            _ARM.format("adjusted_p_value"),
            _probability,
            _begun,
        ),
        Stated(
            "statistical_significance.adjusted_p_value",
            _ARM_OF_ONE.format("answer"),
            _probability,
        ),
        Stated(
            "statistical_significance.days_left",
            _RUNNING.format("days_left"),
            as_(INTEGER),
            lambda record: bool(record["status"] == "running"),
        ),
        Stated(
            "statistical_significance.minimum_detectable_effect",
            _RUNNING.format("minimum_detectable_effect"),
            as_(PERCENT),
            lambda record: bool(record["status"] == "running"),
        ),
    ),
    "gates": (Stated("value", f"{_ARM.format('value')}.{{gate}}", _gate, _begun),),
    "kpis": (
        Stated(
            "value",
            "kpi-scorecard.value_text.{kpi}",
            lambda value, record: _KPIS[record["kpi"]](value, record),
        ),
    ),
    "recommendations": (
        Stated("rank", "recommendation-register.rank.{recommendation_id}", as_(INTEGER)),
    ),
    "budget_actions": (
        Stated(
            "amount",
            "budget-ledger.amount.{budget_action_id}",
            as_(Format(Kind.DECIMAL, decimals=2)),
        ),
    ),
    "orchestrator_decisions": (
        Stated("confidence_score", "decision-outcomes.confidence_score.{decision_id}", as_(_WHOLE)),
    ),
}
"""State key, or what is read out of one, -> the numbers of its records that pages show."""

IMPACT: tuple[tuple[tuple[str, str, str], Reads], ...] = (
    (("savings_low", "cost_savings", "savings_high"), as_(CURRENCY)),
    (("revenue_low", "revenue_impact", "revenue_high"), as_(CURRENCY)),
    (
        ("roi_lift_low", "roi_lift_percentage", "roi_lift_high"),
        as_(Format(Kind.DECIMAL, decimals=1, signed=True), suffix="%"),
    ),
)
"""Low end, point and high end of what a recommendation is expected to bring, as its row has them"""

# Numbers of the state that no page bears as a figure of its own.
APART: Mapping[str, frozenset[str]] = {
    "roi_analysis": frozenset(),
    "performance_assessment": frozenset(  # in sentences
        {
            "total_campaigns",
            "active_campaigns",
            "total_experiments",
            "running_experiments",
            "completed_experiments",
        }
    ),
    "campaign_analysis": frozenset(  # both records of the money, and sums behind the rates
        {
            "total_assets",
            "active_experiments",
            "completed_experiments",
            "ledger_spend",
            "metrics_spend",
            "spend_gap",
            "ledger_revenue",
            "metrics_revenue",
            "revenue_gap",
            "rated_spend",
            "rated_revenue",
            "impressions",
            "clicks",
            "conversions",
        }
    ),
}


def records(state: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[tuple[str, Record]]:
    """Every record of the state with the name that `STATED` has for its kind."""
    for name in ("roi_analysis", "performance_assessment"):
        yield name, state[name]
    for name in ("campaign_analysis", "budget_actions", "orchestrator_decisions"):
        held = state[name] if isinstance(state[name], list) else tables[name]
        yield from ((name, record) for record in held)
    for evaluation in state["experiment_evaluations"]:
        arm = {**evaluation, "variant": evaluation["variant_performance"]["asset_id"] or ""}
        yield "experiment_evaluations", arm
        yield from (("gates", {**arm, **gate}) for gate in evaluation["gates"])
    for group in ("operational_kpis", "effectiveness_kpis", "business_kpis"):
        for kpi, value in state[group].items():
            yield "kpis", {"kpi": kpi, "value": value}
    for rank, record in enumerate(state["recommendations"], start=1):
        name = f"{record['rule_id']}:{record['target_id']}"
        yield "recommendations", {**record, "rank": rank, "recommendation_id": name}
