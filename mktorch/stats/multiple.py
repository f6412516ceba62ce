"""Several tests at once: adjusted p-values within families, all families together."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mktorch.stats._numeric import Floats, floats


class Correction(StrEnum):
    """Multiplicity corrections, by what each holds at most alpha."""

    NONE = "none"
    BONFERRONI = "bonferroni"
    """Chance of any false rejection in the family."""
    HOLM = "holm"
    """The same, stepping down: never less powerful. Holm (1979)."""
    HOCHBERG = "hochberg"
    """The same, stepping up, for independent or positively dependent tests. Hochberg (1988)."""
    BENJAMINI_HOCHBERG = "benjamini_hochberg"
    """Expected share of false among rejected, under independence. Benjamini, Hochberg (1995)."""
    BENJAMINI_YEKUTIELI = "benjamini_yekutieli"
    """The same, under any dependence. Benjamini, Yekutieli (2001)."""


def adjust(p_values: ArrayLike, correction: str, *, family: ArrayLike | None = None) -> Floats:
    """Adjusted p-values: reject in a family where the adjusted p is below alpha.

    `family` labels each p-value's family (integers or strings, of one length with them);
    without it all belong to one. NaN stays NaN and does not count towards its family's
    size. Order of rows does not matter. Raises ValueError on an unknown correction, a
    p-value outside [0, 1] or lengths that differ.

    Source: definitions as in R's `p.adjust`.

    >>> adjust([0.01, 0.02, float("nan"), 0.03], "holm").tolist()
    [0.03, 0.04, nan, 0.04]
    >>> adjust([0.01, 0.02, 0.03], "bonferroni", family=["a", "a", "b"]).tolist()
    [0.02, 0.04, 0.03]
    """
    (p,) = floats(p_values)
    p = np.atleast_1d(p)
    labels = np.zeros(p.shape) if family is None else np.asarray(family)
    if p.ndim != 1 or labels.shape != p.shape:
        raise ValueError(
            f"family has shape {labels.shape}, p-values {p.shape}: give one label each"
        )
    if (outside := (p < 0) | (p > 1)).any():
        row = int(np.argmax(outside))
        raise ValueError(f"p-value {p[row]} in row {row} is outside [0, 1]")
    if correction not in list(Correction):
        raise ValueError(f"unknown correction {correction!r}: use one of {', '.join(Correction)}")
    known = ~np.isnan(p)
    adjusted = np.full(p.shape, np.nan)
    if known.any():
        codes = np.unique(labels[known], return_inverse=True)[1]
        adjusted[known] = _adjust_known(p[known], codes, Correction(correction))
    return adjusted


def _adjust_known(p: Floats, family: NDArray[np.intp], correction: Correction) -> Floats:
    order = np.lexsort((p, family))
    sorted_p, sorted_family = p[order], family[order]
    sizes = np.bincount(sorted_family)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    size: Floats = sizes[sorted_family].astype(np.float64)
    rank: Floats = np.arange(1.0, p.size + 1) - starts[sorted_family]
    harmonic: Floats = np.cumsum(1 / np.arange(1, sizes.max() + 1))[sizes[sorted_family] - 1]
    multiplier: dict[Correction, Floats] = {
        Correction.NONE: np.ones(p.size),
        Correction.BONFERRONI: size,
        Correction.HOLM: size - rank + 1,
        Correction.HOCHBERG: size - rank + 1,
        Correction.BENJAMINI_HOCHBERG: size / rank,
        Correction.BENJAMINI_YEKUTIELI: size / rank * harmonic,
    }
    scaled = np.minimum(sorted_p * multiplier[correction], 1.0)
    if correction is Correction.HOLM:
        scaled = _running_extreme(scaled, sorted_family, rising=True)
    elif correction not in (Correction.NONE, Correction.BONFERRONI):
        scaled = _running_extreme(scaled, sorted_family, rising=False)
    adjusted = np.empty_like(p)
    adjusted[order] = scaled
    return adjusted


def _running_extreme(values: Floats, family: NDArray[np.intp], *, rising: bool) -> Floats:
    """Within each family (in sorted blocks): running maximum, or running minimum from the end.

    Values are replaced by their global ranks, offset so that each family starts afresh:
    integers, so one accumulate over all families is exact.
    """
    distinct, ranks = np.unique(values, return_inverse=True)
    keys = family * distinct.size + ranks
    running = np.maximum.accumulate(keys) if rising else np.minimum.accumulate(keys[::-1])[::-1]
    return np.asarray(distinct[running % distinct.size])
