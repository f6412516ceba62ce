"""Adjusted p-values against the 1995 paper, R's definitions and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mktorch.stats import Correction, adjust

# Benjamini and Hochberg (1995), JRSS B 57, section 3.2: the 15 ordered p-values of the
# myocardial infarction trial.
BH_1995 = np.array(
    [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
)
STATSMODELS = {
    Correction.BONFERRONI: "bonferroni",
    Correction.HOLM: "holm",
    Correction.HOCHBERG: "simes-hochberg",
    Correction.BENJAMINI_HOCHBERG: "fdr_bh",
    Correction.BENJAMINI_YEKUTIELI: "fdr_by",
}


def test_benjamini_hochberg_1995_data() -> None:
    # The paper: the false discovery rate procedure rejects four at 0.05, Bonferroni three.
    assert int((adjust(BH_1995, "benjamini_hochberg") <= 0.05).sum()) == 4
    assert int((adjust(BH_1995, "bonferroni") <= 0.05).sum()) == 3
    assert int((adjust(BH_1995, "hochberg") <= 0.05).sum()) == 3


def test_by_hand() -> None:
    p = [0.01, 0.04, 0.03]
    # Sorted 0.01, 0.03, 0.04. Holm: 3 * 0.01, 2 * 0.03, then no less: 0.06.
    assert adjust(p, "holm") == pytest.approx([0.03, 0.06, 0.06])
    # Hochberg from the end: 0.04, min(0.06, 0.04), min(0.03, 0.04).
    assert adjust(p, "hochberg") == pytest.approx([0.03, 0.04, 0.04])
    # Benjamini-Hochberg: 3/3 * 0.04, min(3/2 * 0.03, 0.04), min(3 * 0.01, 0.04).
    assert adjust(p, "benjamini_hochberg") == pytest.approx([0.03, 0.04, 0.04])
    # Benjamini-Yekutieli: the same times 1 + 1/2 + 1/3, kept in order.
    harmonic = 11 / 6
    expected = [0.03 * harmonic, 0.04 * harmonic, 0.04 * harmonic]
    assert adjust(p, "benjamini_yekutieli") == pytest.approx(expected)
    assert adjust(p, "bonferroni") == pytest.approx([0.03, 0.12, 0.09])
    assert adjust(p, "none") == pytest.approx(p)


@pytest.mark.parametrize(("ours", "theirs"), STATSMODELS.items())
def test_agrees_with_statsmodels_family_by_family(ours: Correction, theirs: str) -> None:
    rng = np.random.default_rng(61)
    family = rng.integers(0, 60, 1_500)
    p = rng.beta(0.4, 2.0, 1_500)
    p[rng.random(1_500) < 0.2] = 0.03  # ties
    together = adjust(p, ours, family=family)
    for label in np.unique(family):
        rows = family == label
        expected = multipletests(p[rows], method=theirs)[1]
        assert np.allclose(together[rows], expected, rtol=1e-12)


@pytest.mark.parametrize("correction", Correction)
def test_missing_p_values_stay_and_do_not_count(correction: Correction) -> None:
    p = np.array([0.01, np.nan, 0.02, 0.2, np.nan])
    adjusted = adjust(p, correction)
    assert np.isnan(adjusted).tolist() == [False, True, False, False, True]
    assert np.array_equal(adjusted[[0, 2, 3]], adjust(p[[0, 2, 3]], correction))
    assert np.isnan(adjust([np.nan, np.nan], correction)).all()
    assert adjust([], correction).size == 0


@pytest.mark.parametrize("correction", Correction)
def test_order_of_rows_does_not_matter(correction: Correction) -> None:
    rng = np.random.default_rng(62)
    p, family = rng.random(500), np.array(["one", "two", "three"])[rng.integers(0, 3, 500)]
    order = rng.permutation(500)
    straight, shuffled = (
        adjust(p, correction, family=family),
        adjust(p[order], correction, family=family[order]),
    )
    assert np.array_equal(straight[order], shuffled)
    assert (straight >= p).all()
    assert (straight <= 1).all()


def test_errors_say_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="unknown correction 'sidak': use one of none, bonferroni"):
        adjust([0.1], "sidak")
    with pytest.raises(ValueError, match=r"p-value 1.5 in row 1 is outside \[0, 1\]"):
        adjust([0.1, 1.5], "holm")
    with pytest.raises(ValueError, match="give one label each"):
        adjust([0.1, 0.2], "holm", family=[1])
