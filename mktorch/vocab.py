"""The closed vocabularies: every enumerated word that schemas, config and results share.

Closed enums reject an unknown value. Descriptive enums (see `DESCRIPTIVE`) warn and keep it.
"""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """The thirteen input tables, in load order: parents before children."""

    CAMPAIGNS = "campaigns"
    AUDIENCE_SEGMENTS = "audience_segments"
    CHANNELS = "channels"
    CREATIVE_ASSETS = "creative_assets"
    EXPERIMENTS = "experiments"
    PERFORMANCE_METRICS = "performance_metrics"
    ORCHESTRATOR_DECISIONS = "orchestrator_decisions"
    ROI_LEDGER = "roi_ledger"
    FUNNEL_EVENTS = "funnel_events"
    BUDGET_ACTIONS = "budget_actions"
    CAMPAIGN_RISK_SIGNALS = "campaign_risk_signals"
    SEGMENT_ROLLUPS = "segment_rollups"
    ATTRIBUTION_HINTS = "attribution_hints"


class CampaignStatus(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"


class ExperimentStatus(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"


class ExperimentType(StrEnum):
    AB = "A/B"
    ABN = "A/B/n"
    MULTIVARIATE = "multivariate"
    LIFT = "lift"
    GEO = "geo"


STUDIES = (ExperimentType.LIFT, ExperimentType.GEO)
"""Types that compare people or regions with and without, not assets."""


class Priority(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class FunnelStage(StrEnum):
    """Journey stages that are known without a setting, in funnel order; a sales funnel's among
    them. `funnel_rules.stages` sets others."""

    IMPRESSION = "impression"
    CLICK = "click"
    VISIT = "visit"
    SIGNUP = "signup"
    LEAD = "lead"
    MQL = "mql"
    DEMO_REQUEST = "demo_request"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    PURCHASE = "purchase"
    WON = "won"
    FEATURE_ADOPT = "feature_adopt"


# What each stage counts, in words for people.
STAGE_WORDS = {
    FunnelStage.IMPRESSION: "impressions",
    FunnelStage.CLICK: "clicks",
    FunnelStage.VISIT: "visits",
    FunnelStage.SIGNUP: "sign-ups",
    FunnelStage.LEAD: "leads",
    FunnelStage.MQL: "marketing-qualified leads",
    FunnelStage.DEMO_REQUEST: "demo requests",
    FunnelStage.SQL: "sales-qualified leads",
    FunnelStage.OPPORTUNITY: "opportunities",
    FunnelStage.PURCHASE: "purchases",
    FunnelStage.WON: "deals won",
    FunnelStage.FEATURE_ADOPT: "feature adoptions",
}


def stage_words(stage: str) -> str:
    """What a stage counts, in words; a stage of one's own by its name.

    >>> stage_words("won"), stage_words("site_visit")
    ('deals won', 'site visit')
    """
    return {str(known): words for known, words in STAGE_WORDS.items()}.get(
        stage, stage.replace("_", " ")
    )


class BudgetStatus(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXECUTED = "executed"
    ROLLED_BACK = "rolled_back"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class RiskStatus(StrEnum):
    OPEN = "open"
    IN_REVIEW = "in_review"
    MITIGATED = "mitigated"
    DISMISSED = "dismissed"


class SegmentRecommendation(StrEnum):
    SCALE = "scale"
    HOLD = "hold"
    REVISE = "revise"
    STOP = "stop"


class AttributionMethod(StrEnum):
    FIRST_TOUCH = "first_touch"
    ASSIST = "assist"
    LAST_TOUCH = "last_touch"


class CostModel(StrEnum):
    PER_SEND = "per_send"
    PER_CLICK = "per_click"
    PER_IMPRESSION = "per_impression"
    PER_CONVERSION = "per_conversion"
    FLAT = "flat"


class EventSource(StrEnum):
    ADS_PLATFORM = "ads_platform"
    CRM = "crm"
    WEB_ANALYTICS = "web_analytics"
    PRODUCT_ANALYTICS = "product_analytics"


class ReasonCode(StrEnum):
    ROI_OPTIMIZATION = "roi_optimization"
    RISK_MITIGATION = "risk_mitigation"
    SCALE_WINNER = "scale_winner"
    STOP_LOSS = "stop_loss"
    CAPACITY_CONSTRAINT = "capacity_constraint"


class Proposer(StrEnum):
    ORCHESTRATOR = "orchestrator"
    HUMAN = "human"


class RiskType(StrEnum):
    BRAND_SAFETY = "brand_safety"
    POLICY_VIOLATION = "policy_violation"
    LOW_CONVERSION = "low_conversion"
    HIGH_CLICKS_ZERO_CONVERSIONS = "high_clicks_zero_conversions"
    SPEND_SPIKE = "spend_spike"
    DATA_QUALITY = "data_quality"
    SEGMENT_MISMATCH = "segment_mismatch"


class RiskAction(StrEnum):
    PAUSE = "pause"
    REDUCE_BUDGET = "reduce_budget"
    SCALE_DOWN = "scale_down"
    HUMAN_REVIEW = "human_review"
    REVISE_COPY = "revise_copy"
    INVESTIGATE_TRACKING = "investigate_tracking"


class FailureSeverity(StrEnum):
    """`error`: the row is quarantined. `warning`: the row is kept and named."""

    ERROR = "error"
    WARNING = "warning"


class EngineName(StrEnum):
    """What sums big inputs where they are."""

    POLARS = "polars"
    DUCKDB = "duckdb"
    SPARK = "spark"


class Duplicates(StrEnum):
    """Of rows with one key that nothing tells apart: which stand, or whether they are added up."""

    LAST = "last"
    SUM = "sum"
    FIRST = "first"
    REFUSE = "refuse"


class Measure(StrEnum):
    """The summed columns of every rollup."""

    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    CONVERSIONS = "conversions"
    COST = "cost"
    REVENUE = "revenue"


class MetricKind(StrEnum):
    """`proportion`: counts out of trials. `ratio`: one sum over another, over snapshots."""

    PROPORTION = "proportion"
    RATIO = "ratio"


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"


class Unit(StrEnum):
    FRACTION = "fraction"
    PERCENTAGE = "percentage"
    RATIO = "ratio"
    CURRENCY = "currency"
    COUNT = "count"
    SECONDS = "seconds"
    HOURS = "hours"


class Window(StrEnum):
    """`current`: the last days up to as_of. `prior`: as many days before. `all`: everything."""

    ALL = "all"
    CURRENT = "current"
    PRIOR = "prior"


class Performance(StrEnum):
    """A campaign's verdict; `insufficient_data` where neither spend nor revenue is known."""

    EXCEEDING = "exceeding_expectations"
    MEETING = "meeting_expectations"
    BELOW = "below_expectations"
    INSUFFICIENT = "insufficient_data"


class KpiGroup(StrEnum):
    OPERATIONAL_HEALTH = "operational_health"
    CAMPAIGN_IMPACT = "campaign_impact"
    BUSINESS_VALUE = "business_value"


class KpiStatus(StrEnum):
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    EXCEEDED = "exceeded"


class Tier(StrEnum):
    """How a KPI stands to its target; `unmeasured` never counts as met.

    A change that the data cannot tell from none is `steady`, whatever its arithmetic.
    """

    EXCEEDED = "exceeded"
    ON_TRACK = "on_track"
    STEADY = "steady"
    AT_RISK = "at_risk"
    CRITICAL = "critical"
    NOT_SCORED = "not_scored"
    UNMEASURED = "unmeasured"


class Escalation(StrEnum):
    """What a tier forces."""

    NOTIFY = "notify"
    HUMAN_REVIEW = "human_review"
    BUDGET_FREEZE = "budget_freeze"


class Category(StrEnum):
    """What kind of thing a recommendation is about."""

    CAMPAIGN = "campaign"
    EXPERIMENT = "experiment"
    BUDGET = "budget"
    CREATIVE = "creative"
    AUDIENCE = "audience"


class Action(StrEnum):
    """What a recommendation asks for."""

    PAUSE = "pause"
    SCALE = "scale"
    INCREASE_BUDGET = "increase_budget"
    DECREASE_BUDGET = "decrease_budget"
    REALLOCATE = "reallocate"
    OPTIMIZE = "optimize"


class Level(StrEnum):
    """How sure an expected impact is, or how risky a step."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Standing(StrEnum):
    """What became of what a rule asked for."""

    STANDS = "stands"
    OVERRIDDEN = "overridden"
    BLOCKED = "blocked"


class Verdict(StrEnum):
    """The whole programme in one word."""

    ON_TRACK = "ON TRACK"
    WATCH = "WATCH"
    ATTENTION = "ATTENTION"
    CRITICAL = "CRITICAL"


class RoiStatus(StrEnum):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


class MoneyAuthority(StrEnum):
    """Which record states a campaign's spend and value where both exist."""

    LEDGER = "ledger"
    METRICS = "metrics"


class Renderer(StrEnum):
    AUTO = "auto"
    QUARTO = "quarto"
    EMBEDDED = "embedded"


class PageSize(StrEnum):
    A4 = "a4"
    LETTER = "us-letter"


class StepStatus(StrEnum):
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
