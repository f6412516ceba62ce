"""Statistics for experiments, vectorized over experiments; knows nothing of marketing.

Functions take and return NumPy float64 arrays, broadcast, and are deterministic. In every
two-arm function the control comes first. What is undefined is NaN: see `why_undefined`.
"""

from mktorch.stats._numeric import Floats, HypothesisTest, Interval
from mktorch.stats.allocation import SRM_ALPHA, allocation_test
from mktorch.stats.bayes import Posterior, beta_binomial, credible_lift
from mktorch.stats.means import (
    Estimate,
    Relative,
    Sums,
    cuped_estimates,
    mean_estimate,
    ratio_estimate,
    relative_difference,
    relative_interval,
    welch_interval,
    welch_test,
)
from mktorch.stats.multiple import Correction, adjust
from mktorch.stats.planning import (
    Form,
    days_left,
    detectable_rate,
    mean_detectable_effect,
    mean_power,
    mean_sample_size,
    minimum_detectable_effect,
    proportion_power,
    proportion_sample_size,
)
from mktorch.stats.proportions import (
    Undefined,
    agresti_caffo,
    clopper_pearson,
    cohens_h,
    difference,
    katz,
    lift,
    newcombe,
    score_test,
    smallest_expected_count,
    wald,
    why_undefined,
    wilson,
)
from mktorch.stats.score import koopman, koopman_lift, mee
from mktorch.stats.sequential import (
    TUNING_SAMPLE,
    AlwaysValid,
    always_valid_means,
    always_valid_p,
    always_valid_proportions,
    confidence_sequence,
    sequential_critical,
    tuning,
)
from mktorch.stats.tables import barnard_exact, chi_square, fisher_exact

__all__ = [
    "SRM_ALPHA",
    "TUNING_SAMPLE",
    "AlwaysValid",
    "Correction",
    "Estimate",
    "Floats",
    "Form",
    "HypothesisTest",
    "Interval",
    "Posterior",
    "Relative",
    "Sums",
    "Undefined",
    "adjust",
    "agresti_caffo",
    "allocation_test",
    "always_valid_means",
    "always_valid_p",
    "always_valid_proportions",
    "barnard_exact",
    "beta_binomial",
    "chi_square",
    "clopper_pearson",
    "cohens_h",
    "confidence_sequence",
    "credible_lift",
    "cuped_estimates",
    "days_left",
    "detectable_rate",
    "difference",
    "fisher_exact",
    "katz",
    "koopman",
    "koopman_lift",
    "lift",
    "mean_detectable_effect",
    "mean_estimate",
    "mean_power",
    "mean_sample_size",
    "mee",
    "minimum_detectable_effect",
    "newcombe",
    "proportion_power",
    "proportion_sample_size",
    "ratio_estimate",
    "relative_difference",
    "relative_interval",
    "score_test",
    "sequential_critical",
    "smallest_expected_count",
    "tuning",
    "wald",
    "welch_interval",
    "welch_test",
    "why_undefined",
    "wilson",
]


def __dir__() -> list[str]:
    return list(__all__)
