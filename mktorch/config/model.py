"""The control plane: every threshold, target, price and switch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from mktorch.config.attribution_rules import AttributionRules
from mktorch.config.budget_rules import BudgetRules
from mktorch.config.decision_rules import DecisionRules
from mktorch.config.experiment_rules import ExperimentRules
from mktorch.config.feed import Feed, Feeds
from mktorch.config.funnel_rules import FunnelRules
from mktorch.config.input_limits import InputLimits
from mktorch.config.lineage_events import LineageEvents
from mktorch.config.measured import GRAIN, Metric
from mktorch.config.model_rules import ModelRules
from mktorch.config.moments import in_zone, known_zone
from mktorch.config.narrative_rules import NarrativeRules
from mktorch.config.operating_rules import OperatingRules
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.config.risk_rules import RiskRules
from mktorch.config.scale_rules import ScaleRules
from mktorch.config.segment_rules import SegmentRules
from mktorch.formats import known_locale
from mktorch.kpis import NAMED, TARGET_TABLES, default_targets
from mktorch.vocab import (
    Duplicates,
    FailureSeverity,
    KpiGroup,
    MoneyAuthority,
    PageSize,
    Source,
)

ENV_PREFIX = "MKTORCH_"

PERFORMANCE_THRESHOLDS = {
    "exceeding_expectations": 1.2,
    "meeting_expectations": 0.8,
    "below_expectations": 0.0,
}
# A table given in part changes the entries it names; the others keep their defaults.
_TABLES = {
    "performance_thresholds": PERFORMANCE_THRESHOLDS,
    **{table: default_targets(group) for group, table in TARGET_TABLES.items()},
}
# Where files lie, what is refused, how progress is shown: no figure changes with them, so they stay
# out of a run's id.
_LOCATION = frozenset(
    {
        "data_dir",
        "reports_dir",
        "runs_dir",
        "input_limits",
        "scale",
        "openlineage",
        "enable_progress_tracking",
        "enable_reporting",
    }
)

file_values: ContextVar[Mapping[str, Any] | None] = ContextVar(
    "file_values", default=MappingProxyType({})
)


def nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "; see docs/configuration.md for the names"


Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Target = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class MarketingOrchestratorConfig(BaseSettings):
    """Every setting of a run, immutable once made.

    >>> MarketingOrchestratorConfig(minimum_sample_size=500).minimum_sample_size
    500
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        str_strip_whitespace=True,
        use_attribute_docstrings=True,
    )

    # Language model
    llm_model: str = Field(
        "gpt-4o-mini",
        min_length=1,
        validation_alias=AliasChoices("MKTORCH_LLM_MODEL", "LLM_MODEL", "llm_model"),
    )
    """Model name; also from LLM_MODEL."""
    temperature: float = Field(0.3, ge=0, le=2)
    """0 to 2."""

    # Places
    reports_dir: str = "output/marketing_orchestrator_reports"
    """Folder the reports are written to; not runs_dir."""
    runs_dir: str = "runs"
    """Folder that holds the runs."""
    data_dir: str = "agents/data"
    """Folder of the sources."""
    campaigns_file: str = "campaigns.json"
    audience_segments_file: str = "audience_segments.json"
    channels_file: str = "channels.json"
    creative_assets_file: str = "creative_assets.json"
    experiments_file: str = "experiments.json"
    performance_metrics_file: str = "performance_metrics.json"
    orchestrator_decisions_file: str = "orchestrator_decisions.json"
    roi_ledger_file: str = "roi_ledger.json"
    funnel_events_file: str = "funnel_events.json"
    budget_actions_file: str = "budget_actions.json"
    campaign_risk_signals_file: str = "campaign_risk_signals.json"
    segment_rollups_file: str = "segment_rollups.json"
    attribution_hints_file: str = "attribution_hints.json"

    # Records from exports and databases: a table that feeds one source, or all that it knows of
    sources: dict[Source, Feeds] = Field(default_factory=dict)
    """Per source the exports or queries that feed it; docs/own-data.md."""
    exports: dict[str, Feed] = Field(default_factory=dict)
    """Exports that feed every source their preset knows of; docs/own-data.md."""

    # What the records mean
    reporting_timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """IANA zone whose days are the days of the report (Europe/Stockholm); a timestamp without an
    offset is of it."""
    duplicates: Duplicates = Duplicates.LAST
    """Of rows with one key that nothing tells apart: the last or the first stands, sum adds them
    up, refuse rejects them; a loaded_at or a later part tells, and then the newest stands."""
    grain: dict[str, list[str]] = Field(default_factory=lambda: dict(GRAIN))
    """Per source the columns that split the rows of one key into parts, which are added up."""
    exchange_rates: dict[str, Positive | dict[date, Positive]] = Field(default_factory=dict)
    """What one unit of a currency is worth in currency: exchange_rates.SEK = 0.1, or a table by
    date, each rate holding from its day on."""
    maximum_rejected_share: Fraction = 0.01
    """Share of rows or of spend that may be rejected before the figures are called incomplete."""
    input_limits: InputLimits = InputLimits()
    scale: ScaleRules = ScaleRules()
    """Docs/scale.md."""
    openlineage: LineageEvents = LineageEvents()

    # Clock, windows, money
    as_of: Annotated[datetime | None, BeforeValidator(in_zone)] = None
    """The moment to look from, of reporting_timezone; a bare date, quoted or not, is its whole day;
    1990 to 2100, at most 366 days after the newest record; none: the newest timestamp."""
    window_days: int = Field(7, ge=1, le=366)
    """Length of the current and the prior window, 1 to 366."""
    money_authority: MoneyAuthority = MoneyAuthority.LEDGER
    """Whose spend and value stand where both exist: ledger or metrics."""
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    """ISO 4217 code of all money."""
    target_roas: Positive = 1.0
    """Return on ad spend a campaign is judged against."""

    # Campaign judgement: total revenue over total spend, over target_roas
    performance_thresholds: dict[str, NonNegative] = Field(
        default_factory=lambda: dict(PERFORMANCE_THRESHOLDS)
    )
    """Exceeding_expectations, meeting_expectations, below_expectations, as shares of the target;
    they must fall."""

    # Experiments
    statistical_significance_threshold: float = Field(0.05, gt=0, lt=1)
    """Alpha."""
    minimum_sample_size: int = Field(100, ge=1)
    """Trials needed in each arm: a proportion's denominator, impressions for a ratio metric."""
    lift_threshold_for_scaling: float = Field(0.10, ge=0, allow_inf_nan=False)
    """Relative lift a winner must reach."""
    metrics: dict[str, Metric] = Field(default_factory=dict)
    """Metrics of your own: name to numerator, denominator, kind, direction, unit, label."""
    experiment_rules: ExperimentRules = ExperimentRules()
    """Docs/experiments.md."""

    # Judgement of the operating picture
    segment_rules: SegmentRules = SegmentRules()
    """Docs/segments-and-journey.md."""
    funnel_rules: FunnelRules = FunnelRules()
    """Docs/segments-and-journey.md."""
    attribution_rules: AttributionRules = AttributionRules()
    """Docs/segments-and-journey.md."""
    budget_rules: BudgetRules = BudgetRules()
    """Docs/governance.md."""
    risk_rules: RiskRules = RiskRules()
    """Docs/governance.md."""
    decision_rules: DecisionRules = DecisionRules()
    """Docs/governance.md."""
    recommendation_rules: RecommendationRules = RecommendationRules()
    """Docs/recommendations.md."""
    narrative_rules: NarrativeRules = NarrativeRules()
    """Docs/narrative.md."""

    # KPIs
    operational_kpi_targets: dict[str, Target] = Field(
        default_factory=partial(default_targets, KpiGroup.OPERATIONAL_HEALTH)
    )
    """Targets of the operational KPIs, by name; docs/kpis.md."""
    effectiveness_kpi_targets: dict[str, Target] = Field(
        default_factory=partial(default_targets, KpiGroup.CAMPAIGN_IMPACT)
    )
    """Targets of the effectiveness KPIs, by name."""
    business_kpi_targets: dict[str, Target] = Field(
        default_factory=partial(default_targets, KpiGroup.BUSINESS_VALUE)
    )
    """Targets by KPI name; 0 for an upward KPI means none is set."""
    kpi_warning_threshold: Positive = 0.8
    """Attainment below it is at risk."""
    kpi_critical_threshold: NonNegative = 0.5
    """Attainment below it is critical; must be under the warning."""
    freeze_on: tuple[str, ...] = ("policy_violation_count", "roi_estimate")
    """Names of the KPIs that may freeze budgets where they are critical."""

    # The price of running this
    cost_per_human_review_hour: NonNegative = 60.0
    """Currency per hour of review."""
    cost_per_llm_call: NonNegative = 0.01
    """Currency per model call."""
    cost_per_api_call: NonNegative = 0.001
    """Currency per other call."""
    infrastructure_cost_per_month: NonNegative = 500.0
    """Currency per month."""
    operating_rules: OperatingRules = OperatingRules()
    """Docs/kpis.md."""

    # Validation
    rate_tolerance: Fraction = 0.05
    """Relative gap a supplied rate may have from its counts."""
    money_tolerance: Fraction = 0.05
    """Relative gap two records of one sum may have."""
    validation_severity: dict[str, FailureSeverity] = Field(default_factory=dict)
    """Rule name to error or warning, over the rule's own severity."""

    # Switches
    enable_progress_tracking: bool = True
    """A progress bar, on a terminal only."""
    enable_kpi_tracking: bool = True
    """Compute KPIs."""
    enable_statistical_testing: bool = True
    """Test experiments; without it only effects are shown."""
    enable_reporting: bool = True
    """Write reports."""
    enable_validation: bool = True
    """Check the rules; without it only types are read."""

    # Language model, guarded
    enable_llm_summary: bool = True
    """Let the model word the summary, where a key is there."""
    llm_summary_max_tokens: int = Field(500, ge=1)
    """Limit of one summary."""
    enable_llm_insights: bool = False
    """Let the model word insights per campaign."""
    llm_insights_max_campaigns: int = Field(3, ge=0)
    """At most so many campaigns."""
    model_rules: ModelRules = ModelRules()
    """Docs/model.md."""

    # The page
    company: str = ""
    """Name on the reports."""
    locale: Annotated[str, AfterValidator(known_locale)] = "en_US"
    """How numbers and dates are written, by CLDR name."""
    page_size: PageSize = PageSize.A4
    """A4 or us-letter."""
    max_deep_dives: int = Field(20, ge=0)
    """Most campaigns with a page of their own: those with most money at stake in recommendations,
    then most spend."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file; no dotenv or secret files are read.

        Tables of the layers are merged. Without a file's values (None) the arguments stand alone.
        """
        held = file_values.get()
        if held is None:
            return (init_settings,)
        return (init_settings, env_settings, InitSettingsSource(settings_cls, dict(held)))

    @field_validator("grain")
    @classmethod
    def _known_sources(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for name in value:
            if name not in list(Source):
                raise ValueError(f"unknown source {name!r}{nearest(name, list(Source))}")
        known = {source: [*columns, *value.get(source, ())] for source, columns in GRAIN.items()}
        return {**value, **{source: [*dict.fromkeys(names)] for source, names in known.items()}}

    @field_validator("freeze_on")
    @classmethod
    def _known_kpis(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in NAMED:
                raise ValueError(f"unknown KPI {name!r}{nearest(name, NAMED)}")
        return value

    @field_validator("exchange_rates")
    @classmethod
    def _known_currencies(cls, value: dict[str, Any]) -> dict[str, Any]:
        for code in value:
            if not (len(code) == 3 and code.isascii() and code.isupper()):
                raise ValueError(f"{code!r} is no currency; write an ISO 4217 code such as SEK")
        return value

    @field_validator(*_TABLES, mode="before")
    @classmethod
    def _fill_table(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, Mapping) or info.field_name is None:
            return value
        known = _TABLES[info.field_name]
        for name in value:
            if name not in known:
                raise ValueError(f"unknown entry {name!r}{nearest(str(name), known)}")
        return {**known, **value}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        limits = self.performance_thresholds
        order = [limits[name] for name in PERFORMANCE_THRESHOLDS]
        if not order[0] > order[1] > order[2]:
            raise ValueError(
                "performance_thresholds must fall: exceeding_expectations > "
                f"meeting_expectations > below_expectations; got {order[0]}, {order[1]}, {order[2]}"
            )
        if not self.kpi_warning_threshold > self.kpi_critical_threshold:
            raise ValueError(
                "kpi_warning_threshold must be above kpi_critical_threshold; got "
                f"{self.kpi_warning_threshold} and {self.kpi_critical_threshold}"
            )
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        # Both hold a folder by the run's id, and a run's folder is replaced as a whole.
        if Path(self.runs_dir).resolve() == Path(self.reports_dir).resolve():
            raise ValueError(
                f"runs_dir (--out) and reports_dir are one folder, {self.runs_dir}; a run would "
                "replace its own reports: choose two, as in output/runs and output/reports"
            )
        return self

    @property
    def kpi_targets(self) -> dict[str, float]:
        """KPI -> target, of all groups."""
        return {
            name: target
            for table in TARGET_TABLES.values()
            for name, target in getattr(self, table).items()
        }

    def file_of(self, source: Source) -> str:
        """Name of the file that holds `source`, relative to `data_dir`."""
        return str(getattr(self, f"{source}_file"))

    def fingerprint(self) -> dict[str, Any]:
        """The settings that can change a result, JSON-ready and in declared order."""
        return self.model_dump(mode="json", exclude=set(_LOCATION))
