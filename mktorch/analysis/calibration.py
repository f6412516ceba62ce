"""Do confident decisions turn out better? Confidence set against the verdicts of outcomes."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats as scipy_stats

from mktorch.config.decision_rules import Calibration, DecisionRules, Outcome
from mktorch.metrics import ratio
from mktorch.stats import Floats, wilson
from mktorch.sums import micros, units

# From worst to best: the order the rank statistics see.
_RANKED = (Outcome.WORSENED, Outcome.NO_CHANGE, Outcome.IMPROVED)
_RANKING = {
    "judged": pl.Int64,
    "improved": pl.Int64,
    "no_detectable_change": pl.Int64,
    "worsened": pl.Int64,
    "concordant": pl.Int64,
    "discordant": pl.Int64,
    "tied": pl.Int64,
    "gamma": pl.Float64,
    "auc": pl.Float64,
    "p_value": pl.Float64,
    "answer": pl.String,
    "reason": pl.String,
}


def decision_calibration(
    decision_outcomes: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """One row per confidence band, lowest first: verdict counts and the share that improved.

    `band` (from 1), `from_confidence` (included), `to_confidence` (excluded but in the last band),
    `decisions`, a count per verdict, `judged` (all but too_little_data), `share_improved` =
    improved / judged with its Wilson interval (`share_low`, `share_high`) and `mean_confidence`
    of the band's decisions. Shares and means of nothing are null, and `reason` says so.
    """
    cuts = decision_rules.confidence_bands
    bands = pl.DataFrame(
        {
            "band": range(1, len(cuts) + 2),
            "from_confidence": (0.0, *cuts),
            "to_confidence": (*cuts, 1.0),
        },
        schema={"band": pl.Int64, "from_confidence": pl.Float64, "to_confidence": pl.Float64},
    )
    score, verdict = pl.col("confidence_score"), pl.col("verdict")
    band = pl.sum_horizontal(pl.lit(1), *((score >= cut).cast(pl.Int64) for cut in cuts))
    counts = decision_outcomes.group_by(band.cast(pl.Int64).alias("band")).agg(
        pl.len().cast(pl.Int64).alias("decisions"),
        *((verdict == word).sum().cast(pl.Int64).alias(str(word)) for word in Outcome),
        (units(micros(score).sum()) / pl.len()).alias("mean_confidence"),
    )
    judged = pl.sum_horizontal(str(word) for word in _RANKED)
    table = (
        bands.join(counts, on="band", how="left")
        .with_columns(pl.col("decisions", *(str(word) for word in Outcome)).fill_null(0))
        .with_columns(judged.alias("judged"))
        .sort("band")
    )
    interval = wilson(
        table["improved"].to_numpy(), table["judged"].to_numpy(), alpha=decision_rules.alpha
    )
    return table.select(
        "band",
        "from_confidence",
        "to_confidence",
        "decisions",
        *(str(word) for word in Outcome),
        "judged",
        ratio(pl.col("improved"), pl.col("judged")).alias("share_improved"),
        pl.Series("share_low", interval.low, pl.Float64).fill_nan(None),
        pl.Series("share_high", interval.high, pl.Float64).fill_nan(None),
        "mean_confidence",
        pl.when(pl.col("decisions") == 0)
        .then(pl.lit("no decision in this band"))
        .when(pl.col("judged") == 0)
        .then(pl.lit("no decision of this band could be judged"))
        .alias("reason"),
    )


def confidence_ranking(
    decision_outcomes: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """One row: whether higher confidence goes with a better outcome, over the judged decisions.

    Pairs of decisions with different outcomes (worsened < no change < improved) are `concordant`
    where the better one was the more confident, `discordant` where the less, else `tied`.
    `gamma` = (concordant - discordant) / (concordant + discordant), from -1 to 1;
    `auc`, the chance that an improved decision was more confident than one that was not (ties
    count half); `p_value` of no association (Kendall's tau-b). `answer`: better or worse where p
    is below alpha, else no_detectable_relation; too_little_data below `minimum_judged` or where
    all outcomes or all confidences are alike. What is undefined is null; `reason` says why.

    Sources: Goodman and Kruskal (1954), JASA 49; Kendall (1945), Biometrika 33.
    """
    judged = decision_outcomes.filter(pl.col("verdict").is_in(_RANKED))
    scores = [_scores(judged, word) for word in _RANKED]
    ordered = [(scores[low], scores[high]) for low in range(3) for high in range(low + 1, 3)]
    concordant = sum(_below(worse, better) for worse, better in ordered)
    discordant = sum(_below(better, worse) for worse, better in ordered)
    pairs = sum(worse.size * better.size for worse, better in ordered)
    improved, rest = scores[2], np.concatenate(scores[:2])
    above, under = _below(rest, improved), _below(improved, rest)
    p_value = _kendall_p(scores) if judged.height >= decision_rules.minimum_judged else None
    gamma = _share(concordant - discordant, concordant + discordant)
    return pl.DataFrame(
        {
            "judged": judged.height,
            "improved": improved.size,
            "no_detectable_change": scores[1].size,
            "worsened": scores[0].size,
            "concordant": concordant,
            "discordant": discordant,
            "tied": pairs - concordant - discordant,
            "gamma": gamma,
            "auc": _share(
                above + (rest.size * improved.size - above - under) / 2, rest.size * improved.size
            ),
            "p_value": p_value,
            "answer": str(_answer(p_value, gamma, decision_rules.alpha)),
            "reason": _why(judged, pairs, concordant + discordant, decision_rules.minimum_judged),
        },
        schema=_RANKING,
    )


def _scores(judged: pl.DataFrame, word: Outcome) -> Floats:
    """The sorted confidences of the decisions with one verdict."""
    return judged.filter(pl.col("verdict") == word)["confidence_score"].sort().to_numpy()


def _below(first: Floats, second: Floats) -> int:
    """Pairs whose value of sorted `first` is below that of `second`."""
    return int(np.searchsorted(first, second, side="left").sum())


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _kendall_p(scores: list[Floats]) -> float | None:
    """Kendall's two-sided p for confidence against outcome; None where either does not vary."""
    confidence = np.concatenate(scores)
    outcome = np.repeat(np.arange(len(scores)), [score.size for score in scores])
    if np.ptp(confidence) == 0 or np.ptp(outcome) == 0:
        return None
    return float(scipy_stats.kendalltau(confidence, outcome).pvalue)


def _answer(p_value: float | None, gamma: float | None, alpha: float) -> Calibration:
    if p_value is None or gamma is None:
        return Calibration.TOO_LITTLE_DATA
    if p_value >= alpha:
        return Calibration.NO_RELATION
    return Calibration.BETTER if gamma > 0 else Calibration.WORSE


def _why(judged: pl.DataFrame, pairs: int, untied: int, minimum: int) -> str | None:
    if judged.height < minimum:
        return f"{judged.height} of {minimum} judged decisions needed"
    if not pairs:
        return "all judged decisions turned out alike"
    if not untied:
        return "all judged decisions were equally confident"
    return None
