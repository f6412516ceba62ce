"""The control plane: every threshold, target, price and switch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mktorch.config.attribution_rules import AttributionRules
from mktorch.config.budget_rules import BudgetRules
from mktorch.config.decision_rules import DecisionRules
from mktorch.config.experiment_rules import ExperimentRules
from mktorch.config.funnel_rules import FunnelRules
from mktorch.config.model_rules import ModelRules
from mktorch.config.narrative_rules import NarrativeRules
from mktorch.config.operating_rules import OperatingRules
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.config.risk_rules import RiskRules
from mktorch.config.segment_rules import SegmentRules
from mktorch.formats import known_locale
from mktorch.kpis import TARGET_TABLES, default_targets
from mktorch.vocab import (
    Direction,
    Duplicates,
    FailureSeverity,
    KpiGroup,
    Measure,
    MetricKind,
    MoneyAuthority,
    PageSize,
    Source,
    Unit,
)

ENV_PREFIX = "MKTORCH_"

PERFORMANCE_THRESHOLDS = {
    "exceeding_expectations": 1.2,
    "meeting_expectations": 0.8,
    "below_expectations": 0.0,
}
GRAIN = {
    "performance_metrics": [
        "device",
        "network",
        "hour",
        "country",
        "region",
        "city",
        "language",
        "placement",
        "publisher_platform",
        "age",
        "gender",
        "keyword",
        "match_type",
        "conversion_action",
    ]
}
# A table given in part changes the entries it names; the others keep their defaults.
_TABLES = {
    "performance_thresholds": PERFORMANCE_THRESHOLDS,
    **{table: default_targets(group) for group, table in TARGET_TABLES.items()},
}
# Where files lie and how progress is shown: these change no figure, so they stay out of a run's id.
_LOCATION = frozenset(
    {"data_dir", "reports_dir", "runs_dir", "enable_progress_tracking", "enable_reporting"}
)

toml_file: ContextVar[Path | None] = ContextVar("toml_file", default=None)


def nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "; see docs/configuration.md for the names"


def _known_zone(name: str) -> str:
    import polars as pl

    try:
        _local(datetime(2026, 1, 1, tzinfo=UTC), name)
    except pl.exceptions.PolarsError:
        raise ValueError(
            f"{name!r} is no known time zone; name one of the IANA list, such as Europe/Stockholm"
        ) from None
    return name


def _local(moment: datetime, zone: str) -> datetime:
    """The wall clock of a zone at a moment that states its offset."""
    import polars as pl  # the zones it knows are those the records are read with

    utc = moment.astimezone(UTC).replace(tzinfo=None)
    stamp = pl.Series([utc], dtype=pl.Datetime("us")).dt.replace_time_zone("UTC")
    local: datetime = stamp.dt.convert_time_zone(zone).dt.replace_time_zone(None).item()
    return local


def _in_zone(value: object, info: ValidationInfo) -> object:
    """Read a date, a timestamp or an offset timestamp as the reporting zone's naive time."""
    if isinstance(value, str):
        day = len(value.strip()) == len("2026-01-31")
        value = datetime.fromisoformat(value)
        if day:  # a bare date means the whole of that day
            value = datetime.combine(value, time.max)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _local(value, info.data.get("reporting_timezone", "UTC"))
    return value


Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Target = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Metric(BaseModel):
    """A metric as declared: `numerator / denominator`, both of them summed measures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    numerator: Measure
    denominator: Measure
    kind: MetricKind
    direction: Direction = Direction.UP
    unit: Unit = Unit.FRACTION
    label: str = ""


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
    )

    # Language model
    llm_model: str = Field(
        "gpt-4o-mini",
        min_length=1,
        validation_alias=AliasChoices("MKTORCH_LLM_MODEL", "LLM_MODEL", "llm_model"),
    )
    temperature: float = Field(0.3, ge=0, le=2)

    # Places
    reports_dir: str = "output/marketing_orchestrator_reports"
    runs_dir: str = "runs"
    data_dir: str = "agents/data"
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

    # What the records mean
    reporting_timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    duplicates: Duplicates = Duplicates.LAST
    grain: dict[str, list[str]] = Field(default_factory=lambda: dict(GRAIN))
    exchange_rates: dict[str, Positive | dict[date, Positive]] = Field(default_factory=dict)
    maximum_rejected_share: Fraction = 0.01

    # Clock, windows, money
    as_of: Annotated[datetime | None, BeforeValidator(_in_zone)] = None
    window_days: int = Field(7, ge=1, le=366)
    money_authority: MoneyAuthority = MoneyAuthority.LEDGER
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    target_roas: Positive = 1.0

    # Campaign judgement: total revenue over total spend, over target_roas
    performance_thresholds: dict[str, NonNegative] = Field(
        default_factory=lambda: dict(PERFORMANCE_THRESHOLDS)
    )

    # Experiments
    statistical_significance_threshold: float = Field(0.05, gt=0, lt=1)
    minimum_sample_size: int = Field(100, ge=1)
    lift_threshold_for_scaling: float = Field(0.10, ge=0, allow_inf_nan=False)
    metrics: dict[str, Metric] = Field(default_factory=dict)
    experiment_rules: ExperimentRules = ExperimentRules()

    # Judgement of the operating picture
    segment_rules: SegmentRules = SegmentRules()
    funnel_rules: FunnelRules = FunnelRules()
    attribution_rules: AttributionRules = AttributionRules()
    budget_rules: BudgetRules = BudgetRules()
    risk_rules: RiskRules = RiskRules()
    decision_rules: DecisionRules = DecisionRules()
    recommendation_rules: RecommendationRules = RecommendationRules()
    narrative_rules: NarrativeRules = NarrativeRules()

    # KPIs
    operational_kpi_targets: dict[str, Target] = Field(
        default_factory=partial(default_targets, KpiGroup.OPERATIONAL_HEALTH)
    )
    effectiveness_kpi_targets: dict[str, Target] = Field(
        default_factory=partial(default_targets, KpiGroup.CAMPAIGN_IMPACT)
    )
    business_kpi_targets: dict[str, Target] = Field(
        default_factory=partial(default_targets, KpiGroup.BUSINESS_VALUE)
    )
    kpi_warning_threshold: Positive = 0.8
    kpi_critical_threshold: NonNegative = 0.5

    # The price of running this
    cost_per_human_review_hour: NonNegative = 60.0
    cost_per_llm_call: NonNegative = 0.01
    cost_per_api_call: NonNegative = 0.001
    infrastructure_cost_per_month: NonNegative = 500.0
    operating_rules: OperatingRules = OperatingRules()

    # Validation
    rate_tolerance: Fraction = 0.05
    money_tolerance: Fraction = 0.05
    validation_severity: dict[str, FailureSeverity] = Field(default_factory=dict)

    # Switches
    enable_progress_tracking: bool = True
    enable_kpi_tracking: bool = True
    enable_statistical_testing: bool = True
    enable_reporting: bool = True
    enable_validation: bool = True

    # Language model, guarded
    enable_llm_summary: bool = True
    llm_summary_max_tokens: int = Field(500, ge=1)
    enable_llm_insights: bool = False
    llm_insights_max_campaigns: int = Field(3, ge=0)
    model_rules: ModelRules = ModelRules()

    # The page
    company: str = ""
    locale: Annotated[str, AfterValidator(known_locale)] = "en_US"
    page_size: PageSize = PageSize.A4

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file; no dotenv or secret files are read."""
        file = toml_file.get()
        toml = (TomlConfigSettingsSource(settings_cls, toml_file=file),) if file else ()
        return (init_settings, env_settings, *toml)

    @field_validator("grain")
    @classmethod
    def _known_sources(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for name in value:
            if name not in list(Source):
                raise ValueError(f"unknown source {name!r}{nearest(name, list(Source))}")
        known = {source: [*columns, *value.get(source, ())] for source, columns in GRAIN.items()}
        return {**value, **{source: [*dict.fromkeys(names)] for source, names in known.items()}}

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
