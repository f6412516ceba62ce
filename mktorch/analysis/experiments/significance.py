"""Significance: the one answer that the gate reads, adjusted and turned to better or worse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy import special

from mktorch import stats
from mktorch.analysis.experiments.arrays import array, arrays, table
from mktorch.analysis.experiments.terms import Decider, Terms
from mktorch.config.experiment_rules import Correction, CorrectionFamily, Inference
from mktorch.vocab import ExperimentStatus

# Decider -> the p-value it corrects, and the interval of lift it decides futility by.
_P_VALUE = {
    Decider.FIXED: "p_value",
    Decider.ALWAYS_VALID: "always_valid_p",
    Decider.BAYESIAN: "p_value",
}
_INTERVAL = {
    Decider.FIXED: "lift",
    Decider.ALWAYS_VALID: "always_valid_lift",
    Decider.BAYESIAN: "credible_lift",
}
_FAMILY = {
    CorrectionFamily.EXPERIMENT: "experiment_id",
    CorrectionFamily.CAMPAIGN: "campaign_id",
    CorrectionFamily.PORTFOLIO: None,
}


def with_significance(effects: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Adds `decider`, `adjusted_p_value`, `q_value`, `significant`, `alpha`, the improvement, and
    the lift shrunk towards none.

    `decider` is the word of `Decider` for the answer that is read: by the hybrid the always-valid
    one until the plan is reached or the experiment is completed, then the fixed one.
    `adjusted_p_value` is the configured correction of its p-value, `q_value` the Benjamini-Hochberg
    one of the fixed p over all experiments, shown whatever is configured. `significant` is
    two-sided: by the adjusted p or, Bayesian, by a probability beyond its threshold on either side;
    null where that is undefined. `improvement` is the lift with its sign turned so that up is
    better, between the ends of the interval that the decider reads. `shrunken_improvement` is the
    mean of true improvements that such a one points to, `chance_of_lift` the chance that they reach
    the threshold: both under true lifts that are normal about 0 (`lift_prior`).
    """
    rules = terms.rules
    read = effects.with_columns(_decider(rules.inference).alias("decider"))
    deciding = read.with_columns(_of_decider(_P_VALUE).alias("_p"))
    adjusted = _adjusted(deciding, "_p", rules.correction, _FAMILY[rules.correction_family])
    q_values = _adjusted(effects, "p_value", Correction.BENJAMINI_HOCHBERG, None)
    beats = pl.col("probability_to_beat_control")
    significant = (
        pl.max_horizontal(beats, 1 - beats) >= rules.probability_threshold
        if rules.inference == Inference.BAYESIAN
        else pl.col("adjusted_p_value") < terms.alpha
    )
    lowest, highest = (
        _of_decider({word: f"{name}_{end}" for word, name in _INTERVAL.items()})
        for end in ("low", "high")
    )
    up = pl.col("sign") > 0
    return (
        read.with_columns(adjusted.alias("adjusted_p_value"), q_values.alias("q_value"))
        .with_columns(
            pl.lit(terms.alpha).alias("alpha"),
            significant.alias("significant"),
            (pl.col("lift") * pl.col("sign")).alias("improvement"),
            pl.when(up).then(lowest).otherwise(-highest).alias("improvement_low"),
            pl.when(up).then(highest).otherwise(-lowest).alias("improvement_high"),
        )
        .pipe(_with_shrunken, terms)
    )


def _decider(inference: Inference) -> pl.Expr:
    done = pl.col("planned_sample_reached").fill_null(value=False) | (
        pl.col("status") == ExperimentStatus.COMPLETED
    )
    fixed, always = (pl.lit(str(word)) for word in (Decider.FIXED, Decider.ALWAYS_VALID))
    return {
        Inference.HYBRID: pl.when(done).then(fixed).otherwise(always),
        Inference.FIXED: fixed,
        Inference.SEQUENTIAL: always,
        Inference.BAYESIAN: pl.lit(str(Decider.BAYESIAN)),
    }[inference]


def _of_decider(columns: Mapping[Decider, str]) -> pl.Expr:
    """The column that each row's decider reads."""
    word = pl.col("decider")
    return pl.coalesce(pl.when(word == str(d)).then(pl.col(name)) for d, name in columns.items())


def _with_shrunken(effects: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The posterior of the improvement under a normal prior: its mean, and the chance above."""
    improvement, error = arrays(effects, "improvement", "lift_error")
    prior = terms.rules.lift_prior**2
    weight = prior / (prior + error**2)
    mean, sd = improvement * weight, np.sqrt(weight) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = special.ndtr((mean - terms.lift_threshold) / sd)
    return effects.hstack(table({"shrunken_improvement": mean, "chance_of_lift": chance}))


def _adjusted(
    effects: pl.DataFrame, p_value: str, correction: Correction, family: str | None
) -> pl.Series:
    labels = None if family is None else effects[family].rank("dense").to_numpy()
    adjusted = stats.adjust(array(effects, p_value), str(correction), family=labels)
    return table({"p": adjusted})["p"]
