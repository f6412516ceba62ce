"""What experiments are judged by: the settings, gathered, and the words of the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mktorch.config import Metric
from mktorch.config.experiment_rules import ExperimentRules
from mktorch.metrics import METRICS


@dataclass(frozen=True)
class Terms:
    """The settings an evaluation follows.

    `alpha` is the significance threshold, `minimum_sample` the trials each arm needs,
    `lift_threshold` the relative improvement worth scaling for (0.1 is 10 %). `testing` False
    leaves effects without tests.
    """

    metrics: Mapping[str, Metric] = field(default_factory=lambda: dict(METRICS))
    alpha: float = 0.05
    minimum_sample: int = 100
    lift_threshold: float = 0.10
    testing: bool = True
    rules: ExperimentRules = field(default_factory=ExperimentRules)


def terms(
    registry: Mapping[str, Metric],
    statistical_significance_threshold: float,
    minimum_sample_size: int,
    lift_threshold_for_scaling: float,
    enable_statistical_testing: bool,
    experiment_rules: ExperimentRules,
) -> Terms:
    """The settings of a run that experiments are judged by."""
    return Terms(
        metrics=registry,
        alpha=statistical_significance_threshold,
        minimum_sample=minimum_sample_size,
        lift_threshold=lift_threshold_for_scaling,
        testing=enable_statistical_testing,
        rules=experiment_rules,
    )


class Verdict(StrEnum):
    """What the experiment has earned."""

    CONTINUE = "continue"
    SCALE = "scale_variant"
    STOP = "stop"


class Gate(StrEnum):
    """The gates, in the order they decide."""

    SETUP = "setup_valid"
    ALLOCATION = "allocation_as_declared"
    SAMPLE = "sample"
    SIGNIFICANCE = "significance"
    LIFT = "lift"


class Allocation(StrEnum):
    """The allocation check's outcome."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "off in delivery"
    NOT_DECLARED = "not declared"


class Fault(StrEnum):
    """What can be wrong with the way an experiment is set up."""

    UNKNOWN_ASSET = "unknown asset"
    SAME_ASSET = "same asset twice"
    OTHER_CAMPAIGN = "asset of another campaign"
    END_BEFORE_START = "end before start"
    UNKNOWN_METRIC = "unknown metric"
    NO_DATA = "arm without data"
    ALLOCATION = "allocation check failed"


class Caution(StrEnum):
    """What a reader should know before trusting a result."""

    LOOKED_EARLY = "looked early"
    REVERSAL = "simpson reversal"
    SEGMENTS = "arms target different segments"
    SMALL_COUNTS = "small counts: corrected for continuity"
    FRACTIONAL = "fractional conversions: compared as a ratio over days"
    DELIVERY = "delivery split the audience"
    SPLIT = "delivered otherwise than declared"
    CLAIMED = "no row names it: rows of its assets"
    GUARDRAIL = "a guardrail is worse"
    HELD_BACK = "last days held back: conversions still arrive"


class Method(StrEnum):
    """How the p-value was made."""

    SCORE = "score test"
    CONTINUITY = "score test, corrected for continuity"
    CLUSTERS = "score test over days"
    DELTA = "delta method over days"


class Cluster(StrEnum):
    """What is taken for independent."""

    DECLARED = "trials: their unit is what was assigned by chance"
    NEAR_ONE = "trials: days vary no more than they would"
    UNITS = "units: the rows name what was assigned"
    SINGLE = "trials: one day in an arm, so nothing else to tell"
    DAYS = "days"
    NONE = "nothing: fewer than two days in an arm"


ASSIGNED = (Cluster.DECLARED, Cluster.UNITS)
"""What chance assigned, so that it is independent whatever the days show."""


class Plan(StrEnum):
    """Where the planned sample, or its end, comes from."""

    END = "declared end"
    SAMPLE = "declared sample"
    FIRST_LOOK = "fixed at the first look"
    OPEN = "fixed when the first look is over"


class Decider(StrEnum):
    """Which answer the significance gate reads of a variant."""

    FIXED = "fixed"
    ALWAYS_VALID = "always valid"
    BAYESIAN = "probability"
