"""How experiments are judged, beside the main settings' threshold, sample and lift."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Shape = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TrialUnit(StrEnum):
    """What one trial of an experiment is, or what chance assigned to an arm."""

    USER = "user"
    SESSION = "session"
    IMPRESSION = "impression"
    DAY = "day"
    GEO = "geo"
    STORE = "store"


class Assignment(StrEnum):
    """How an audience came to its arm: units by chance, or as the platform delivered."""

    USER = "user"
    SESSION = "session"
    IMPRESSION = "impression"
    DAY = "day"
    GEO = "geo"
    STORE = "store"
    DELIVERY = "delivery"


class Inference(StrEnum):
    """Which answer the significance gate reads."""

    HYBRID = "hybrid"
    """The always-valid p-value until the plan is reached, then that of one look."""
    FIXED = "fixed"
    """The p-value of one look, at every look."""
    SEQUENTIAL = "sequential"
    """The always-valid p-value, however often one looks."""
    BAYESIAN = "bayesian"
    """The probability that the variant beats the control."""


class LiftGate(StrEnum):
    """What the lift gate holds against the lift worth scaling for."""

    POINT = "point"
    """The lift seen."""
    CHANCE = "chance"
    """The chance that the true lift reaches it, which must be `lift_chance`."""
    LOW = "low"
    """The low end of the interval."""


class Correction(StrEnum):
    """Adjustment of p-values for several tests in one family."""

    NONE = "none"
    BONFERRONI = "bonferroni"
    HOLM = "holm"
    HOCHBERG = "hochberg"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"
    BENJAMINI_YEKUTIELI = "benjamini_yekutieli"


class CorrectionFamily(StrEnum):
    """Which tests are adjusted together."""

    EXPERIMENT = "experiment"
    CAMPAIGN = "campaign"
    PORTFOLIO = "portfolio"


class DifferenceInterval(StrEnum):
    """Intervals for a difference of proportions; only `mee` always agrees with the p-value."""

    MEE = "mee"
    NEWCOMBE = "newcombe"
    WALD = "wald"
    AGRESTI_CAFFO = "agresti_caffo"


class RatioInterval(StrEnum):
    """Intervals for a ratio of proportions; only `koopman` always agrees with the p-value."""

    KOOPMAN = "koopman"
    KATZ = "katz"


class ExperimentRules(BaseModel):
    """The statistics of experiments: `[experiment_rules]` in a TOML file.

    >>> ExperimentRules(inference="sequential").inference.value
    'sequential'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    inference: Inference = Inference.HYBRID
    """What the significance gate reads."""

    lift_gate: LiftGate = LiftGate.CHANCE
    """What the lift gate reads."""

    lift_chance: float = Field(0.5, gt=0, lt=1)
    """Chance that the true lift reaches the threshold which is enough, for `lift_gate = chance`."""

    lift_prior: Shape = 0.095
    """Standard deviation of true lifts about 0, which lifts seen are shrunk by."""

    first_look_days: int = Field(14, ge=2)
    """Days from whose rate and dispersion the plan is made; before them no plan of it ends, and
    the hybrid scales nothing."""

    correction: Correction = Correction.HOLM
    """Adjustment of the p-values that the gate reads; Bayesian answers are not adjusted."""

    correction_family: CorrectionFamily = CorrectionFamily.EXPERIMENT
    """Which tests are adjusted together."""

    tuning_sample: Shape = 5000.0
    """Trials in both arms together at which the always-valid interval is tightest."""

    tuning_days: Shape = 56.0
    """The same for ratio metrics: daily snapshots in both arms together."""

    prior_alpha: Shape = 1.0
    """First shape of the beta prior of a proportion: prior successes."""

    prior_beta: Shape = 1.0
    """Second shape: prior failures."""

    probability_threshold: float = Field(0.95, gt=0.5, lt=1)
    """Probability to beat the control that is enough; its complement is enough for harm."""

    power: float = Field(0.8, gt=0.5, lt=1)
    """Power the planned sample gives to detect `lift_threshold_for_scaling`."""

    allocation_alpha: float = Field(0.001, gt=0, lt=1)
    """Level of the allocation check."""

    allocation_floor: float = Field(0.01, ge=0, lt=1)
    """Relative deviation of an arm's share from the declared one that is never an alarm."""

    conversion_lag_days: int = Field(0, ge=0)
    """Last days before the report's moment held back where a metric counts conversions or revenue:
    theirs have not all arrived. Days without any where ten were due are held back anyway."""

    difference_interval: DifferenceInterval = DifferenceInterval.MEE
    """Interval for the difference of two proportions."""

    ratio_interval: RatioInterval = RatioInterval.KOOPMAN
    """Interval for the relative lift of two proportions."""
