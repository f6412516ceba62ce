"""Statistics for experiments, vectorized over experiments; knows nothing of marketing.

Functions take and return NumPy float64 arrays, broadcast, and are deterministic. In every
two-arm function the control comes first. What is undefined is NaN: see `why_undefined`.
"""

from mktorch.stats._numeric import Alternative, Floats, HypothesisTest, Interval
from mktorch.stats.allocation import SRM_ALPHA, allocation_test
from mktorch.stats.bayes import Posterior, beta_binomial, credible_lift, relative_loss
from mktorch.stats.means import (
    Estimate,
    Relative,
    Sums,
    cuped_estimates,
    log_ratio_test,
    mean_estimate,
    mean_interval,
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
    difference,
    katz,
    lift,
    newcombe,
    odds_ratio,
    score_test,
    smallest_expected_count,
    wald,
    why_undefined,
    wilson,
)
from mktorch.stats.score import Comparison, compare_proportions, koopman, koopman_lift, mee
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
from mktorch.stats.strata import Stratified, mantel_haenszel
from mktorch.stats.tables import barnard_exact, boschloo_exact, chi_square, fisher_exact

__all__ = [
    "SRM_ALPHA",
    "TUNING_SAMPLE",
    "Alternative",
    "AlwaysValid",
    "Comparison",
    "Correction",
    "Estimate",
    "Floats",
    "Form",
    "HypothesisTest",
    "Interval",
    "Posterior",
    "Relative",
    "Stratified",
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
    "boschloo_exact",
    "chi_square",
    "clopper_pearson",
    "compare_proportions",
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
    "log_ratio_test",
    "mantel_haenszel",
    "mean_detectable_effect",
    "mean_estimate",
    "mean_interval",
    "mean_power",
    "mean_sample_size",
    "mee",
    "minimum_detectable_effect",
    "newcombe",
    "odds_ratio",
    "proportion_power",
    "proportion_sample_size",
    "ratio_estimate",
    "relative_difference",
    "relative_interval",
    "relative_loss",
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
