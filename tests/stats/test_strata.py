"""Mantel and Haenszel's answers against statsmodels and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import StratifiedTable

from mktorch.stats import mantel_haenszel, score_test

SEED = 71


def strata(experiments: int, count: int, seed: int = SEED) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    n0, n1 = rng.integers(20, 400, (2, experiments, count)).astype(np.float64)
    base = rng.uniform(0.05, 0.6, (experiments, count))
    x0 = rng.binomial(n0.astype(int), base)
    x1 = rng.binomial(n1.astype(int), np.minimum(base * 1.2, 0.95))
    return x0.astype(np.float64), n0, x1.astype(np.float64), n1


@pytest.mark.parametrize("continuity", [False, True])
def test_agrees_with_statsmodels(continuity: bool) -> None:
    x0, n0, x1, n1 = strata(50, 6)
    ours = mantel_haenszel(x0, n0, x1, n1, continuity=continuity)
    for row in range(50):
        tables = [
            np.array([[b, d - b], [a, c - a]])
            for a, c, b, d in zip(x0[row], n0[row], x1[row], n1[row], strict=True)
        ]
        theirs = StratifiedTable(tables)
        test = theirs.test_null_odds(correction=continuity)
        assert ours.test.statistic[row] ** 2 == pytest.approx(test.statistic, rel=1e-9)
        assert ours.test.p_value[row] == pytest.approx(test.pvalue, rel=1e-9)
        assert ours.odds_ratio[row] == pytest.approx(theirs.oddsratio_pooled, rel=1e-12)
        ends = [end[row] for end in ours.odds_ratio_interval]
        assert ends == pytest.approx(theirs.oddsratio_pooled_confint(), rel=1e-9)
        assert ours.ratio[row] == pytest.approx(theirs.riskratio_pooled, rel=1e-12)


def test_variances_of_ratio_and_difference_cover() -> None:
    # statsmodels has neither: 4,000 experiments of five strata that share a ratio of 1.2, or a
    # difference of 0.05, hold it about 95 % of the time.
    rng = np.random.default_rng(72)
    n0, n1 = rng.integers(30, 200, (2, 4_000, 5))
    base = rng.uniform(0.1, 0.5, (4_000, 5))
    x0 = rng.binomial(n0, base)
    ratio = mantel_haenszel(x0, n0, rng.binomial(n1, 1.2 * base), n1).ratio_interval
    assert 0.94 < float(((ratio.low <= 1.2) & (ratio.high >= 1.2)).mean()) < 0.96
    gap = mantel_haenszel(x0, n0, rng.binomial(n1, base + 0.05), n1).difference_interval
    assert 0.94 < float(((gap.low <= 0.05) & (gap.high >= 0.05)).mean()) < 0.96


def test_one_stratum_is_the_table_itself() -> None:
    answer = mantel_haenszel([[48]], [[80]], [[56]], [[70]])
    assert float(answer.difference[0]) == pytest.approx(0.2)
    assert float(answer.ratio[0]) == pytest.approx(4 / 3)
    assert float(answer.odds_ratio[0]) == pytest.approx(56 * 32 / (14 * 48))
    # The hypergeometric variance has n - 1 where the binomial has n.
    z = float(score_test(48, 80, 56, 70).statistic)
    assert float(answer.test.statistic[0]) == pytest.approx(z * np.sqrt(149 / 150))
    # Katz's interval is the rate ratio's with one stratum.
    reach = 1.959963984540054 * np.sqrt(14 / (70 * 56) + 32 / (80 * 48))
    assert float(answer.ratio_interval.high[0]) == pytest.approx(4 / 3 * np.exp(reach))


def test_a_mix_that_differs_between_arms_misleads_nobody() -> None:
    # Simpson's paradox: better in both strata, worse in sum (Charig et al. 1986, BMJ 292: kidney
    # stones, open surgery against percutaneous: small 81/87 and 234/270, large 192/263 and 55/80).
    open_surgery, percutaneous = ([81, 192], [87, 263]), ([234, 55], [270, 80])
    answer = mantel_haenszel(*percutaneous, *open_surgery)
    assert float(answer.difference) > 0
    assert float(answer.odds_ratio) > 1
    assert sum(open_surgery[0]) / 350 < sum(percutaneous[0]) / 350


def test_strata_that_say_nothing() -> None:
    x0, n0, x1, n1 = strata(1, 3)
    empty = tuple(np.append(part, value) for part, value in ((x0, 0), (n0, 0), (x1, 3), (n1, 9)))
    unknown = tuple(np.append(part, np.nan) for part in (x0, n0, x1, n1))
    plain = mantel_haenszel(x0[0], n0[0], x1[0], n1[0])
    for padded in (empty, unknown):
        assert float(mantel_haenszel(*padded).odds_ratio) == float(plain.odds_ratio)
    nothing = mantel_haenszel([0.0], [10], [0.0], [10])
    assert np.isnan(nothing.test.p_value)
    assert np.isnan(nothing.ratio)
    assert np.isnan(nothing.odds_ratio_interval.low)
    assert float(scipy_stats.norm.sf(abs(plain.test.statistic)) * 2) == pytest.approx(
        float(plain.test.p_value)
    )
