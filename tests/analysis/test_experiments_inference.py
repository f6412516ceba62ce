"""Which answer the significance gate reads: inference, corrections, and testing off."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.multitest import multipletests

from mktorch import stats
from mktorch.analysis.experiments import Terms
from mktorch.analysis.experiments.effects import TESTS
from mktorch.analysis.experiments.proportions import _intervals, _p_values, _small
from mktorch.config.experiment_rules import Correction, ExperimentRules
from tests.analysis.experiment_cases import (
    CPA,
    SEEN,
    TABLES,
    counts,
    day,
    evaluate,
    experiments,
    one,
    several,
)
from tests.stats.tables import random_tables


@pytest.mark.parametrize(
    ("correction", "name"),
    [
        ("bonferroni", "bonferroni"),
        ("holm", "holm"),
        ("hochberg", "simes-hochberg"),
        ("benjamini_hochberg", "fdr_bh"),
        ("benjamini_yekutieli", "fdr_by"),
    ],
)
def test_corrections_over_families(correction, name) -> None:
    tested, rows = several(*TABLES)
    for family, groups in {
        "experiment": [[0], [1], [2], [3]],
        "campaign": [[0, 1], [2, 3]],
        "portfolio": [[0, 1, 2, 3]],
    }.items():
        rules = ExperimentRules(**{**SEEN, "correction": correction, "correction_family": family})
        done = evaluate(tested, rows, Terms(rules=rules))[0]
        p = done["p_value"].to_numpy()
        expected = np.concatenate([multipletests(p[group], method=name)[1] for group in groups])
        assert done["adjusted_p_value"].to_list() == pytest.approx(expected.tolist(), rel=1e-12)
        assert done["significant"].to_list() == (done["adjusted_p_value"] < 0.05).to_list()
        # beside it, whatever is configured: the portfolio's false discovery rate
        assert done["q_value"].to_list() == pytest.approx(
            multipletests(p, method="fdr_bh")[1].tolist()
        )


def test_rules_speak_the_words_of_the_statistics() -> None:
    assert [str(c) for c in Correction] == [str(c) for c in stats.Correction]


def test_sequential_inference_reads_the_always_valid_answers() -> None:
    tested, rows = several((500, 10_000, 565, 10_000))
    fixed = one(evaluate(tested, rows)[0])
    assert fixed["significant"] is True
    assert fixed["warnings"] == ["looked early"]
    terms = Terms(rules=ExperimentRules(**{**SEEN, "inference": "sequential"}))
    row = one(evaluate(tested, rows, terms)[0])
    assert row["adjusted_p_value"] == row["always_valid_p"] >= 0.05
    assert (row["significant"], row["recommendation"]) == (False, "continue")
    assert row["improvement_high"] == row["always_valid_lift_high"] > row["lift_high"]


def test_a_completed_or_clear_experiment_was_not_looked_at_early() -> None:
    tested, rows = several((500, 10_000, 565, 10_000))
    done = tested.with_columns(status=pl.lit("completed"))
    assert one(evaluate(done, rows)[0])["warnings"] == []
    clear = one(evaluate(experiments({}), counts(500, 10_000, 700, 10_000))[0])
    assert (clear["always_valid_p"] < 0.05, clear["warnings"]) == (True, [])


def test_bayesian_inference_reads_the_probability() -> None:
    rules = ExperimentRules(**{**SEEN, "inference": "bayesian"}, probability_threshold=0.95)
    # 0.0803 two-sided: not significant fixed, yet about 0.96 likely better
    tested, rows = several((500, 10_000, 555, 10_000))
    fixed, row = one(evaluate(tested, rows)[0]), one(evaluate(tested, rows, Terms(rules=rules))[0])
    assert fixed["significant"] is False
    assert row["probability_to_beat_control"] > 0.95
    assert (row["significant"], row["recommendation"]) == (True, "scale_variant")
    assert row["improvement_low"] == row["credible_lift_low"]
    tested, rows = several((555, 10_000, 500, 10_000))
    harm = one(evaluate(tested, rows, Terms(rules=rules))[0])
    assert (harm["significant"], harm["recommendation"]) == (True, "stop")


def test_the_prior_and_the_intervals_are_configurable() -> None:
    rules = ExperimentRules(
        prior_alpha=6, prior_beta=4, difference_interval="newcombe", ratio_interval="katz"
    )
    row = one(evaluate(experiments({}), counts(48, 80, 56, 70), Terms(rules=rules))[0])
    expected = stats.newcombe(48, 80, 56, 70)
    assert (row["difference_low"], row["difference_high"]) == (expected.low, expected.high)
    assert row["lift_low"] == stats.katz(48, 80, 56, 70).low - 1
    belief = stats.beta_binomial(48, 80, 56, 70, prior=(6.0, 4.0))
    assert row["probability_to_beat_control"] == belief.probability_to_beat


@pytest.mark.parametrize("largest", [40.0, 1e4])
def test_no_configured_interval_contradicts_the_p_value(largest: float) -> None:
    tables = random_tables(20_000, seed=41, largest=largest)
    few = _small(tables)
    _, p = _p_values(tables, np.full(tables[0].shape, np.inf), few)
    critical = stats.critical_z(np.full(p.shape, 0.05))
    for difference, ratio in (("mee", "koopman"), ("newcombe", "katz"), ("wald", "koopman")):
        rules = ExperimentRules(difference_interval=difference, ratio_interval=ratio)
        gap, times = _intervals(tables, critical, p < 0.05, few, rules)
        assert (((gap.low > 0) | (gap.high < 0)) == (p < 0.05)).all()
        known = ~np.isnan(times.low)
        assert (((times.low > 1) | (times.high < 1)) == (p < 0.05))[known].all()


def test_testing_off_leaves_effects_alone() -> None:
    tested = experiments(
        {"allocation": [0.5, 0.5]}, {**CPA, "status": "completed"}, {"status": "stopped"}
    )
    rows = counts(48, 80, 560, 700) + [
        day(a, i, of="E2", conversions=3 + i, cost=9.0 - i) for a in "AB" for i in (0, 1)
    ]
    evaluations, gates, faults = evaluate(tested, rows, Terms(testing=False))
    assert evaluations["recommendation"].to_list() == ["continue"] * 3
    row = evaluations.row(0, named=True)
    assert (row["lift"], row["difference"]) == pytest.approx((1 / 3, 0.2))
    names = [name for name in TESTS if name in evaluations.columns]
    nulls = evaluations.select(*names, "adjusted_p_value", "q_value", "significant", "allocation_p")
    assert nulls.null_count().row(0) == (3,) * nulls.width
    assert faults.filter(experiment_id="E1").height == 0  # 80 to 700 is not tested against halves
    noted = gates.filter(gate="significance", experiment_id="E1").row(0, named=True)
    assert (noted["passed"], noted["note"]) == (None, "statistical testing is off")


@pytest.mark.parametrize("inference", ["fixed", "hybrid"])
def test_every_interval_excludes_no_effect_exactly_where_its_p_is_below_the_level(inference):
    """Of 60 experiments around the boundary: 500 clicks of 10,000 against 530 to 589."""
    tested, rows = several(*((500, 10_000, 530 + i, 10_000) for i in range(60)))
    found = evaluate(tested, rows, Terms(rules=ExperimentRules(inference=inference)))[0]
    below = found.select(pl.col("p_value") < 0.05).to_series()
    assert 10 < below.sum() < 50
    for name in ("difference", "lift"):
        assert (found[f"{name}_low"] > 0).to_list() == below.to_list()
        always = found["always_valid_p"] < 0.05
        assert (found[f"always_valid_{name}_low"] > 0).to_list() == always.to_list()
