"""Beta-binomial answers against closed forms, nested quadrature and symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special
from scipy import stats as scipy_stats

from mktorch.stats import beta_binomial, credible_lift, relative_loss
from tests.stats.tables import random_tables

CASES = [
    ((48, 80, 56, 70), (1.0, 1.0)),
    ((0, 10, 0, 20), (1.0, 1.0)),
    ((0, 5, 3, 5000), (1.0, 1.0)),
    ((10, 10, 0, 20), (1.0, 1.0)),
    ((3, 1000, 9, 1000), (0.5, 0.5)),
    ((500, 10_000, 650, 10_000), (1.0, 1.0)),
    ((30, 1000, 31_000, 1_000_000), (2.0, 30.0)),
    ((8, 9, 1, 3), (0.3, 2.0)),
    ((20, 30, 25, 30), (1.0, 1.0)),
]


def shapes(table: tuple[int, ...], prior: tuple[float, float]) -> tuple[float, ...]:
    x0, n0, x1, n1 = table
    return x0 + prior[0], n0 - x0 + prior[1], x1 + prior[0], n1 - x1 + prior[1]


def over_quantiles(function) -> float:  # type: ignore[no-untyped-def]
    return float(integrate.quad(function, 0, 1, epsabs=1e-12, epsrel=1e-12, limit=500)[0])


@pytest.mark.parametrize(("table", "prior"), CASES)
def test_against_adaptive_quadrature_over_quantiles(
    table: tuple[int, ...], prior: tuple[float, float]
) -> None:
    a0, b0, a1, b1 = shapes(table, prior)
    ours = beta_binomial(*table, prior=prior)

    def rate(u: float) -> float:
        return float(special.betaincinv(a1, b1, u))

    chance = over_quantiles(lambda u: special.betainc(a0, b0, rate(u)))
    # E[max(p0 - p1, 0)] given p1, by the incomplete beta's recurrence.
    loss = over_quantiles(
        lambda u: (
            a0 / (a0 + b0) * special.betaincc(a0 + 1, b0, rate(u))
            - rate(u) * special.betaincc(a0, b0, rate(u))
        )
    )
    assert float(ours.probability_to_beat) == pytest.approx(chance, abs=1e-9)
    assert float(ours.loss_of_variant) == pytest.approx(loss, abs=1e-10)
    means = a1 / (a1 + b1) - a0 / (a0 + b0)
    assert float(ours.loss_of_control - ours.loss_of_variant) == pytest.approx(means, abs=1e-11)


@pytest.mark.parametrize(("table", "prior"), CASES)
def test_credible_lift_holds_its_probability(
    table: tuple[int, ...], prior: tuple[float, float]
) -> None:
    a0, b0, a1, b1 = shapes(table, prior)
    for end, level in zip(credible_lift(*table, prior=prior), (0.025, 0.975), strict=True):
        ratio = 1 + float(end)
        if ratio <= 1:
            mass = over_quantiles(
                lambda u, r=ratio: special.betainc(a1, b1, r * special.betaincinv(a0, b0, u))
            )
        else:
            mass = over_quantiles(
                lambda u, r=ratio: special.betaincc(a0, b0, special.betaincinv(a1, b1, u) / r)
            )
        assert mass == pytest.approx(level, abs=1e-8)


def test_evan_miller_closed_form() -> None:
    # Miller (2015), "Formulas for Bayesian A/B testing", for integer shapes:
    # sum over i < a1 of B(a0 + i, b0 + b1) / ((b1 + i) B(1 + i, b1) B(a0, b0)).
    a0, b0, a1, b1 = shapes((12, 300, 19, 280), (1.0, 1.0))
    i = np.arange(a1)
    terms = (
        special.betaln(a0 + i, b0 + b1)
        - np.log(b1 + i)
        - special.betaln(1 + i, b1)
        - special.betaln(a0, b0)
    )
    ours = beta_binomial(12, 300, 19, 280).probability_to_beat
    assert float(ours) == pytest.approx(float(np.exp(terms).sum()), abs=1e-11)


def test_small_cases_by_hand() -> None:
    # Two uniform posteriors: 1/2, and E[max(U - V, 0)] = 1/6.
    even = beta_binomial([0], [1e-300], [0], [1e-300])
    assert even.probability_to_beat == pytest.approx([0.5], abs=1e-9)
    assert even.loss_of_variant == pytest.approx([1 / 6], abs=1e-9)
    # One success of one against no data: E[p1 CDF] = integral of 2 t * t = 2/3.
    one = beta_binomial(0, 1e-300, 1, 1)
    assert float(one.probability_to_beat) == pytest.approx(2 / 3, abs=1e-9)


def test_swapping_arms_swaps_the_answers() -> None:
    x0, n0, x1, n1 = random_tables(2_000, seed=51)
    forward, backward = beta_binomial(x0, n0, x1, n1), beta_binomial(x1, n1, x0, n0)
    assert np.allclose(
        forward.probability_to_beat, 1 - backward.probability_to_beat, rtol=0, atol=1e-9
    )
    assert np.allclose(forward.loss_of_variant, backward.loss_of_control, rtol=0, atol=1e-10)
    low, high = credible_lift(x0[:200], n0[:200], x1[:200], n1[:200])
    other = credible_lift(x1[:200], n1[:200], x0[:200], n0[:200])
    assert np.allclose((1 + low) * (1 + other.high), 1, rtol=1e-6)
    assert np.allclose((1 + high) * (1 + other.low), 1, rtol=1e-6)


def test_each_row_stands_alone() -> None:
    tables = random_tables(1_000, seed=52)
    order = np.random.default_rng(2).permutation(1_000)
    shuffled = tuple(column[order] for column in tables)
    for function in (beta_binomial, credible_lift):
        for together, apart in zip(function(*tables), function(*shuffled), strict=True):
            assert np.array_equal(together[order], apart)


def test_huge_counts_are_normal() -> None:
    # A difference of one standard deviation at 1e12 trials: Phi(sqrt(2)) for 1e6 / 7.07e5.
    ours = beta_binomial(5e11, 1e12, 5e11 + 1e6, 1e12)
    assert float(ours.probability_to_beat) == pytest.approx(special.ndtr(2**0.5), abs=1e-7)


def test_undefined_and_wrong_priors() -> None:
    ours = beta_binomial([1, np.nan, 5], [10, 10, 0], 3, 10)
    assert np.isnan(ours.probability_to_beat).tolist() == [False, True, True]
    assert np.isnan(credible_lift([1, np.nan], 10, 3, 10).low).tolist() == [False, True]
    with pytest.raises(ValueError, match="both shapes must be positive"):
        beta_binomial(1, 10, 2, 10, prior=(0.0, 1.0))


@pytest.mark.parametrize("table", [(48, 80, 56, 70), (3, 40, 2, 35), (120, 10_000, 131, 9_000)])
def test_relative_loss_by_quadrature(table: tuple[int, int, int, int]) -> None:
    # E[max(1 - p1 / p0, 0)] and E[max(p1 / p0 - 1, 0)] under Beta(x + 1, n - x + 1), integrated
    # over the other arm's distribution function and partial mean.
    x0, n0, x1, n1 = table
    control, variant = scipy_stats.beta(x0 + 1, n0 - x0 + 1), scipy_stats.beta(x1 + 1, n1 - x1 + 1)
    more = scipy_stats.beta(x1 + 2, n1 - x1 + 1)

    def lost(p0: float, side: int) -> float:
        below, partial = variant.cdf(p0), variant.mean() * more.cdf(p0)
        parts = (below - partial / p0, (variant.mean() - partial) / p0 - (1 - below))
        return float(parts[side] * control.pdf(p0))

    low, high = control.ppf([1e-14, 1 - 1e-14])
    expected = [integrate.quad(lost, low, high, args=(s,), limit=400)[0] for s in (0, 1)]
    ours = [float(loss) for loss in relative_loss(*table)]
    assert ours == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_relative_loss_without_a_success_is_undefined() -> None:
    # The mean of 1 / p0 is infinite under the uniform prior.
    assert np.isnan(relative_loss(0, 10, 3, 10)).all()
    assert not np.isnan(relative_loss(0, 10, 3, 10, prior=(2.0, 2.0))).any()
