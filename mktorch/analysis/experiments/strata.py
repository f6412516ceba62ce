"""Strata: whether the weeks tell the same story as their sum."""

from __future__ import annotations

import numpy as np
import polars as pl

from mktorch.analysis.experiments.arrays import arrays
from mktorch.analysis.experiments.clusters import Days
from mktorch.stats import Flags

LEAST = 2
"""Weeks in which both arms must have a value before a reversal is called one."""


def reversals(pairs: pl.DataFrame, days: Days) -> Flags:
    """Pairs whose difference has, in every calendar week, the other sign than in the whole.

    The strata that can mislead are weeks: traffic that shifts between arms while rates drift.
    Source: Simpson (1951), JRSS B 13.
    """
    if not days.pair.size:
        return np.zeros(pairs.height, dtype=np.bool_)
    begins = np.flatnonzero(np.diff(days.pair, prepend=-1) | np.diff(days.week, prepend=-1))
    x0, n0, x1, n1 = (np.add.reduceat(np.nan_to_num(part), begins) for part in days.parts)
    both = (n0 > 0) & (n1 > 0)
    pair = days.pair[begins][both]
    control, variant = arrays(pairs, "control_value", "variant_value")
    weekly = x1[both] / n1[both] - x0[both] / n0[both]
    against = weekly * np.sign(variant - control)[pair] < 0
    weeks = np.bincount(pair, minlength=pairs.height)
    return np.asarray(
        (weeks >= LEAST) & (np.bincount(pair[against], minlength=pairs.height) == weeks)
    )
