"""The allocation check: did each arm receive the share of trials declared for it?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from mktorch.stats._numeric import Floats, HypothesisTest, quiet

SRM_ALPHA = 0.001
"""Below this p the split is not the declared one: strict, since a true split must pass."""


@quiet
def allocation_test(trials: ArrayLike, shares: ArrayLike) -> HypothesisTest:
    """Chi-square test of trials per arm against declared shares (sample ratio mismatch).

    Both have shape (..., arms) and broadcast; the results have shape (...). Shares are
    weights: they need not sum to 1. An arm NaN in both is absent, so experiments of
    different sizes share one array. NaN where no share is declared, a share is not
    positive, trials are negative or missing for a declared arm, fewer than two arms are
    present, or there are no trials.

    Source: Fabijan et al. (2019), KDD, "Diagnosing sample ratio mismatch".

    >>> test = allocation_test([[5000, 5150], [5000, 2500]], [[1, 1], [2, 1]])
    >>> test.p_value.round(4).tolist()
    [0.1365, 1.0]
    """
    observed, weight = np.broadcast_arrays(
        np.asarray(trials, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    )
    absent = np.isnan(observed) & np.isnan(weight)
    complete = (absent | ((observed >= 0) & (weight > 0) & np.isfinite(weight))).all(axis=-1)
    arms = (~absent).sum(axis=-1)
    total = np.nansum(observed, axis=-1, keepdims=True)
    expected = total * weight / np.nansum(weight, axis=-1, keepdims=True)
    gap: Floats = (observed - expected) ** 2 / expected
    defined = complete & (arms >= 2) & (total[..., 0] > 0)
    statistic = np.where(defined, np.nansum(gap, axis=-1), np.nan)
    return HypothesisTest(statistic, np.asarray(special.chdtrc(arms - 1, statistic)))
