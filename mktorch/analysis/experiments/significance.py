"""Significance: the one answer that the gate reads, adjusted and turned to better or worse."""

from __future__ import annotations

import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import array, table
from mktorch.analysis.experiments.terms import Terms
from mktorch.config.experiment_rules import Correction, CorrectionFamily, Inference

# Inference -> the p-value it corrects, and the interval of lift it decides futility by.
_P_VALUE = {
    Inference.FIXED: "p_value",
    Inference.SEQUENTIAL: "always_valid_p",
    Inference.BAYESIAN: "p_value",
}
_INTERVAL = {
    Inference.FIXED: "lift",
    Inference.SEQUENTIAL: "always_valid_lift",
    Inference.BAYESIAN: "credible_lift",
}
_FAMILY = {
    CorrectionFamily.EXPERIMENT: "experiment_id",
    CorrectionFamily.CAMPAIGN: "campaign_id",
    CorrectionFamily.PORTFOLIO: None,
}


def with_significance(effects: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Adds `adjusted_p_value`, `q_value`, `significant`, `alpha` and the improvement columns.

    `adjusted_p_value` is the configured correction of the inference's own p-value, `q_value` the
    Benjamini-Hochberg one of the fixed p over all experiments, shown whatever is configured.
    `significant` is two-sided: by the adjusted p or, Bayesian, by a probability beyond its
    threshold on either side; null where that is undefined. `improvement` is the lift with its sign
    turned so that up is better, between the ends of the interval that the inference decides by.
    """
    rules = terms.rules
    adjusted = _adjusted(
        effects, _P_VALUE[rules.inference], rules.correction, _FAMILY[rules.correction_family]
    )
    q_values = _adjusted(effects, "p_value", Correction.BENJAMINI_HOCHBERG, None)
    beats = pl.col("probability_to_beat_control")
    significant = (
        pl.max_horizontal(beats, 1 - beats) >= rules.probability_threshold
        if rules.inference == Inference.BAYESIAN
        else pl.col("adjusted_p_value") < terms.alpha
    )
    lowest, highest = (pl.col(f"{_INTERVAL[rules.inference]}_{end}") for end in ("low", "high"))
    up = pl.col("sign") > 0
    return effects.with_columns(
        adjusted.alias("adjusted_p_value"), q_values.alias("q_value")
    ).with_columns(
        pl.lit(terms.alpha).alias("alpha"),
        significant.alias("significant"),
        (pl.col("lift") * pl.col("sign")).alias("improvement"),
        pl.when(up).then(lowest).otherwise(-highest).alias("improvement_low"),
        pl.when(up).then(highest).otherwise(-lowest).alias("improvement_high"),
    )


def _adjusted(
    effects: pl.DataFrame, p_value: str, correction: Correction, family: str | None
) -> pl.Series:
    labels = None if family is None else effects[family].rank("dense").to_numpy()
    adjusted = stats.adjust(array(effects, p_value), str(correction), family=labels)
    return table({"p": adjusted})["p"]
