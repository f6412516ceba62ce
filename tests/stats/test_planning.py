"""Planning against R's documented examples, statsmodels and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from mktorch.stats import (
    Form,
    days_left,
    detectable_rate,
    mean_detectable_effect,
    mean_power,
    mean_sample_size,
    minimum_detectable_effect,
    proportion_power,
    proportion_sample_size,
    score_test,
)


def test_r_power_prop_test() -> None:
    # R, ?power.prop.test: power 0.740 (0.7401659), n = 76.7, p2 = 0.8026.
    assert float(proportion_power(0.50, 0.75, 50, 50)) == pytest.approx(0.7401659, abs=5e-8)
    assert float(proportion_sample_size(0.50, 0.75, power=0.90)) == pytest.approx(76.7, abs=0.05)
    assert float(detectable_rate(0.50, 50, 50, power=0.90)) == pytest.approx(0.8026, abs=5e-5)


def test_r_power_t_test() -> None:
    # R, ?power.t.test: n = 20, delta = 1 gives power 0.8689528; power 0.90 gives n = 22.02110.
    assert float(mean_power(1, 1, 1, 20, 20)) == pytest.approx(0.8689528, abs=5e-8)
    assert float(mean_sample_size(1, 1, 1, power=0.90)) == pytest.approx(22.02110, abs=5e-6)


def test_arcsine_form_agrees_with_statsmodels() -> None:
    h = 2 * np.arcsin(np.sqrt(0.06)) - 2 * np.arcsin(np.sqrt(0.05))
    solver = NormalIndPower()
    expected = solver.solve_power(h, nobs1=8000, alpha=0.05, ratio=1.5, power=None)
    ours = float(proportion_power(0.05, 0.06, 8000, 12_000, form="arcsine"))
    # statsmodels counts significance in the wrong direction too, about 3e-7 here.
    assert ours == pytest.approx(expected, abs=1e-6)
    expected = solver.solve_power(h, nobs1=None, alpha=0.05, ratio=1.5, power=0.8)
    ours = float(proportion_sample_size(0.05, 0.06, allocation=1.5, form="arcsine"))
    assert ours == pytest.approx(expected, rel=1e-5)


def test_mean_power_agrees_with_statsmodels() -> None:
    for n, effect in ((10, 0.8), (50, 0.5), (400, 0.2)):
        expected = TTestIndPower().power(effect, n, 0.05, alternative="two-sided")
        wrong_way = TTestIndPower().power(-effect, n, 0.05, alternative="larger")
        ours = float(mean_power(effect, 1, 1, n, n))
        assert ours == pytest.approx(expected, abs=max(1e-9, 2 * wrong_way))


@pytest.mark.parametrize("form", Form)
def test_power_size_and_effect_undo_each_other(form: Form) -> None:
    rng = np.random.default_rng(71)
    p0 = rng.uniform(0.001, 0.6, 1000)
    p1 = np.minimum(p0 * rng.uniform(1.05, 1.6, 1000), 0.99)
    ratio, power = rng.uniform(0.2, 5, 1000), rng.uniform(0.5, 0.99, 1000)
    alpha = rng.uniform(0.001, 0.2, 1000)
    n0 = proportion_sample_size(p0, p1, power=power, alpha=alpha, allocation=ratio, form=form)
    achieved = proportion_power(p0, p1, n0, n0 * ratio, alpha=alpha, form=form)
    assert np.allclose(achieved, power, rtol=1e-9)
    found = detectable_rate(p0, n0, n0 * ratio, power=power, alpha=alpha, form=form)
    assert np.allclose(found, p1, rtol=1e-9)
    absolute, relative = minimum_detectable_effect(
        p0, n0, n0 * ratio, power=power, alpha=alpha, form=form
    )
    assert np.allclose(absolute, p1 - p0, rtol=1e-7)
    assert np.allclose(relative, p1 / p0 - 1, rtol=1e-7)


def test_mean_power_size_and_effect_undo_each_other() -> None:
    sd0, sd1, ratio = 2.0, 3.0, 0.5
    n0 = float(mean_sample_size(0.7, sd0, sd1, power=0.85, alpha=0.01, allocation=ratio))
    assert float(mean_power(0.7, sd0, sd1, n0, n0 * ratio, alpha=0.01)) == pytest.approx(0.85)
    found = mean_detectable_effect(sd0, sd1, n0, n0 * ratio, power=0.85, alpha=0.01)
    assert float(found) == pytest.approx(0.7)


def test_pooled_power_is_the_score_tests_power() -> None:
    rng = np.random.default_rng(72)
    x0, x1 = rng.binomial(3000, 0.10, 20_000), rng.binomial(2000, 0.13, 20_000)
    simulated = (score_test(x0, 3000, x1, 2000).p_value < 0.05).mean()
    # Simulation error at 20,000 draws is 0.0023 (one standard deviation).
    assert float(proportion_power(0.10, 0.13, 3000, 2000)) == pytest.approx(simulated, abs=0.008)


def test_more_trials_detect_less() -> None:
    effects, _ = minimum_detectable_effect(0.05, [1e3, 1e4, 1e5], [1e3, 1e4, 1e5])
    assert (np.diff(effects) < 0).all()
    # In large samples ten times the trials detect an effect sqrt(10) times smaller.
    large, _ = minimum_detectable_effect(0.05, [1e9, 1e10], [1e9, 1e10])
    assert float(large[0] / large[1]) == pytest.approx(10**0.5, rel=1e-3)


def test_undefined_plans() -> None:
    assert np.isnan(proportion_power(1.2, 0.5, 10, 10))
    assert np.isnan(proportion_power(0.2, 0.5, 0, 10))
    assert np.isnan(proportion_sample_size(0.2, 0.2))
    assert np.isnan(detectable_rate(0.9, 3, 3))
    assert np.isnan(detectable_rate(0.9, 3, 3, form="arcsine"))
    assert np.isnan(minimum_detectable_effect(0.0, 1000, 1000)[1])
    assert np.isnan(mean_power(1, 1, 1, 1, 20))
    assert np.isnan(mean_sample_size(0, 1, 1))
    assert np.isnan(mean_detectable_effect(0, 0, 20, 20))
    with pytest.raises(
        ValueError, match="unknown form 'exact': use one of pooled, unpooled, arcsine"
    ):
        proportion_power(0.1, 0.2, 10, 10, form="exact")


def test_days_left_by_hand() -> None:
    # 600 more at 50 a day: 12 days.
    assert float(days_left(1000, 400, 50)) == 12.0
    assert float(days_left(1000, 1000, 0)) == 0.0
    assert np.isnan(days_left(1000, 400, 0))
    assert np.isnan(days_left(np.nan, 400, 50))
    assert np.isnan(days_left(1000, 400, np.nan))
